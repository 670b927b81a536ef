//! Gated networks and sums of fields against their formulas, with bad input, and in training.

use liouville::field::{Gated, Linear, Sum};
use liouville::prelude::*;
use liouville::train::Adam;
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::catalogue::{gated, linear, mlp};
use crate::support::{cases, divergence, matrix, random_inputs, velocity};

/// The array of a name, as a matrix.
fn array(field: &Gated<f64>, name: &str) -> DMatrix<f64> {
    let entry = field.layout().find(name).expect("a name of the layout");
    let rows = entry.shape[0];
    let columns = entry.shape.get(1).copied().unwrap_or(1);
    DMatrix::from_row_slice(rows, columns, &field.parameters()[entry.range.clone()])
}

/// The formula of the papers, written out for one column with plain matrices.
fn by_formula(
    field: &Gated<f64>,
    [t, x, context]: [&DVector<f64>; 3],
    layers: usize,
) -> DVector<f64> {
    let angle = std::f64::consts::TAU * t[0];
    let time = [t[0], angle.sin(), angle.cos()];
    let controls =
        DVector::from_iterator(3 + context.len(), time.into_iter().chain(context.iter().copied()));
    let mut a = x.clone();
    for l in 0..layers {
        let part = |name: &str| array(field, &format!("layers.{l}.{name}"));
        let affine = part("_layer.weight") * &a + part("_layer.bias").column(0);
        let gates = part("_hyper_gate.weight") * &controls + part("_hyper_gate.bias").column(0);
        let gates = gates.map(|u| 1.0 / (1.0 + (-u).exp()));
        let gate = |i: usize| if gates.len() == 1 { gates[0] } else { gates[i] };
        let gated = DVector::from_fn(affine.len(), |i, _| affine[i] * gate(i));
        let z = gated + part("_hyper_bias.weight") * &controls;
        a = if l + 1 == layers { z } else { z.map(f64::tanh) };
    }
    a
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(8)))]

    #[test]
    fn velocities_are_those_of_the_formula(seed in any::<u32>()) {
        for hidden in [&[][..], &[7], &[9, 6], &[6, 5, 7]] {
            let field = gated::<f64>(u64::from(seed), hidden);
            let [t, x, context] = random_inputs(&field, 5, u64::from(seed));
            let found = velocity(&field, [&t, &x, &context]);
            for j in 0..5 {
                let inputs = [&t, &x, &context].map(|matrix| matrix.column(j).into_owned());
                let expected = by_formula(&field, inputs.each_ref(), hidden.len() + 1);
                prop_assert!((found.column(j) - expected).amax() < 1e-12);
            }
        }
    }

    #[test]
    fn sums_add_velocities_and_divergences(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let (network, pull) = (mlp::<f64>(seed, &[9, 6], Activation::Tanh), linear::<f64>(seed + 1));
        let inputs = random_inputs(&network, 5, seed);
        let none = DMatrix::zeros(0, 5);
        let [t, x, context] = inputs.each_ref();
        let (first, second) = (divergence(&network, [t, x, context]), divergence(&pull, [t, x, &none]));
        for flipped in [false, true] {
            let sum = if flipped {
                divergence(&Sum::new(pull.clone(), network.clone()).expect("fit"), [t, x, context])
            } else {
                divergence(&Sum::new(network.clone(), pull.clone()).expect("fit"), [t, x, context])
            };
            prop_assert!((sum.0 - (&first.0 + &second.0)).amax() < 1e-14);
            for j in 0..5 {
                prop_assert!((sum.1[j] - first.1[j] - second.1[j]).abs() < 1e-14);
            }
        }
    }

    /// Gates far open and far closed are one and zero, without NaN.
    #[test]
    fn extreme_gates_stay_finite(seed in any::<u32>(), push in 10.0..1e6f64) {
        let mut field = gated::<f32>(u64::from(seed), &[9, 6]);
        let mut values = field.parameters().to_vec();
        for entry in field.layout().entries().iter().filter(|entry| entry.name.contains("gate")) {
            values[entry.range.clone()].iter_mut().for_each(|value| *value *= push as f32);
        }
        field.set_parameters(&values).expect("parameters that fit");
        let inputs = random_inputs(&field, 20, u64::from(seed));
        let (velocity, traces) = divergence(&field, inputs.each_ref());
        prop_assert!(velocity.iter().chain(&traces).all(|value| value.is_finite()));
    }
}

#[test]
fn exact_traces_are_cheap_up_to_two_hidden_layers() {
    let wide = |hidden: Vec<usize>| -> Gated<f32> {
        let mut rng = StdRng::seed_from_u64(1);
        Mlp::new(64).hidden(hidden).gated().build(&mut rng).expect("valid sizes")
    };
    assert!(Trace::Auto.estimator_in_training(&wide(vec![32, 32])).is_none());
    assert!(Trace::Auto.estimator_in_training(&wide(vec![32, 32, 32])).is_some());
    let pull = Linear::new(-DMatrix::<f32>::identity(64, 64)).expect("square");
    let sum = Sum::new(wide(vec![32, 32]), pull).expect("fit");
    assert!(Trace::Auto.estimator_in_training(&sum).is_none());
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut rng = StdRng::seed_from_u64(1);
    assert!(Mlp::new(0).gated().build::<f64, _>(&mut rng).is_err());
    assert!(Mlp::new(2).hidden([4, 0]).gated().build::<f64, _>(&mut rng).is_err());
    let builder = Mlp::new(2).hidden([4]).gated();
    assert!(builder.with_parameters(vec![0.0; 3]).is_err());
    let count = builder.build::<f64, _>(&mut rng).expect("valid").parameters().len();
    // Affine maps, shifts and gates: [4, 2] + 4, 4, 4 + 4; [2, 4] + 2, 2, 1 + 1.
    assert_eq!(count, 24 + 14);
    assert!(builder.with_parameters(vec![f64::NAN; count]).is_err());
    let other = Linear::new(matrix::<f64>(4, 4, 1.0, 1)).expect("square");
    assert!(Sum::new(linear::<f64>(1), other).is_err());
    let conditional: Mlp<f64> = Mlp::new(3).context(1).build(&mut rng).expect("valid");
    assert!(Sum::new(gated::<f64>(1, &[4]), conditional).is_err());
}

/// A normal density that is wider than the base, shifted by the context.
#[test]
fn a_gated_network_learns_what_a_context_does() {
    let mut rng = StdRng::seed_from_u64(3);
    let contexts = matrix::<f64>(1, 2000, 1.0, 4);
    let noise: DMatrix<f64> = StandardNormal::new(2).sample(2000, &mut rng).expect("valid");
    let data = DMatrix::from_fn(2, 2000, |i, j| 0.5 * noise[(i, j)] + 2.0 * contexts[(0, j)]);
    let network = Mlp::new(2).context(1).hidden([16, 16]).gated().build(&mut rng).expect("valid");
    let pull = Linear::new(DMatrix::zeros(2, 2)).expect("square");
    let field = Sum::new(network, pull).expect("fit");
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    let trainer = Trainer::flow_matching().optimizer(Adam::default()).steps(400).batch(256).quiet();
    trainer.fit_given(&mut model, &data, &contexts, &mut rng).expect("trains");
    let evaluated = model.evaluate(&data, Some(&contexts)).expect("valid");
    let mean = evaluated.log_prob.mean();
    // The entropy of two normal values of deviation a half, in nats.
    let best = -2.0 * (0.5 * (std::f64::consts::TAU * std::f64::consts::E).ln() + 0.5f64.ln());
    assert!(mean > best - 0.25, "{mean} against {best} at best");
}
