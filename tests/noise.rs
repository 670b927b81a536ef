//! Noise in training: what it does to the density that is learnt, and what is said of it.

use liouville::flow::elementwise::{Constrain, positive};
use liouville::flow::layers::ActNorm;
use liouville::prelude::*;
use liouville::train::Noise;
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::StdRng;

type Scaled = Pushforward<StandardNormal, ActNorm<f64>>;

/// A model that learns means and deviations, and nothing else.
fn scaled(dim: usize) -> Scaled {
    StandardNormal::new(dim).pushed_by(ActNorm::new(field::DiagonalAffine::zero(dim).unwrap()))
}

fn normal(dim: usize, count: usize, seed: u64) -> DMatrix<f64> {
    StandardNormal::new(dim).sample(count, &mut StdRng::seed_from_u64(seed)).unwrap()
}

/// The variance of each row that a model of scales has: its log-density at z and -z and the middle say it.
fn variances(model: &Scaled, dim: usize) -> Vec<f64> {
    let at = |i: usize, x: f64| {
        let mut point = DMatrix::zeros(dim, 1);
        point[i] = x;
        model.log_prob(&point).unwrap()[0]
    };
    (0..dim).map(|i| -1.0 / (at(i, 1.0) + at(i, -1.0) - 2.0 * at(i, 0.0))).collect()
}

#[test]
fn noise_adds_its_variance() {
    let seed = rand::random();
    let (count, size) = (4000, 0.5);
    let mut data = normal(2, count, seed);
    data.row_mut(1).scale_mut(20.0);
    let trainer = Trainer::maximum_likelihood().steps(400).held_out(0.0).quiet();
    let spread = |trainer: Trainer<_, _>| {
        let mut model = scaled(2);
        model.initialise(&data, None).unwrap();
        let report = trainer.fit(&mut model, &data, &mut StdRng::seed_from_u64(seed)).unwrap();
        (variances(&model, 2), report)
    };
    let (plain, report) = spread(trainer.clone());
    assert!(report.steps.iter().all(|step| step.noise == 0.0));
    let (noisy, report) = spread(trainer.noise(size));
    assert!(report.steps.iter().all(|step| step.noise == size));
    assert!(report.to_string().contains("noise (deviations)   0.500 -> 0.500"), "{report}");
    for (plain, noisy) in plain.iter().zip(&noisy) {
        // The steps at the end, at a hundredth of the rate, see thousands of samples: a variance from these
        // errs by a few percent.
        let ratio = noisy / plain;
        assert!((ratio - 1.25).abs() < 0.12, "{ratio}, seed {seed}");
    }
}

#[test]
fn the_size_is_chosen_on_held_out_samples() {
    let seed = 7;
    let data = normal(2, 60, seed);
    let field: Mlp<f64> =
        Mlp::new(2).hidden([16, 16]).build(&mut StdRng::seed_from_u64(1)).unwrap();
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    let trainer = Trainer::maximum_likelihood().steps(60).batch(32).quiet().noise(Noise::Chosen);
    let report = trainer.fit(&mut model, &data, &mut StdRng::seed_from_u64(seed)).unwrap();
    let sizes: Vec<f64> = report.steps.iter().map(|step| step.noise).collect();
    assert!(sizes.windows(2).all(|pair| pair[1] < pair[0]) && sizes[0] == 1.0, "{sizes:?}");
    let best = report.best.unwrap();
    let step = best.step.saturating_sub(1);
    assert_eq!(best.noise, sizes[step], "the size before the check");
    assert!(report.checks.iter().all(|check| check.loss >= best.loss), "the others did no better");
}

#[test]
fn noise_on_contexts_averages_over_them() {
    // x = 3 c + ε: with noise of one deviation on c, half of what a context says is noise: the regression
    // on noisy contexts has slope 3 / 2 and variance 1 + 9 / 2.
    let (count, seed) = (4000, rand::random());
    let draws = normal(2, count, seed);
    let contexts = draws.rows(0, 1).into_owned();
    let data = DMatrix::from_fn(1, count, |_, j| 3.0 * draws[(0, j)] + draws[(1, j)]);
    let slope = |noise: f64| {
        let mut rng = StdRng::seed_from_u64(seed);
        let field: Mlp<f64> = Mlp::new(1).context(1).hidden([16, 16]).build(&mut rng).unwrap();
        let mut family = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field));
        let trainer = Trainer::maximum_likelihood().steps(300).batch(128).quiet();
        let trainer = trainer.context_noise(noise);
        trainer.fit_given(&mut family, &data, &contexts, &mut rng).unwrap();
        let mean = |context: f64| {
            let at = family.given(DMatrix::from_element(1, 1, context));
            at.sample(2000, &mut rng).unwrap().mean()
        };
        let [low, high] = [-0.5, 0.5].map(mean);
        high - low
    };
    let (plain, noisy) = (slope(0.0), slope(1.0));
    assert!((plain - 3.0).abs() < 0.6, "{plain}, seed {seed}");
    assert!((noisy - 1.5).abs() < 0.6, "{noisy}, seed {seed}");
}

#[test]
fn refusals() {
    let data = normal(1, 50, 1).map(f64::exp);
    let mut rng = StdRng::seed_from_u64(1);
    let trainer = || Trainer::maximum_likelihood().steps(5).quiet();
    let map =
        ActNorm::new(field::DiagonalAffine::new(DVector::zeros(1), DVector::zeros(1)).unwrap());
    let chain = Chain::new().then(map).then(Constrain::new().then(positive(1)));
    let mut bounded = StandardNormal::new(1).pushed_by(chain);
    let error = trainer().noise(0.1).fit(&mut bounded, &data, &mut rng).unwrap_err();
    assert!(error.is_setting() && error.to_string().contains("bounds"), "{error}");
    trainer().noise(Noise::None).fit(&mut bounded, &data, &mut rng).unwrap();
    for size in [-1.0, f64::NAN] {
        let error = trainer().noise(size).fit(&mut scaled(1), &data, &mut rng).unwrap_err();
        assert!(error.is_setting() && error.to_string().contains("on the samples"), "{error}");
        let error = trainer().context_noise(size).fit(&mut scaled(1), &data, &mut rng).unwrap_err();
        assert!(error.is_setting() && error.to_string().contains("on the contexts"), "{error}");
    }
    let chosen = trainer().noise(Noise::Chosen).held_out(0.0);
    let error = chosen.fit(&mut scaled(1), &data, &mut rng).unwrap_err();
    assert!(error.is_setting() && error.to_string().contains("held out"), "{error}");
}
