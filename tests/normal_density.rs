//! What a continuous flow is that learnt nothing beyond the normal density of its data.

use liouville::flow::continuous::Frame;
use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::rngs::StdRng;
use liouville::rand::{self, RngExt, SeedableRng};
use liouville::train::{Happening, Report};

type Model = Pushforward<StandardNormal, ContinuousFlow<Mlp<f64>>>;

fn model(dim: usize, rng: &mut StdRng) -> Model {
    let field = Mlp::new(dim).hidden([8, 8]).build(rng).expect("valid sizes");
    StandardNormal::new(dim).pushed_by(ContinuousFlow::new(field))
}

/// Corners of a sheared square: their axes have light tails, so that their gentle frame is their likeliest.
fn corners(count: usize, rng: &mut StdRng) -> DMatrix<f64> {
    let signs = DMatrix::from_fn(2, count, |_, _| if rng.random_bool(0.5) { 1.0 } else { -1.0 });
    DMatrix::from_fn(2, count, |i, j| signs[(i, j)] + 0.5 * signs[(0, j)])
}

fn is_normal(report: &Report) -> bool {
    report.events.iter().any(|event| matches!(event.what, Happening::Normal { .. }))
}

#[test]
fn a_flow_that_learns_nothing_is_the_normal_density_of_all_samples() {
    let mut rng = StdRng::seed_from_u64(rand::random());
    let data = corners(120, &mut rng);
    // Steps that lead nowhere.
    let trainer = Trainer::maximum_likelihood().steps(3).learning_rate(1e-12).quiet();
    let mut still = model(2, &mut rng);
    let report = trainer.fit(&mut still, &data, &mut rng).expect("trains");
    assert!(
        is_normal(&report) && report.to_string().contains("beyond a normal density"),
        "{report}"
    );
    let expected = Frame::fit(&data, None).expect("finite");
    assert_eq!(still.flow().frame(), Some(&expected));
    let field = still.flow().field().clone();
    let framed = ContinuousFlow::new(field).framed(expected);
    let normal = StandardNormal::new(2).pushed_by(framed).log_prob(&data).expect("finite");
    assert!((still.log_prob(&data).expect("finite") - normal).amax() < 1e-9);
    // Nothing is held out: there is nothing to give back.
    let mut all = model(2, &mut rng);
    let report = trainer.clone().held_out(0.0).fit(&mut all, &data, &mut rng).expect("trains");
    assert!(!is_normal(&report));
    // A frame of one's own is left alone.
    let own = Frame::fit(&data.columns(0, 40).into_owned(), None).expect("finite");
    let mut given = model(2, &mut rng);
    given = StandardNormal::new(2).pushed_by(given.flow().clone().framed(own.clone()));
    assert!(!is_normal(&trainer.fit(&mut given, &data, &mut rng).expect("trains")));
    assert_eq!(given.flow().frame(), Some(&own));
}

#[test]
fn a_member_of_an_ensemble_knows_nothing_of_its_fold() {
    let mut rng = StdRng::seed_from_u64(rand::random());
    let data = corners(60, &mut rng);
    let trainer = Trainer::maximum_likelihood().steps(2).learning_rate(1e-12).quiet();
    let make = |rng: &mut _| {
        let field = Mlp::new(2).hidden([8]).build::<f64, _>(rng)?;
        Ok(StandardNormal::new(2).pushed_by(ContinuousFlow::new(field)))
    };
    let (ensemble, report) =
        trainer.ensemble().members(4).fit(make, &data, &mut rng).expect("trains");
    for (member, own) in ensemble.members().iter().zip(&report.folds) {
        let others: Vec<usize> = (0..60).filter(|column| !own.contains(column)).collect();
        let expected = Frame::fit(&data.select_columns(&others), None).expect("finite");
        assert_eq!(member.flow().frame(), Some(&expected));
    }
}

#[test]
fn a_flow_that_learns_keeps_what_it_learnt() {
    let mut rng = StdRng::seed_from_u64(rand::random());
    let data: DMatrix<f64> = data::eight_gaussians().sample(1500, &mut rng).expect("room");
    let mut learnt = model(2, &mut rng);
    let trainer = Trainer::maximum_likelihood().steps(150).quiet();
    let report = trainer.fit(&mut learnt, &data, &mut rng).expect("trains");
    assert!(!is_normal(&report), "{report}");
    let normal = Frame::fit(&data, None).expect("finite");
    let mut flat = StandardNormal::new(2).pushed_by(learnt.flow().clone().framed(normal));
    flat.flow_mut().set_parameters(&vec![0.0; learnt.flow().parameters().len()]).expect("as many");
    let [learnt, flat] =
        [&learnt, &flat].map(|model| model.log_prob(&data).expect("finite").mean());
    assert!(learnt > flat + 0.1, "{learnt} {flat}");
}
