//! The fields that the benches follow, and what they must cost.

#![allow(dead_code, reason = "each bench takes what it needs")]

pub mod peak;

use std::f64::consts::TAU;

use liouville::prelude::*;
use nalgebra::DMatrix;
use safetensors::SafeTensors;

/// The trained field 2-64-64-2 of the reference data.
pub fn rings<T: Real>() -> Mlp<T> {
    let bytes = include_bytes!("../../tests/data/pytorch-fields/rings.safetensors");
    let tensors = SafeTensors::deserialize(bytes).expect("a valid file");
    let mut values = Vec::new();
    for layer in ["0", "2", "4"] {
        for part in ["weight", "bias"] {
            let view = tensors.tensor(&format!("net.{layer}.{part}")).expect("in the file");
            let numbers = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
            values.extend(numbers.map(|value| T::of(value.into())));
        }
    }
    Mlp::new(2).hidden([64, 64]).with_parameters(values).expect("the shapes fit")
}

/// Numbers in [0, 1) that are the same in every language: SplitMix64 of `start`, `start` + 1, ....
fn uniform(start: u64) -> impl Iterator<Item = f64> {
    (start + 1..).map(|k| {
        let z = k.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    })
}

/// Standard normal points by Box and Muller's formula.
pub fn noise<T: Real>(dim: usize, count: usize) -> DMatrix<T> {
    let mut numbers = uniform(1 << 40);
    let mut next = || numbers.next().expect("endless");
    DMatrix::from_fn(dim, count, |_, _| {
        let radius = (-2.0 * (-next()).ln_1p()).sqrt();
        T::of(radius * (TAU * next()).cos())
    })
}

/// A random field 64-128-128-64 whose velocities are of order one.
pub fn wide<T: Real>() -> Mlp<T> {
    random(64, &[128, 128], Activation::Tanh)
}

/// A random field whose velocities are of order one.
pub fn random<T: Real>(dim: usize, hidden: &[usize], activation: Activation) -> Mlp<T> {
    let mut numbers = uniform(0);
    let mut values = Vec::new();
    let mut inputs = dim + 1;
    for &outputs in hidden.iter().chain([&dim]) {
        for [count, fan] in [[outputs * inputs, inputs], [outputs, outputs]] {
            let bound = 1.7 / (fan as f64).sqrt();
            let part = numbers.by_ref().take(count).map(|u| (2.0 * u - 1.0) * bound);
            // Single precision everywhere, so that all scalars follow the same field.
            values.extend(part.map(|value| T::of(f64::from(value as f32))));
        }
        inputs = outputs;
    }
    let builder = Mlp::new(dim).hidden(hidden.to_vec()).activation(activation);
    builder.with_parameters(values).expect("as many")
}

/// What is known of the rings' field to 1e-12: noise, the samples that come of it, and their
/// log-densities.
pub struct Reference {
    pub z: DMatrix<f64>,
    pub x: DMatrix<f64>,
    pub log_prob: Vec<f64>,
}

/// The reference values that lie beside the rings' field.
pub fn reference() -> Reference {
    let bytes = include_bytes!("../../tests/data/pytorch-fields/rings.reference.safetensors");
    let tensors = SafeTensors::deserialize(bytes).expect("a valid file");
    let numbers = |name: &str| -> Vec<f64> {
        let view = tensors.tensor(name).expect("in the file");
        view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
    };
    let points = |name: &str| DMatrix::from_vec(2, 128, numbers(name));
    Reference { z: points("z"), x: points("x"), log_prob: numbers("log_prob") }
}
