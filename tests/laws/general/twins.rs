//! Layers in `f32` beside the same layers in `f64`: log-determinants and gradients that differences in
//! `f32` cannot follow.
//!
//! Both have the same parameters and start from the same points, which are numbers of `f32`. They differ by
//! the roundings on the way and by what these cost, which is seen in `f64` where parameters and points are
//! moved by 16 roundings of `f32`.

use std::collections::VecDeque;

use liouville::flow::AnyFlow;
use liouville::outcome::{Outcome, Reason};
use liouville::prelude::*;
use nalgebra::DMatrix;

use super::ledger::Ledger;
use crate::catalogue::{FlowVisitor, visit_kinked, visit_layers};
use crate::objective::{COLUMNS, Objective};
use crate::support::{BOTH, contexts, matrix, seeds};

const EPSILON: f64 = f32::EPSILON as f64;
/// How exact a layer is without any amplification: a spline's own bound, (64 + 8K) ε B, is less.
const EXACT: f64 = 1e3 * EPSILON;

/// What a layer makes of points in one direction: end points, log-determinants, and the derivatives of an
/// objective by parameters, points and contexts.
pub(super) struct Found(pub Vec<(&'static str, Vec<f64>)>);

impl Found {
    pub fn new<T: Real>(
        flow: &AnyFlow<T>,
        direction: Direction,
        start: &DMatrix<T>,
    ) -> Option<Self> {
        let context = contexts::<T>(flow.context_dim(), COLUMNS);
        let given = (flow.context_dim() > 0).then_some(&context);
        let moved = flow.follow(direction, start, given).expect("valid input");
        moved.outcomes.iter().all(|outcome| outcome.arrived()).then(|| {
            let objective = Objective::<T>::new(flow.dim(), 7);
            let (_, [parameters, points, contexts]) =
                objective.run(flow, direction, [start, &context]);
            Self(vec![
                ("points", moved.points.iter().map(|x| x.wide()).collect()),
                ("log-determinants", moved.log_det.iter().map(|x| x.wide()).collect()),
                ("derivatives by parameters", parameters),
                ("derivatives by points", points),
                ("derivatives by contexts", contexts),
            ])
        })
    }
}

/// A layer in `f32`: its parameters, and where it leads from which points, both ways.
struct Twin {
    name: String,
    parameters: Vec<f64>,
    ways: Vec<(Direction, DMatrix<f64>, Option<Found>)>,
    /// Whether a point comes so near to the end of a support that `f32` cannot hold it, and says so.
    saturated: bool,
}

struct Single {
    seed: u64,
    twins: VecDeque<Twin>,
}

impl Single {
    fn follow(&mut self, name: &str, flow: &AnyFlow<f32>) {
        let base = matrix::<f32>(flow.dim(), COLUMNS, 3.0, self.seed);
        let context = contexts::<f32>(flow.context_dim(), COLUMNS);
        let context = (flow.context_dim() > 0).then_some(&context);
        let moved = flow.follow(BOTH[0], &base, context).expect("valid input");
        let is_saturated = |outcome: &Outcome| {
            let reason = outcome.failure().map(|failure| failure.reason);
            matches!(reason, Some(Reason::Saturated { .. }))
        };
        let saturated = moved.outcomes.iter().any(is_saturated);
        let data = moved.points;
        let way = |(direction, start): (Direction, DMatrix<f32>)| {
            let found = Found::new(flow, direction, &start);
            (direction, start.map(f64::from), found)
        };
        let parameters = flow.parameters().iter().map(|value| f64::from(*value)).collect();
        let ways = BOTH.into_iter().zip([base, data]).map(way).collect();
        self.twins.push_back(Twin { name: name.into(), parameters, ways, saturated });
    }
}

impl FlowVisitor<f32> for Single {
    fn meet(&mut self, name: &str, flow: AnyFlow<f32>) {
        self.follow(name, &flow);
    }
}

/// Numbers moved by 16 roundings of the largest.
fn shaken(values: &[f64], seed: u64, side: f64) -> Vec<f64> {
    let signs = matrix::<f64>(values.len(), 1, 1.0, seed);
    let far = values.iter().fold(0.0, |far: f64, value| far.max(value.abs()));
    let shift = |sign: &f64| side * 16.0 * EPSILON * far * sign.signum();
    values.iter().zip(&signs).map(|(value, sign)| value + shift(sign)).collect()
}

struct Double {
    seed: u64,
    twins: VecDeque<Twin>,
    ledger: Ledger,
}

impl Double {
    fn compare(&mut self, name: &str, flow: &mut AnyFlow<f64>) {
        let twin = self.twins.pop_front().expect("as many as in f32");
        assert_eq!(twin.name, name);
        for (direction, start, ours) in &twin.ways {
            if twin.saturated && ours.is_none() {
                self.ledger.held(name, 0, 1);
                continue;
            }
            match differ(flow, &twin.parameters, *direction, start, ours.as_ref(), self.seed) {
                None => self.ledger.held(name, 1, 0),
                Some(how) => self.ledger.broken(name, self.seed, format!("{direction:?}: {how}")),
            }
        }
    }
}

/// How a layer in `f32` differs from that in `f64` by more than rounding costs.
fn differ(
    flow: &mut AnyFlow<f64>,
    parameters: &[f64],
    direction: Direction,
    start: &DMatrix<f64>,
    ours: Option<&Found>,
    seed: u64,
) -> Option<String> {
    flow.set_parameters(parameters).expect("parameters that fit");
    let theirs = Found::new(flow, direction, start);
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Some("it failed".into()) };
    let mut neighbours = Vec::new();
    for (seed, side) in [(seed, 1.0), (seed, -1.0), (seed + 1, 1.0), (seed + 1, -1.0)] {
        flow.set_parameters(&shaken(parameters, seed, side)).expect("parameters that fit");
        let (dim, columns) = start.shape();
        let moved = DMatrix::from_vec(dim, columns, shaken(start.as_slice(), seed, side));
        neighbours.extend(Found::new(flow, direction, &moved));
    }
    for (part, (what, theirs)) in theirs.0.iter().enumerate() {
        let ours = &ours.0[part].1;
        let size = theirs.iter().fold(1.0, |size: f64, value| size.max(value.abs()));
        for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
            let spread = neighbours.iter().map(|found| (found.0[part].1[i] - b).abs());
            let bound = EXACT * size + 4.0 * spread.fold(0.0, f64::max);
            // NaN is not near.
            let near = (a - b).abs() <= bound;
            if !near {
                return Some(format!("{what} {i}: {a} in f32, {b} in f64, bound {bound:e}"));
            }
        }
    }
    None
}

impl FlowVisitor<f64> for Double {
    fn meet(&mut self, name: &str, mut flow: AnyFlow<f64>) {
        self.compare(name, &mut flow);
    }
}

#[test]
fn layers_in_single_precision_are_those_in_double() {
    let ledger = Ledger::new("layers in f32 beside f64");
    let mut double = Double { seed: 0, twins: VecDeque::new(), ledger };
    rayon::scope(|_| {
        for (_, seed) in seeds(2) {
            let mut single = Single { seed, twins: VecDeque::new() };
            visit_layers::<f32>(seed, &mut single);
            visit_kinked::<f32>(seed, &mut single);
            (double.seed, double.twins) = (seed, single.twins);
            visit_layers::<f64>(seed, &mut double);
            visit_kinked::<f64>(seed, &mut double);
        }
    });
    double.ledger.close(80);
}
