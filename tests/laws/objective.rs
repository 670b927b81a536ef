//! An objective at the end of a flow, with its derivatives by the flow's own pullback.

use liouville::columns::{Block, columns_to_block};
use liouville::flow::{Cotangent, Packet, Track};
use liouville::ode::Workspace;
use liouville::prelude::*;
use nalgebra::DMatrix;

use crate::support::matrix;

const COLUMNS: usize = 5;

/// Σ p̄'points + Σ l̄ log_det at the end of a layer.
pub struct Objective {
    points: Block<f64>,
    log_det: Block<f64>,
}

impl Objective {
    pub fn new(dim: usize, seed: u64) -> Self {
        let part = |rows: usize, seed| {
            let values = matrix::<f64>(rows, COLUMNS, 1.0, seed);
            let mut block = Block::default();
            columns_to_block(values.as_slice(), rows, &mut block);
            // Cotangents of padding lanes are zero.
            for i in 0..rows {
                block.row_mut(i)[COLUMNS..].fill(0.0);
            }
            block
        };
        Self { points: part(dim, seed), log_det: part(1, seed + 1) }
    }

    /// The value, and its derivatives by parameters, points and contexts.
    pub fn run<L: TrainableFlow<f64>>(
        &self,
        layer: &L,
        direction: Direction,
        [x, context]: [&DMatrix<f64>; 2],
    ) -> (f64, [Vec<f64>; 3]) {
        let (mut packet, mut workspace) = (Packet::new(Track::LogDet), Workspace::new());
        packet.load(x.as_slice(), x.nrows(), context.as_slice(), context.nrows());
        let mut tape = L::Tape::default();
        layer.record_packet(direction, &mut packet, &mut tape, &mut workspace);
        assert!(packet.outcomes.iter().all(|outcome| outcome.arrived()));
        let dot = |a: &Block<f64>, b: &Block<f64>| -> f64 {
            a.values().iter().zip(b.values()).map(|(a, b)| a * b).sum()
        };
        let value = dot(&packet.points, &self.points) + dot(&packet.log_det, &self.log_det);
        let (points, log_det) = (self.points.clone(), self.log_det.clone());
        let mut cotangent =
            Cotangent { points, log_det, context: Block::new(context.nrows(), COLUMNS) };
        let mut sums = vec![0.0; layer.sums_len()];
        layer.pullback_packet(direction, &mut tape, &mut cotangent, &mut sums, &mut workspace);
        let mut gradient = vec![0.0; layer.parameters().len()];
        layer.fold(&sums, &mut gradient);
        let columns = |block: &Block<f64>| {
            (0..COLUMNS).flat_map(|j| (0..block.rows()).map(move |i| block.row(i)[j])).collect()
        };
        (value, [gradient, columns(&cotangent.points), columns(&cotangent.context)])
    }
}
