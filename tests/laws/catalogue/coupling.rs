//! Every kind of coupling layer, and of affine coupling field, with a constructor.

use liouville::columns::Mask;
use liouville::flow::transformer::{Affine, BaseAffine, ScaleShift, Shift, Transformer};
use liouville::flow::{Coupling, CouplingBuilder};
use liouville::nn::Network;
use liouville::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{FlowVisitor, TrainableVisitor, with_parameters};

/// Masks of several dimensions: halves, alternating, random, given.
fn masks(seed: u64) -> Vec<(&'static str, Mask)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let masks = vec![
        ("first of 2", Mask::halves(2, 1)),
        ("second half of 5", Mask::halves(5, 0)),
        ("alternating 5", Mask::alternating(5, seed as usize % 2)),
        ("random half of 4", Mask::random(4, &mut rng)),
        ("two of 3", Mask::new(&[true, false, true])),
    ];
    masks.into_iter().map(|(name, mask)| (name, mask.expect("splits"))).collect()
}

/// The same layer with parameters uniform in ± size.
fn with_random_parameters<T: Real, R: Transformer<T> + 'static>(
    builder: &CouplingBuilder<R>,
    size: f64,
    seed: u64,
) -> Coupling<T, R> {
    let layer = builder.build(&mut StdRng::seed_from_u64(seed)).expect("valid sizes");
    with_parameters(layer, size, seed)
}

/// One kind of map over all masks, plain and residual, with and without a context.
fn visit_kind<T: Real, R>(
    kind: &str,
    [transformer, other]: [R; 2],
    size: f64,
    seed: u64,
    visitor: &mut dyn FlowVisitor<T>,
) where
    R: Transformer<T> + Default + 'static,
{
    for (place, (name, mask)) in masks(seed).into_iter().enumerate() {
        let (context, residual) = (2 * (place % 2), place % 3 == 2);
        let transformer = if place == 3 { other.clone() } else { transformer.clone() };
        let activation = [Activation::Tanh, Activation::Silu][place % 2];
        let builder = Coupling::<f32, R>::new(mask).context(context).activation(activation);
        let builder = builder.transformer(transformer);
        let builder =
            if residual { builder.hidden([5]).residual() } else { builder.hidden([6, 5]) };
        let name = format!("{kind} coupling, {name}, context {context}, ±{size}");
        visitor.visit(&name, with_random_parameters::<T, R>(&builder, size, seed));
    }
}

/// Log-scales are bounded as by default, or by `bound`.
fn visit_size<T: Real>(size: f64, bound: f64, seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let affine = [Affine::default(), Affine::new(bound).expect("in range")];
    visit_kind("affine", affine, size, seed, visitor);
    let scale_shift = [ScaleShift::default(), ScaleShift::new(bound).expect("in range")];
    visit_kind("RealNVP", scale_shift, size, seed, visitor);
    let base_affine = [BaseAffine::default(), BaseAffine::new(0.7).expect("positive")];
    visit_kind("affine by its inverse", base_affine, size, seed, visitor);
    visit_kind("additive", [Shift; 2], size, seed, visitor);
}

/// Every kind of coupling layer with parameters of ordinary size.
pub fn visit<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    visit_size(0.7, 0.7, seed, visitor);
}

/// The same kinds with parameters so large that log-scales reach their bounds, up to the largest
/// that there may be.
pub fn visit_extreme<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    visit_size(30.0, 50.0, seed, visitor);
}

/// The layers that are the time-one flow of a field.
pub fn affine_layers<T: Real>(seed: u64) -> Vec<(&'static str, Coupling<T, Affine>)> {
    let layer = |(name, mask)| {
        let builder = Coupling::<f32, Affine>::new(mask).context(2).activation(Activation::Tanh);
        (name, with_random_parameters(&builder.hidden([6, 5]), 0.7, seed))
    };
    masks(seed).into_iter().map(layer).collect()
}

/// An affine coupling field in three dimensions with a context.
pub fn field<T: Real>(seed: u64, residual: bool) -> field::AffineCoupling<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mask = Mask::new(&[true, false, true]).expect("splits");
    let builder = Network::new(1, 4).context(2).activation(Activation::Tanh);
    let builder = match residual {
        true => builder.hidden([5, 5]).residual(),
        false => builder.hidden([5, 6]),
    };
    let mut network: Network<T> = builder.build(&mut rng).expect("valid sizes");
    let count = network.parameters().len();
    let values: Vec<T> = (0..count).map(|_| T::of(rng.random_range(-0.7..0.7))).collect();
    network.set_parameters(&values).expect("parameters that fit");
    field::AffineCoupling::new(mask, network, 2.0).expect("the shapes fit")
}

/// Every kind of affine coupling field.
pub fn visit_fields<T: Real>(seed: u64, visitor: &mut impl TrainableVisitor<T>) {
    visitor.visit("affine coupling", field::<T>(seed, false));
    visitor.visit("affine coupling, residual", field::<T>(seed, true));
}
