//! What training sets by the data before the first step: what is fresh, once, and nothing else.

use liouville::flow::Frozen;
use liouville::flow::continuous::Frame;
use liouville::flow::elementwise::{Constrain, positive};
use liouville::flow::layers::ActNorm;
use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::SeedableRng;
use liouville::rand::rngs::StdRng;
use liouville::train::{Trainable, Warning};

fn network(dim: usize, context: usize) -> Mlp<f64> {
    let builder = Mlp::new(dim).hidden([6]).context(context);
    builder.build(&mut StdRng::seed_from_u64(1)).expect("valid sizes")
}

fn data(seed: u64) -> DMatrix<f64> {
    let normal: DMatrix<f64> =
        StandardNormal::new(2).sample(300, &mut StdRng::seed_from_u64(seed)).expect("room");
    DMatrix::from_fn(2, 300, |i, j| {
        [1e4, -3.0][i] + [20.0, 0.01][i] * (normal[(0, j)] + normal[(i, j)])
    })
}

fn none() -> DMatrix<f64> {
    DMatrix::zeros(0, 300)
}

#[test]
fn fields_know_whether_they_are_fresh() {
    let mut field = network(2, 0);
    assert!(field.is_fresh() && field.clone().is_fresh());
    let same = field.parameters().to_vec();
    let given: Mlp<f64> = Mlp::new(2).hidden([6]).with_parameters(same.clone()).expect("as many");
    assert!(!given.is_fresh());
    assert!(field.set_parameters(&same[1..]).is_err() && field.is_fresh());
    field.set_parameters(&same).expect("as many");
    assert!(!field.is_fresh());
    let gated = Mlp::new(2).hidden([6]).gated();
    let mut gated: field::Gated<f64> = gated.build(&mut StdRng::seed_from_u64(1)).expect("valid");
    assert!(gated.is_fresh());
    let same = gated.parameters().to_vec();
    gated.set_parameters(&same).expect("as many");
    assert!(!gated.is_fresh());
    let linear = field::Linear::new(DMatrix::<f64>::zeros(2, 2)).expect("square");
    assert!(!linear.is_fresh());
}

#[test]
fn training_fits_a_frame_to_what_it_trains_on_and_once() {
    let trainer = Trainer::maximum_likelihood().steps(2).quiet();
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(network(2, 0)));
    let mut rng = StdRng::seed_from_u64(2);
    let report = trainer.clone().keep_start().fit(&mut model.clone(), &data(1), &mut rng);
    assert!(!report.expect("valid data").warnings.is_empty(), "of another scale");
    let report = trainer.fit(&mut model, &data(1), &mut rng).expect("valid data");
    assert_eq!(report.warnings.len(), 0);
    let first = model.flow().frame().expect("a frame").clone();
    assert!((first.mean()[0] - 1e4).abs() < 10.0 && (first.mean()[1] + 3.0).abs() < 0.01);
    assert_ne!(first, Frame::fit(&data(1), None).expect("finite"), "held-out samples are not seen");
    let all = Trainer::maximum_likelihood().steps(2).quiet().held_out(0.0);
    let mut fresh = StandardNormal::new(2).pushed_by(ContinuousFlow::new(network(2, 0)));
    all.fit(&mut fresh, &data(1), &mut rng).expect("valid data");
    let rows = |frame: &Frame| (frame.mean(), frame.deviation());
    let expected = Frame::fit(&data(1), None).expect("finite");
    for (a, b) in rows(fresh.flow().frame().expect("a frame")).0.iter().zip(rows(&expected).0) {
        assert!((a - b).abs() < 1e-9 * b.abs());
    }
    trainer.fit(&mut model, &data(2), &mut rng).expect("valid data");
    assert_eq!(model.flow().frame(), Some(&first));

    let mut kept = StandardNormal::new(2).pushed_by(ContinuousFlow::new(network(2, 0)));
    let kept_start = Trainer::maximum_likelihood().steps(2).quiet().keep_start();
    let scaled = Frame::fit(&data(1), None).expect("finite").inside(&data(1));
    kept_start.fit(&mut kept, &scaled, &mut rng).expect("valid data");
    assert!(kept.flow().frame().is_none());
}

#[test]
fn preparing_twice_is_preparing_once() {
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(network(2, 0)));
    model.prepare(&data(1), &none()).expect("valid data");
    let first = model.flow().state();
    model.prepare(&data(2), &none()).expect("valid data");
    assert_eq!(model.flow().state(), first);
    // What was given is left alone.
    let linear = field::Linear::new(DMatrix::<f64>::zeros(2, 2)).expect("square");
    let mut given = StandardNormal::new(2).pushed_by(ContinuousFlow::new(linear));
    given.prepare(&data(1), &none()).expect("valid data");
    assert!(given.flow().frame().is_none());
    // A base beside the line wants something else than mean 0 and variance 1.
    let mut model = UniformCircle::new(2).pushed_by(ContinuousFlow::new(network(2, 0)));
    model.prepare(&data(1), &none()).expect("nothing to do");
    assert!(model.flow().frame().is_none());
}

#[test]
fn links_of_a_chain_are_prepared_from_the_data_on() {
    let norm = || -> ActNorm<f64> { ActNorm::new(field::DiagonalAffine::zero(2).expect("two")) };
    let flow = || ContinuousFlow::new(network(2, 0)).tolerance(1e-9);
    let mut learnt = norm();
    learnt.set_parameters(&[0.1, 0.2, 0.3, 0.4]).expect("four");
    let chain = Chain::new()
        .then(flow())
        .then(Frozen::new(norm()))
        .then(learnt.clone())
        .then(norm())
        .then(flow());
    let mut model = StandardNormal::new(2).pushed_by(chain);
    model.prepare(&data(1), &none()).expect("valid data");
    let state = model.flow().state();
    let named = |name: &str| state.fixed.iter().any(|array| array.name == name);
    assert!(named("4.frame.mean") && named("0.frame.root"));
    assert_eq!(model.flow().slice(2..3).expect("a link").parameters(), learnt.parameters());
    assert_eq!(model.flow().slice(1..2).expect("a link").state().fixed[0].values, [0.0; 2]);
    // What arrives at every link that was prepared arrives behind it with mean 0 and variance 1.
    for (k, accuracy) in [(4, 0.1), (3, 1e-6), (0, 0.1)] {
        let behind =
            model.flow().slice(k..5).expect("links").inverse(&data(1)).expect("valid").points;
        for row in behind.row_iter() {
            let mean = row.mean();
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 300.0;
            assert!(mean.abs() < accuracy && (variance - 1.0).abs() < 3.0 * accuracy, "{k}");
        }
    }
    model.prepare(&data(2), &none()).expect("valid data");
    assert_eq!(model.flow().state(), state);
}

/// What lies outside a support says nothing, and is left to training to complain of.
#[test]
fn points_without_an_image_are_left_out() {
    let chain: Chain<f64> = Chain::new()
        .then(ContinuousFlow::new(network(2, 0)))
        .then(Constrain::new().then(positive(2)));
    let mut inner = data(1).map(|x| (1e-4 * x).exp());
    let mut model = StandardNormal::new(2).pushed_by(chain);
    let mut clean = model.clone();
    clean.prepare(&inner.columns(1, 299).into_owned(), &DMatrix::zeros(0, 299)).expect("valid");
    inner[(1, 0)] = -1.0;
    model.prepare(&inner, &none()).expect("the others do");
    assert_eq!(model.flow().state(), clean.flow().state());
    inner.fill(-1.0);
    let mut model = StandardNormal::new(2).pushed_by(
        model.flow().slice(1..2).expect("a link").then(ContinuousFlow::new(network(2, 0))),
    );
    model.prepare(&inner, &none()).expect("what can be prepared is");
}

#[test]
fn contexts_are_standardised_and_not_warned_of() {
    let contexts =
        DMatrix::from_fn(2, 300, |i, j| [1e6, 7.0][i] + [1e4, 0.0][i] * (j as f64).sin());
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(network(2, 2)));
    let trainer = Trainer::maximum_likelihood().steps(2).quiet();
    let mut rng = StdRng::seed_from_u64(2);
    let fit = |trainer: &Trainer<_>, model: &mut _, rng: &mut StdRng| {
        trainer.fit_given(model, &data(1), &contexts, rng).expect("valid data").warnings
    };
    let warned = fit(&trainer.clone().keep_start(), &mut model.clone(), &mut rng);
    assert!(warned.iter().any(|warning| matches!(warning, Warning::Scale { .. })));
    assert_eq!(fit(&trainer, &mut model, &mut rng), []);
    let frame = model.flow().frame().expect("a frame");
    let inside = frame.contexts_inside(&contexts);
    assert!((inside.row(0).norm_squared() / 300.0 - 1.0).abs() < 0.1);
    assert!(inside.row(1).iter().all(|value| *value == 0.0));
}
