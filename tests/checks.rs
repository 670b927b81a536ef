//! When training checks its held-out samples, what it keeps, and when it stops for it.

use liouville::prelude::*;
use liouville::train::{MaximumLikelihood, Report, Stop};
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

type Likelihood = Trainer<MaximumLikelihood>;

/// Forty samples of noise in six dimensions, which a flow of thousands of parameters learns by heart.
fn overfit(seed: u64, set: impl FnOnce(Likelihood) -> Likelihood) -> Report {
    let mut rng = StdRng::seed_from_u64(seed);
    let samples = DMatrix::from_fn(6, 40, |_, _| rng.random_range(-1.5f32..1.5));
    let flow = Stack::real_nvp(6).hidden([32, 32]).build(&mut rng).expect("valid sizes");
    let mut model = StandardNormal::new(6).pushed_by(flow);
    let trainer = set(Trainer::maximum_likelihood().quiet().learning_rate(1e-2));
    trainer.fit(&mut model, &samples, &mut rng).expect("trains")
}

fn steps(report: &Report) -> Vec<usize> {
    report.checks.iter().map(|check| check.step).collect()
}

#[test]
fn checks_begin_early_unless_told_otherwise() {
    let report = overfit(1, |trainer| trainer.steps(205));
    let early = [0, 1, 2, 4, 8];
    assert_eq!(steps(&report)[..7], [&early[..], &[10, 20]].concat());
    assert_eq!(steps(&report).last(), Some(&205));
    let report = overfit(1, |trainer| trainer.steps(50).check_every(20));
    assert_eq!(steps(&report), [0, 20, 40, 50]);
    let report = overfit(1, |trainer| trainer.steps(3));
    assert_eq!(steps(&report), [0, 1, 2, 3]);
}

#[test]
fn the_best_check_is_kept_and_patience_ends_the_run() {
    for seed in 0..3 {
        let report = overfit(seed, |trainer| trainer.steps(1000).patience(3));
        let best = report.best.expect("samples were held out");
        assert!(report.checks.iter().all(|check| best.loss <= check.loss));
        assert_eq!(report.stop, Stop::Early, "seed {seed}");
        let regular: Vec<_> = steps(&report).into_iter().filter(|s| s % 50 == 0).collect();
        assert_eq!(regular.len() * 50, report.steps.len() + 50);
        // The last three were no better than what had come before them.
        let since = regular.len() - regular.iter().filter(|&&step| step <= best.step).count();
        assert_eq!(since, 3, "seed {seed}: best of step {}, {regular:?}", best.step);
    }
}
