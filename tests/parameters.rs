//! Parameters that do not fit are refused with the array and the place, and the model stays as it was.

use liouville::flow::{ClosedForm, Frozen, InvertibleLinear, Permutation};
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
