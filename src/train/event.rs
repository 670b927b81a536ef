//! What a run did by itself on its way.

use std::fmt;

use super::Trouble;

/// Something that a run did by itself, after so many steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The number of steps before it.
    pub step: usize,
    /// What it was.
    pub what: Happening,
}

/// What a run does by itself.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Happening {
    /// Another cycle of the learning rate follows, as the second half of the last had lowered the held-out loss.
    Extended {
        /// The number of steps that the run has by then.
        steps: usize,
        /// By how much the held-out loss of the moving average fell in the second half.
        gain: f64,
        /// The standard error of that, over groups of the held-out samples.
        error: f64,
    },
    /// The last cycle of the learning rate is over, as its second half did not lower the held-out loss by enough,
    /// or as the run is as long as it may be.
    Levelled {
        /// The number of steps that the run has by then.
        steps: usize,
        /// As in [`Extended`](Happening::Extended).
        gain: f64,
        /// As in [`Extended`](Happening::Extended).
        error: f64,
    },
    /// The tolerance of training was tightened, as its losses were not those of a tight solve.
    Tightened {
        /// The tolerance before.
        from: f64,
        /// The tolerance from then on.
        to: f64,
        /// The loss of some samples by the tolerance before; infinite if it could not be computed.
        loose: f64,
        /// Their loss by that of checks.
        tight: f64,
    },
    /// Steps were taken back: from the last waypoint on, they are taken again at half the learning rate.
    Refused {
        /// The number of steps before the waypoint.
        to: usize,
        /// The full learning rate from then on.
        rate: f64,
        /// Why.
        why: Trouble,
    },
    /// What was learnt was no better for held-out samples than the normal density of the others, or by less than that
    /// is expected to gain from the held-out samples: the model is the normal density of all of them. A member of
    /// an ensemble is that of those it may learn from.
    Normal {
        /// The loss of held-out samples by what was learnt.
        learnt: f64,
        /// Their loss by the normal density of the others.
        normal: f64,
        /// The number of samples whose normal density the model is.
        samples: usize,
    },
    /// The decay began early, to end within the time limit.
    Hastened {
        /// The number of steps that the run has by then.
        steps: usize,
    },
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extended { steps, gain, error } => write!(
                f,
                "goes on to {steps} steps, from half the learning rate: the held-out loss fell by {gain:.4} +- {error:.4} in the second half"
            ),
            Self::Levelled { steps, gain, error } => write!(
                f,
                "ends after {steps} steps: the held-out loss fell by {gain:.4} +- {error:.4} in the second half"
            ),
            Self::Tightened { from, to, loose, tight } => write!(
                f,
                "training tolerance {from:.0e} -> {to:.0e}: the loss was {loose:.3} by the one, and is {tight:.3} by that of checks"
            ),
            Self::Refused { to, rate, why } => {
                write!(f, "back to step {to}, with a learning rate of {rate:.1e}: {why}")
            }
            Self::Normal { learnt, normal, samples } => write!(
                f,
                "nothing was learnt beyond a normal density: {learnt:.4} nats of held-out samples, and {normal:.4} by that of the others; the model is the normal density of {samples} samples"
            ),
            Self::Hastened { steps } => {
                write!(f, "the learning rate begins to fall, to end in time after {steps} steps")
            }
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}: {}", self.step, self.what)
    }
}
