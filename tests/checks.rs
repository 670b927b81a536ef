//! When training checks its held-out samples, what it keeps, and when it stops for it.

use liouville::prelude::*;
use liouville::train::{Decay, MaximumLikelihood, Noise, Report, Stop};
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
    let trainer = set(Trainer::maximum_likelihood().noise(Noise::None).quiet().learning_rate(1e-2));
    trainer.fit(&mut model, &samples, &mut rng).expect("trains")
}

fn steps(report: &Report) -> Vec<usize> {
    report.checks.iter().map(|check| check.step).collect()
}

#[test]
fn checks_begin_early_unless_told_otherwise() {
    let report = overfit(1, |trainer| trainer.steps(305));
    let early = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15];
    assert_eq!(steps(&report)[..12], early);
    let gaps: Vec<_> = steps(&report).windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[..gaps.len() - 1].windows(2).all(|pair| pair[0] <= pair[1] && pair[1] <= 50));
    assert_eq!(steps(&report).last(), Some(&305));
    let report = overfit(1, |trainer| trainer.steps(50).check_every(20));
    assert_eq!(steps(&report), [0, 20, 40, 50]);
    let report = overfit(1, |trainer| trainer.steps(3));
    assert_eq!(steps(&report), [0, 1, 2, 3]);
}

#[test]
fn the_best_check_is_kept_and_patience_ends_the_run() {
    for seed in 0..3 {
        let told = overfit(seed, |trainer| trainer.steps(3000).patience(3));
        // Without a number of steps, patience is there by itself.
        let untold = overfit(seed, |trainer| trainer);
        for report in [&told, &untold] {
            let best = report.best.expect("samples were held out");
            assert!(report.checks.iter().all(|check| best.loss <= check.loss));
            assert_eq!(report.stop, Stop::Early, "seed {seed}");
        }
        // The last were no better than what had come before them.
        let best = told.best.expect("samples were held out").step;
        let counted = |step: &usize| *step > best && *step >= 100;
        assert_eq!(steps(&told).into_iter().filter(counted).count(), 3, "seed {seed}: {best}");
        let Decay::Cycles { first } = untold.schedule.decay else {
            panic!("seed {seed}: {:?}", untold.schedule);
        };
        let since = untold.steps.len() - untold.best.expect("samples were held out").step;
        assert!((first / 2..first).contains(&since), "seed {seed}: {since}");
    }
}
