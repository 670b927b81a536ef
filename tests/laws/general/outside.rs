//! What is said to lie outside a support is what is found there by following the points to the end.

use liouville::flow::elementwise::{Constrain, interval, positive};
use liouville::flow::{AnyFlow, Track, outside, transport};
use liouville::outcome::Outcome;
use liouville::prelude::*;
use nalgebra::DMatrix;

use super::ledger::Ledger;
use crate::catalogue::{
    FlowVisitor, elementwise, linear, planar, visit_extreme, visit_extreme_networks,
    visit_integrated, visit_kinked, visit_layers,
};
use crate::support::{BOTH, contexts, matrix, seeds};

/// Points of each kind.
const COUNT: usize = 12;

/// Flows onto supports behind and before others, turned, frozen and nested.
fn visit_bounded<T: Real>(seed: u64, visitor: &mut dyn FlowVisitor<T>) {
    let unit = || Constrain::<T>::new().then(interval(-0.5, 1.5, 3).expect("in order"));
    let above = || Constrain::<T>::new().then(positive(3));
    let moved = || EulerStep::new(planar::<T>(seed));
    let turned = || ContinuousFlow::new(linear::<T>(seed)).tolerance(1e-5);
    let nested = Chain::new().then(moved()).then(unit());
    visitor.visit("planar, then an interval", nested.clone());
    visitor.visit("integrated, then above zero", Chain::new().then(turned()).then(above()));
    visitor.visit("an interval, turned", Inverted::new(unit()));
    visitor.visit("a chain onto an interval, turned", Inverted::new(nested.clone()));
    visitor.visit("a frozen support", Frozen::new(unit()));
    let there_and_back = Chain::new().then(above()).then(Inverted::new(above())).then(moved());
    visitor.visit("above zero and back", there_and_back);
    let twice = Chain::new().then(nested).then(turned()).then(above()).then(AnyFlow::new(unit()));
    visitor.visit("bounded twice, with a continuous flow between", twice);
    visitor.visit("mixed supports, frozen and turned", {
        Inverted::new(Frozen::new(elementwise::mixed::<T>()))
    });
}

/// Points that come from the other side, where they arrive, and any others.
fn points<T: Real>(flow: &AnyFlow<T>, direction: Direction, seed: u64) -> DMatrix<T> {
    let dim = flow.dim();
    let start = matrix::<T>(dim, COUNT, 1.0, seed);
    let context = contexts::<T>(flow.context_dim(), COUNT);
    let given = (context.nrows() > 0).then_some(&context);
    let ends = transport(flow, direction.reversed(), &start, given, Track::Points);
    let ends = ends.expect("valid input").points;
    let any = matrix::<T>(dim, COUNT, 3.0, seed + 1);
    let far = matrix::<T>(dim, COUNT, 1e4, seed + 2);
    let mut all = DMatrix::zeros(dim, 3 * COUNT + 2);
    for (k, part) in [ends, any, far].iter().enumerate() {
        all.columns_mut(k * COUNT, COUNT).copy_from(part);
    }
    // Zero and one are the ends of many supports.
    all.column_mut(3 * COUNT + 1).fill(T::one());
    all
}

struct Marked {
    seed: u64,
    /// How many points lay outside, one way and the other.
    found: [usize; 2],
    ledger: Ledger,
}

impl Marked {
    fn check<T: Real>(&mut self, flow: &AnyFlow<T>, direction: Direction) -> Option<String> {
        let points = points(flow, direction, self.seed);
        let context = contexts::<T>(flow.context_dim(), points.ncols());
        let given = (context.nrows() > 0).then_some(&context);
        let marked = outside(flow, direction, &points, given).expect("valid input");
        let moved = transport(flow, direction, &points, given, Track::Points);
        for (j, (marked, end)) in
            marked.iter().zip(moved.expect("valid input").outcomes).enumerate()
        {
            let agree = match end {
                Outcome::Outside { .. } => *marked == end,
                Outcome::Arrived => marked.arrived(),
                // What fails behind the last bound arrives there.
                Outcome::Failed(_) => marked.arrived() || *marked == end,
            };
            if !agree {
                let point: Vec<T> = points.column(j).iter().copied().collect();
                return Some(format!("{direction:?}, {point:?}: {marked}, but in the end {end}"));
            }
            self.found[direction as usize] += usize::from(end.is_outside());
        }
        None
    }
}

impl<T: Real> FlowVisitor<T> for Marked {
    fn meet(&mut self, name: &str, flow: AnyFlow<T>) {
        match BOTH.into_iter().find_map(|direction| self.check(&flow, direction)) {
            None => self.ledger.held(name, 2, 0),
            Some(how) => self.ledger.broken(name, self.seed, how),
        }
    }
}

fn hold<T: Real>() {
    let ledger = Ledger::new(format!("what lies outside in {}", T::NAME));
    let mut marked = Marked { seed: 0, found: [0; 2], ledger };
    rayon::scope(|_| {
        for (_, seed) in seeds(1) {
            marked.seed = seed;
            visit_bounded::<T>(seed, &mut marked);
            visit_layers::<T>(seed, &mut marked);
            visit_kinked::<T>(seed, &mut marked);
            visit_extreme::<T>(seed, &mut marked);
            visit_extreme_networks::<T>(seed, &mut marked);
            visit_integrated::<T>(seed, &mut marked);
        }
    });
    // The point at zero alone is outside of six supports one way, and of one the other.
    assert!(marked.found[0] >= 10 && marked.found[1] >= 50, "{:?} outside", marked.found);
    marked.ledger.close(100);
}

#[test]
fn what_lies_outside_is_found_as_by_following_to_the_end() {
    hold::<f64>();
    hold::<f32>();
}
