//! An estimate is read where one was asked for by name, and nowhere else.

use liouville::diagnose::Diagnose;
use liouville::flow::euler_step::Determinant;
use liouville::prelude::*;
use liouville::trace::Estimate;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Uniform numbers in ±1.
fn matrix(rows: usize, columns: usize, seed: u64) -> DMatrix<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

/// Three hidden layers in 24 dimensions, whose exact trace takes 24 tangents.
fn deep() -> Mlp<f64> {
    let builder = Mlp::new(24).hidden([16, 16, 16]);
    let count = {
        let built: Mlp<f64> = builder.build(&mut StdRng::seed_from_u64(1)).expect("valid sizes");
        built.parameters().len()
    };
    let values = matrix(count, 1, 2).map(|value| 0.4 * value);
    builder.with_parameters(values.as_slice().to_vec()).expect("as many as there are")
}

/// x_i' = a_i x_i + sin x_(i+1) in forty dimensions: the log-determinant is Σ a_i.
#[test]
fn a_closure_in_forty_dimensions_is_exact_unless_told_otherwise() {
    let rate = |i: usize| 0.05 * (i as f64).cos();
    let field = || {
        field::autonomous_dyn(40, move |x, out| {
            for i in 0..40 {
                out[i] = x[i] * rate(i) + x[(i + 1) % 40].sin();
            }
        })
    };
    let expected: f64 = -(0..40).map(rate).sum::<f64>();
    let flow = ContinuousFlow::new(field()).tolerance(1e-8);
    let model = StandardNormal::new(40).pushed_by(flow.clone());
    let points = matrix(40, 5, 1);
    let found = model.evaluate(&points, None).expect("valid input");
    let latent = StandardNormal::new(40).log_prob(&found.latent).expect("valid input");
    assert!(((&found.log_prob - latent).add_scalar(-expected)).amax() < 1e-6);
    assert!(found.standard_error.is_none());
    assert_eq!(model.log_prob(&points).expect("valid input"), found.log_prob);
    let named = StandardNormal::new(40).pushed_by(flow.trace(Trace::hutchinson(8)));
    let estimated = named.evaluate(&points, None).expect("valid input");
    let errors = estimated.standard_error.expect("an estimate says that it is one");
    assert!(errors.iter().all(|error| *error > 0.1), "{errors}");
    assert_ne!(estimated.log_prob, found.log_prob);
    let diagnosis = |trace: Trace| {
        let model = StandardNormal::new(40).pushed_by(ContinuousFlow::new(field()).trace(trace));
        let diagnosis = Diagnose::new().jacobians(1).references(1).flow(&model, &points, None);
        diagnosis.expect("valid input")
    };
    let (plain, named) = (diagnosis(Trace::Auto), diagnosis(Trace::hutchinson(8)));
    assert!(plain.standard_error.is_none() && !plain.to_string().contains("an estimate"));
    assert!(named.standard_error.is_some() && named.to_string().contains("an estimate"));
}

#[test]
fn evaluation_by_auto_is_evaluation_by_the_exact_trace() {
    let model =
        |trace: Trace| StandardNormal::new(24).pushed_by(ContinuousFlow::new(deep()).trace(trace));
    let [auto, exact] = [Trace::Auto, Trace::Exact].map(model);
    assert!(Trace::Auto.estimator_in_training(&deep()).is_some(), "this network is deep enough");
    let points = matrix(24, 6, 3);
    let log_prob = exact.log_prob(&points).expect("valid input");
    assert_eq!(auto.log_prob(&points).expect("valid input"), log_prob);
    let scores = [&auto, &exact].map(|model| model.score(&points, None).expect("valid input"));
    assert_eq!(scores[0].log_prob, log_prob);
    assert!(scores[0].standard_error.is_none());
    let named = model(Trace::hutchinson(4));
    let (scored, evaluated) = (named.score(&points, None), named.evaluate(&points, None));
    let errors = scored.expect("valid input").standard_error;
    assert_eq!(errors, evaluated.expect("valid input").standard_error);
    assert!(errors.is_some(), "an estimate says that it is one");
    assert_eq!(scores[0].score, scores[1].score);
    for direction in [Direction::Forward, Direction::Inverse] {
        let moved = auto.flow().follow(direction, &points, None).expect("valid input");
        assert!(moved.standard_error.is_none(), "{direction:?}");
        let steps = [&auto, &exact]
            .map(|model| model.flow().steps(direction, &points, None).expect("valid input"));
        assert_eq!(steps[0], steps[1], "{direction:?}");
    }
}

/// The report of a few steps of training.
fn report<F: TrainableFlow<f64>>(flow: F) -> liouville::train::Report {
    let mut model = StandardNormal::new(flow.dim()).pushed_by(flow);
    let data = matrix(model.flow().dim(), 40, 4);
    let trainer = Trainer::maximum_likelihood().steps(2).quiet();
    trainer.fit(&mut model, &data, &mut StdRng::seed_from_u64(5)).expect("trains")
}

#[test]
fn training_says_what_it_estimates() {
    let found = report(ContinuousFlow::new(deep()));
    let by = Estimate { estimator: "Hutchinson's estimator (orthogonal)", probes: 8 };
    assert_eq!(found.estimated, Some(by));
    let line = format!("log-densities        estimated during training by {by}");
    assert!(found.to_string().contains(&line), "{found}");
    for trace in
        [Trace::Exact, Trace::Hutchinson(Hutchinson { probes: 3, noise: Noise::Gaussian, seed: 0 })]
    {
        let found = report(ContinuousFlow::new(deep()).trace(trace));
        assert_eq!(found.estimated.map(|by| by.probes), (trace != Trace::Exact).then_some(3));
        assert_eq!(found.to_string().contains("estimated"), trace != Trace::Exact, "{found}");
    }
}

/// Residual layers estimate in training beyond 64 dimensions; of several links, the report names the
/// estimate of fewest probes.
#[test]
fn training_of_chains_says_what_is_estimated_most_roughly() {
    let network = |seed: u64| -> Mlp<f64> {
        Mlp::new(65).hidden([4]).build(&mut StdRng::seed_from_u64(seed)).expect("valid sizes")
    };
    let layer = EulerStep::new(network(1));
    let exact = layer.clone().determinant(Determinant::Exact);
    let found = report(Chain::new().then(exact.clone()).then(layer.clone()));
    assert_eq!(found.estimated.expect("a layer of 65 dimensions").probes, 8);
    let continuous = ContinuousFlow::new(network(2)).trace(Trace::hutchinson(2));
    let found = report(Chain::new().then(layer).then(continuous));
    assert_eq!(found.estimated.expect("both links").probes, 2);
    assert!(report(exact).estimated.is_none());
}
