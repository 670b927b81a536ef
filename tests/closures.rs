//! Fields of closures beside what learns: scores, chains, models, and what is refused.

use liouville::flow::AnyFlow;
use liouville::flow::layers::ActNorm;
use liouville::model::Model;
use liouville::prelude::*;
use nalgebra::{dmatrix, dvector};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn turning() -> impl TrainableField<f64> + Clone + 'static {
    field::autonomous!(2, |x| [x[0] * 0.3 - x[1] * 2.0, x[0] * 1.5 - x[1] * 0.1])
}

fn pendulum() -> impl TrainableField<f64> + Clone + 'static {
    field::autonomous!(2, |x| [x[1], -x[0].sin() * 3.0])
}

#[test]
fn a_linear_closure_has_the_score_of_the_linear_field() {
    let linear = field::Linear::new(dmatrix![0.3, -2.0; 1.5, -0.1]).expect("square");
    let points = dmatrix![0.4, -1.0, 2.0; 0.3, 0.8, -1.5];
    let base = || StudentT::standard(2, 3.0).expect("two");
    let known = base().pushed_by(ContinuousFlow::new(linear).tolerance(1e-11));
    let known = known.score(&points, None).expect("valid");
    let dynamic = field::autonomous_dyn!(2, |x, out| {
        out[0] = x[0] * 0.3 - x[1] * 2.0;
        out[1] = x[0] * 1.5 - x[1] * 0.1;
    });
    let of_closure = base().pushed_by(ContinuousFlow::new(turning()).tolerance(1e-11));
    let of_dynamic = base().pushed_by(ContinuousFlow::new(dynamic).tolerance(1e-11));
    for found in [of_closure.score(&points, None), of_dynamic.score(&points, None)] {
        let found = found.expect("valid");
        assert!((&found.log_prob - &known.log_prob).amax() < 1e-8);
        assert!((&found.score - &known.score).amax() < 1e-8);
    }
}

/// The layer learns through the closure: what it has learnt is at least as likely as the truth.
#[test]
fn a_layer_learns_behind_a_closure() {
    let mut rng = StdRng::seed_from_u64(5);
    let affine =
        |rates, offset| ActNorm::new(field::DiagonalAffine::new(rates, offset).expect("as many"));
    let chain = |layer: ActNorm<f64>| {
        let flow = ContinuousFlow::new(pendulum()).tolerance(1e-6);
        StandardNormal::new(2).pushed_by(Chain::new().then(flow).then(layer))
    };
    let truth = chain(affine(dvector![0.5, -0.4], dvector![1.0, -2.0]));
    let data: Samples<f64> = truth.sample(1500, &mut rng).expect("samples");
    let mut model = chain(affine(dvector![0.0, 0.0], dvector![0.0, 0.0]));
    let mean = |log_prob: nalgebra::DVector<f64>| log_prob.mean();
    let trainer = Trainer::maximum_likelihood().steps(400).quiet();
    trainer.fit(&mut model, &data, &mut rng).expect("trains");
    let [ours, theirs] =
        [model.log_prob(&data), truth.log_prob(&data)].map(|found| mean(found.expect("values")));
    // The best of all layers is above the truth; training ends a little below the best.
    assert!(ours > theirs - 5e-3, "{ours} nats after training, {theirs} of the truth");
    let wrong = chain(affine(dvector![0.4, -0.3], dvector![1.1, -1.9]));
    let wrong = mean(wrong.log_prob(&data).expect("values"));
    assert!(ours > wrong, "{ours} nats after training, {wrong} of another layer");
}

#[test]
fn a_model_of_a_closure_scores_and_is_not_saved() {
    let chain = Chain::new().then(ContinuousFlow::new(turning())).then(AnyFlow::new(
        ContinuousFlow::new(field::Linear::new(dmatrix![0.0, 1.0; -1.0, 0.0]).expect("square")),
    ));
    let density = StandardNormal::new(2).pushed_by(chain);
    let points = dmatrix![0.4, -1.0, 2.0; 0.3, 0.8, -1.5];
    let known = density.score(&points, None).expect("valid");
    let model = Model::new(density);
    let found = model.score(&points, None).expect("valid");
    assert!((found.score - known.score).amax() < 1e-12);
    let error = model.to_bytes().expect_err("a closure is no data");
    let said = error.to_string();
    assert!(said.contains("link 0") && said.contains("closures cannot be"), "{said}");
}

/// What is written twice, and differently, is found out.
#[test]
fn closures_that_differ_give_no_gradients() {
    let field = field::autonomous::<1, _>(|x| [x[0].sin()]).differentiable(|x| [x[0].cos()]);
    let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field));
    let found = model.score(&dmatrix![0.5f64], None).expect("valid");
    assert!(!found.outcomes[0].arrived() && found.score[0].is_nan());
    assert!(model.log_prob(&dmatrix![0.5f64]).expect("values")[0].is_finite());
}

/// Two closures are two fields, even from one line of code: states do not travel between them.
#[test]
fn closures_do_not_take_the_state_of_another() {
    let flow = || ContinuousFlow::new(turning());
    let (first, mut second) = (flow(), flow());
    assert!(second.set_state(&first.state()).is_err());
    let mut copy = first.clone();
    copy.set_state(&first.state()).expect("a copy is the same");
    assert_ne!(TrainableFlow::layout(&first), TrainableFlow::layout(&second));
}
