//! Laws of constrained supports: known densities, mass one, both tails, and points outside.

use std::f64::consts::{PI, TAU};

use liouville::flow::Moved;
use liouville::flow::elementwise::{
    Constrain, above, below, correlation, free, interval, ordered, positive, simplex, softplus,
};
use liouville::outcome::{Outcome, Reason};
use liouville::prelude::*;
use nalgebra::{DMatrix, dmatrix, dvector};
use proptest::prelude::*;

use crate::catalogue::elementwise::{kinds, mixed};
use crate::support::{cases, matrix};

/// The columns that arrived; the others must have come too near to an end of the support for the scalar.
fn arrived_or_saturated<T: Real>(name: &str, moved: &Moved<T>) -> Vec<usize> {
    for failure in moved.outcomes.iter().filter_map(Outcome::failure) {
        assert!(matches!(failure.reason, Reason::Saturated { .. }), "{name}: {failure}");
    }
    (0..moved.outcomes.len()).filter(|&j| moved.outcomes[j].arrived()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(8)))]

    #[test]
    fn forward_arrives_inside_the_support_from_anywhere(seed in any::<u32>()) {
        fn check<T: Real>(seed: u64, scale: f64) {
            for (name, flow) in kinds::<T>(seed) {
                let sides = matrix::<f64>(flow.dim(), 50, 1.0, seed);
                let points = sides.map(|side| T::of(scale * side.signum()));
                let there = flow.follow(Direction::Forward, &points, None).expect("a valid shape");
                let kept = arrived_or_saturated(name, &there);
                if kept.is_empty() {
                    continue;
                }
                let ends = there.points.select_columns(&kept);
                let back = flow.inverse(&ends).unwrap_or_else(|error| panic!("{name}: {error}"));
                for (&j, (start, log_det)) in kept.iter().zip(back.points.column_iter().zip(&back.log_det)) {
                    assert!(start.iter().all(|value| value.is_finite()), "{name}");
                    let sum = (there.log_det[j] + *log_det).wide().abs();
                    assert!(sum < 0.01 * flow.dim() as f64 + 1e-5 * log_det.wide().abs(), "{name}: {sum}");
                }
            }
        }
        check::<f64>(u64::from(seed), 700.0);
        check::<f32>(u64::from(seed), 80.0);
    }

    #[test]
    fn parts_act_on_coordinates_of_their_own(seed in any::<u32>()) {
        let points = matrix::<f64>(10, 7, 2.0, u64::from(seed));
        let moved = mixed::<f64>().forward(&points).expect("valid");
        let part = |flow: Constrain<f64>, rows: std::ops::Range<usize>| {
            let own = flow.forward(&points.rows_range(rows.clone()).into_owned()).expect("valid");
            assert_eq!(own.points, moved.points.rows_range(rows));
            own.log_det
        };
        let sum = part(Constrain::new().then(positive(1)), 0..1)
            + part(Constrain::new().then(free(3)), 1..4)
            + part(Constrain::new().then(simplex(4).expect("four")), 4..7)
            + part(Constrain::new().then(ordered(3)), 7..10);
        prop_assert!((sum - moved.log_det).amax() < 1e-13);
    }

    #[test]
    fn a_normal_base_becomes_the_known_densities(y in 1e-6f64..1.0, scale in 0.1f64..50.0) {
        let log_p = |flow: Constrain<f64>, y: f64| {
            StandardNormal::new(1).pushed_by(flow).log_prob(&dmatrix![y]).expect("inside")[0]
        };
        let normal = |x: f64| -0.5 * x * x - 0.5 * TAU.ln();
        let agree = |a: f64, b: f64| assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{a} {b}");
        let (x, lognormal) = (y * scale, Constrain::new().then(positive(1)));
        agree(log_p(lognormal, x), normal(x.ln()) - x.ln());
        let (low, high) = (-scale, 0.5 * scale);
        let between = low + (high - low) * y;
        let logit = (y / (1.0 - y)).ln();
        let flow = Constrain::new().then(interval(low, high, 1).expect("in order"));
        agree(log_p(flow, between), normal(logit) - (y * (1.0 - y) * (high - low)).ln());
        let flow = Constrain::new().then(above(low, 1).expect("finite"));
        agree(log_p(flow, low + x), normal((low + x - low).ln()) - (low + x - low).ln());
        let flow = Constrain::new().then(below(high, 1).expect("finite"));
        agree(log_p(flow, high - x), normal((high - (high - x)).ln()) - (high - (high - x)).ln());
        // The inverse of softplus is ln(eˣ - 1), of slope eˣ / (eˣ - 1).
        let flow = Constrain::new().then(softplus(1));
        agree(log_p(flow, x), normal(x + (-(-x).exp_m1()).ln()) - (-(-x).exp_m1()).ln());
    }
}

/// Sums exp(log_det) times a density of the constrained side over a grid of free coordinates.
fn mass(flow: &Constrain<f64>, half: f64, step: f64, log_density: impl Fn(&[f64]) -> f64) -> f64 {
    let dim = flow.dim();
    let per_side = (2.0 * half / step) as usize + 1;
    let count = per_side.pow(dim as u32);
    let points = DMatrix::from_fn(dim, count, |i, k| {
        (k / per_side.pow(i as u32) % per_side) as f64 * step - half
    });
    let moved = flow.follow(Direction::Forward, &points, None).expect("a valid shape");
    let kept = arrived_or_saturated("a support", &moved);
    let density = |j: usize| moved.log_det[j] + log_density(moved.points.column(j).as_slice());
    kept.into_iter().map(|j| density(j).exp()).sum::<f64>() * step.powi(dim as i32)
}

#[test]
fn known_densities_have_mass_one() {
    // Dirichlet(1, 1, 1) is 2 on the simplex of three; Dirichlet(a) is known as well.
    let three = Constrain::new().then(simplex(3).expect("three"));
    let uniform = mass(&three, 40.0, 0.2, |_| 2f64.ln());
    assert!((uniform - 1.0).abs() < 1e-9, "{uniform}");
    // Γ(2.5 + 1.5 + 3) / (Γ(2.5) Γ(1.5) Γ(3)) = 720 / (3/8 π 2).
    let log_dirichlet = |p: &[f64]| {
        let last = (1.0 - p[0] - p[1]).max(1e-300);
        (720.0 / (0.375 * PI * 2.0)).ln() + 1.5 * p[0].ln() + 0.5 * p[1].ln() + 2.0 * last.ln()
    };
    let dirichlet = mass(&three, 40.0, 0.2, log_dirichlet);
    assert!((dirichlet - 1.0).abs() < 1e-9, "{dirichlet}");
    // LKJ(1) is uniform over correlation matrices, whose volumes are 2 and π² / 2; the volume
    // element of a matrix of three is L_22 times that of the entries of its factor.
    let two = Constrain::new().then(correlation(2).expect("two"));
    let uniform = mass(&two, 20.0, 0.1, |_| 0.5f64.ln());
    assert!((uniform - 1.0).abs() < 1e-9, "{uniform}");
    let three = Constrain::new().then(correlation(3).expect("three"));
    let lkj = mass(&three, 9.0, 0.3, |l| (2.0 / PI.powi(2)).ln() + 0.5 * (1.0 - l[0] * l[0]).ln());
    assert!((lkj - 1.0).abs() < 1e-5, "{lkj}");
    // The greatest of two uniform order statistics and their gap: e^(-y1 - y2) on 0 < y1 < y2 has
    // mass one half, through a positive first coordinate and a step.
    let pair = Constrain::new().then(ordered(2));
    let normal = mass(&pair, 12.0, 0.1, |y| -0.5 * (y[0] * y[0] + y[1] * y[1]) - TAU.ln());
    assert!((normal - 0.5).abs() < 1e-4, "{normal}");
}

#[test]
fn both_tails_are_exact() {
    let one = |flow: Constrain<f64>, direction: Direction, x: f64| {
        let moved = flow.follow(direction, &dmatrix![x], None).expect("valid shape");
        assert!(moved.outcomes[0].arrived(), "{x}");
        (moved.points[0], moved.log_det[0])
    };
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-13 * b.abs(), "{a} {b}");
    let [exp, soft] =
        [|| Constrain::new().then(positive(1)), || Constrain::new().then(softplus(1))];
    let unit = || Constrain::new().then(interval(0.0, 1.0, 1).expect("in order"));
    for x in [-700.0, -50.0, 50.0, 700.0] {
        let (y, log_det) = one(exp(), Direction::Forward, x);
        close(log_det, x);
        let (back, log_det) = one(exp(), Direction::Inverse, y);
        close(back, x);
        close(log_det, -x);
        let (y, log_det) = one(soft(), Direction::Forward, x);
        if x < 0.0 {
            close(log_det, x);
            close(one(soft(), Direction::Inverse, y).0, x);
        } else {
            assert!(log_det <= 0.0 && log_det > -1e-20 && y == x, "{log_det:e}");
        }
        if x < 0.0 {
            close(one(unit(), Direction::Forward, x).1, -x.abs());
        }
    }
    // Near zero, and next to one.
    let (x, log_det) = one(unit(), Direction::Inverse, 1e-300);
    close(x, 1e-300f64.ln());
    close(log_det, -1e-300f64.ln());
    let next = 1.0 - f64::EPSILON / 2.0;
    let (x, log_det) = one(unit(), Direction::Inverse, next);
    close(x, 53.0 * 2f64.ln());
    close(log_det, 53.0 * 2f64.ln());
    let three = Constrain::new().then(simplex(3).expect("three"));
    let moved = three.forward(&dmatrix![-700.0; -3.0]).expect("valid");
    // p = (e^-700 / 2, s, 1 - s) about, with s = 1 / (1 + e^3).
    let expected = -703.0 - 2f64.ln() - 2.0 * (-3f64).exp().ln_1p();
    assert!((moved.log_det[0] - expected).abs() < 1e-9, "{}", moved.log_det[0]);
}

#[test]
fn points_outside_the_support_are_told_and_say_where() {
    let check = |flow: Constrain<f64>, bad: &[f64], good: &[f64], coordinate: usize| {
        let points = DMatrix::from_columns(&[
            nalgebra::DVector::from_column_slice(bad),
            nalgebra::DVector::from_column_slice(good),
        ]);
        let moved = flow.follow(Direction::Inverse, &points, None).expect("valid shape");
        assert_eq!(moved.outcomes[0], Outcome::Outside { coordinate }, "{flow:?}");
        assert!(moved.outcomes[1].arrived() && moved.log_det[1].is_finite(), "{flow:?}");
        assert_eq!(
            moved.points.column(1),
            flow.inverse(&points.columns(1, 1).into_owned()).expect("inside").points.column(0)
        );
    };
    let flow = Constrain::<f64>::new;
    check(flow().then(positive(2)), &[1.0, 0.0], &[1.0, 2.0], 1);
    check(flow().then(softplus(1)), &[-1.0], &[1.0], 0);
    check(flow().then(above(2.0, 1).expect("finite")), &[2.0], &[2.1], 0);
    check(flow().then(below(2.0, 1).expect("finite")), &[3.0], &[1.0], 0);
    check(flow().then(interval(0.0, 1.0, 2).expect("in order")), &[0.5, 1.0], &[0.5, 0.9], 1);
    check(flow().then(ordered(3)), &[1.0, 2.0, 2.0], &[1.0, 2.0, 3.0], 2);
    check(flow().then(simplex(3).expect("three")), &[0.5, 0.5], &[0.5, 0.4], 1);
    check(flow().then(correlation(2).expect("two")), &[-1.0], &[0.9], 0);
    let mixed = [1.0, 0.0, 0.0, 0.0, 0.2, 0.3, 0.4, 1.0, 2.0, 3.0];
    let mut bad = mixed;
    bad[5] = 0.9;
    check(crate::catalogue::elementwise::mixed(), &bad, &mixed, 5);
}

#[test]
fn helpers_complete_what_is_left_out() {
    let three = simplex(3).expect("three");
    let all = three.complete(&dmatrix![0.2, 0.5; 0.3, 0.5]).expect("two rows");
    assert!((all.row(2) - dmatrix![0.5, 0.0].row(0)).amax() < 1e-15);
    assert!(three.complete(&dmatrix![0.2]).expect_err("one row").is_shape());
    let four = correlation(4).expect("four");
    let entries = Constrain::new().then(four).forward(&matrix::<f64>(6, 1, 2.0, 3)).expect("valid");
    let l = four.factor(entries.points.as_slice()).expect("six");
    let correlations = &l * l.transpose();
    assert!((correlations.diagonal() - dvector![1.0, 1.0, 1.0, 1.0]).amax() < 1e-14);
    assert!(l.diagonal().iter().all(|entry| *entry > 0.0));
    assert!(four.factor(&[0.1f64]).expect_err("one entry").is_shape());
}

#[test]
fn bad_bounds_are_refused() {
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(interval(low, high, 1).expect_err("no interval").is_setting());
    }
    assert!(above(f64::NEG_INFINITY, 1).is_err() && below(f64::NAN, 1).is_err());
    assert!(simplex(1).expect_err("no freedom").is_setting());
    assert!(correlation(1).expect_err("no freedom").is_setting());
    assert!(Constrain::<f64>::new().forward(&dmatrix![1.0]).is_err());
}
