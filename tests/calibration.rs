//! Estimates are off by as many standard errors as Student's distribution says.

use std::f64::consts::FRAC_PI_2;

use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const DIM: usize = 100;
const SAMPLES: usize = 2000;

/// P(|t| < c) for Student's t with ν degrees of freedom. With t = √ν tan θ its density is that of
/// cos^(ν-1) θ, which Simpson's rule integrates.
fn student(freedom: usize, c: f64) -> f64 {
    let integral = |end: f64| {
        let height = |k: usize| (end * k as f64 / 1000.0).cos().powi(freedom as i32 - 1);
        let weight =
            |k: usize| if k.is_multiple_of(1000) { 1.0 } else { 2.0 + 2.0 * (k % 2) as f64 };
        end / 3000.0 * (0..=1000).map(|k| weight(k) * height(k)).sum::<f64>()
    };
    integral((c / (freedom as f64).sqrt()).atan()) / integral(FRAC_PI_2)
}

/// A symmetric matrix whose eigenvalues come in pairs ± s: its quadratic forms are symmetric about
/// their mean, and nearly normal, as fifty singular values take part.
fn paired() -> DMatrix<f64> {
    let mut rng = StdRng::seed_from_u64(1);
    let (mut a, half) = (DMatrix::zeros(DIM, DIM), DIM / 2);
    for (i, j) in (0..half).flat_map(|i| (half..DIM).map(move |j| (i, j))) {
        a[(i, j)] = 0.01 * rng.random_range(-1.0..1.0);
        a[(j, i)] = a[(i, j)];
    }
    a
}

/// Errors and standard errors of many samples, each with probes of its own.
fn errors(trace: Trace) -> Vec<[f64; 2]> {
    let flow = ContinuousFlow::new(field::Linear::new(paired()).expect("square"));
    let mut rng = StdRng::seed_from_u64(2);
    let points = DMatrix::from_fn(DIM, SAMPLES, |_, _| rng.random_range(-1.0..1.0));
    let moved = flow.trace(trace).solver(rk4(1)).forward(&points).expect("valid input");
    let stated = moved.standard_error.expect("two probes or more");
    moved.log_det.iter().zip(stated.iter()).map(|(error, stated)| [*error, *stated]).collect()
}

fn check(what: &str, trace: Trace, freedom: usize) {
    let errors = errors(trace);
    for c in [0.5, 1.0, 2.0, 3.0] {
        let within = errors.iter().filter(|[error, stated]| error.abs() < c * stated).count();
        let (share, expected) = (within as f64 / SAMPLES as f64, student(freedom, c));
        // Five binomial standard errors. The forms' excess kurtosis is 12 / 50, which moves a share
        // by a few hundredths of it, at most.
        let bound = 5.0 * (expected * (1.0 - expected) / SAMPLES as f64).sqrt() + 0.01;
        assert!((share - expected).abs() < bound, "{what}: {share} within {c}, not {expected}");
    }
}

#[test]
fn the_documented_shares_are_those_of_students_distribution() {
    for (probes, share) in [(2, 0.70), (4, 0.86), (8, 0.91), (32, 0.95)] {
        assert!((student(probes - 1, 2.0) - share).abs() < 0.005, "{probes} probes");
    }
    // One and two degrees of freedom have closed forms.
    assert!((student(1, 2.0) - 2f64.atan() / FRAC_PI_2).abs() < 1e-12);
    assert!((student(2, 2.0) - (2.0f64 / 3.0).sqrt()).abs() < 1e-9);
}

#[test]
fn errors_of_hutchinsons_probes() {
    for noise in [Noise::Rademacher, Noise::Gaussian, Noise::Orthogonal] {
        for probes in [2, 4, 8] {
            let trace = Trace::Hutchinson(Hutchinson { probes, noise, seed: 0 });
            check(&format!("{probes} {noise:?}"), trace, probes - 1);
        }
    }
    check("32 Rademacher", Trace::hutchinson(32), 31);
}

#[test]
fn errors_of_hutch_plus_plus() {
    let trace = Trace::HutchPlusPlus(HutchPlusPlus { range: 2, residual: 4, seed: 0 });
    check("Hutch++", trace, 3);
}
