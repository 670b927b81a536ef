//! How far a run goes: in one decay, which a time limit may hasten, or in cycles, as many as are worth it.

use super::choices::Choices;
use super::defaults::{Defaults, FALLING};
use super::{Decay, Noise, Schedule};
use crate::error::{Error, Result};

/// A decay over a larger share leaves no steps before it whose number a time limit could lower.
const LARGEST_SHARE: f64 = 0.9;
/// What is kept in reserve of the time that a decay is expected to take, as a share of it.
const RESERVE: f64 = 0.1;

/// The plan of a run, as it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stages {
    /// The schedule; a single decay lies between the steps that are planned.
    pub schedule: Schedule,
    /// The number of steps of the run.
    pub steps: usize,
    /// The share of the decay, where its beginning may move.
    pub share: Option<f64>,
    /// The largest number of steps, as long as another cycle may follow.
    pub growth: Option<usize>,
    /// The time limit in seconds.
    pub limit: Option<f64>,
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
        let falls = choices.noise == Noise::Chosen;
        let usual = match seconds {
            _ if falls => FALLING,
            Some(_) => defaults.most_steps,
            None => defaults.steps,
        };
        let [from, until] = schedule.decay(steps.unwrap_or(usual));
        let (decay, share) = match schedule.decay {
            Decay::Last(share) => {
                let movable = Some(share).filter(|&share| share <= LARGEST_SHARE);
                (Decay::Between { from, until }, movable)
            }
            told => (told, None),
        };
        let cycles = matches!(decay, Decay::Cycles { .. });
        let open = steps.is_none() && cycles && held_out > 0 && !falls;
        Self {
            schedule: Schedule { decay, ..schedule },
            steps: steps.unwrap_or(until).max(1),
            share,
            growth: open.then_some(defaults.most_steps),
            limit: seconds,
        }
    }

    /// An error unless a run of this plan could have come to that one: longer than any that is planned it is not.
    pub fn check_after(&self, later: &Self) -> Result<()> {
        let most = self.steps.max(self.growth.unwrap_or(0));
        match later.steps > most || later.limit != self.limit {
            true => Err(Error::format(format!(
                "the checkpoint is of a run of {} steps, and it could have {most}: the file was changed",
                later.steps
            ))),
            false => Ok(()),
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

    /// The numbers of steps before the decay, or the last cycle, and at its end.
    fn decay(&self) -> [usize; 2] {
        self.schedule.decay(self.steps)
    }

    /// The rate from which the last cycle falls, as a share of the full one.
    pub fn full(&self) -> f64 {
        self.schedule.full(self.steps)
    }

    /// Whether the last cycle is half over now, and what was learnt to here will be asked for.
    pub fn is_half(&self, done: usize) -> bool {
        let [from, until] = self.decay();
        self.growth.is_some() && done == from + (until - from) / 2
    }

    /// Whether it is to be decided now if another cycle follows.
    pub fn is_at_fork(&self, done: usize) -> bool {
        self.growth.is_some() && done == self.steps
    }

    /// Lets another cycle follow if that is worth it, unless the run is then too long; says whether it does.
    pub fn decide(&mut self, worth: bool) -> bool {
        let [_, next] = self.schedule.decay(self.steps + 1);
        let grows = worth && self.growth.is_some_and(|most| next <= most);
        match grows {
            true => self.steps = next,
            false => self.growth = None,
        }
        grows
    }

    /// After how many steps without an improvement a run of cycles is over: half the first cycle. Later ones first undo what the ones before them had gained by a low rate.
    pub fn patience(&self) -> Option<usize> {
        let [from, until] = self.decay();
        self.growth.filter(|_| from == 0).map(|_| until / 2)
    }

    /// Begins the decay now if the time would else run out before it is over; says whether it does.
    pub fn hasten(&mut self, done: usize, pace: Pace) -> bool {
        let (Some(limit), Some(share)) = (self.limit, self.share) else { return false };
        if done == 0 || done >= self.decay()[0] {
            return false;
        }
        let decay = decay_after(done, share).max(1);
        let rest = pace.step * (1.0 + RESERVE) * (decay + 1) as f64;
        let late = pace.passed + rest >= limit;
        if late {
            self.schedule.decay = Decay::Between { from: done, until: done + decay };
            self.steps = done + decay;
            self.share = None;
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
}

/// The length of a decay that is this share of the steps, behind so many others.
fn decay_after(stable: usize, share: f64) -> usize {
    (stable as f64 * share / (1.0 - share)).round() as usize
}
