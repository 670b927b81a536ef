//! How far a run goes: its stable stage, which may grow, and its decay.

use super::choices::Choices;
use super::defaults::{Defaults, FALLING};
use super::{Decay, Noise, Schedule};

/// A larger share of decay leaves no stable stage whose length could be found.
const LARGEST_SHARE: f64 = 0.9;
/// What is kept in reserve of the time that a decay is expected to take, as a share of it.
const RESERVE: f64 = 0.1;

/// The plan of a run, as it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stages {
    /// The schedule, its decay between the steps that are planned.
    schedule: Schedule,
    /// The number of steps of the run.
    steps: usize,
    /// The share of the decay, where its beginning may move.
    share: Option<f64>,
    /// The largest number of steps, as long as the stable stage may grow.
    growth: Option<usize>,
    /// The time limit in seconds.
    limit: Option<f64>,
}

/// How fast a run goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The seconds since its start.
    pub passed: f64,
    /// The seconds of a step, as of late, with its share of checks.
    pub step: f64,
}

impl Stages {
    pub fn new(choices: &Choices, defaults: &Defaults) -> Self {
        let Choices { schedule, steps, seconds, held_out, .. } = *choices;
        let share = match schedule.decay {
            Decay::Last(share) => Some(share).filter(|&share| share <= LARGEST_SHARE),
            Decay::Between { .. } => None,
        };
        let falls = choices.noise == Noise::Chosen;
        let usual = if falls { FALLING } else { defaults.steps };
        let [from, until] = schedule.decay(steps.unwrap_or(usual));
        let open = steps.is_none() && share.is_some() && held_out > 0 && !falls;
        Self {
            schedule: Schedule { decay: Decay::Between { from, until }, ..schedule },
            steps: steps.unwrap_or(until).max(1),
            share,
            growth: open.then_some(defaults.most_steps),
            limit: seconds,
        }
    }

    /// The share of the full rate in a step, from 0.
    pub fn share(&self, step: usize) -> f64 {
        self.schedule.share(step, self.steps)
    }

    /// The number of steps of the run, as planned.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The learning rate from step to step, as planned.
    pub fn schedule(&self) -> Schedule {
        self.schedule
    }

    fn from(&self) -> usize {
        self.schedule.decay(self.steps)[0]
    }

    /// Whether the stable stage is half over now, and what was learnt to here will be asked for.
    pub fn is_half(&self, done: usize) -> bool {
        self.growth.is_some() && done == self.from() / 2
    }

    /// Whether it is to be decided now if the stable stage grows.
    pub fn is_at_fork(&self, done: usize) -> bool {
        self.growth.is_some() && done == self.from()
    }

    /// Doubles the stable stage if that was worth it; else, or if it is then too long, it ends here for good.
    /// Says whether it grew.
    pub fn decide(&mut self, worth: bool) -> bool {
        let (from, share) = (2 * self.from(), self.share.unwrap_or(0.0));
        let until = from + decay_after(from, share);
        let grows = worth && self.growth.is_some_and(|most| until <= most);
        match grows {
            true => self.plan(from, until),
            false => self.growth = None,
        }
        grows
    }

    /// Begins the decay now if the time would else run out before it is over; says whether it does.
    pub fn hasten(&mut self, done: usize, pace: Pace) -> bool {
        let (Some(limit), Some(share)) = (self.limit, self.share) else { return false };
        if done == 0 || done >= self.from() {
            return false;
        }
        let decay = decay_after(done, share).max(1);
        let rest = pace.step * (1.0 + RESERVE) * (decay + 1) as f64;
        let late = pace.passed + rest >= limit;
        if late {
            self.plan(done, done + decay);
            (self.share, self.growth) = (None, None);
        }
        late
    }

    /// A time that is expected, or the limit, if that is less.
    pub fn within(&self, seconds: f64) -> f64 {
        self.limit.map_or(seconds, |limit| seconds.min(limit))
    }

    /// Whether the time has run out.
    pub fn is_late(&self, pace: Pace) -> bool {
        self.limit.is_some_and(|limit| pace.passed >= limit)
    }

    fn plan(&mut self, from: usize, until: usize) {
        self.schedule.decay = Decay::Between { from, until };
        self.steps = until;
    }
}

/// The length of a decay that is this share of the steps, behind so many others.
fn decay_after(stable: usize, share: f64) -> usize {
    (stable as f64 * share / (1.0 - share)).round() as usize
}
