//! What the gradient law differentiates: weighted sums of end points and log-determinants.

use std::cell::RefCell;

use liouville::nalgebra::DMatrix;

use super::moving::{Inputs, numbers};
use super::{Cause, Violation};
use liouville::columns::{Block, columns_to_block};
use liouville::error::Error;
use liouville::flow::{
    AnyFlow, AnyTape, Contexts, Cotangent, Direction, Flow, Packet, Track, TrainableFlow,
};
use liouville::ode::{Workspace, mark_non_finite};
use liouville::real::Real;

/// Σ p̄'points + Σ l̄ log_det over the columns at one end of a flow.
pub(super) struct Objective<T: Real> {
    points: Block<T>,
    log_det: Block<T>,
    workspace: RefCell<Workspace<T>>,
}

/// The derivatives of an objective.
pub(super) struct Gradient {
    pub parameters: Vec<f64>,
    pub points: DMatrix<f64>,
    pub context: DMatrix<f64>,
}

impl<T: Real> Objective<T> {
    /// Random weights.
    pub fn new(dim: usize, columns: usize, seed: u64) -> Self {
        let mut next = numbers(seed);
        let mut part = |rows: usize| {
            let mut block = Block::default();
            let values: Vec<T> = (0..rows * columns).map(|_| T::of(next())).collect();
            columns_to_block(&values, rows, &mut block);
            // Cotangents of padding lanes are zero.
            (0..rows).for_each(|i| block.row_mut(i)[columns..].fill(T::zero()));
            block
        };
        Self { points: part(dim), log_det: part(1), workspace: RefCell::default() }
    }

    /// The objective of every column; NaN where it did not arrive.
    pub fn values(
        &self,
        flow: &AnyFlow<T>,
        direction: Direction,
        inputs: &Inputs<'_, T>,
    ) -> Result<Vec<f64>, Violation> {
        let mut packet = load(flow, inputs, direction)?;
        flow.follow_packet(direction, &mut packet, &mut self.workspace.borrow_mut());
        let arrived = |lane: &usize| packet.outcomes[*lane].arrived();
        let value = |lane| if arrived(&lane) { self.value(&packet, lane) } else { f64::NAN };
        Ok((0..packet.len()).map(value).collect())
    }

    fn value(&self, packet: &Packet<T>, lane: usize) -> f64 {
        let rows = 0..packet.points.rows();
        let term = |i| packet.points.row(i)[lane].wide() * self.points.row(i)[lane].wide();
        let log_det = packet.log_det.row(0)[lane].wide() * self.log_det.row(0)[lane].wide();
        rows.map(term).sum::<f64>() + log_det
    }

    /// The objective of every column on the recorded way, and its gradient.
    ///
    /// The way is taken twice on the same tape and with the same sums, and half of what is found is
    /// the gradient, so that a tape which is not renewed and sums which are not added to show.
    pub fn gradient(
        &self,
        flow: &AnyFlow<T>,
        direction: Direction,
        inputs: &Inputs<'_, T>,
    ) -> Result<(Vec<f64>, Gradient), Violation> {
        let (mut tape, mut workspace) = (AnyTape::default(), Workspace::new());
        let mut sums = vec![T::zero(); flow.sums_len()];
        let (count, context_dim) = (inputs.points.ncols(), flow.context_dim());
        let mut context = Block::new(context_dim, count);
        let mut values = Vec::new();
        let mut points = Block::default();
        for _ in 0..2 {
            let mut packet = load(flow, inputs, direction)?;
            flow.record_packet(direction, &mut packet, &mut tape, &mut workspace);
            arrived(inputs, direction, &packet)?;
            values = (0..count).map(|lane| self.value(&packet, lane)).collect();
            let (by_points, log_det) = (self.points.clone(), self.log_det.clone());
            let mut cotangent = Cotangent { points: by_points, log_det, context };
            flow.pullback_packet(direction, &mut tape, &mut cotangent, &mut sums, &mut workspace);
            (points, context) = (cotangent.points, cotangent.context);
        }
        let mut folded = vec![T::zero(); flow.layout().len()];
        flow.fold(&sums, &mut folded).map_err(|error| inputs.refused(Some(direction), error))?;
        let matrix = |block: &Block<T>, share: f64| {
            DMatrix::from_fn(block.rows(), count, |i, j| share * block.row(i)[j].wide())
        };
        let parameters = folded.iter().map(|value| 0.5 * value.wide()).collect();
        let gradient =
            Gradient { parameters, points: matrix(&points, 1.0), context: matrix(&context, 0.5) };
        Ok((values, gradient))
    }
}

/// The points of a law in one packet.
fn load<T: Real>(
    flow: &AnyFlow<T>,
    inputs: &Inputs<'_, T>,
    direction: Direction,
) -> Result<Packet<T>, Violation> {
    let points = inputs.points;
    let refused = |error: Error| inputs.refused(Some(direction), error);
    flow.check().map_err(refused)?;
    liouville::flow::check_points(flow.dim(), points).map_err(refused)?;
    let contexts = Contexts::new(flow.context_dim(), points.ncols(), inputs.context);
    let (contexts, mut buffer) = (contexts.map_err(refused)?, Vec::new());
    let mut packet = Packet::new(Track::LogDet);
    let values = contexts.of_packet(0, points.ncols(), &mut buffer);
    packet.load(points.as_slice(), points.nrows(), values, contexts.dim);
    mark_non_finite(packet.points.view(), 0.0, &mut packet.outcomes);
    Ok(packet)
}

/// A violation if a column failed.
fn arrived<T: Real>(
    inputs: &Inputs<'_, T>,
    direction: Direction,
    packet: &Packet<T>,
) -> Result<(), Violation> {
    let mut outcomes = packet.outcomes.iter().copied().enumerate();
    match outcomes.find(|(_, outcome)| !outcome.arrived()) {
        None => Ok(()),
        Some((column, outcome)) => {
            Err(inputs.violation(Some(direction), Cause::Failed { column, outcome }))
        }
    }
}
