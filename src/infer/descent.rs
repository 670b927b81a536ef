//! Steps along the path gradient, in cycles until the bound stands still.

use super::Target;
use super::company::Company;
use super::divergence::{Divergence, Draws, Memory};
use super::plan::Plan;
use crate::density::{AnyBase, Pushforward};
use crate::error::{Error, Result};
use crate::flow::{AnyFlow, Flow, TrainableFlow};
use crate::real::portable::{exp, hypot, ln};
use crate::trace::mix;
use crate::train::{Kind, Muon, Optimizer, OptimizerState, Pool, Schedule, Task};

/// A gain below this is none, in nats.
const LEAST_GAIN: f64 = 0.004;
/// A bound so near the evidence needs no more steps, in nats.
const CLOSE: f64 = 0.004;
/// A bound farther than this from the evidence is worth more steps than usual, in nats.
const FAR: f64 = 0.08;
/// Every so many steps the company is moved, so often if the bound is as near as this to the evidence, and so often if it
/// is not: a flow that fits leads where chains would.
const EVERY: u64 = 200;
const NEAR: f64 = 0.02;
const MOVES: [usize; 2] = [18, 60];
/// How many steps tell.
const WINDOW: usize = 200;
/// A step whose gradient is longer than this many times the usual one is shortened.
const CLIP: f64 = 5.0;
/// How much of what is known about the evidence a step replaces.
const RECALL: f64 = 0.05;
/// With less than this share of sound draws there is no step.
const LEAST_SOUND: f64 = 0.05;

/// What became of the bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    /// ELBO of every step's draws.
    pub bounds: Vec<f64>,
    /// Draws that had no finite target, and all draws.
    pub lost: [usize; 2],
    /// Whether the last cycle gained nothing any more.
    pub settled: bool,
}

impl Course {
    /// Counts the draws of a step, learns about the evidence, and gives the bound by those that the flow alone
    /// would make as well. `None` with too few that are sound.
    fn take<Q: Target + ?Sized>(
        &mut self,
        divergence: &mut Divergence<'_, Q>,
        weights: &[[f64; 2]],
    ) -> Option<f64> {
        let sound: Vec<&[f64; 2]> = weights.iter().filter(|pair| pair[0].is_finite()).collect();
        self.lost[0] += weights.len() - sound.len();
        if (sound.len() as f64) < LEAST_SOUND * weights.len() as f64 {
            return None;
        }
        let most = sound.iter().map(|pair| pair[0]).fold(f64::NEG_INFINITY, f64::max);
        let mean = sound.iter().map(|pair| exp(pair[0] - most)).sum::<f64>() / weights.len() as f64;
        let now = most + ln(mean);
        let known = divergence.log_evidence;
        divergence.log_evidence =
            if known.is_finite() { known + RECALL * (now - known) } else { now };
        // E_q by draws of the defensive flow: each counts as q / d.
        let shares = sound.iter().map(|pair| exp(pair[0] - pair[1]));
        let total: f64 = shares.clone().sum();
        Some(shares.zip(&sound).map(|(share, pair)| share * pair[1]).sum::<f64>() / total)
    }

    /// The mean bound of some steps, and its standard error.
    fn over(&self, steps: std::ops::Range<usize>) -> [f64; 2] {
        let values = &self.bounds[steps];
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        [mean, (square / (count - 1.0).max(1.0) / count).sqrt()]
    }

    /// How far the bound of the last steps lies below the evidence; infinite with too few to tell.
    fn gap(&self, log_evidence: f64) -> f64 {
        let steps = self.bounds.len();
        match steps >= WINDOW {
            true => log_evidence - self.over(steps - WINDOW..steps)[0],
            false => f64::INFINITY,
        }
    }

    /// Whether the bound of the last steps lies at the evidence.
    fn is_tight(&self, log_evidence: f64) -> bool {
        self.gap(log_evidence) < CLOSE
    }

    /// Whether the bound at the end of the second of two stretches lies above that at the end of the first.
    fn gained(&self, first: usize, second: usize) -> bool {
        let window = |end: usize, length: usize| end - (length / 5).max(1)..end;
        let [before, error] = self.over(window(first, first));
        let [after, other] = self.over(window(second, second - first));
        after - before > LEAST_GAIN.max(2.0 * hypot(error, other))
    }
}

/// Fits a flow by cycles of steps, each twice as long as the one before, until one gains nothing and the evidence is not far.
pub(super) fn descend<Q: Target + ?Sized>(
    divergence: &mut Divergence<'_, Q>,
    model: &mut Pushforward<AnyBase<f64>, AnyFlow<f64>>,
    plan: Plan,
    company: &mut Company,
    seed: u64,
) -> Result<Course> {
    let mut course = Course::default();
    let (mut done, mut length) = (0, plan.first.max(1));
    loop {
        let before = done;
        let length_now = length.min(plan.most - done);
        cycle(
            divergence,
            model,
            plan,
            Stretch { from: done, length: length_now },
            (company, seed),
            &mut course,
        )?;
        done = course.bounds.len();
        let gap = course.gap(divergence.log_evidence);
        let still = before > 0 && !course.gained(before, done);
        let enough = done >= plan.usual && gap < FAR || done >= plan.most;
        // Far from the evidence a cycle without gain is bad luck more often than the end.
        course.settled = gap < CLOSE || still && (gap < FAR || enough);
        if course.settled || enough {
            return Ok(course);
        }
        length *= 2;
    }
}

#[derive(Clone, Copy)]
struct Stretch {
    from: usize,
    length: usize,
}

fn cycle<Q: Target + ?Sized>(
    divergence: &mut Divergence<'_, Q>,
    model: &mut Pushforward<AnyBase<f64>, AnyFlow<f64>>,
    plan: Plan,
    stretch: Stretch,
    (company, seed): (&mut Company, u64),
    course: &mut Course,
) -> Result<()> {
    let flow = model.flow();
    let task =
        Task { dim: flow.dim(), rows: 1_000_000, context_dim: 0, free: true, kind: Kind::Solved };
    let mut optimizer: <Muon as Optimizer<f64>>::State =
        Muon::default().start(&flow.layout(), &task);
    let mut parameters = flow.parameters();
    let mut gradient = vec![0.0; parameters.len()];
    let schedule = Schedule { warm_up: 20, ..Schedule::cosine() };
    let pool: Pool<f64, Memory<<AnyFlow<f64> as TrainableFlow<f64>>::Tape>> = Pool::new();
    let mut usual = f64::INFINITY;
    for step in 0..stretch.length {
        let number = (stretch.from + step) as u64;
        let accuracy = Some(plan.tolerance);
        let draws = Draws { count: plan.batch, seed: mix(seed, number), accuracy };
        let weights = divergence.gradient(model, draws, &pool, &mut gradient)?;
        course.lost[1] += plan.batch;
        let Some(bound) = course.take(divergence, &weights) else {
            return Err(Error::training(format!(
                "the target has a finite value and slope at next to none of {} draws of step {number}: give it the support on which it is positive by the kinds of its parameters",
                plan.batch
            )));
        };
        course.bounds.push(bound);
        let far = course.gap(divergence.log_evidence) > NEAR;
        let travel = (number % EVERY == EVERY - 1).then_some(MOVES[usize::from(far)]);
        company.add_gradient(divergence, model, travel, plan, &mut gradient)?;
        let norm = gradient.iter().map(|slope| slope * slope).sum::<f64>().sqrt();
        if !norm.is_finite() {
            continue;
        }
        if norm > CLIP * usual {
            gradient.iter_mut().for_each(|slope| *slope *= CLIP * usual / norm);
        }
        usual = if usual.is_finite() { 0.9 * usual + 0.1 * norm.min(CLIP * usual) } else { norm };
        optimizer.step(
            plan.rate * schedule.share(step, stretch.length),
            &mut parameters,
            &gradient,
        );
        model.flow_mut().set_parameters(&parameters)?;
        if !plan.exact && (step + 1) % WINDOW == 0 && course.is_tight(divergence.log_evidence) {
            break;
        }
    }
    Ok(())
}
