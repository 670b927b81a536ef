//! Toy densities: normalised, sampled as they say, with the entropies of an independent reference.

use liouville::data::{self, Formula, Plane};
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The entropy and its standard error in the reference table.
fn reference(set: &str) -> (f64, f64) {
    let table = include_str!("data/toy2d_entropy.csv");
    let line =
        table.lines().find(|line| line.starts_with(&format!("{set},"))).expect("in the table");
    let mut cells = line.split(',').skip(1).map(|cell| cell.parse().expect("a number"));
    (cells.next().expect("entropy"), cells.next().expect("standard error"))
}

fn check_entropy<F: Formula>(set: &str, density: &Plane<F>) {
    let mut rng = StdRng::seed_from_u64(2);
    let points: DMatrix<f64> = density.sample(20_000, &mut rng).expect("valid");
    let log_prob = density.log_prob(&points).expect("valid");
    let entropy = -log_prob.mean();
    let own_error = (log_prob.variance() / log_prob.len() as f64).sqrt();
    let (expected, error) = reference(set);
    let bound = 3.0 * own_error.hypot(error) + 1e-4;
    println!("{set}: {entropy:.4} against {expected:.4}, bound {bound:.4}");
    assert!((entropy - expected).abs() <= bound, "{set}: {entropy} against {expected} +- {bound}");
}

#[test]
fn entropies_agree_with_the_reference() {
    check_entropy("8gaussians", &data::eight_gaussians());
    check_entropy("checkerboard", &data::checkerboard());
    check_entropy("moons_ffjord", &data::two_moons(0.1).scaled(2.0).shifted([-1.0, -0.2]));
    check_entropy("moons_noise0.05", &data::two_moons(0.05));
    check_entropy("circles_ffjord", &data::circles());
    check_entropy("swissroll_ffjord", &data::swiss_roll());
    check_entropy("2spirals_ffjord", &data::two_spirals());
}

/// Mass by the midpoint rule, and Pearson's statistic of samples over coarse cells.
fn check_density<F: Formula>(name: &str, density: &Plane<F>, half: f64) {
    let (cells, per_cell) = (16, 25);
    let fine = cells * per_cell;
    let step = 2.0 * half / fine as f64;
    let at = |i: usize| -half + (i as f64 + 0.5) * step;
    let points =
        DMatrix::from_fn(2, fine * fine, |row, k| at(if row == 0 { k % fine } else { k / fine }));
    let log_prob = density.log_prob(&points).expect("valid");
    let mut expected = vec![0.0; cells * cells];
    for (k, value) in log_prob.iter().enumerate() {
        expected[(k / fine / per_cell) * cells + (k % fine) / per_cell] +=
            value.exp() * step * step;
    }
    let mass: f64 = expected.iter().sum();
    assert!((mass - 1.0).abs() < 1e-3, "{name}: {mass}");

    let n = 40_000;
    let samples: DMatrix<f64> = density.sample(n, &mut StdRng::seed_from_u64(3)).expect("valid");
    let mut counts = vec![0.0; cells * cells];
    let cell =
        |x: f64| ((x + half) / (2.0 * half) * cells as f64).clamp(0.0, cells as f64 - 1.0) as usize;
    samples.column_iter().for_each(|x| counts[cell(x[1]) * cells + cell(x[0])] += 1.0);
    let used = || counts.iter().zip(&expected).filter(|(_, p)| **p * n as f64 > 8.0);
    let statistic: f64 = used().map(|(c, p)| (c - p * n as f64).powi(2) / (p * n as f64)).sum();
    let freedom = used().count() as f64;
    // Wilson and Hilferty: the cube root is nearly normal; five deviations hold for any seed.
    let z = ((statistic / freedom).cbrt() - 1.0 + 2.0 / (9.0 * freedom))
        / (2.0 / (9.0 * freedom)).sqrt();
    assert!(z < 5.0, "{name}: {statistic} with {freedom} cells");
}

#[test]
fn densities_integrate_to_one_and_samples_follow_them() {
    check_density("eight gaussians", &data::eight_gaussians(), 5.0);
    check_density("checkerboard", &data::checkerboard(), 4.0);
    check_density("two moons", &data::two_moons(0.1), 2.6);
    check_density("rings", &data::rings(&[0.5, 2.0, 3.5], 0.2), 5.0);
    check_density("pinwheel", &data::pinwheel(), 5.0);
    check_density("swiss roll", &data::swiss_roll(), 4.0);
    check_density("two spirals", &data::two_spirals(), 4.2);
}

#[test]
fn values_far_away_are_finite_and_falling() {
    fn falls<F: Formula>(name: &str, density: &Plane<F>) {
        let far = DMatrix::<f64>::from_fn(2, 4, |i, j| [10.0, 100.0, 1e3, 1e4][j] * [1.0, -0.5][i]);
        let log_prob = density.log_prob(&far).expect("valid");
        assert!(log_prob.iter().all(|value| value.is_finite()), "{name}: {log_prob}");
        assert!(log_prob.as_slice().windows(2).all(|pair| pair[1] < pair[0]), "{name}: {log_prob}");
    }
    falls("eight gaussians", &data::eight_gaussians());
    falls("two moons", &data::two_moons(0.05));
    falls("rings", &data::circles());
    falls("pinwheel", &data::pinwheel());
    falls("swiss roll", &data::swiss_roll());
    falls("two spirals", &data::two_spirals());
}

#[test]
fn samples_are_prefixes_and_scalars_agree() {
    let moons = data::two_moons(0.05);
    let draw = |count| -> DMatrix<f64> {
        moons.sample(count, &mut StdRng::seed_from_u64(4)).expect("valid")
    };
    let narrow: DMatrix<f32> = moons.sample(50, &mut StdRng::seed_from_u64(4)).expect("valid");
    assert_eq!(draw(50).columns(0, 20), draw(20));
    assert_eq!(draw(50).map(|x| x as f32), narrow);
    let all = moons.log_prob(&draw(50)).expect("valid");
    let one = moons.log_prob(&draw(50).columns(7, 1).into_owned()).expect("valid");
    assert_eq!(all[7], one[0]);
}

#[test]
fn bad_input_is_named() {
    let points = DMatrix::<f64>::zeros(2, 1);
    for noise in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = data::two_moons(noise).log_prob(&points).expect_err("bad noise");
        assert!(error.is_setting() && error.to_string().contains("noise"), "{error}");
    }
    let moons = data::two_moons(0.1);
    assert!(moons.log_prob(&DMatrix::<f64>::zeros(3, 1)).expect_err("three rows").is_shape());
    assert!(moons.log_prob(&DMatrix::<f64>::zeros(2, 0)).expect_err("no column").is_empty());
    let nan = nalgebra::dmatrix![0.0, f64::NAN; 0.0, 0.0];
    let error = moons.log_prob(&nan).expect_err("NaN");
    assert!(error.is_non_finite() && error.to_string().contains("column 1"), "{error}");
    let mut rng = StdRng::seed_from_u64(1);
    assert!(Sample::<f64>::sample(&moons, 0, &mut rng).expect_err("none").is_empty());
    assert!(Sample::<f64>::sample(&moons, usize::MAX, &mut rng).expect_err("absurd").is_memory());
    assert!(
        Sample::<f64>::sample(&moons, usize::MAX / 64, &mut rng).expect_err("absurd").is_memory()
    );
    assert!(data::two_moons(0.1).scaled(0.0).log_prob(&points).expect_err("flat").is_setting());
    assert!(data::rings(&[], 0.1).log_prob(&points).expect_err("no ring").is_setting());
}
