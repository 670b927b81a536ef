//! Parameters and states that do not fit are refused by name, and the model stays as it was.

use liouville::flow::transformer::Spline;
use liouville::flow::{ClosedForm, Frozen, InvertibleLinear, Permutation};
use liouville::parameters::{Layout, State};
use liouville::prelude::*;
use liouville::train::Trainable;
use nalgebra::dvector;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// One more, one fewer, none, and a NaN in the last place: all refused, with the numbers that say why.
fn refuses<F: TrainableFlow<f64>>(flow: &mut F) {
    let before = flow.parameters();
    let count = before.len();
    let mut tries = vec![vec![0.5; count + 1], vec![0.5; count + 1000]];
    if count > 0 {
        tries.extend([vec![0.5; count - 1], Vec::new()]);
    }
    for values in tries {
        let error = flow.set_parameters(&values).expect_err("of another length");
        let text = error.to_string();
        assert!(error.is_shape() && text.contains(&values.len().to_string()), "{text}");
        assert!(count == 0 || text.contains(&count.to_string()), "{text}");
    }
    for (k, bad) in (0..count).flat_map(|k| [(k, f64::NAN), (k, f64::INFINITY)]) {
        let mut values = vec![0.5; count];
        values[k] = bad;
        let error = flow.set_parameters(&values).expect_err("not finite");
        let layout = flow.layout();
        let array = layout.entries().iter().find(|entry| entry.range.contains(&k)).expect("known");
        let text = error.to_string();
        assert!(error.is_non_finite() && text.contains(&format!("`{}`[", array.name)), "{text}");
    }
    assert_eq!(flow.parameters(), before);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut rng = StdRng::seed_from_u64(1);
    let planar = EulerStep::new(
        field::Planar::new(dvector![1.0, 0.5], dvector![0.3, -0.8], 0.1).expect("finite"),
    );
    let linear = field::Linear::new(nalgebra::dmatrix![0.0, -1.0; 1.0, 0.0]).expect("square");
    let mlp: Mlp<f64> = Mlp::new(2).hidden([3]).build(&mut rng).expect("sizes");
    let sum = field::Sum::new(mlp.clone(), linear.clone()).expect("same dimension");
    let radial = field::Radial::new(dvector![0.1, 0.2], 1.0, 0.5).expect("finite");
    refuses(&mut planar.clone());
    refuses(&mut EulerStep::new(radial));
    refuses(&mut EulerStep::new(mlp));
    refuses(&mut ClosedForm::new(linear));
    refuses(&mut ClosedForm::new(field::Skew::new(2, vec![0.3]).expect("one angle")));
    refuses(&mut ClosedForm::new(field::DiagonalAffine::zero(2).expect("two")));
    refuses(&mut InvertibleLinear::random(2, &mut rng).expect("two"));
    refuses(&mut ContinuousFlow::new(sum));
    refuses(&mut Permutation::reverse(2));
    refuses(&mut Frozen::new(planar.clone()));
    let mut chain = Chain::new().repeat(3, |_| planar.clone());
    refuses(&mut chain);
    chain.freeze(0..1).expect("a link");
    refuses(&mut chain.clone().then(chain));
    for stack in [Stack::glow(2), Stack::spline_coupling(2), Stack::maf(2), Stack::real_nvp(2)] {
        let mut flow: Chain<f64> = stack.layers(2).hidden([3]).build(&mut rng).expect("sizes");
        refuses(&mut flow);
    }
}

#[test]
fn parameters_whose_constraint_overflows_are_refused_by_name() {
    let vector = || dvector![1.0f32, 1.0];
    let planar = field::Planar::new(vector(), vector(), 0.0).expect("finite");
    let mut chain = Chain::new().then(EulerStep::new(planar.clone())).then(EulerStep::new(planar));
    let before = chain.parameters();
    // û is u without its part along w: turned by 22.5 degrees towards an axis, and longer along that than
    // the largest f32.
    let mut values = vec![0.5; 10];
    values[5..].copy_from_slice(&[3e38, -3e38, 0.3827, 0.9239, 0.0]);
    let error = chain.set_parameters(&values).expect_err("overflows");
    assert!(error.is_non_finite() && error.to_string().contains("link 1"), "{error}");
    assert_eq!(chain.parameters(), before);
}

#[test]
fn the_model_of_a_trainer_refuses_alike() {
    let planar = field::Planar::new(dvector![1.0f64], dvector![1.0], 0.0).expect("finite");
    let mut model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(planar));
    assert!(Trainable::set_parameters(&mut model, &[0.0; 2]).expect_err("short").is_shape());
    assert!(model.flow_mut().set_parameters(&[f64::NAN; 3]).expect_err("NaN").is_non_finite());
    assert_eq!(model.flow().parameters(), [1.0, 1.0, 0.0]);
}

#[test]
fn what_is_not_of_the_same_make_is_refused_and_nothing_changes() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut make = |stack: Stack| -> Chain<f64> { stack.build(&mut rng).expect("valid sizes") };
    let small = || Stack::spline_coupling(4).layers(2).hidden([6]);
    let mut flow = make(small());
    let before = flow.state();
    let wider = make(Stack::spline_coupling(4).layers(2).hidden([7])).state();
    assert!(flow.set_state(&wider).expect_err("wider").is_setting());
    let bound = make(small().spline(Spline::new(8, 4.0).expect("in range"))).state();
    let error = flow.set_state(&bound).expect_err("another interval");
    let text = error.to_string();
    assert!(
        error.is_setting() && text.contains("`0.transformer`") && text.contains("4.0"),
        "{text}"
    );
    let other = make(small()).state();
    let spoilers: [fn(&mut State<f64>); 9] = [
        |state| state.fixed[1].values[0] = 7.0,
        |state| state.fixed[0].values[0] = 0.5,
        |state| state.fixed[2].values[1] = 2.0,
        |state| state.fixed.truncate(2),
        |state| state.fixed[0].values = vec![0.0, 1.0, 1.0, 1.0],
        |state| state.parameters[3] = f64::NAN,
        |state| state.parameters.truncate(4),
        |state| state.layout = Layout::new(),
        |state| state.settings.truncate(3),
    ];
    for (k, spoil) in spoilers.into_iter().enumerate() {
        let mut state = other.clone();
        spoil(&mut state);
        let error = flow.set_state(&state).expect_err("spoilt");
        assert!(error.is_setting() || error.is_shape() || error.is_non_finite(), "{k}: {error}");
        assert_eq!(flow.state(), before, "{k}: {error}");
    }
    flow.set_state(&other).expect("of the same make");
    assert_eq!(flow.state(), other);
    // One map the other way round has the same arrays.
    let planar = field::Planar::new(dvector![1.0, 0.5], dvector![0.3, -0.8], 0.1).expect("finite");
    let layer = EulerStep::new(planar.clone());
    let mut turned = Inverted::new(layer.clone());
    assert!(turned.set_state(&layer.state()).expect_err("turned").is_setting());
    let spans = [(0.0, 1.0), (0.0, 2.0)];
    let [one, mut two] = spans.map(|(a, b)| ContinuousFlow::new(planar.clone()).span(a, b));
    assert!(two.set_state(&one.state()).expect_err("another span").to_string().contains("span"));
    // How a flow is computed is no part of its state.
    let mut exact = ContinuousFlow::new(planar).tolerance(1e-9);
    exact.set_state(&one.state()).expect("of the same make");
}
