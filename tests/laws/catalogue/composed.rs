//! Chains of flows, and flows the other way round.

use liouville::prelude::*;

use super::{FlowVisitor, autoregressive, continuous::precision, linear, mlp, planar, radial};

/// Chains of layers, and layers the other way round.
pub fn visit<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    visitor.visit("maf, turned", autoregressive::inverted::<T>(seed));
    let stack = Chain::new().repeat(3, |i| EulerStep::new(planar::<T>(seed + i as u64)));
    visitor.visit("planar layer, turned", Inverted::new(EulerStep::new(planar::<T>(seed))));
    visitor.visit("stack of planar layers", stack.clone());
    visitor.visit(
        "chain in a turned chain",
        Inverted::new(Chain::new().then(stack).then(EulerStep::new(radial::<T>(seed)))),
    );
    let frozen = Frozen::new(EulerStep::new(planar::<T>(seed + 1)));
    visitor.visit("frozen link", Chain::new().then(EulerStep::new(radial::<T>(seed))).then(frozen));
}

/// Chains that hold a continuous flow.
pub fn visit_integrated<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let (tolerance, accuracy) = precision::<T>();
    let turned = Inverted::new(ContinuousFlow::new(planar::<T>(seed)).tolerance(tolerance));
    visitor.visit_within(accuracy, "continuous flow, turned", turned);
    visitor.visit_within(accuracy.max(1e-4), "mixed chain", mixed::<T>(seed));
}

/// Layers, a continuous flow with a context, and a flow the other way round.
pub fn mixed<T: Real>(seed: u64) -> Chain<T> {
    let network = mlp::<T>(seed, &[7, 5], Activation::Tanh);
    let part = Chain::new().then(EulerStep::new(radial::<T>(seed))).then(turning(seed + 1));
    Chain::new()
        .repeat(2, |i| EulerStep::new(planar::<T>(seed + i as u64)))
        .then(ContinuousFlow::new(network).solver(rk4(24)))
        .then(Inverted::new(EulerStep::new(planar::<T>(seed + 2))))
        .then(part)
}

/// The flow of a linear field in equal steps.
pub fn turning<T: Real>(seed: u64) -> ContinuousFlow<field::Linear<T>, liouville::ode::Fixed> {
    ContinuousFlow::new(linear::<T>(seed)).solver(rk4(24))
}
