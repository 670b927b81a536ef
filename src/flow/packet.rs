//! A packet: a block of samples on their way, with all that belongs to them.

use crate::columns::{Block, Scratch, columns_to_block};
use crate::outcome::{Effort, Failure, Outcome, Reason};
use crate::real::Real;
use crate::trace::{Estimate, mix};

/// What is wanted of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// Where the points go.
    Points,
    /// Where the points go, and the log-determinant.
    LogDet,
}

/// A block of samples that one thread moves through a flow.
pub struct Packet<T> {
    /// The points, one lane each; padding lanes repeat a valid point.
    pub points: Block<T>,
    /// Their contexts, in as many lanes; may have no rows.
    pub context: Block<T>,
    /// The log-determinant so far, one row.
    pub log_det: Block<T>,
    /// The variance of an estimated log-determinant so far, one row; NaN where it is unknown.
    pub variance: Block<T>,
    /// By what the log-determinant was estimated, if any part of it was; see
    /// [`mark_estimated`](Packet::mark_estimated).
    pub estimated: Option<Estimate>,
    /// What is wanted.
    pub track: Track,
    /// What random numbers belong to. `None` in evaluation: what can be exact is exact, and an
    /// estimator that was named depends on its own seed and on the sample, so that the same sample
    /// gives the same number every time. In training the seed of the mini-batch
    /// ([`MiniBatch::seed`](crate::train::MiniBatch::seed)): flows may estimate by themselves, and
    /// every random number depends on this seed, too, so that none comes again in another step.
    pub noise: Option<u64>,
    /// How accurately flows that integrate do so. `None`, as in evaluation: by the solver and the tolerance
    /// of each. A number, as in rough steps of training: by [`Solver::at`](crate::ode::Solver::at) this
    /// tolerance, relative and absolute alike, whatever their own.
    pub accuracy: Option<f64>,
    /// What became of each sample.
    pub outcomes: Vec<Outcome>,
    /// What each sample cost.
    pub efforts: Vec<Effort>,
}

impl<T: Real> Packet<T> {
    /// An empty packet, to be filled by [`load`](Packet::load).
    pub fn new(track: Track) -> Self {
        Self {
            points: Block::default(),
            context: Block::default(),
            log_det: Block::default(),
            variance: Block::default(),
            estimated: None,
            track,
            noise: None,
            accuracy: None,
            outcomes: Vec::new(),
            efforts: Vec::new(),
        }
    }

    /// Takes in samples, `dim` contiguous values each, and as many contexts of `context_dim`
    /// values; forgets what was there, noise and accuracy included, and keeps its memory.
    pub fn load(&mut self, columns: &[T], dim: usize, contexts: &[T], context_dim: usize) {
        let count = columns.len().checked_div(dim).unwrap_or(0);
        columns_to_block(columns, dim, &mut self.points);
        if context_dim == 0 {
            self.context.reshape(0, count);
        } else {
            columns_to_block(contexts, context_dim, &mut self.context);
        }
        for row in [&mut self.log_det, &mut self.variance] {
            row.reshape(1, count);
            row.fill(T::zero());
        }
        (self.estimated, self.noise, self.accuracy) = (None, None, None);
        self.outcomes.clear();
        self.outcomes.resize(count, Outcome::Arrived);
        self.efforts.clear();
        self.efforts.resize(count, Effort::default());
    }

    /// Ends the way through a layer: counts one evaluation for every sample, and marks those that
    /// became NaN or infinite with `reason`.
    pub(super) fn settle(&mut self, reason: Reason, scratch: &mut Scratch<T>) {
        for effort in &mut self.efforts {
            effort.evaluations += 1;
        }
        // Zero times anything finite is zero.
        let mut sums = scratch.take(1, self.points.lanes());
        sums.fill(T::zero());
        let rows = (0..self.points.rows()).map(|i| self.points.row(i));
        for values in rows.chain([self.log_det.row(0)]) {
            for (sum, value) in sums.values_mut().iter_mut().zip(values) {
                *sum += T::zero() * *value;
            }
        }
        // Without a short cut, so that lanes are looked at many at a time.
        if sums.values().iter().fold(false, |any, sum| any | !sum.is_finite()) {
            for (outcome, sum) in self.outcomes.iter_mut().zip(sums.values()) {
                if !sum.is_finite() && outcome.arrived() {
                    *outcome = Outcome::Failed(Failure { reason, t: 0.0, step: 1.0 });
                }
            }
        }
        scratch.give(sums);
    }

    /// Says that a part of the log-determinant was estimated. Of several estimates the one of fewest
    /// probes is kept.
    pub fn mark_estimated(&mut self, by: Estimate) {
        self.estimated = Estimate::roughest(self.estimated, Some(by));
    }

    /// Where the random numbers of the sample in a lane start: a number that depends on a seed, on
    /// the noise of the packet, and on the bits of the sample and its context, and on nothing else.
    pub fn key(&self, seed: u64, lane: usize) -> u64 {
        let seed = self.noise.map_or(seed, |noise| mix(seed, noise));
        let bits =
            |block: &Block<T>| (0..block.rows()).map(|i| block.row(i)[lane].bits()).fold(0, mix);
        mix(mix(seed, bits(&self.points)), bits(&self.context))
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }
}

/// The derivatives of an objective by what a packet holds at one end of a flow.
#[derive(Default)]
pub struct Cotangent<T> {
    /// By the points: dim rows. Padding lanes are zero.
    pub points: Block<T>,
    /// By the log-determinants: one row. Padding lanes are zero.
    pub log_det: Block<T>,
    /// By the contexts: context_dim rows, added to by every flow that reads them.
    pub context: Block<T>,
}
