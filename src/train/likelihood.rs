//! Maximum likelihood: the mean negative log-density of the samples, in nats.

use std::ops::Range;

use super::{Loss, MiniBatch, Objective, Pool, accumulate};
use crate::density::{Base, Pushforward, mark_lanes_outside};
use crate::error::{Error, Result};
use crate::flow::{Cotangent, Direction, Flow, Packet, Track, TrainableFlow};
use crate::ode::Workspace;
use crate::outcome::Effort;
use crate::real::Real;

/// -Σ log p(x_j) / n, whose minimum over all densities is the entropy of the data.
///
/// Flow and base learn together, if the base has parameters, as [`DiagonalNormal`](crate::density::DiagonalNormal)
/// has; [`Frozen`](crate::flow::Frozen) keeps one of them as it is.
///
/// The gradient is that of the numbers that were computed: the accepted steps of each solve are
/// taken back one by one. Where the log-density is estimated, every mini-batch has noise of its own,
/// and the held-out samples always the same, which no gradient ever sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MaximumLikelihood;

/// What one thread needs for a block.
pub struct LikelihoodMemory<T, P> {
    pub(super) packet: Packet<T>,
    pub(super) workspace: Workspace<T>,
    pub(super) cotangent: Cotangent<T>,
    pub(super) tape: P,
    log_prob: Vec<T>,
}

impl<T: Real, P: Default> Default for LikelihoodMemory<T, P> {
    fn default() -> Self {
        Self {
            packet: Packet::new(Track::LogDet),
            workspace: Workspace::new(),
            cotangent: Cotangent::default(),
            tape: P::default(),
            log_prob: Vec::new(),
        }
    }
}

impl<T: Real, P> LikelihoodMemory<T, P> {
    /// Takes in samples of a mini-batch, with its noise and its accuracy.
    pub(super) fn load(&mut self, batch: &MiniBatch<'_, T>, range: &Range<usize>) {
        let columns = |matrix: &nalgebra::DMatrix<T>| {
            range.start * matrix.nrows()..range.end * matrix.nrows()
        };
        let (points, contexts) = (batch.points, batch.contexts);
        self.packet.load(
            &points.as_slice()[columns(points)],
            points.nrows(),
            &contexts.as_slice()[columns(contexts)],
            contexts.nrows(),
        );
        (self.packet.noise, self.packet.accuracy) = (Some(batch.seed), batch.accuracy);
    }

    /// The sum of the negative log-densities of the packet, which has arrived at the base.
    pub(super) fn loss<B: Base<T>>(&mut self, base: &B, first: usize) -> Result<Loss> {
        mark_lanes_outside(base, self.packet.points.view(), &mut self.packet.outcomes);
        if let Some(error) = Error::from_outcomes(&self.packet.outcomes) {
            return Err(error.renumbered("the mini-batch", |column| first + column));
        }
        self.log_prob.resize(self.packet.points.lanes(), T::zero());
        base.log_prob_rows(self.packet.points.view(), &mut self.log_prob);
        let terms = self.log_prob.iter().zip(self.packet.log_det.row(0)).take(self.packet.len());
        let value = terms.map(|(base, log_det)| -(*base + *log_det).wide()).sum();
        let effort: Effort = self.packet.efforts.iter().copied().sum();
        Ok(Loss { value, effort, estimated: self.packet.estimated, ..Loss::default() })
    }

    /// Sets the cotangents of the mean loss over `count` samples: -score / n and -1 / n. What the base's own
    /// parameters get of them is added to `sums`.
    pub(super) fn seed_cotangent<B: Base<T>>(&mut self, base: &B, count: usize, sums: &mut [T]) {
        let (packet, cotangent) = (&self.packet, &mut self.cotangent);
        let (dim, used) = (packet.points.rows(), packet.len());
        let share = T::of(-1.0 / count as f64);
        cotangent.points.reshape(dim, used);
        cotangent.log_det.reshape(1, used);
        cotangent.context.reshape(packet.context.rows(), used);
        cotangent.context.fill(T::zero());
        base.score_rows(packet.points.view(), cotangent.points.view_mut());
        for i in 0..dim {
            let row = cotangent.points.row_mut(i);
            row[..used].iter_mut().for_each(|value| *value *= share);
            row[used..].fill(T::zero());
        }
        let row = cotangent.log_det.row_mut(0);
        row[..used].fill(share);
        row[used..].fill(T::zero());
        if !sums.is_empty() {
            base.pullback_rows(packet.points.view(), row, sums);
        }
    }
}

/// The mean negative log-density of a batch.
pub(super) fn mean_loss<T, B, F, P>(
    model: &Pushforward<B, F>,
    batch: MiniBatch<'_, T>,
    pool: &Pool<T, LikelihoodMemory<T, P>>,
) -> Result<Loss>
where
    T: Real,
    B: Base<T>,
    F: Flow<T>,
    P: Default + Send,
{
    batch.check(model.flow().dim(), model.flow().context_dim())?;
    let count = batch.points.ncols();
    let work = |range: Range<usize>, memory: &mut LikelihoodMemory<T, P>, _: &mut [T]| {
        memory.load(&batch, &range);
        let LikelihoodMemory { packet, workspace, .. } = memory;
        model.flow().follow_packet(Direction::Inverse, packet, workspace);
        memory.loss(model.base(), range.start)
    };
    let mut loss = accumulate(count, 0, pool, work, |_| Ok(()))?;
    loss.value /= count as f64;
    Ok(loss)
}

impl<T, B, F> Objective<T, Pushforward<B, F>> for MaximumLikelihood
where
    T: Real,
    B: Base<T>,
    F: TrainableFlow<T>,
{
    type Memory = LikelihoodMemory<T, F::Tape>;

    fn name(&self) -> &'static str {
        "negative log-likelihood (nats)"
    }

    fn loss(
        &self,
        model: &Pushforward<B, F>,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, Self::Memory>,
    ) -> Result<Loss> {
        mean_loss(model, batch, pool)
    }

    fn gradient(
        &self,
        model: &Pushforward<B, F>,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, Self::Memory>,
        gradient: &mut [T],
    ) -> Result<Loss> {
        let (flow, count) = (model.flow(), batch.points.ncols());
        batch.check(flow.dim(), flow.context_dim())?;
        let flow_sums = flow.sums_len();
        let work = |range: Range<usize>, memory: &mut Self::Memory, sums: &mut [T]| {
            memory.load(&batch, &range);
            let LikelihoodMemory { packet, workspace, tape, .. } = memory;
            flow.record_packet(Direction::Inverse, packet, tape, workspace);
            let loss = memory.loss(model.base(), range.start)?;
            let (sums, of_base) = sums.split_at_mut(flow_sums);
            memory.seed_cotangent(model.base(), count, of_base);
            let LikelihoodMemory { workspace, tape, cotangent, .. } = memory;
            flow.pullback_packet(Direction::Inverse, tape, cotangent, sums, workspace);
            Ok(loss)
        };
        gradient.fill(T::zero());
        let finish = |sums: &[T]| {
            model.fold_both(sums, gradient, |sums, gradient| flow.fold(sums, gradient))
        };
        let sums_len = flow_sums + model.base().parameter_count();
        let mut loss = accumulate(count, sums_len, pool, work, finish)?;
        loss.value /= count as f64;
        Ok(loss)
    }
}
