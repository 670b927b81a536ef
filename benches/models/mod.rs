//! The fields that the benches follow.

#![allow(dead_code, reason = "each bench takes what it needs")]

use liouville::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
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

/// A random field 64-128-128-64 whose velocities are of order one.
pub fn wide<T: Real>() -> Mlp<T> {
    let mut rng = StdRng::seed_from_u64(7);
    let builder = Mlp::new(64).hidden([128, 128]);
    let sizes: Mlp<f32> = builder.build(&mut rng).expect("valid sizes");
    let mut values = Vec::new();
    for entry in sizes.layout().entries() {
        let bound = 1.7 / (*entry.shape.last().expect("a shape") as f32).sqrt();
        let numbers = entry.range.clone().map(|_| rng.random_range(-bound..bound));
        values.extend(numbers.map(|value| T::of(value.into())));
    }
    builder.with_parameters(values).expect("as many")
}
