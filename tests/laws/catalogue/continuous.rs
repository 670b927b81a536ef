//! Continuous flows of several fields by several solvers.

use liouville::flow::continuous::Frame;
use liouville::prelude::*;
use nalgebra::dmatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{
    FlowVisitor, bent, linear, mlp, mlp_in_the_plane, pendulum, planar, radial, springs, steered,
    swirl,
};

/// A tolerance that suits the scalar, and the accuracy to be had with it.
pub fn precision<T: Real>() -> (f64, f64) {
    if T::EPSILON > 1e-10 { (1e-5, 5e-3) } else { (1e-10, 4e-6) }
}

/// A frame of three correlated coordinates and two context rows, all of ordinary size.
pub fn frame(seed: u64) -> Frame {
    let mut rng = StdRng::seed_from_u64(seed + 7);
    let mut draw = |low: f64, high: f64| rng.random_range(low..high);
    let mean: Vec<f64> = (0..3).map(|_| draw(-1.0, 1.0)).collect();
    let deviation: Vec<f64> = (0..3).map(|_| draw(0.7, 2.0)).collect();
    let [a, b, c] = std::array::from_fn(|_| draw(-0.3, 0.3));
    let root = dmatrix![0.9, a, b; a, 1.1, c; b, c, 1.0];
    let frame = Frame::new(&mean, &deviation, root).expect("a diagonal that dominates");
    let context = [0.3, -0.5].map(|x| x + draw(-0.1, 0.1));
    frame.with_contexts(&context, &[0.8, 1.5]).expect("two of each")
}

/// Fields of every kind, and every kind of solver that can be recorded.
pub fn visit<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let (tolerance, accuracy) = precision::<T>();
    let flow = ContinuousFlow::new(linear::<T>(seed)).solver(tsit5().tolerance(tolerance));
    visitor.visit_within(accuracy, "linear by tsit5", flow);
    let flow = ContinuousFlow::new(planar::<T>(seed)).solver(dopri5().tolerance(tolerance));
    visitor.visit_within(accuracy, "planar by dopri5", flow);
    let flow = ContinuousFlow::new(radial::<T>(seed)).tolerance(tolerance);
    visitor.visit_within(accuracy, "radial by automatic", flow);
    let flow = ContinuousFlow::new(mlp_in_the_plane::<T>(seed)).tolerance(tolerance);
    visitor.visit_within(accuracy, "mlp in the plane by automatic", flow);
    let field = mlp::<T>(seed, &[9, 6], Activation::Silu);
    let flow = ContinuousFlow::new(field).solver(dopri8().tolerance(tolerance)).span(0.2, 1.4);
    visitor.visit_within(accuracy, "mlp with a context by dopri8", flow);
    let flow = ContinuousFlow::new(super::coupling::field::<T>(seed, true)).tolerance(tolerance);
    visitor.visit_within(accuracy, "affine coupling field by automatic", flow);
    let flow = ContinuousFlow::new(mlp::<T>(seed, &[9, 6], Activation::Tanh)).tolerance(tolerance);
    visitor.visit_within(accuracy, "framed mlp with a context", flow.framed(frame(seed)));
    // As many probes at right angles as there are dimensions come to the exact trace.
    let all = Hutchinson { probes: 3, noise: Noise::Orthogonal, seed };
    let flow = ContinuousFlow::new(mlp::<T>(seed, &[7], Activation::Sin)).solver(rk4(48));
    let flow = flow.trace(Trace::Hutchinson(all));
    visitor.visit_within(accuracy.max(1e-5), "mlp by rk4", flow);
    visit_closures(seed, visitor);
}

/// Flows of fields that a user writes, alone and beside flows that learn. Their names say so.
fn visit_closures<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let (tolerance, accuracy) = precision::<T>();
    let flow = ContinuousFlow::new(swirl::<T>(seed)).solver(tsit5().tolerance(tolerance));
    visitor.visit_within(accuracy, "closure of time by tsit5", flow);
    let flow = ContinuousFlow::new(steered::<T>(seed)).tolerance(tolerance).span(0.1, 0.9);
    visitor.visit_within(accuracy, "conditional closure by automatic", flow);
    let flow = ContinuousFlow::new(springs::<T>(seed)).solver(dopri8().tolerance(tolerance));
    visitor.visit_within(accuracy, "dyn closure by dopri8", flow);
    let network = ContinuousFlow::new(mlp_in_the_plane::<T>(seed)).tolerance(tolerance);
    let first = ContinuousFlow::new(pendulum::<T>(seed)).tolerance(tolerance);
    let chain = Chain::new().then(first).then(network);
    visitor.visit_within(accuracy.max(1e-4), "closure before a network", chain);
    let orbit = ContinuousFlow::new(bent::<T>(seed)).tolerance(tolerance);
    let chain = Chain::new().then(EulerStep::new(planar::<T>(seed))).then(Inverted::new(orbit));
    visitor.visit_within(accuracy.max(1e-4), "turned closure behind a layer", chain);
}
