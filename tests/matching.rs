//! What a report says of flow matching: the likelihood by the flow itself, by which models are chosen.

use liouville::prelude::*;
use liouville::train::{FlowMatching, MiniBatch, Objective};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

type Model = Pushforward<StandardNormal, ContinuousFlow<Mlp<f64>>>;

fn model(context: usize, rng: &mut StdRng) -> Model {
    let field = Mlp::new(2).context(context).hidden([16, 16]).build(rng).expect("valid sizes");
    StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).tolerance(1e-7))
}

/// Where all samples are one, it does not matter which are held out.
#[test]
fn the_parameters_kept_are_those_of_the_best_likelihood() {
    for seed in 0..3 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut model = model(0, &mut rng);
        let data = DMatrix::from_fn(2, 100, |i, _| 0.4 - i as f64);
        let trainer = Trainer::flow_matching().steps(40).check_every(4).quiet();
        let report = trainer.fit(&mut model, &data, &mut rng).expect("trains");
        let likelihoods: Vec<f64> =
            report.checks.iter().map(|check| check.likelihood.expect("by the flow")).collect();
        let least = likelihoods.iter().copied().fold(f64::INFINITY, f64::min);
        let best = report.best.expect("held out").likelihood.expect("by the flow");
        assert_eq!(best, least, "seed {seed}: {likelihoods:?}");
        let by_hand = -model.log_prob(&data).expect("arrives")[0];
        assert!((best - by_hand).abs() < 1e-12, "seed {seed}: {best} against {by_hand}");
        assert!(best < likelihoods[0], "seed {seed}: nothing was learned");
        let text = report.to_string();
        assert!(text.contains(&format!("-> {best:.4} (negative log-likelihood")), "{text}");
    }
}

#[test]
fn the_likelihood_is_that_of_the_flow_given_the_contexts() {
    let mut rng = StdRng::seed_from_u64(5);
    let model = model(1, &mut rng);
    let points = StandardNormal::new(2).sample(9, &mut rng).expect("valid");
    let contexts = DMatrix::from_fn(1, 9, |_, j| j as f64 / 4.0 - 1.0);
    let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
    let found = FlowMatching::default().likelihood(&model, batch).expect("fits");
    let terms = (0..9).map(|j| {
        let given = model.given(contexts.columns(j, 1).into_owned());
        -given.log_prob(&points.columns(j, 1).into_owned()).expect("arrives")[0]
    });
    let mean = terms.sum::<f64>() / 9.0;
    assert!((found.expect("by the flow") - mean).abs() < 1e-12, "{found:?} against {mean}");
    // Maximum likelihood is judged by its loss.
    let own = liouville::train::MaximumLikelihood.likelihood(&model, batch).expect("fits");
    assert_eq!(own, None);
}

/// A velocity that overflows: no step of training needs the solve, and no check fails by it.
#[test]
fn a_flow_that_cannot_be_followed_has_an_infinite_likelihood() {
    let mut rng = StdRng::seed_from_u64(6);
    let field = Mlp::new(1).hidden([4]).activation(Activation::Silu).build::<f64, _>(&mut rng);
    let field = field.expect("valid sizes");
    let mut model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field));
    let wild = vec![1e200; liouville::train::Trainable::layout(&model).len()];
    liouville::train::Trainable::set_parameters(&mut model, &wild).expect("finite");
    let (points, contexts) = (DMatrix::from_element(1, 2, 1.0), DMatrix::zeros(0, 2));
    let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
    let found = FlowMatching::default().likelihood(&model, batch).expect("no error");
    assert_eq!(found, Some(f64::INFINITY));
}
