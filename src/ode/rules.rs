//! The settings of a solve that chooses its steps.

use super::sharpness::{Longest, changes, longest_unknown};
use super::tolerance::Tolerance;
use super::{Sharpness, Span, Tableau};
use crate::error::{Error, Result};
use crate::outcome::shown::number;
use crate::real::Real;

/// What bounds the steps of a solve where no longest one was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// What can hide between the nodes, as far as the right-hand side says so.
    WhatHides,
    /// Their error alone.
    Error,
}

/// By what rules columns are followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rules {
    pub method: &'static Tableau,
    pub tolerance: Tolerance,
    pub max_steps: u64,
    /// The longest step, if it was set.
    pub longest: Option<f64>,
    /// What bounds steps if it was not.
    pub bound: Bound,
}

impl Rules {
    /// The smaller tolerance.
    fn tightest(&self) -> f64 {
        self.tolerance.relative.min(self.tolerance.absolute)
    }

    /// How long steps may be.
    pub fn longest(&self, sharpness: Option<Sharpness>, span: Span) -> Longest {
        if let (None, Bound::Error) = (self.longest, self.bound) {
            return Longest::Constant(f64::INFINITY);
        }
        let least = longest_unknown(self.method.order, self.tightest(), span);
        Longest::new(self.longest, sharpness, [changes(self.tightest()), least])
    }

    /// An error if a setting is out of range for this scalar.
    pub fn check<T: Real>(&self, span: Span) -> Result<()> {
        if self.max_steps == 0 {
            return Err(Error::setting("the step limit is zero: give one or more"));
        }
        if let Some(step) = self.longest.filter(|step| *step <= 0.0 || step.is_nan()) {
            return Err(Error::setting(format!(
                "the longest step is {}: give a positive number, such as 0.01",
                number(step)
            )));
        }
        self.tolerance.check::<T>()?;
        span.check::<T>(self.tolerance.relative.max(self.tolerance.absolute))
    }
}
