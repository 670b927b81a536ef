//! Masked networks: every output depends on all that it may see, or there is no network.

use liouville::flow::autoregressive::Order;
use liouville::flow::layers::Maf;
use liouville::nn::Network;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What each output of a network depends on, one bit for every coordinate and context value: the
/// product of its weights, all free ones set to one, over truth values.
fn dependencies(network: &Network<f32>) -> Vec<u64> {
    let mut network = network.clone();
    network.set_parameters(&vec![1.0; network.parameters().len()]).expect("as many");
    let inputs = network.inputs() + network.context_dim();
    let mut seen: Vec<u64> = (0..inputs).map(|i| 1 << i).collect();
    let mut stream = Vec::new();
    for entry in network.layout().entries().iter().filter(|entry| entry.name.ends_with("weight")) {
        if entry.name.ends_with("linear_layers.0.weight") {
            stream = seen.clone();
        }
        let weights = &network.parameters()[entry.range.clone()];
        let rows = weights.chunks(seen.len()).map(|row| {
            let free = row.iter().zip(&seen).filter(|(weight, _)| **weight != 0.0);
            free.fold(0, |all, (_, bits)| all | bits)
        });
        seen = rows.collect();
        if entry.name.ends_with("linear_layers.1.weight") {
            seen.iter_mut().zip(&stream).for_each(|(bits, before)| *bits |= before);
        }
    }
    seen
}

/// That coordinate after coordinate depends on those before it in the order and on the contexts, and on
/// nothing else.
fn is_complete(flow: &Maf<f32>) {
    let dim = flow.order().len();
    let contexts = ((1u64 << flow.network().context_dim()) - 1) << dim;
    let found = dependencies(flow.network());
    let mut before = contexts;
    for &i in flow.order() {
        for bits in &found[2 * i..2 * i + 2] {
            assert_eq!(*bits, before, "coordinate {i} of {dim}");
        }
        before |= 1 << i;
    }
}

#[test]
fn no_dependency_is_missing_or_the_least_width_is_named() {
    let mut rng = StdRng::seed_from_u64(rand::random());
    let activations = [Activation::Relu, Activation::Tanh, Activation::Silu, Activation::Softplus];
    for dim in 1..=40usize {
        for (context, residual) in [(0, false), (0, true), (2, false), (2, true)] {
            let least = (dim - 1 + context.min(1)).max(1);
            for width in [1, dim / 2, least - 1, least, least + 1, 2 * dim + 3] {
                let builder = Maf::<f32>::new(dim)
                    .order(Order::Random)
                    .context(context)
                    .activation(activations[(dim + width) % 4])
                    .hidden([if residual { width } else { least + 7 }, width]);
                let builder = if residual { builder.residual() } else { builder };
                match builder.build::<f32, _>(&mut rng) {
                    Ok(flow) => {
                        assert!(width >= least, "{dim}: {width} units");
                        is_complete(&flow);
                    }
                    Err(error) => {
                        let text = error.to_string();
                        assert!(width < least, "{dim}: {text}");
                        let right = width == 0 || text.contains(&format!("{least} or more"));
                        assert!(right, "{dim}: {text}");
                    }
                }
            }
        }
        is_complete(&Maf::<f32>::new(dim).hidden([]).build(&mut rng).expect("no width at all"));
        is_complete(&Maf::<f32>::new(dim).build(&mut rng).expect("the default"));
    }
}

#[test]
fn defaults_are_wide_enough_for_any_dimension() {
    let mut rng = StdRng::seed_from_u64(1);
    for dim in [1, 65, 102, 128] {
        for stack in [Stack::maf(dim), Stack::spline_autoregressive(dim)] {
            let chain: Chain<f32> =
                stack.layers(1).context(1).build(&mut rng).expect("wide enough");
            assert_eq!(chain.dim(), dim);
        }
    }
    let error = Stack::maf(16).hidden([8]).build::<f32, _>(&mut rng).unwrap_err().to_string();
    assert!(error.contains("8 units") && error.contains("15 or more"), "{error}");
}

/// Columns of the chain x₀ = z₀, x_k = 0.95 x_(k-1) + N(0, 0.0975), whose coordinates have variance one.
fn chain_of_neighbours(columns: usize, rng: &mut StdRng) -> DMatrix<f32> {
    let mut points = DMatrix::zeros(16, columns);
    for mut column in points.column_iter_mut() {
        let mut last = 0.0;
        for (k, x) in column.iter_mut().enumerate() {
            let z: f64 = rng.sample(rand_distr::StandardNormal);
            last = if k == 0 { z } else { 0.95 * last + 0.0975f64.sqrt() * z };
            *x = last as f32;
        }
    }
    points
}

#[test]
fn a_chain_of_neighbours_is_learned() {
    let mut rng = StdRng::seed_from_u64(rand::random());
    let data = chain_of_neighbours(8000, &mut rng);
    let held_out = chain_of_neighbours(4000, &mut rng);
    let flow: Maf<f32> = Maf::new(16).build(&mut rng).expect("wide enough");
    let mut model = StandardNormal::new(16).pushed_by(flow);
    let trainer = Trainer::maximum_likelihood().steps(2000).learning_rate(5e-3).batch(200);
    trainer.quiet().fit(&mut model, &data, &mut rng).expect("trains");
    let truth = |x: &[f32]| {
        let square = |k: usize| match k {
            0 => f64::from(x[0]).powi(2),
            _ => (f64::from(x[k]) - 0.95 * f64::from(x[k - 1])).powi(2) / 0.0975,
        };
        let squares: f64 = (0..16).map(square).sum();
        -0.5 * (squares + 15.0 * 0.0975f64.ln() + 16.0 * std::f64::consts::TAU.ln())
    };
    let log_prob = model.log_prob(&held_out).expect("finite");
    let columns = held_out.column_iter().zip(log_prob.iter());
    let gap: f64 = columns.map(|(x, q)| truth(x.as_slice()) - f64::from(*q)).sum::<f64>() / 4000.0;
    // 5.5 nats where the truth has 5.244; a neighbour that is not seen costs ln(0.185 / 0.0975) / 2 = 0.32.
    assert!(gap < 0.25, "{gap} nats from the truth");
}
