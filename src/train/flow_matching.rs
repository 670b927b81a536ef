//! Conditional flow matching: the velocity is fitted to straight paths from noise to data.

use std::ops::Range;

use nalgebra::DMatrix;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};

use super::defaults::HONEST;
use super::honesty::Tolerances;
use super::likelihood::{LikelihoodMemory, mean_loss};
use super::warning::Warning;
use super::{Loss, MiniBatch, Objective, Pairing, Pool, accumulate};
use crate::columns::{Block, Scratch, columns_to_block};
use crate::density::{Base, Pushforward};
use crate::error::{Error, Result};
use crate::field::{At, Cotangents, Pulled, Traced, TrainableField};
use crate::flow::{ContinuousFlow, Flow};
use crate::ode::{Solver, Span};
use crate::outcome::Effort;
use crate::outcome::shown::count;
use crate::real::Real;
use crate::real::portable::powf;

/// The mean of |f(t, x_t) - (x_1 - x_0)|² / dim with x_t = (1 - t) x_0 + t x_1, for x_0 from the
/// base, x_1 from the data and t [crowded](FlowMatching::crowding) towards them (Lipman et al. 2023, Flow matching for generative
/// modeling, equation 23, with straight paths; Tong et al. 2024 for the pairings).
///
/// Paths start where the base draws, whose own parameters they do not teach: a base that has some is refused,
/// and [`Frozen`](crate::flow::Frozen) says that it is to stay as it is. It may learn afterwards, by likelihood.
///
/// Under a [`Frame`](crate::flow::continuous::Frame) x_1 are the data as the field sees them.
///
/// No equation is solved for a step. The minimum of the loss is not the entropy, and not zero, and a
/// model that is twice as far from the truth as another may have nearly the same: at every check the
/// likelihood of a few held-out samples is computed by the flow itself, at its own tolerance, and
/// the parameters that are kept are those of the best likelihood, not of the least loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowMatching {
    /// How noise is paired with data.
    pub pairing: Pairing,
    /// How times crowd towards the data: the share of the way is 1 - (1 - u)^g for u uniform, with
    /// density (1 - s)^(1 / g - 1) / g. Default: 2; with 1 all are alike.
    ///
    /// The velocity that is best does not depend on it, but what is learnt of it first does. What is narrow
    /// takes form at the end of the way, where the noise left is no wider: of times that are all alike, too
    /// few are there (Wildberger et al. 2023, Flow matching for scalable simulation-based inference,
    /// section 3.3, crowd times for the same reason).
    pub crowding: f64,
}

impl Default for FlowMatching {
    fn default() -> Self {
        Self { pairing: Pairing::default(), crowding: 2.0 }
    }
}

/// What one thread needs for a block.
pub struct MatchingMemory<T, P> {
    scratch: Scratch<T>,
    tape: P,
    times: Block<T>,
    start: Block<T>,
    end: Block<T>,
    context: Block<T>,
    velocity: Block<T>,
    x_bar: Block<T>,
    context_bar: Block<T>,
}

impl<T: Real, P: Default> Default for MatchingMemory<T, P> {
    fn default() -> Self {
        let [times, start, end, context, velocity, x_bar, context_bar] =
            std::array::from_fn(|_| Block::default());
        let (scratch, tape) = (Scratch::new(), P::default());
        Self { scratch, tape, times, start, end, context, velocity, x_bar, context_bar }
    }
}

/// The random part of a mini-batch.
struct Draws<T: Real> {
    noise: DMatrix<T>,
    times: Vec<f64>,
    partner: Vec<usize>,
}

/// How finely the scalar must resolve times; matching has no tolerance of its own.
const AIM: f64 = 1e-5;

impl FlowMatching {
    fn draw<T: Real, B: Base<T>>(&self, base: &B, batch: &MiniBatch<'_, T>) -> Result<Draws<T>> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(batch.seed);
        let noise = base.sample(batch.points.ncols(), &mut rng)?;
        let times = self.times(batch.points.ncols(), &mut rng);
        let partner = self.pairing.pair(&noise, batch.points, batch.contexts)?;
        Ok(Draws { noise, times, partner })
    }

    /// Shares of the way, one drawn from every part of equal probability, in random order.
    fn times<R: Rng>(&self, count: usize, rng: &mut R) -> Vec<f64> {
        let part = |k: usize| (k as f64 + rng.random::<f64>()) / count as f64;
        let uniform = (0..count).map(part).collect::<Vec<f64>>();
        // Of the default power no function is asked.
        let power = |u: f64| if self.crowding == 2.0 { u * u } else { powf(u, self.crowding) };
        let mut times: Vec<f64> = uniform.into_iter().map(|u| 1.0 - power(1.0 - u)).collect();
        times.shuffle(rng);
        times
    }
}

impl<T: Real, P: Default> MatchingMemory<T, P> {
    /// Fills in x_t (as `start`), the target velocity (as `end`), times and contexts.
    fn load(
        &mut self,
        batch: &MiniBatch<'_, T>,
        draws: &Draws<T>,
        range: &Range<usize>,
        span: Span,
    ) {
        let dim = batch.points.nrows();
        let part = |matrix: &DMatrix<T>| range.start * matrix.nrows()..range.end * matrix.nrows();
        columns_to_block(&batch.points.as_slice()[part(batch.points)], dim, &mut self.end);
        self.start.reshape(dim, range.len());
        self.times.reshape(1, range.len());
        let inside = span.inside();
        let column = |lane: usize| range.start + lane.min(range.len() - 1);
        for (lane, time) in self.times.row_mut(0).iter_mut().enumerate() {
            *time = inside.at(span.from + draws.times[column(lane)] * span.length());
        }
        let noise = draws.noise.as_slice();
        for i in 0..dim {
            let ends = self.start.row_mut(i).iter_mut().zip(self.end.row_mut(i));
            for (lane, (start, end)) in ends.enumerate() {
                let (s, partner) = (draws.times[column(lane)], draws.partner[column(lane)]);
                let (x0, x1) = (noise[partner * dim + i].wide(), end.wide());
                *start = T::of((1.0 - s) * x0 + s * x1);
                *end = T::of((x1 - x0) / span.length());
            }
        }
        if batch.contexts.nrows() == 0 {
            self.context.reshape(0, range.len());
        } else {
            let contexts = &batch.contexts.as_slice()[part(batch.contexts)];
            columns_to_block(contexts, batch.contexts.nrows(), &mut self.context);
        }
    }
}

impl<T, B, F, S> Objective<T, Pushforward<B, ContinuousFlow<F, S>>> for FlowMatching
where
    T: Real,
    B: Base<T>,
    F: TrainableField<T>,
    S: Solver<T>,
{
    type Memory = MatchingMemory<T, F::Tape>;

    fn name(&self) -> &'static str {
        "flow-matching error per coordinate"
    }

    fn check(&self) -> Result<()> {
        let crowding = self.crowding;
        if !(crowding > 0.0 && crowding.is_finite()) {
            return Err(Error::setting(format!(
                "times crowd towards the data by {crowding}: give a positive number, such as 2, or 1 for times that are all alike"
            )));
        }
        Ok(())
    }

    fn check_model(&self, model: &Pushforward<B, ContinuousFlow<F, S>>) -> Result<()> {
        match model.base().parameter_count() {
            0 => Ok(()),
            some => Err(Error::setting(format!(
                "the base has {}, which flow matching cannot teach, since its paths start where the base draws: wrap it, `Frozen::new(base)`, or train by maximum likelihood",
                count(some, "parameter")
            ))),
        }
    }

    fn follows(&self) -> bool {
        false
    }

    fn warnings(&self, _: &DMatrix<T>, contexts: &DMatrix<T>, batch: usize) -> Vec<Warning> {
        let companions = self.pairing.companions(contexts, batch);
        let unpaired = companions.filter(|&companions| companions < 1.0);
        unpaired.map(|companions| Warning::Unpaired { companions }).into_iter().collect()
    }

    /// At the flow's own tolerance, or a tighter one where that is loose.
    fn likelihood(
        &self,
        model: &Pushforward<B, ContinuousFlow<F, S>>,
        batch: MiniBatch<'_, T>,
    ) -> Result<Option<f64>> {
        let own = Tolerances::new(HONEST, Some(model.flow().accuracy()));
        let batch = MiniBatch { accuracy: own.checks(), ..batch };
        match mean_loss(model, batch, &Pool::<T, LikelihoodMemory<T, ()>>::new()) {
            Ok(loss) if loss.value.is_nan() => Ok(Some(f64::INFINITY)),
            Ok(loss) => Ok(Some(loss.value)),
            Err(error) if error.failed_columns().is_empty() => Err(error),
            Err(_) => Ok(Some(f64::INFINITY)),
        }
    }

    fn loss(
        &self,
        model: &Pushforward<B, ContinuousFlow<F, S>>,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, Self::Memory>,
    ) -> Result<Loss> {
        self.matched(model, batch, pool, None)
    }

    fn gradient(
        &self,
        model: &Pushforward<B, ContinuousFlow<F, S>>,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, Self::Memory>,
        gradient: &mut [T],
    ) -> Result<Loss> {
        self.matched(model, batch, pool, Some(gradient))
    }
}

impl FlowMatching {
    /// The loss, and its gradient if there is room for it.
    fn matched<T, B, F, S>(
        &self,
        model: &Pushforward<B, ContinuousFlow<F, S>>,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, MatchingMemory<T, F::Tape>>,
        gradient: Option<&mut [T]>,
    ) -> Result<Loss>
    where
        T: Real,
        B: Base<T>,
        F: TrainableField<T>,
        S: Solver<T>,
    {
        Objective::<T, Pushforward<B, ContinuousFlow<F, S>>>::check(self)?;
        self.check_model(model)?;
        let (field, span) = (model.flow().field(), model.flow().times());
        batch.check(field.dim(), field.context_dim())?;
        span.check::<T>(AIM)?;
        let inside = model.flow().inside(batch.points, batch.contexts)?;
        let batch = match &inside {
            Some([points, contexts]) => MiniBatch { points, contexts, ..batch },
            None => batch,
        };
        let draws = self.draw(model.base(), &batch)?;
        let count = batch.points.ncols();
        let sums_len = if gradient.is_some() { field.velocity_sums_len() } else { 0 };
        let work =
            |range: Range<usize>, memory: &mut MatchingMemory<T, F::Tape>, sums: &mut [T]| {
                memory.load(&batch, &draws, &range, span);
                let used = range.len();
                let value = match sums.is_empty() {
                    true => memory.loss(field, used, count),
                    false => memory.loss_with_gradient(field, used, count, sums),
                };
                let effort = Effort { evaluations: used as u64, ..Effort::default() };
                Ok(Loss { value, effort, ..Loss::default() })
            };
        let mut loss = accumulate(count, sums_len, pool, work, |sums| {
            let Some(gradient) = gradient else { return Ok(()) };
            gradient.fill(T::zero());
            field.fold(sums, gradient)
        })?;
        loss.value /= count as f64;
        Ok(loss)
    }
}

impl<T: Real, P> MatchingMemory<T, P> {
    /// The sum of the losses of the block that was loaded.
    fn loss<F: TrainableField<T, Tape = P>>(
        &mut self,
        field: &F,
        used: usize,
        count: usize,
    ) -> f64 {
        let Self { scratch, times, start, end, context, velocity, .. } = self;
        velocity.reshape(start.rows(), used);
        let at = At { t: times.row(0), x: start.view(), context: context.view() };
        field.velocity(at, velocity.view_mut(), scratch);
        residuals(velocity, end, used, count)
    }

    /// The sum of the losses; adds their gradient to the sums.
    fn loss_with_gradient<F: TrainableField<T, Tape = P>>(
        &mut self,
        field: &F,
        used: usize,
        count: usize,
        sums: &mut [T],
    ) -> f64 {
        let Self { scratch, tape, times, start, end, context, velocity, x_bar, context_bar } = self;
        velocity.reshape(start.rows(), used);
        x_bar.reshape(start.rows(), used);
        context_bar.reshape(context.rows(), used);
        let mut none = scratch.take(0, used);
        let at = At { t: times.row(0), x: start.view(), context: context.view() };
        let traced = Traced::Velocity;
        field.record(at, traced, velocity.view_mut(), none.view_mut(), tape, scratch);
        let value = residuals(velocity, end, used, count);
        let cotangents = Cotangents { velocity: velocity.view(), traces: none.view() };
        let pulled = Pulled { x: x_bar.view_mut(), context: context_bar.view_mut(), sums };
        field.pullback(at, traced, tape, cotangents, pulled, scratch);
        scratch.give(none);
        value
    }
}

/// The sum of |f - target|² / dim over the used lanes; `velocity` is overwritten by its derivative,
/// 2 (f - target) / (dim n), and zero in padding lanes.
fn residuals<T: Real>(
    velocity: &mut Block<T>,
    target: &Block<T>,
    used: usize,
    count: usize,
) -> f64 {
    let dim = velocity.rows();
    let share = T::of(2.0 / (dim * count) as f64);
    let mut total = 0.0;
    for i in 0..dim {
        let row = velocity.row_mut(i);
        for (f, target) in row[..used].iter_mut().zip(target.row(i)) {
            let residual = *f - *target;
            total += (residual * residual).wide();
            *f = residual * share;
        }
        row[used..].fill(T::zero());
    }
    total / dim as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_density_that_is_written_down() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        for crowding in [0.5, 1.0, 2.0, 3.5] {
            for count in [1, 7, 256] {
                let matching = FlowMatching { crowding, ..FlowMatching::default() };
                let mut times = matching.times(count, &mut rng);
                times.sort_by(f64::total_cmp);
                // One of each part of equal probability: the k-th lies between the k-th and the next quantile.
                let below = |s: f64| 1.0 - (1.0 - s).powf(1.0 / crowding);
                for (k, time) in times.iter().enumerate() {
                    let rank = below(*time) * count as f64 - k as f64;
                    assert!((-1e-9..=1.0 + 1e-9).contains(&rank), "{crowding}, {count}: {rank}");
                }
            }
        }
    }

    #[test]
    fn times_do_not_follow_the_order_of_samples() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let times = FlowMatching { crowding: 1.0, ..FlowMatching::default() }.times(1000, &mut rng);
        // The mean over the first half has a deviation of √(1/12/500/2) = 0.0091 about one half.
        let mean = times[..500].iter().sum::<f64>() / 500.0;
        assert!((mean - 0.5).abs() < 6.0 * 0.0092, "{mean}");
    }
}
