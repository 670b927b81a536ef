//! Log-densities and scores of a model, in the units of the table.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::Model;
use super::found::{Evaluation, ModelScore};
use crate::columns::{block_to_columns, columns_to_block};
use crate::density::{Density, Given};
use crate::error::{Error, Result};
use crate::flow::{
    AnyFlow, AnyTape, Cotangent, Direction, Flow, PACKET, Packet, Track, TrainableFlow, transport,
};
use crate::heading::Heading;
use crate::ode::Workspace;
use crate::outcome::Outcome;
use crate::outcome::shown;

/// The number of rows that are evaluated at once: what a call takes beside its table.
const CHUNK: usize = 1 << 14;

/// Points and contexts as the members see them.
pub(super) struct Prepared {
    /// Where the way begins, if there is one: the points with noise where numbers are whole.
    start: Option<DMatrix<f64>>,
    pub points: DMatrix<f64>,
    pub context: Option<DMatrix<f64>>,
    /// ln |det| of the way there.
    pub log_det: DVector<f64>,
    pub outcomes: Vec<Outcome>,
}

impl Model {
    /// The log-density of every column (dim x n) in nats, minus infinity where the density is zero.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, a value is NaN or infinite, or a column's log-density cannot be
    /// computed; the error names the columns.
    pub fn log_prob(&self, points: &DMatrix<f64>) -> Result<DVector<f64>> {
        self.evaluate(points, None)?.none_failed()
    }

    /// The log-densities of n rows that lie one after the other (n x dim, as in a NumPy array), with a
    /// context for each (n x context_dim), one for all, or none if the model reads none. The table is not
    /// copied as a whole.
    ///
    /// ```
    /// use liouville::model::Model;
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let turning = field::Linear::new(dmatrix![0.0f32, -1.0; 1.0, 0.0])?;
    /// let model = Model::new(StandardNormal::new(2).pushed_by(ContinuousFlow::new(turning)));
    /// let rows = [0.0, 0.0, 1.0, 1.0, 2.0, 0.0];
    /// let log_p = model.log_prob_rows(&rows, &[])?;
    /// assert_eq!(log_p.len(), 3);
    /// assert!((log_p[0] - log_p[1] - 1.0).abs() < 1e-4);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`log_prob`](Model::log_prob).
    pub fn log_prob_rows(&self, rows: &[f64], contexts: &[f64]) -> Result<Vec<f64>> {
        let dim = self.dim();
        let count = rows.len() / dim;
        if count * dim != rows.len() {
            return Err(Error::shape(format!(
                "{} numbers are no rows of {dim}: give n times as many",
                rows.len()
            )));
        }
        let (width, contexts) = self.rows_of_contexts(count, contexts)?;
        let mut all = Vec::with_capacity(count);
        for start in (0..count).step_by(CHUNK) {
            let end = count.min(start + CHUNK);
            let points =
                DMatrix::from_column_slice(dim, end - start, &rows[start * dim..end * dim]);
            let context = (width > 0).then(|| {
                let places = if contexts.len() == width { 0..1 } else { start..end };
                let part = &contexts[places.start * width..places.end * width];
                DMatrix::from_column_slice(width, places.len(), part)
            });
            let found = self.evaluate(&points, context.as_ref())?.none_failed();
            all.extend(found.map_err(|error| error.renumbered("the rows", |j| start + j))?.iter());
        }
        Ok(all)
    }

    /// The width of contexts and what was given of them, if it is none, one or `count`.
    fn rows_of_contexts<'a>(
        &self,
        count: usize,
        contexts: &'a [f64],
    ) -> Result<(usize, &'a [f64])> {
        let width = self.context_dim();
        if contexts.len() == width || contexts.len() == width * count {
            return Ok((width, contexts));
        }
        Err(Error::shape(format!(
            "{} numbers as contexts of {count} rows: give {width} for all, or {} in rows of {width}",
            contexts.len(),
            width * count
        )))
    }

    /// The log-density of every column with all that is known about it; a column that fails is reported, and
    /// the others are computed.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, or a setting is out of range.
    pub fn evaluate(
        &self,
        points: &DMatrix<f64>,
        context: Option<&DMatrix<f64>>,
    ) -> Result<Evaluation> {
        let prepared = self.prepare(points, context)?;
        let seen = prepared.seen();
        let mut found = self.members.evaluate(&seen, prepared.context.as_ref())?;
        found.log_prob += &prepared.log_det;
        for (j, outcome) in prepared.outcomes.iter().enumerate() {
            if !outcome.arrived() {
                found.outcomes[j] = *outcome;
            }
            let failed = found.outcomes[j].failure().is_some();
            match found.outcomes[j] {
                Outcome::Outside { .. } => found.log_prob[j] = f64::NEG_INFINITY,
                _ if failed => found.log_prob[j] = f64::NAN,
                _ => {}
            }
        }
        Ok(found)
    }

    /// The log-density of every column with its gradient. Where columns hold whole numbers, that of the
    /// density between them.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Model::evaluate).
    pub fn score(
        &self,
        points: &DMatrix<f64>,
        context: Option<&DMatrix<f64>>,
    ) -> Result<ModelScore> {
        let prepared = self.prepare(points, context)?;
        let seen = prepared.seen();
        let mut found = self.members.score(&seen, prepared.context.as_ref())?;
        found.log_prob += &prepared.log_det;
        if let (Some(flow), Some(start)) = (self.preparation.flow(), &prepared.start) {
            pull_back(flow, start, &mut found.score);
        }
        for (k, moments) in self.preparation.contexts().iter().enumerate() {
            found.context_score.row_mut(k).iter_mut().for_each(|by| *by /= moments.deviation);
        }
        for (j, outcome) in prepared.outcomes.iter().enumerate() {
            if !outcome.arrived() {
                found.outcomes[j] = *outcome;
                let outside = outcome.is_outside();
                found.log_prob[j] = if outside { f64::NEG_INFINITY } else { f64::NAN };
                found.score.column_mut(j).fill(f64::NAN);
                found.context_score.column_mut(j).fill(f64::NAN);
            }
        }
        Ok(found)
    }

    /// The same model with its context fixed: one column for all points, or one for each.
    pub fn given(&self, context: DMatrix<f64>) -> Given<'_, Self, f64> {
        Given::new(self, context)
    }

    /// The points with noise where numbers are whole, and what became of them.
    fn noisy(&self, points: &DMatrix<f64>) -> Result<(DMatrix<f64>, Vec<Outcome>)> {
        if points.nrows() != self.dim() {
            return Err(Error::shape(format!(
                "the points have {}, and the model is of {}: give the columns {}",
                shown::count(points.nrows(), "row"),
                shown::count(self.dim(), "column"),
                self.listed()
            )));
        }
        let (mut points, mut outcomes) = (points.clone(), vec![Outcome::Arrived; points.ncols()]);
        if !self.preparation.whole().is_empty() {
            let rows = points.as_mut_slice().chunks_exact_mut(self.columns.len().max(1));
            for (row, outcome) in rows.zip(&mut outcomes) {
                let finite = row.iter().all(|value| value.is_finite());
                if let (true, Err(coordinate)) = (finite, self.preparation.enter(row)) {
                    *outcome = Outcome::Outside { coordinate };
                }
            }
        }
        Ok((points, outcomes))
    }

    /// Up to eight names.
    fn listed(&self) -> String {
        let names: Vec<String> = self.columns.iter().take(8).map(Heading::to_string).collect();
        let more = if self.columns.len() > 8 { ", ..." } else { "" };
        format!("{}{more}", names.join(", "))
    }

    pub(super) fn prepare(
        &self,
        points: &DMatrix<f64>,
        context: Option<&DMatrix<f64>>,
    ) -> Result<Prepared> {
        let context = context.map(|context| self.prepare_contexts(context)).transpose()?;
        let (points, mut outcomes) = self.noisy(points)?;
        let Some(flow) = self.preparation.flow() else {
            let log_det = DVector::zeros(points.ncols());
            return Ok(Prepared { start: None, points, context, log_det, outcomes });
        };
        let moved = transport(flow, Direction::Inverse, &points, None, Track::LogDet)?;
        for (outcome, found) in outcomes.iter_mut().zip(&moved.outcomes) {
            if outcome.arrived() {
                *outcome = *found;
            }
        }
        let (start, points, log_det) = (Some(points), moved.points, moved.log_det);
        Ok(Prepared { start, points, context, log_det, outcomes })
    }

    pub(crate) fn prepare_contexts(&self, context: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        if context.nrows() != self.context_dim() {
            let names: Vec<String> = self.contexts.iter().map(Heading::to_string).collect();
            return Err(Error::shape(format!(
                "the contexts have {}, and the model reads {}: give {}",
                shown::count(context.nrows(), "row"),
                self.context_dim(),
                if names.is_empty() { "none".into() } else { names.join(", ") }
            )));
        }
        let mut context = context.clone();
        for (k, moments) in self.preparation.contexts().iter().enumerate() {
            context.row_mut(k).iter_mut().for_each(|c| *c = moments.standardise(*c));
        }
        Ok(context)
    }
}

impl Prepared {
    /// The points, zero where one did not arrive, so that the members meet real numbers; what a NaN of the table
    /// became stays one.
    fn seen(&self) -> DMatrix<f64> {
        let mut points = self.points.clone();
        for (j, outcome) in self.outcomes.iter().enumerate() {
            if !outcome.arrived() {
                points.column_mut(j).fill(0.0);
            }
        }
        points
    }
}

/// From the gradient by what the members see to that by the points of the table: through the way there, whose
/// log-determinant counts as well.
fn pull_back(flow: &AnyFlow<f64>, points: &DMatrix<f64>, score: &mut DMatrix<f64>) {
    let size = (points.nrows() * PACKET).max(1);
    score
        .as_mut_slice()
        .par_chunks_mut(size)
        .zip(points.as_slice().par_chunks(size))
        .for_each_init(|| WayBack::new(flow), |way, (score, points)| way.go(points, score));
}

/// What one thread needs to pull packets back.
struct WayBack<'a> {
    flow: &'a AnyFlow<f64>,
    packet: Packet<f64>,
    workspace: Workspace<f64>,
    tape: AnyTape,
    cotangent: Cotangent<f64>,
    sums: Vec<f64>,
}

impl<'a> WayBack<'a> {
    fn new(flow: &'a AnyFlow<f64>) -> Self {
        Self {
            flow,
            packet: Packet::new(Track::LogDet),
            workspace: Workspace::new(),
            tape: AnyTape::default(),
            cotangent: Cotangent::default(),
            sums: vec![0.0; flow.sums_len()],
        }
    }

    /// Replaces the gradients of a packet, column by column.
    fn go(&mut self, points: &[f64], score: &mut [f64]) {
        let Self { flow, packet, workspace, tape, cotangent, sums } = self;
        let (dim, way) = (flow.dim(), Direction::Inverse);
        let count = points.len() / dim;
        packet.load(points, dim, &[], 0);
        flow.record_packet(way, packet, tape, workspace);
        columns_to_block(score, dim, &mut cotangent.points);
        cotangent.log_det.reshape(1, count);
        cotangent.log_det.fill(0.0);
        cotangent.log_det.row_mut(0)[..count].fill(1.0);
        cotangent.context.reshape(0, count);
        flow.pullback_packet(way, tape, cotangent, sums, workspace);
        block_to_columns(&cotangent.points, score);
    }
}

impl Density<f64> for Model {
    fn dim(&self) -> usize {
        self.columns.len()
    }

    fn log_prob(&self, points: &DMatrix<f64>) -> Result<DVector<f64>> {
        Model::log_prob(self, points)
    }
}

impl Density<f64> for Given<'_, Model, f64> {
    fn dim(&self) -> usize {
        self.family().dim()
    }

    fn log_prob(&self, points: &DMatrix<f64>) -> Result<DVector<f64>> {
        self.family().evaluate(points, Some(self.context()))?.none_failed()
    }
}
