//! The score of a model: how its log-density changes with the point, and with the context.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::{Base, Pushforward, mark_lanes_outside};
use crate::columns::{Block, block_to_columns};
use crate::error::{Error, Result};
use crate::flow::{Contexts, Cotangent, Direction, PACKET, Packet, Track, TrainableFlow};
use crate::ode::{Workspace, mark_non_finite};
use crate::outcome::{Effort, Failure, Outcome, Reason};
use crate::real::Real;

/// Log-densities with their gradients; NaN for columns that failed.
///
/// Outside the support the log-density is minus infinity and has no gradient: its scores are NaN.
#[derive(Debug, Clone)]
pub struct Scored<T: Real> {
    /// The log-density of each column, in nats.
    pub log_prob: DVector<T>,
    /// The standard error of each log-density, as in [`Evaluated`](super::Evaluated): `None` if it is
    /// exact.
    pub standard_error: Option<DVector<T>>,
    /// ∂ log p(x | c) / ∂x: dim x n.
    pub score: DMatrix<T>,
    /// ∂ log p(x | c) / ∂c of each column: context_dim x n.
    pub context_score: DMatrix<T>,
    /// What became of each column.
    pub outcomes: Vec<Outcome>,
    /// What each column cost, without the way back.
    pub efforts: Vec<Effort>,
}

/// What one thread needs for a packet.
struct Memory<T, P> {
    packet: Packet<T>,
    workspace: Workspace<T>,
    tape: P,
    cotangent: Cotangent<T>,
    base: Block<T>,
    contexts: Vec<T>,
    sums: Vec<T>,
}

/// What comes out of one packet.
struct Part<T> {
    log_prob: Vec<T>,
    /// Standard errors, if the log-densities were estimated.
    errors: Option<Vec<T>>,
    score: Vec<T>,
    context_score: Vec<T>,
    outcomes: Vec<Outcome>,
    efforts: Vec<Effort>,
}

impl<B, F> Pushforward<B, F> {
    /// The log-density of every column of `points` with its gradient by the point, the score, and
    /// by the context.
    ///
    /// It is the exact derivative of the log-density that was computed, its steps held fixed; where
    /// the divergence is estimated because the flow was told so by name, that of the estimate at its probes. One way back costs about
    /// twice the way there.
    ///
    /// ```
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let shrinking = field::Linear::new(dmatrix![-1.0])?;
    /// let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(shrinking).tolerance(1e-9));
    /// let found = model.score(&dmatrix![0.5f64], None)?;
    /// // The samples have variance e⁻², so that the score is -e² x.
    /// assert!((found.score[0] + 0.5 * 2f64.exp()).abs() < 1e-7);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, or a setting is out of range.
    pub fn score<T: Real>(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Scored<T>>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let points = &*self.wrapped(points)?;
        self.flow().check()?;
        crate::flow::check_points(self.flow().dim(), points)?;
        let contexts = Contexts::new(self.flow().context_dim(), points.ncols(), context)?;
        let parts: Vec<Part<T>> = points
            .as_slice()
            .par_chunks(points.nrows() * PACKET)
            .enumerate()
            .map_init(
                || Memory::new(self.flow()),
                |memory, (index, columns)| self.score_packet(columns, index, &contexts, memory),
            )
            .collect();
        Ok(Scored::gather(parts, points.nrows(), contexts.dim))
    }

    fn score_packet<T: Real>(
        &self,
        columns: &[T],
        index: usize,
        contexts: &Contexts<'_, T>,
        memory: &mut Memory<T, F::Tape>,
    ) -> Part<T>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let Memory { packet, workspace, tape, cotangent, base, contexts: buffer, sums } = memory;
        let dim = self.flow().dim();
        let count = columns.len() / dim;
        packet.load(columns, dim, contexts.of_packet(index, count, buffer), contexts.dim);
        mark_non_finite(packet.points.view(), 0.0, &mut packet.outcomes);
        mark_non_finite(packet.context.view(), 0.0, &mut packet.outcomes);
        self.flow().record_packet(Direction::Inverse, packet, tape, workspace);
        mark_lanes_outside(self.base(), packet.points.view(), &mut packet.outcomes);
        base.reshape(1, count);
        self.base().log_prob_rows(packet.points.view(), base.row_mut(0));
        let log_prob =
            base.row(0).iter().zip(packet.log_det.row(0)).take(count).map(|(a, b)| *a + *b);
        let log_prob = log_prob.collect();
        let variance = packet.variance.row(0)[..count].iter();
        let errors = packet.estimated.map(|_| variance.map(|value| value.sqrt()).collect());
        self.seed(packet, cotangent);
        sums.fill(T::zero());
        self.flow().pullback_packet(Direction::Inverse, tape, cotangent, sums, workspace);
        let mut part = Part {
            log_prob,
            errors,
            score: vec![T::zero(); count * dim],
            context_score: vec![T::zero(); count * contexts.dim],
            outcomes: packet.outcomes.clone(),
            efforts: packet.efforts.clone(),
        };
        block_to_columns(&cotangent.points, &mut part.score);
        block_to_columns(&cotangent.context, &mut part.context_score);
        part.mark_overflows();
        part.spoil_failed();
        part
    }

    /// The cotangents of each sample's own log-density at the base: its score there, and one.
    fn seed<T: Real>(&self, packet: &Packet<T>, cotangent: &mut Cotangent<T>)
    where
        B: Base<T>,
    {
        let (dim, count) = (packet.points.rows(), packet.len());
        cotangent.points.reshape(dim, count);
        cotangent.log_det.reshape(1, count);
        cotangent.context.reshape(packet.context.rows(), count);
        self.base().score_rows(packet.points.view(), cotangent.points.view_mut());
        for i in 0..dim {
            cotangent.points.row_mut(i)[count..].fill(T::zero());
        }
        cotangent.log_det.fill(T::zero());
        cotangent.log_det.row_mut(0)[..count].fill(T::one());
        cotangent.context.fill(T::zero());
    }
}

impl<T: Real, P: Default> Memory<T, P> {
    fn new<F: TrainableFlow<T, Tape = P>>(flow: &F) -> Self {
        Self {
            packet: Packet::new(Track::LogDet),
            workspace: Workspace::new(),
            tape: P::default(),
            cotangent: Cotangent::default(),
            base: Block::default(),
            contexts: Vec::new(),
            // Parameters take no part, but every way back adds to their sums.
            sums: vec![T::zero(); flow.sums_len()],
        }
    }
}

impl<T: Real> Part<T> {
    /// Marks columns that arrived, and whose derivatives became NaN or infinite on the way back.
    fn mark_overflows(&mut self) {
        let count = self.outcomes.len();
        let finite = |values: &[T], j: usize| {
            let rows = values.len() / count;
            values[j * rows..(j + 1) * rows].iter().all(|value| value.is_finite())
        };
        for j in 0..count {
            let bad = !(finite(&self.score, j) && finite(&self.context_score, j));
            if bad && self.outcomes[j].arrived() {
                let failure = Failure { reason: Reason::Overflow, t: 0.0, step: 1.0 };
                self.outcomes[j] = Outcome::Failed(failure);
            }
        }
    }

    /// Writes NaN over what a column left behind that did not arrive, and minus infinity over the
    /// log-density of one outside the support.
    fn spoil_failed(&mut self) {
        let count = self.outcomes.len();
        for j in (0..count).filter(|&j| !self.outcomes[j].arrived()) {
            let found = [&mut self.log_prob, &mut self.score, &mut self.context_score];
            for values in found.into_iter().chain(&mut self.errors) {
                let rows = values.len() / count;
                values[j * rows..(j + 1) * rows].fill(T::of(f64::NAN));
            }
            if self.outcomes[j].is_outside() {
                self.log_prob[j] = T::of(f64::NEG_INFINITY);
            }
        }
    }
}

impl<T: Real> Scored<T> {
    fn gather(parts: Vec<Part<T>>, dim: usize, context_dim: usize) -> Self {
        let count = parts.iter().map(|part| part.outcomes.len()).sum();
        let all = |of: fn(&Part<T>) -> &Vec<T>| parts.iter().flat_map(of).copied();
        let errors: Option<Vec<&Vec<T>>> = parts.iter().map(|part| part.errors.as_ref()).collect();
        let standard_error = errors
            .map(|errors| DVector::from_iterator(count, errors.into_iter().flatten().copied()));
        Self {
            log_prob: DVector::from_iterator(count, all(|part| &part.log_prob)),
            standard_error,
            score: DMatrix::from_iterator(dim, count, all(|part| &part.score)),
            context_score: DMatrix::from_iterator(
                context_dim,
                count,
                all(|part| &part.context_score),
            ),
            outcomes: parts.iter().flat_map(|part| part.outcomes.iter().copied()).collect(),
            efforts: parts.iter().flat_map(|part| part.efforts.iter().copied()).collect(),
        }
    }

    /// The same, or an error that names the columns without a score.
    ///
    /// # Errors
    ///
    /// If any column failed, or lies outside the support.
    pub fn all_arrived(self) -> Result<Self> {
        match Error::from_outcomes(&self.outcomes) {
            Some(error) => Err(error.advising("the result itself holds the scores of the others")),
            None => Ok(self),
        }
    }
}
