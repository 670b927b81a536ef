//! Steps that are refused: how they are told, and to where the run goes back.

use std::fmt;

use super::StepReport;
use super::defaults::{JUMP, MOST_REFUSED, STIFF, STIFFEST, USUAL, WAYPOINTS};
use crate::error::{Error, Result};

/// Why steps were taken back.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Trouble {
    /// The loss or its gradient could not be computed, or parameters were infinite.
    Failed {
        /// The message of the error.
        message: String,
    },
    /// The loss was far above that of the steps before.
    Jumped {
        /// The loss of the mini-batch.
        loss: f64,
        /// The median of the steps before.
        usual: f64,
    },
    /// The field had become stiff.
    Stiff {
        /// The mean number of evaluations of the field per sample.
        evaluations: f64,
        /// The median of the steps before.
        usual: f64,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { message } => f.write_str(message),
            Self::Jumped { loss, usual } => {
                write!(f, "the loss jumped to {loss:.3e}, from {usual:.3} as usual")
            }
            Self::Stiff { evaluations, usual } => write!(
                f,
                "the field became stiff: {evaluations:.0} evaluations a sample, from {usual:.0} as usual"
            ),
        }
    }
}

impl Trouble {
    pub(super) fn failed(error: &Error) -> Self {
        Self::Failed { message: error.to_string() }
    }

    /// What is wrong with a loss that could be computed, beside those of the steps before it; `rate` is what is left
    /// of the learning rate, as a share.
    pub(super) fn of(loss: f64, evaluations: f64, steps: &[StepReport], rate: f64) -> Option<Self> {
        let last = &steps[steps.len().saturating_sub(USUAL)..];
        if last.len() < USUAL / 4 {
            return None;
        }
        let usual = median(last, |step| step.evaluations);
        let at_first = median(&steps[..last.len()], |step| step.evaluations);
        let suddenly = evaluations > STIFF[0] * usual && evaluations > STIFF[1];
        // At half the rate it may become twice as stiff.
        let slowly = evaluations > STIFFEST.max(STIFF[0] * at_first) / rate;
        if suddenly || slowly {
            return Some(Self::Stiff { evaluations, usual });
        }
        let usual = median(last, |step| step.loss);
        (loss > usual + JUMP * (1.0 + usual.abs())).then_some(Self::Jumped { loss, usual })
    }
}

fn median(steps: &[StepReport], value: impl Fn(&StepReport) -> f64) -> f64 {
    let mut values: Vec<f64> = steps.iter().map(value).collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Where a run goes back to, and how often it did.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guard<W> {
    /// What is left of the learning rate, as a share.
    pub rate: f64,
    /// The number of steps that were refused since the last waypoint.
    pub refused: usize,
    /// The last waypoint, with the number of steps before it: a gradient was taken there, and was good.
    pub waypoint: Option<(usize, W)>,
}

impl<W> Guard<W> {
    pub fn new() -> Self {
        Self { rate: 1.0, refused: 0, waypoint: None }
    }

    /// The same with a waypoint of another kind.
    pub fn map<V>(&self, change: impl Fn(&W) -> V) -> Guard<V> {
        let waypoint = self.waypoint.as_ref();
        let waypoint = waypoint.map(|(step, waypoint)| (*step, change(waypoint)));
        Guard { rate: self.rate, refused: self.refused, waypoint }
    }

    /// The same with a waypoint of another kind, if it can be had.
    pub fn try_map<V>(&self, change: impl Fn(&W) -> Result<V>) -> Result<Guard<V>> {
        let Guard { rate, refused, waypoint } = self.map(change);
        let waypoint = match waypoint {
            Some((step, waypoint)) => Some((step, waypoint?)),
            None => None,
        };
        Ok(Guard { rate, refused, waypoint })
    }

    /// Whether a waypoint is due.
    pub fn is_due(&self, step: usize) -> bool {
        self.waypoint.as_ref().is_none_or(|(last, _)| step >= last + WAYPOINTS)
    }

    /// Sets a waypoint.
    pub fn set(&mut self, step: usize, waypoint: W) {
        (self.waypoint, self.refused) = (Some((step, waypoint)), 0);
    }

    /// The last waypoint, unless the run went back to it too often.
    pub fn waypoint(&self) -> Option<(usize, &W)> {
        let left = self.refused < MOST_REFUSED;
        self.waypoint.as_ref().filter(|_| left).map(|(step, waypoint)| (*step, waypoint))
    }

    /// Counts a refusal, and halves the rate.
    pub fn refuse(&mut self) {
        self.refused += 1;
        self.rate *= 0.5;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(loss: f64, evaluations: f64) -> StepReport {
        let [penalty, gradient_norm, learning_rate, seconds] = [0.0; 4];
        StepReport { loss, penalty, noise: 0.0, gradient_norm, learning_rate, evaluations, seconds }
    }

    #[test]
    fn jumps_and_stiffness_are_told_by_what_was_usual() {
        let steps: Vec<_> = (0..100).map(|k| step(-2.0 + 0.01 * f64::from(k % 7), 40.0)).collect();
        assert_eq!(Trouble::of(5.0, 60.0, &steps, 1.0), None);
        assert!(matches!(Trouble::of(500.0, 60.0, &steps, 1.0), Some(Trouble::Jumped { .. })));
        assert!(matches!(Trouble::of(-2.0, 700.0, &steps, 1.0), Some(Trouble::Stiff { .. })));
        // Six times few evaluations are still few, and nothing is usual in the beginning.
        assert_eq!(Trouble::of(-2.0, 140.0, &[step(-2.0, 12.0); 64], 1.0), None);
        assert_eq!(Trouble::of(1e9, 1e9, &steps[..3], 1.0), None);
        assert_eq!(Trouble::of(-1e9, 1.0, &steps, 1.0), None, "falls are welcome");
        // However slowly it came: at half the rate at twice as many.
        let slow: Vec<_> = (0..300).map(|k| step(-2.0, 20.0 + f64::from(k))).collect();
        assert!(matches!(Trouble::of(-2.0, 320.0, &slow, 1.0), Some(Trouble::Stiff { .. })));
        assert_eq!(Trouble::of(-2.0, 320.0, &slow, 0.5), None);
    }

    #[test]
    fn a_waypoint_serves_so_many_times_and_the_next_as_often() {
        let mut guard = Guard::new();
        assert!(guard.is_due(0) && guard.waypoint().is_none());
        guard.set(0, 'a');
        assert!(!guard.is_due(WAYPOINTS - 1) && guard.is_due(WAYPOINTS));
        for k in 0..MOST_REFUSED {
            assert_eq!((guard.waypoint(), guard.rate), (Some((0, &'a')), 0.5f64.powi(k as i32)));
            guard.refuse();
        }
        assert_eq!(guard.waypoint(), None);
        guard.set(WAYPOINTS, 'b');
        assert_eq!(guard.waypoint(), Some((WAYPOINTS, &'b')));
    }
}
