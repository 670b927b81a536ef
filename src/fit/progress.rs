//! What a fit says while it goes on.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::nats::short;
use crate::train::Report;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Stage {
    /// A contest of candidates begins; how many there are in all.
    Contest {
        /// Which one, from one on.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// Mixtures are fitted.
    Mixtures,
    /// A flow has taken a step.
    Flow {
        /// Which member of how many.
        member: [usize; 2],
        /// The steps that it has taken.
        step: usize,
        /// The negative log-likelihood of the last mini-batch, in standardised units.
        training: f64,
        /// The last of the rows that it is judged by.
        valid: Option<f64>,
    },
    /// Held-out rows are judged.
    Judging,
}

/// What hears of every stage; it says whether to go on. Members may tell at the same time.
pub(super) type Listener<'a> = dyn Fn(&Stage) -> bool + Sync + 'a;

/// Who is told, and whether it asked for an end.
pub(super) struct Progress<'a> {
    listener: Option<&'a Listener<'a>>,
    ended: AtomicBool,
}

impl<'a> Progress<'a> {
    pub fn new(listener: Option<&'a Listener<'a>>) -> Self {
        Self { listener, ended: AtomicBool::new(false) }
    }

    /// Tells; whether to go on.
    pub fn tell(&self, stage: Stage) -> bool {
        if self.listener.is_some_and(|listener| !listener(&stage)) {
            self.ended.store(true, Ordering::Relaxed);
        }
        !self.ended.load(Ordering::Relaxed)
    }

    /// Tells of a step of training; whether to go on.
    pub fn step(&self, member: usize, members: usize, report: &Report) -> bool {
        let training = report.steps.last().map_or(f64::NAN, |step| step.loss);
        let valid = report.checks.last().map(|check| check.loss);
        let step = report.steps.len();
        self.tell(Stage::Flow { member: [member + 1, members], step, training, valid })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contest { number, of } => write!(f, "part {number} of {of}"),
            Self::Mixtures => f.write_str("mixtures"),
            Self::Flow { member: [member, of], step, training, valid } => {
                write!(f, "flow {member} of {of}, step {step}: training {}", short(*training, 3))?;
                valid.map_or(Ok(()), |valid| write!(f, ", to choose by {}", short(valid, 3)))
            }
            Self::Judging => f.write_str("judging held-out rows"),
        }
    }
}
