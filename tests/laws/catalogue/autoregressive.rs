//! Every kind of autoregressive flow, and of flow with splines, with a constructor.

use liouville::columns::Mask;
use liouville::flow::autoregressive::Order;
use liouville::flow::layers::{Iaf, Maf, SplineCoupling, SplineMaf};
use liouville::flow::transformer::{ScaleShift, Spline, Transformer};
use liouville::flow::{Autoregressive, AutoregressiveBuilder};
use liouville::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{FlowVisitor, with_extreme_maps, with_parameters};

/// Two orders for each dimension.
fn orders(dim: usize) -> [(&'static str, Order); 2] {
    let given = (0..dim).map(|i| (2 * i + 1) % (dim + 1)).collect();
    match dim.is_multiple_of(2) {
        true => [("natural", Order::Natural), ("given", Order::Given(given))],
        false => [("reversed", Order::Reversed), ("random", Order::Random)],
    }
}

/// A builder with its choices spread over the dimensions: plain and residual, no, one and two hidden
/// layers, also narrower than the dimension, with and without a context.
fn chosen<R>(builder: AutoregressiveBuilder<R>, dim: usize, k: usize) -> AutoregressiveBuilder<R> {
    let builder = builder.activation(if k == 0 { Activation::Tanh } else { Activation::Silu });
    let builder = builder.context(if k % 2 == dim % 2 { 2 } else { 0 });
    match (dim + k) % 4 {
        0 => builder.hidden([]),
        1 => builder.hidden([7, 6]),
        2 => builder.hidden([9, 9]).residual(),
        _ => builder.hidden([3]),
    }
}

/// One kind of map in several dimensions, orders and networks.
fn visit_kind<T: Real, R: Transformer<T> + 'static>(
    kind: &str,
    dims: impl IntoIterator<Item = usize>,
    make: impl Fn(usize) -> AutoregressiveBuilder<R>,
    size: f64,
    seed: u64,
    visitor: &mut dyn FlowVisitor<T>,
) {
    for dim in dims {
        for (k, (name, order)) in orders(dim).into_iter().enumerate() {
            let mut rng = StdRng::seed_from_u64(seed);
            let builder = chosen(make(dim), dim, k).order(order);
            let flow: Autoregressive<T, R> = builder.build(&mut rng).expect("valid sizes");
            let flow = with_parameters(flow, size, seed + k as u64);
            visitor.visit(&format!("{kind}, {dim} coordinates, {name}"), flow);
        }
    }
}

/// Autoregressive flows that are smooth.
pub fn visit<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    visit_kind("maf", 1..=4, Maf::<f32>::new, 0.5, seed, visitor);
    let paper = |dim| Maf::<f32>::new(dim).transformer(ScaleShift::default());
    visit_kind("maf of the paper", 2..=3, paper, 0.5, seed, visitor);
}

/// A flow whose samples are fast.
pub fn inverted<T: Real>(seed: u64) -> Iaf<T> {
    let builder = Maf::<f32>::new(3).hidden([6]).activation(Activation::Tanh);
    let flow: Maf<T> = builder.build(&mut StdRng::seed_from_u64(seed)).expect("valid sizes");
    Inverted::new(with_parameters(flow, 0.5, seed))
}

/// Flows with splines: their log-determinants have kinks.
pub fn visit_splines<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let spline = |bins, bound| Spline::new(bins, bound).expect("valid settings");
    let few = move |dim| SplineMaf::<f32>::new(dim).transformer(spline(3, 1.5));
    visit_kind("spline maf, three bins", 1..=4, few, 0.5, seed, visitor);
    visit_kind("spline maf, default", [2], SplineMaf::<f32>::new, 0.5, seed + 1, visitor);
}

/// Flows of angles, for a uniform base.
pub fn visit_circles<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let circle = |bins| Spline::circular(bins).expect("valid settings");
    for (dim, bins) in [(1, 2), (1, 8), (2, 5), (3, 6)] {
        let mut rng = StdRng::seed_from_u64(seed);
        let builder = SplineMaf::<f32>::new(dim).transformer(circle(bins));
        let builder = chosen(builder.last_scale(1.0), dim, dim % 2);
        let flow: SplineMaf<T> = builder.build(&mut rng).expect("valid sizes");
        let name = format!("circular maf, {dim} angles, {bins} bins");
        visitor.visit_circular(&name, with_parameters(flow, 0.5, seed));
    }
    for (k, mask) in [Mask::halves(2, 0), Mask::alternating(3, 1)].into_iter().enumerate() {
        let mut rng = StdRng::seed_from_u64(seed + k as u64);
        let builder = SplineCoupling::<f32>::new(mask.expect("splits")).transformer(circle(7));
        let builder = builder.context(k).hidden([8, 7]).activation(Activation::Silu);
        let layer: SplineCoupling<T> = builder.build(&mut rng).expect("valid sizes");
        visitor
            .visit_circular(&format!("circular coupling {k}"), with_parameters(layer, 0.5, seed));
    }
}

/// Couplings with splines, the parameters of whose networks are of this size.
pub fn visit_spline_couplings<T: Real>(size: f64, seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let masks = [Mask::halves(2, 0), Mask::alternating(5, 1), Mask::new(&[true, false, true])];
    for (k, mask) in masks.into_iter().enumerate() {
        let mut rng = StdRng::seed_from_u64(seed + k as u64);
        let builder = SplineCoupling::<f32>::new(mask.expect("splits")).context(k % 2);
        let builder = builder.hidden([8, 7]).activation(Activation::Silu);
        let layer: SplineCoupling<T> = builder.build(&mut rng).expect("valid sizes");
        visitor.visit(&format!("spline coupling {k}, ±{size}"), with_parameters(layer, size, seed));
    }
}

/// Maps as steep and as flat as they can be, which depend on other coordinates as much as usual.
pub fn visit_extreme_maps<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    for size in [30.0, 1000.0] {
        let mut rng = StdRng::seed_from_u64(seed);
        let builder = Maf::<f32>::new(3).hidden([5]).activation(Activation::Tanh);
        let maf: Maf<T> = builder.build(&mut rng).expect("valid sizes");
        visitor.visit(&format!("maf, maps of ±{size}"), with_extreme_maps(maf, size, seed));
        let builder = SplineMaf::<f32>::new(2).hidden([5]).activation(Activation::Tanh);
        let maf: SplineMaf<T> = builder.build(&mut rng).expect("valid sizes");
        visitor.visit(&format!("spline maf, maps of ±{size}"), with_extreme_maps(maf, size, seed));
        let mask = Mask::halves(3, 0).expect("splits");
        let builder = SplineCoupling::<f32>::new(mask).hidden([5]).activation(Activation::Tanh);
        let layer: SplineCoupling<T> = builder.build(&mut rng).expect("valid sizes");
        let name = format!("spline coupling, maps of ±{size}");
        visitor.visit(&name, with_extreme_maps(layer, size, seed));
    }
}

/// Parameters so large that maps are as steep and as flat as they can be.
pub fn visit_extreme<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    for size in [30.0, 1000.0] {
        visit_kind(&format!("maf, ±{size}"), [3], Maf::<f32>::new, size, seed, visitor);
        let paper = |dim| Maf::<f32>::new(dim).transformer(ScaleShift::default());
        visit_kind(&format!("maf of the paper, ±{size}"), [3], paper, size, seed, visitor);
        let name = format!("spline maf, ±{size}");
        visit_kind(&name, [2, 3], SplineMaf::<f32>::new, size, seed, visitor);
    }
}
