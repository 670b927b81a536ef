//! An objective at the end of a flow, with its derivatives by the flow's own pullback.

use liouville::columns::{Block, columns_to_block};
use liouville::flow::{AnyFlow, Cotangent, Packet, Track};
use liouville::ode::Workspace;
use liouville::prelude::*;
use nalgebra::DMatrix;

use crate::support::{contexts, derivative, matrix};

/// The columns of an objective.
pub const COLUMNS: usize = 5;

/// Σ p̄'points + Σ l̄ log_det at the end of a layer.
pub struct Objective<T> {
    points: Block<T>,
    log_det: Block<T>,
}

impl<T: Real> Objective<T> {
    pub fn new(dim: usize, seed: u64) -> Self {
        let part = |rows: usize, seed| {
            let values = matrix::<T>(rows, COLUMNS, 1.0, seed);
            let mut block = Block::default();
            columns_to_block(values.as_slice(), rows, &mut block);
            // Cotangents of padding lanes are zero.
            for i in 0..rows {
                block.row_mut(i)[COLUMNS..].fill(T::zero());
            }
            block
        };
        Self { points: part(dim, seed), log_det: part(1, seed + 1) }
    }

    /// The value, and its derivatives by parameters, points and contexts.
    pub fn run<L: TrainableFlow<T>>(
        &self,
        layer: &L,
        direction: Direction,
        [x, context]: [&DMatrix<T>; 2],
    ) -> (f64, [Vec<f64>; 3]) {
        let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
        packet.load(x.as_slice(), x.nrows(), context.as_slice(), context.nrows());
        let mut tape = L::Tape::default();
        layer.record_packet(direction, &mut packet, &mut tape, &mut workspace);
        assert!(packet.outcomes.iter().all(|outcome| outcome.arrived()));
        let dot = |a: &Block<T>, b: &Block<T>| -> f64 {
            a.values().iter().zip(b.values()).map(|(a, b)| a.wide() * b.wide()).sum()
        };
        let value = dot(&packet.points, &self.points) + dot(&packet.log_det, &self.log_det);
        let (points, log_det) = (self.points.clone(), self.log_det.clone());
        let mut cotangent =
            Cotangent { points, log_det, context: Block::new(context.nrows(), COLUMNS) };
        let mut sums = vec![T::zero(); layer.sums_len()];
        layer.pullback_packet(direction, &mut tape, &mut cotangent, &mut sums, &mut workspace);
        let mut gradient = vec![T::zero(); layer.parameters().len()];
        layer.fold(&sums, &mut gradient).expect("lengths that fit");
        let columns = |block: &Block<T>| {
            let value = |i: usize, j: usize| block.row(i)[j].wide();
            (0..COLUMNS).flat_map(|j| (0..block.rows()).map(move |i| value(i, j))).collect()
        };
        let gradient = gradient.iter().map(|value| value.wide()).collect();
        (value, [gradient, columns(&cotangent.points), columns(&cotangent.context)])
    }
}

/// The objective with one number moved.
type Along<'a> = &'a dyn Fn(usize, f64) -> f64;

/// The pullback of a flow in one direction, at five points, against central differences.
pub fn gradients_agree_at<L: TrainableFlow<f64, Tape: 'static> + Clone + 'static>(
    name: &str,
    layer: &L,
    direction: Direction,
    points: &DMatrix<f64>,
    seed: u64,
) {
    all_agree(name, &AnyFlow::new(layer.clone()), direction, points, seed);
}

/// The same for the parameters alone.
pub fn parameter_gradients_agree<L: TrainableFlow<f64, Tape: 'static> + Clone + 'static>(
    name: &str,
    layer: &L,
    direction: Direction,
    points: &DMatrix<f64>,
    seed: u64,
) {
    parameters_agree(name, &AnyFlow::new(layer.clone()), direction, points, seed);
}

fn all_agree(
    name: &str,
    layer: &AnyFlow<f64>,
    direction: Direction,
    points: &DMatrix<f64>,
    seed: u64,
) {
    parameters_agree(name, layer, direction, points, seed);
    let (objective, context) = objective_of(layer, seed);
    let run = |inputs: [&DMatrix<f64>; 2]| objective.run(layer, direction, inputs);
    let (_, [_, by_points, by_contexts]) = run([points, &context]);
    let moved = |matrix: &DMatrix<f64>, i: usize, s: f64| {
        let mut matrix = matrix.clone();
        matrix[i] += s;
        matrix
    };
    let by_point = |i, s| run([&moved(points, i, s), &context]).0;
    let by_context = |i, s| run([points, &moved(&context, i, s)]).0;
    agree_along(&format!("{name} {direction:?}, coordinate"), &by_points, &by_point);
    agree_along(&format!("{name} {direction:?}, context"), &by_contexts, &by_context);
}

fn parameters_agree(
    name: &str,
    layer: &AnyFlow<f64>,
    direction: Direction,
    points: &DMatrix<f64>,
    seed: u64,
) {
    let (objective, context) = objective_of(layer, seed);
    let (_, [ours, ..]) = objective.run(layer, direction, [points, &context]);
    let parameters = layer.parameters();
    let by_parameter = |p: usize, s: f64| {
        let (mut layer, mut values) = (layer.clone(), parameters.clone());
        values[p] += s;
        layer.set_parameters(&values).expect("parameters that fit");
        objective.run(&layer, direction, [points, &context]).0
    };
    agree_along(&format!("{name} {direction:?}, parameter"), &ours, &by_parameter);
}

/// A random objective, and contexts for five columns.
fn objective_of(layer: &AnyFlow<f64>, seed: u64) -> (Objective<f64>, DMatrix<f64>) {
    (Objective::new(layer.dim(), seed + 7), contexts::<f64>(layer.context_dim(), COLUMNS))
}

fn agree_along(name: &str, ours: &[f64], along: Along<'_>) {
    let differences: Vec<f64> =
        (0..ours.len()).map(|i| derivative(1e-4, |s| along(i, s))).collect();
    let scale = differences.iter().map(|d| d.abs()).fold(1e-3, f64::max);
    for (i, (a, b)) in ours.iter().zip(&differences).enumerate() {
        assert!((a - b).abs() < 1e-6 * scale, "{name} {i}: {a} against {b}");
    }
}
