//! Every flow with a closed form.

use liouville::field::{DiagonalAffine, Linear, Skew};
use liouville::flow::{ClosedForm, InvertibleLinear, Permutation};
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{FlowVisitor, random};

pub fn diagonal<T: Real>(seed: u64, dim: usize, scale: f64) -> DiagonalAffine<T> {
    let mut next = random(seed);
    let [rates, offset] =
        std::array::from_fn(|_| DVector::from_fn(dim, |_, _| T::of(scale * next())));
    DiagonalAffine::new(rates, offset).expect("finite and of one length")
}

pub fn dense<T: Real>(seed: u64, dim: usize, scale: f64) -> Linear<T> {
    let mut next = random(seed);
    let a = DMatrix::from_fn(dim, dim, |_, _| T::of(scale * next()));
    let b = DVector::from_fn(dim, |_, _| T::of(next()));
    Linear::new(a).and_then(|field| field.with_offset(&b)).expect("finite and square")
}

pub fn skew<T: Real>(seed: u64, dim: usize, scale: f64) -> Skew<T> {
    let mut next = random(seed);
    let angles = (0..dim * (dim - 1) / 2).map(|_| T::of(scale * next())).collect();
    Skew::new(dim, angles).expect("as many as there are")
}

/// A layer away from its rotation.
pub fn factored<T: Real>(seed: u64, dim: usize, scale: f64) -> InvertibleLinear<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut layer = InvertibleLinear::random(dim, &mut rng).expect("a rotation");
    let mut next = random(seed + 1);
    let values: Vec<T> =
        layer.parameters().iter().map(|value: &T| *value + T::of(scale * next())).collect();
    layer.set_parameters(&values).expect("parameters that fit");
    layer
}

pub fn visit<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    for dim in [1, 2, 3, 5] {
        visitor.visit(&format!("actnorm {dim}"), ClosedForm::new(diagonal::<T>(seed, dim, 1.0)));
        visitor.visit(&format!("linear {dim}"), ClosedForm::new(dense::<T>(seed, dim, 0.5)));
        visitor.visit(&format!("rotation {dim}"), ClosedForm::new(skew::<T>(seed, dim, 2.0)));
        visitor.visit(&format!("factored {dim}"), factored::<T>(seed, dim, 0.3));
        let mut rng = StdRng::seed_from_u64(seed);
        let random = Permutation::random(dim, &mut rng).expect("a dimension or more");
        visitor.visit(&format!("permutation {dim}"), random);
        visitor.visit(&format!("reverse {dim}"), Permutation::reverse(dim));
    }
}

/// Large parameters; the conditioning grows with them.
pub fn visit_extreme<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    visitor.visit("actnorm, large", ClosedForm::new(diagonal::<T>(seed, 3, 30.0)));
    visitor.visit("linear, large", ClosedForm::new(dense::<T>(seed, 3, 3.0)));
    visitor.visit("rotation, large", ClosedForm::new(skew::<T>(seed, 4, 300.0)));
    visitor.visit("factored, large", factored::<T>(seed, 3, 3.0));
}
