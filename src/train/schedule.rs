//! The learning rate from step to step, as a share of the full one.

use std::f64::consts::PI;

use crate::error::{Error, Result};
use crate::real::portable::cos;

/// A linear warm-up to the full learning rate, a stable stage at it, and a decay to a small share.
///
/// A stable stage may be of any length, and a short decay behind it ends nearly as low as a cosine over all steps,
/// whose number must be known beforehand (Hägele et al. 2024, Scaling laws and compute-optimal training beyond fixed
/// training durations). On plane densities the cosine ended lower, by 0.003 nats after 2000 steps, and is what
/// trainers take unless told otherwise.
///
/// ```
/// use liouville::train::{Decay, Fall, Schedule};
///
/// let schedule = Schedule { warm_up: 10, decay: Decay::Last(0.4), fall: Fall::Root, floor: 0.0 };
/// let shares = [0, 9, 59, 60, 70, 100].map(|step| schedule.share(step, 100));
/// assert_eq!(shares, [0.1, 1.0, 1.0, 1.0, 0.5, 0.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The number of steps over which the full rate is reached.
    pub warm_up: usize,
    /// When the rate falls.
    pub decay: Decay,
    /// How it falls.
    pub fall: Fall,
    /// What is left of it at the end, as a share.
    pub floor: f64,
}

/// When the rate falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decay {
    /// Over this share of the steps, the last of them.
    Last(f64),
    /// From the step after so many to the end of so many, whatever the number of steps: what the
    /// [report](super::Report) of a run says that found its length by itself.
    Between {
        /// The number of steps before it.
        from: usize,
        /// The number of steps at its end.
        until: usize,
    },
    /// In cycles of so many steps, then twice as many, then four times as many: each falls as if it were all,
    /// from half the rate of the one before (Loshchilov and Hutter 2017, SGDR: stochastic gradient descent with
    /// warm restarts). A run may end after any of them.
    Cycles {
        /// The number of steps of the first.
        first: usize,
    },
}

/// How a rate falls, over the share s of its decay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fall {
    /// As 1 - √s.
    Root,
    /// As (1 + cos πs) / 2.
    Cosine,
}

impl Default for Schedule {
    /// Fifty steps of warm-up, and a decay over the last 40% of the steps, as 1 - √s, to one percent.
    fn default() -> Self {
        Self { warm_up: 50, decay: Decay::Last(0.4), fall: Fall::Root, floor: 0.01 }
    }
}

impl Schedule {
    /// Fifty steps of warm-up, then half a cosine over all other steps, down to one percent.
    pub fn cosine() -> Self {
        Self { warm_up: 50, decay: Decay::Last(1.0), fall: Fall::Cosine, floor: 0.01 }
    }

    /// Cycles of half a cosine, each with fifty steps of warm-up, down to one percent.
    pub fn cycles(first: usize) -> Self {
        Self { decay: Decay::Cycles { first }, ..Self::cosine() }
    }

    /// The share of the full rate in step `step` (from 0) out of `steps`.
    pub fn share(&self, step: usize, steps: usize) -> f64 {
        let Decay::Cycles { first } = self.decay else {
            return self.share_between(step, self.decay(steps));
        };
        let [number, start, length] = cycle(step, first);
        halved(number) * self.share_between(step - start, [0, length])
    }

    /// The share of the full rate from which the last of `steps` steps falls: less than one in later cycles.
    pub(super) fn full(&self, steps: usize) -> f64 {
        match self.decay {
            Decay::Cycles { first } => halved(cycle(steps.saturating_sub(1), first)[0]),
            _ => 1.0,
        }
    }

    /// The share of the full rate, of which the decay lies between these numbers of steps.
    fn share_between(&self, step: usize, [from, until]: [usize; 2]) -> f64 {
        if step < self.warm_up {
            return (step + 1) as f64 / self.warm_up as f64;
        }
        let from = from.max(self.warm_up);
        let passed = step.saturating_sub(from) as f64 / until.saturating_sub(from).max(1) as f64;
        let passed = passed.min(1.0);
        let left = match self.fall {
            Fall::Root => 1.0 - passed.sqrt(),
            Fall::Cosine => 0.5 * (1.0 + cos(PI * passed)),
        };
        self.floor + (1.0 - self.floor) * left
    }

    /// The numbers of steps before the decay and at its end, of `steps` in all; of cycles, of the last one.
    pub fn decay(&self, steps: usize) -> [usize; 2] {
        match self.decay {
            Decay::Last(share) => {
                [steps.saturating_sub((steps as f64 * share).round() as usize), steps]
            }
            Decay::Between { from, until } => [from, until],
            Decay::Cycles { first } => {
                let [_, start, length] = cycle(steps.saturating_sub(1), first);
                [start, start.saturating_add(length)]
            }
        }
    }

    /// An error if a number is out of range.
    pub(super) fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.floor) {
            return Err(Error::setting(format!(
                "the final share of the learning rate is {}: give 0 to 1",
                self.floor
            )));
        }
        match self.decay {
            Decay::Last(share) if !(0.0..=1.0).contains(&share) => Err(Error::setting(format!(
                "the learning rate falls over a share of {share} of the steps: give 0 to 1"
            ))),
            Decay::Cycles { first: 0 } => Err(Error::setting(
                "the first cycle of the learning rate has no step: give it one or more",
            )),
            Decay::Between { from, until } if from > until => Err(Error::setting(format!(
                "the learning rate falls from step {from} to step {until}: give the earlier first"
            ))),
            _ => Ok(()),
        }
    }
}

/// What is left of one after so many halvings.
fn halved(times: usize) -> f64 {
    0.5f64.powi(i32::try_from(times).unwrap_or(i32::MAX))
}

/// The cycle of a step: its number, its first step, and its length.
fn cycle(step: usize, first: usize) -> [usize; 3] {
    let number = (step / first.max(1) + 1).ilog2();
    let doubled = 1usize << number;
    [number as usize, (doubled - 1).saturating_mul(first), doubled.saturating_mul(first)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_to_the_full_rate_stays_and_falls_to_the_floor() {
        for (fall, middle) in
            [(Fall::Cosine, 0.55), (Fall::Root, 0.1 + 0.9 * (1.0 - 0.5f64.sqrt()))]
        {
            let schedule = Schedule { warm_up: 10, decay: Decay::Last(0.4), fall, floor: 0.1 };
            let shares: Vec<_> = (0..=100).map(|step| schedule.share(step, 100)).collect();
            assert_eq!((shares[0], shares[4]), (0.1, 0.5));
            assert!(shares[9..=60].iter().all(|&share| share == 1.0));
            assert!(shares[60..].windows(2).all(|pair| pair[1] < pair[0]));
            assert!((shares[80] - middle).abs() < 1e-12 && (shares[100] - 0.1).abs() < 1e-12);
            // As a decay between steps it is the same, to the last bit, and does not depend on their number.
            let [from, until] = schedule.decay(100);
            let found = Schedule { decay: Decay::Between { from, until }, ..schedule };
            assert!((0..=100).all(|step| found.share(step, 77) == shares[step]));
            assert_eq!(found.share(5000, 77), shares[100]);
        }
    }

    #[test]
    fn a_cosine_over_everything_begins_to_fall_at_once() {
        let schedule = Schedule { warm_up: 10, ..Schedule::cosine() };
        let shares: Vec<_> = (0..=100).map(|step| schedule.share(step, 100)).collect();
        assert_eq!((shares[0], shares[9], shares[10]), (0.1, 1.0, 1.0));
        assert!(shares[10..].windows(2).all(|pair| pair[1] < pair[0]));
        assert!((shares[55] - 0.505).abs() < 1e-12 && (shares[100] - 0.01).abs() < 1e-12);
    }

    #[test]
    fn cycles_are_twice_as_long_from_half_the_rate() {
        let schedule = Schedule { warm_up: 2, ..Schedule::cycles(10) };
        let alone = Schedule { warm_up: 2, ..Schedule::cosine() };
        for (number, start, length) in [(0, 0, 10), (1, 10, 20), (2, 30, 40)] {
            for k in 0..length {
                let expected = 0.5f64.powi(number) * alone.share(k, length);
                assert_eq!(schedule.share(start + k, 70), expected, "{number} {k}");
            }
            assert_eq!(schedule.decay(start + length), [start, start + length]);
            assert_eq!(schedule.full(start + length), 0.5f64.powi(number));
        }
    }

    #[test]
    fn degenerate_lengths_give_shares_between_floor_and_one() {
        for decay in [Decay::Last(0.0), Decay::Last(1.0), Decay::Between { from: 3, until: 3 }] {
            let schedule = Schedule { warm_up: 0, decay, fall: Fall::Root, floor: 0.2 };
            for (step, steps) in [(0, 0), (0, 1), (1, 1), (3, 2), (usize::MAX, 5)] {
                let share = schedule.share(step, steps);
                assert!((0.2..=1.0).contains(&share), "{decay:?} {step} {steps}: {share}");
            }
        }
    }
}
