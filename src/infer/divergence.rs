//! The divergence that is minimised, and its path gradient.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::Target;
use super::free::Free;
use super::ground::{Draw, Ground};
use super::place::Place;
use crate::columns::{Block, block_to_columns, columns_to_block};
use crate::density::{AnyBase, Base, Pushforward};
use crate::error::Result;
use crate::flow::{Cotangent, Direction, Packet, Track, TrainableFlow};
use crate::ode::Workspace;
use crate::real::portable::exp;
use crate::trace::mix;
use crate::train::{Loss, Pool, accumulate};

/// The reverse Kullback-Leibler divergence of a flow q from a target p, in the coordinates of a place.
///
/// Its gradient pulls the score of q less that of p back through the ways of draws: the path gradient (Roeder, Wu
/// and Duvenaud 2017, Sticking the landing, NeurIPS; for continuous flows Vaitl, Nicoli, Nakajima and Kessel 2022,
/// ICML). Densities are differentiated by the draw alone; it needs no trace on that way, and vanishes, not only in
/// the mean, where q is p. Draws are of a base with wider ones among them, each counted as often as q makes it.
pub(super) struct Divergence<'a, Q: ?Sized> {
    pub ground: Ground,
    pub target: Free<'a, Q>,
    pub place: Place,
    /// ln ∫ p̃, as far as it is known; infinite while it is not.
    pub log_evidence: f64,
}

/// What one thread needs for a block.
pub(super) struct Memory<P> {
    out: Packet<f64>,
    back: Packet<f64>,
    workspace: Workspace<f64>,
    tapes: [P; 2],
    cotangent: Cotangent<f64>,
    unused: Vec<f64>,
}

impl<P: Default> Default for Memory<P> {
    fn default() -> Self {
        Self {
            out: Packet::new(Track::Points),
            back: Packet::new(Track::LogDet),
            workspace: Workspace::new(),
            tapes: Default::default(),
            cotangent: Cotangent::default(),
            unused: Vec::new(),
        }
    }
}

/// The draws of a step that count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    pub count: usize,
    pub seed: u64,
    pub accuracy: Option<f64>,
}

impl<Q: Target + ?Sized> Divergence<'_, Q> {
    /// Writes the gradient; gives ln p̃ - ln d and ln p̃ - ln q of every draw, NaN where the target is not finite.
    pub fn gradient<F: TrainableFlow<f64>>(
        &self,
        model: &Pushforward<AnyBase<f64>, F>,
        draws: Draws,
        pool: &Pool<f64, Memory<F::Tape>>,
        gradient: &mut [f64],
    ) -> Result<Vec<[f64; 2]>> {
        let flow = model.flow();
        let weights = Mutex::new(vec![[f64::NAN; 2]; draws.count]);
        gradient.fill(0.0);
        let work = |range: Range<usize>, memory: &mut Memory<F::Tape>, sums: &mut [f64]| {
            let found = self.block(model, draws, range.clone(), memory, sums)?;
            weights.lock().unwrap_or_else(PoisonError::into_inner)[range].copy_from_slice(&found);
            Ok(Loss::default())
        };
        accumulate(draws.count, flow.sums_len(), pool, work, |sums| flow.fold(sums, gradient))?;
        Ok(weights.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn block<F: TrainableFlow<f64>>(
        &self,
        model: &Pushforward<AnyBase<f64>, F>,
        draws: Draws,
        range: Range<usize>,
        memory: &mut Memory<F::Tape>,
        sums: &mut [f64],
    ) -> Result<Vec<[f64; 2]>> {
        let (flow, dim, count) = (model.flow(), model.flow().dim(), range.len());
        let Memory { out, back, workspace, tapes: [there, home], cotangent, unused } = memory;
        let seed_of_block = mix(draws.seed, range.start as u64);
        let (mut columns, ratios) = self.ground.draws(count, Draw::Defensive, seed_of_block)?;
        out.load(&columns, dim, &[], 0);
        (out.noise, out.accuracy) = (Some(draws.seed), draws.accuracy);
        flow.record_packet(Direction::Forward, out, there, workspace);
        block_to_columns(&out.points, &mut columns);
        back.load(&columns, dim, &[], 0);
        (back.noise, back.accuracy) = (Some(draws.seed), draws.accuracy);
        flow.record_packet(Direction::Inverse, back, home, workspace);
        let mut log_q = vec![0.0; back.points.lanes()];
        model.base().log_prob_rows(back.points.view(), &mut log_q);
        seed(model.base(), back, cotangent);
        unused.clear();
        unused.resize(flow.sums_len(), 0.0);
        flow.pullback_packet(Direction::Inverse, home, cotangent, unused, workspace);
        let mut scores = vec![0.0; count * dim];
        block_to_columns(&cotangent.points, &mut scores);
        let mut found = vec![[f64::NAN; 2]; count];
        for (j, score) in scores.chunks_mut(dim).enumerate() {
            let arrived = out.outcomes[j].arrived() && back.outcomes[j].arrived();
            let log_q = log_q[j] + back.log_det.row(0)[j];
            let log_weight =
                arrived.then(|| self.subtract(&columns[j * dim..(j + 1) * dim], log_q, score));
            let Some(log_weight) = log_weight.flatten() else {
                score.fill(0.0);
                continue;
            };
            found[j] = [log_weight - ratios[j], log_weight];
            let share = exp(-ratios[j]) / draws.count as f64;
            score.iter_mut().for_each(|slope| *slope *= share);
        }
        cotangent_of(&scores, dim, count, cotangent);
        flow.pullback_packet(Direction::Forward, there, cotangent, sums, workspace);
        Ok(found)
    }

    /// Turns the score of q at a draw into that of ln q - ln p̃; gives ln p̃ - ln q. `None` where p̃ has neither a
    /// finite logarithm nor a finite slope.
    fn subtract(&self, draw: &[f64], log_q: f64, score: &mut [f64]) -> Option<f64> {
        let found = self.target.at(&self.place.at(draw));
        if !found.is_sound() || !log_q.is_finite() {
            return None;
        }
        let slope = self.place.pull(&found.gradient);
        let slopes = score.iter_mut().zip(&slope);
        slopes.for_each(|(score, slope)| *score -= slope);
        Some(found.value + self.place.log_det() - log_q)
    }
}

/// Cotangents whose pullback is the score of q at the points that went home.
fn seed(base: &AnyBase<f64>, back: &Packet<f64>, cotangent: &mut Cotangent<f64>) {
    let (dim, count) = (back.points.rows(), back.len());
    cotangent.points.reshape(dim, count);
    cotangent.log_det.reshape(1, count);
    cotangent.context.reshape(0, count);
    base.score_rows(back.points.view(), cotangent.points.view_mut());
    for i in 0..dim {
        cotangent.points.row_mut(i)[count..].fill(0.0);
    }
    cotangent.log_det.fill(0.0);
    cotangent.log_det.row_mut(0)[..count].fill(1.0);
}

/// Cotangents of the points alone.
fn cotangent_of(scores: &[f64], dim: usize, count: usize, cotangent: &mut Cotangent<f64>) {
    let mut block = Block::default();
    columns_to_block(scores, dim, &mut block);
    cotangent.points.copy_from(block.view());
    for i in 0..dim {
        cotangent.points.row_mut(i)[count..].fill(0.0);
    }
    cotangent.log_det.reshape(1, count);
    cotangent.log_det.fill(0.0);
    cotangent.context.reshape(0, count);
}
