//! Laws of conditioner networks: pullbacks, masks, names, where parameters start, bad input.

use liouville::columns::{Block, Scratch, columns_to_block};
use liouville::nn::{Input, Network, NetworkBuilder, NetworkTape, Pulled};
use liouville::prelude::*;
use nalgebra::DMatrix;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{cases, derivative, matrix};

const COLUMNS: usize = 5;

/// Plain, residual, masked and linear networks, with and without a context.
fn builders() -> Vec<(String, NetworkBuilder)> {
    let mut all = Vec::new();
    for context in [0, 2] {
        for hidden in [&[][..], &[7], &[9, 6], &[6, 6, 6]] {
            let plain = Network::new(3, 4).context(context).hidden(hidden.to_vec());
            all.push((format!("plain {hidden:?}, context {context}"), plain));
            let masked = Network::masked([2, 5, 3], [5, 2, 3, 9]).context(context);
            let masked = masked.hidden(hidden.to_vec());
            all.push((format!("masked {hidden:?}, context {context}"), masked.clone()));
            if hidden != [9, 6] {
                let residual = Network::new(3, 4).context(context).hidden(hidden.to_vec());
                all.push((format!("residual {hidden:?}, context {context}"), residual.residual()));
                all.push((format!("masked residual {hidden:?}, {context}"), masked.residual()));
            }
        }
    }
    all.push(("context only".into(), Network::new(0, 3).context(2)));
    all
}

/// The same with parameters of ordinary size.
pub fn with_random_parameters<T: Real>(builder: &NetworkBuilder, seed: u64) -> Network<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    let network: Network<T> = builder.build(&mut rng).expect("valid sizes");
    let count = network.parameters().len();
    let values: Vec<T> = (0..count).map(|_| T::of(rng.random_range(-0.7..0.7))).collect();
    builder.with_parameters(&values).expect("as many as there are")
}

fn block<T: Real>(matrix: &DMatrix<T>) -> Block<T> {
    let mut block = Block::default();
    block.reshape(matrix.nrows(), matrix.ncols());
    if matrix.nrows() > 0 {
        columns_to_block(matrix.as_slice(), matrix.nrows(), &mut block);
    }
    block
}

/// The outputs for every column.
fn outputs<T: Real>(network: &Network<T>, [x, context]: [&DMatrix<T>; 2]) -> DMatrix<T> {
    let [points, contexts] = [x, context].map(block);
    let input = Input { x: points.view(), context: contexts.view() };
    let mut out = Block::new(network.outputs(), x.ncols());
    network.forward(input, out.view_mut(), &mut Scratch::new());
    let mut taped = Block::new(network.outputs(), x.ncols());
    let mut tape = NetworkTape::default();
    network.record(input, taped.view_mut(), &mut tape, &mut Scratch::new());
    assert_eq!(out.values(), taped.values(), "recorded or not");
    DMatrix::from_fn(network.outputs(), x.ncols(), |i, j| out.row(i)[j])
}

/// The gradient of Σ bar ∘ outputs by parameters, points and contexts, on top of what is there.
fn pulled(
    network: &Network<f64>,
    [x, context]: [&DMatrix<f64>; 2],
    bar: &DMatrix<f64>,
    there: f64,
) -> [Vec<f64>; 3] {
    let [points, contexts, mut bars] = [x, context, bar].map(block);
    (0..bars.rows()).for_each(|i| bars.row_mut(i)[COLUMNS..].fill(0.0));
    let input = Input { x: points.view(), context: contexts.view() };
    let (mut tape, mut scratch) = (NetworkTape::default(), Scratch::new());
    let mut out = Block::new(network.outputs(), COLUMNS);
    network.record(input, out.view_mut(), &mut tape, &mut scratch);
    let (mut x_bar, mut c_bar) = (points.clone(), contexts.clone());
    x_bar.fill(there);
    c_bar.fill(there);
    let mut sums = vec![there; network.sums_len()];
    let to = Pulled { x: x_bar.view_mut(), context: c_bar.view_mut(), sums: &mut sums };
    network.pullback(input, &tape, bars.view(), to, &mut scratch);
    let mut gradient = vec![0.0; network.parameters().len()];
    network.fold(&sums, &mut gradient).expect("lengths that fit");
    let columns = |block: &Block<f64>| {
        (0..COLUMNS).flat_map(|j| (0..block.rows()).map(move |i| block.row(i)[j])).collect()
    };
    [gradient, columns(&x_bar), columns(&c_bar)]
}

fn gradients_agree(name: &str, builder: &NetworkBuilder, seed: u64) {
    let network = with_random_parameters::<f64>(builder, seed);
    let x = matrix::<f64>(network.inputs(), COLUMNS, 1.5, seed + 1);
    let context = matrix::<f64>(network.context_dim(), COLUMNS, 1.5, seed + 2);
    let bar = matrix::<f64>(network.outputs(), COLUMNS, 1.0, seed + 3);
    let objective = |network: &Network<f64>, x: &DMatrix<f64>, context: &DMatrix<f64>| -> f64 {
        outputs(network, [x, context]).dot(&bar)
    };
    let moved = |matrix: &DMatrix<f64>, i: usize, s: f64| {
        let mut matrix = matrix.clone();
        matrix[i] += s;
        matrix
    };
    let by_parameter = |p: usize, s: f64| {
        let mut values = network.parameters().to_vec();
        values[p] += s;
        let mut network = network.clone();
        network.set_parameters(&values).expect("parameters that fit");
        objective(&network, &x, &context)
    };
    let by_x = |i: usize, s: f64| objective(&network, &moved(&x, i, s), &context);
    let by_context = |i: usize, s: f64| objective(&network, &x, &moved(&context, i, s));
    let ways: [&dyn Fn(usize, f64) -> f64; 3] = [&by_parameter, &by_x, &by_context];
    let ours = pulled(&network, [&x, &context], &bar, 0.0);
    for (ours, along) in ours.iter().zip(ways) {
        let expected: Vec<f64> =
            (0..ours.len()).map(|i| derivative(1e-3, |s| along(i, s))).collect();
        let scale = expected.iter().map(|d| d.abs()).fold(1e-3, f64::max);
        for (i, (a, b)) in ours.iter().zip(&expected).enumerate() {
            assert!((a - b).abs() < 1e-8 * scale, "{name} {i}: {a} against {b}");
        }
    }
    // Points, contexts and sums are added to.
    let later = pulled(&network, [&x, &context], &bar, 0.5);
    for (a, b) in later[1..].iter().flatten().zip(ours[1..].iter().flatten()) {
        assert!((a - b - 0.5).abs() < 1e-12, "{name}: {a} {b}");
    }
}

/// Which entries of the Jacobian by the inputs may differ from zero.
fn jacobian(network: &Network<f64>, context: &DMatrix<f64>, seed: u64) -> DMatrix<f64> {
    let x = matrix::<f64>(network.inputs(), COLUMNS, 1.5, seed);
    let mut largest = DMatrix::zeros(network.outputs(), network.inputs());
    for o in 0..network.outputs() {
        let bar = DMatrix::from_fn(network.outputs(), COLUMNS, |i, _| f64::from(u8::from(i == o)));
        let [_, by_x, _] = pulled(network, [&x, context], &bar, 0.0);
        for (k, value) in by_x.iter().enumerate() {
            let entry: &mut f64 = &mut largest[(o, k % network.inputs())];
            *entry = entry.max(value.abs());
        }
    }
    largest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(4)))]

    #[test]
    fn pullbacks_of_networks_are_those_of_differences(seed in any::<u32>()) {
        let activations = [Activation::Tanh, Activation::Silu];
        for (place, (name, builder)) in builders().into_iter().enumerate() {
            let activation = activations[(place + seed as usize) % 2];
            gradients_agree(&name, &builder.activation(activation), u64::from(seed));
        }
    }

    /// An output depends on an input if and only if the input's degree is lower, and always on the
    /// context.
    #[test]
    fn masks_are_the_sparsity_of_the_jacobian(
        inputs in prop::collection::vec(1usize..5, 1..6),
        outputs in prop::collection::vec(0usize..6, 1..6),
        layers in 0usize..3,
        context in 0usize..3,
        form in 0..2,
        seed in any::<u32>(),
    ) {
        let seed = u64::from(seed);
        let builder = Network::masked(inputs.clone(), outputs.clone()).context(context);
        let builder = builder.hidden(vec![24; layers]).activation(Activation::Tanh);
        let builder = if form == 0 { builder } else { builder.residual() };
        let mut network = with_random_parameters::<f64>(&builder, seed);
        // Free again, whatever is set.
        let loud: Vec<f64> = network.parameters().iter().map(|p| if *p == 0.0 { 3.0 } else { *p }).collect();
        network.set_parameters(&loud).expect("parameters that fit");
        let contexts = matrix::<f64>(context, COLUMNS, 1.5, seed + 9);
        let found = jacobian(&network, &contexts, seed + 5);
        for (o, output) in outputs.iter().enumerate() {
            for (i, input) in inputs.iter().enumerate() {
                prop_assert_eq!(found[(o, i)] != 0.0, input < output, "{} {}", input, output);
            }
        }
        let x = matrix::<f64>(inputs.len(), COLUMNS, 1.0, seed + 1);
        for o in 0..outputs.len() {
            let bar = DMatrix::from_fn(outputs.len(), COLUMNS, |i, _| f64::from(u8::from(i == o)));
            let [_, _, by_context] = pulled(&network, [&x, &contexts], &bar, 0.0);
            for c in 0..context {
                prop_assert!(by_context[c..].iter().step_by(context).any(|value| *value != 0.0));
            }
        }
    }

    /// Masked weights are zero in the parameters and in the gradient.
    #[test]
    fn masked_weights_stay_zero(seed in any::<u32>()) {
        let seed = u64::from(seed);
        let builder = Network::masked([1, 2, 3], [1, 2, 3]).hidden([6, 6]);
        let mut network = with_random_parameters::<f64>(&builder, seed);
        let zeros: Vec<bool> = network.parameters().iter().map(|p| *p == 0.0).collect();
        network.set_parameters(&vec![1.0; zeros.len()]).expect("parameters that fit");
        let ones: Vec<bool> = network.parameters().iter().map(|p| *p == 0.0).collect();
        prop_assert_eq!(&zeros, &ones);
        // Levels 1, 1, 1, 2, 2, 2: three units see one input, three see two, and so on.
        prop_assert_eq!(zeros.iter().filter(|zero| **zero).count(), (18 - 9) + 9 + (18 - 9));
        let mut gradient = vec![0.0; zeros.len()];
        network.fold(&vec![1.0; zeros.len()], &mut gradient).expect("lengths that fit");
        let none: Vec<bool> = gradient.iter().map(|g| *g == 0.0).collect();
        prop_assert_eq!(zeros, none);
    }

    #[test]
    fn lanes_of_networks_are_alone(seed in any::<u32>(), place in 0usize..40) {
        fn check<T: Real>(seed: u64, place: usize) {
            for (name, builder) in builders() {
                let network = with_random_parameters::<T>(&builder, seed);
                let x = matrix::<T>(network.inputs(), 40, 2.0, seed);
                let context = matrix::<T>(network.context_dim(), 40, 2.0, seed);
                let all = outputs(&network, [&x, &context]);
                let one = |matrix: &DMatrix<T>| matrix.columns(place, 1).into_owned();
                let alone = outputs(&network, [&one(&x), &one(&context)]);
                assert_eq!(alone.column(0), all.column(place), "{name}");
            }
        }
        check::<f64>(u64::from(seed), place);
        check::<f32>(u64::from(seed), place);
    }

    /// The outputs of an untrained network are near its last bias, and on it if the scale is zero.
    #[test]
    fn networks_start_at_the_last_bias(seed in any::<u32>()) {
        for (name, builder) in builders() {
            let mut rng = StdRng::seed_from_u64(u64::from(seed));
            let near: Network<f64> = builder.build(&mut rng).expect("valid sizes");
            let bias: Vec<f64> = (0..near.outputs()).map(|i| i as f64 - 1.5).collect();
            let there: Network<f64> = builder.clone().last_scale(0.0).build(&mut rng).expect("valid");
            let x = matrix::<f64>(near.inputs(), 7, 1.0, u64::from(seed));
            let context = matrix::<f64>(near.context_dim(), 7, 1.0, u64::from(seed));
            for (network, bound) in [(near, 0.2), (there, 1e-300)] {
                let network = network.with_last_bias(&bias).expect("as many as outputs");
                let found = outputs(&network, [&x, &context]);
                for j in 0..7 {
                    for (i, bias) in bias.iter().enumerate() {
                        let error = (found[(i, j)] - bias).abs();
                        prop_assert!(error < bound, "{} {}", name, error);
                    }
                }
            }
        }
    }
}

/// A plain network against the formula, and a residual one, written with matrices.
#[test]
fn networks_are_their_formulas() {
    let names = |builder: &NetworkBuilder| -> Vec<String> {
        let network = with_random_parameters::<f64>(builder, 1);
        network.layout().entries().iter().map(|entry| entry.name.clone()).collect()
    };
    let x = matrix::<f64>(3, 6, 2.0, 4);
    let context = matrix::<f64>(2, 6, 2.0, 5);
    let both = DMatrix::from_fn(5, 6, |i, j| if i < 3 { x[(i, j)] } else { context[(i - 3, j)] });
    let affine = |network: &Network<f64>, name: &str, input: &DMatrix<f64>| {
        let part = |what: &str| network.layout().find(&format!("{name}.{what}")).expect("exists");
        let (weight, bias) = (part("weight"), part("bias"));
        let values =
            |named: &liouville::parameters::Named| &network.parameters()[named.range.clone()];
        let w = DMatrix::from_row_slice(weight.shape[0], weight.shape[1], values(weight));
        let mut out = w * input;
        for mut column in out.column_iter_mut() {
            column.iter_mut().zip(values(bias)).for_each(|(value, bias)| *value += bias);
        }
        out
    };
    let relu = |matrix: &DMatrix<f64>| matrix.map(|value| value.max(0.0));

    let plain = Network::new(3, 4).context(2).hidden([8, 7]);
    let ends = |name: &str| [format!("{name}.weight"), format!("{name}.bias")];
    assert_eq!(names(&plain), ["net.0", "net.2", "net.4"].map(ends).concat());
    let network = with_random_parameters::<f64>(&plain, 2);
    let hidden = relu(&affine(&network, "net.2", &relu(&affine(&network, "net.0", &both))));
    let expected = affine(&network, "net.4", &hidden);
    assert!((outputs(&network, [&x, &context]) - expected).amax() < 1e-12);

    let residual = Network::new(3, 4).context(2).hidden([8, 8]).residual();
    let blocks = ["blocks.0.linear_layers.0", "blocks.0.linear_layers.1"];
    let more = ["blocks.1.linear_layers.0", "blocks.1.linear_layers.1"];
    let expected = [&["initial_layer"][..], &blocks, &more, &["final_layer"]].concat();
    assert_eq!(names(&residual), expected.into_iter().flat_map(ends).collect::<Vec<_>>());
    let network = with_random_parameters::<f64>(&residual, 3);
    let mut u = affine(&network, "initial_layer", &both);
    for [first, second] in [blocks, more] {
        u += affine(&network, second, &relu(&affine(&network, first, &relu(&u))));
    }
    let expected = affine(&network, "final_layer", &u);
    assert!((outputs(&network, [&x, &context]) - expected).amax() < 1e-12);
}

/// Hidden layers start as PyTorch's do: uniform in ±1/√inputs.
#[test]
fn hidden_layers_start_as_in_pytorch() {
    let mut rng = StdRng::seed_from_u64(3);
    let network: Network<f64> =
        Network::new(25, 2).hidden([100, 100]).build(&mut rng).expect("valid");
    for (name, bound) in [("net.0", 0.2), ("net.2", 0.1), ("net.4", 0.001)] {
        let range = &network.layout().find(&format!("{name}.weight")).expect("exists").range;
        let values = &network.parameters()[range.clone()];
        let largest = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        assert!(largest <= bound && largest > 0.9 * bound, "{name}: {largest}");
        let square = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        let relative = square / (bound * bound / 3.0);
        assert!((relative - 1.0).abs() < 0.3, "{name}: {relative}");
    }
}

#[test]
fn networks_refuse_bad_sizes() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut refuse = |builder: NetworkBuilder| {
        builder.build::<f64, _>(&mut rng).map(|_| ()).expect_err("refused")
    };
    assert!(refuse(Network::new(0, 2)).is_setting());
    assert!(refuse(Network::new(2, 0)).is_setting());
    assert!(refuse(Network::new(2, 2).hidden([3, 0])).is_setting());
    assert!(refuse(Network::new(2, 2).hidden([3, 4]).residual()).is_setting());
    assert!(refuse(Network::new(2, 2).last_scale(f64::NAN)).is_setting());
    assert!(refuse(Network::new(2, 2).last_scale(-1.0)).is_setting());
    let builder = Network::new(1, 1).hidden([1]);
    assert!(builder.with_parameters::<f64>(&[0.0; 3]).expect_err("too few").is_shape());
    let error = builder.with_parameters(&[0.0, f64::NAN, 0.0, 0.0]).expect_err("NaN");
    assert!(error.is_non_finite());
    let network = builder.with_parameters(&[0.0; 4]).expect("four");
    assert!(network.clone().with_last_bias(&[1.0; 2]).expect_err("two").is_shape());
    assert!(network.with_last_bias(&[f64::INFINITY]).expect_err("infinite").is_non_finite());
}
