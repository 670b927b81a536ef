//! How much is measured, so that a diagnosis stays fast.

use super::jacobian::usual_step;
use crate::error::{Error, Result};
use crate::real::Real;

/// A diagnosis of a density on held-out samples; the settings bound what it costs.
///
/// Where there are more samples than are wanted, evenly spaced columns are taken: the same model,
/// samples and settings give the same diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnose {
    pub(super) samples: usize,
    pub(super) jacobians: usize,
    pub(super) references: usize,
    pub(super) times: usize,
    pub(super) step: Option<f64>,
}

impl Default for Diagnose {
    fn default() -> Self {
        Self::new()
    }
}

impl Diagnose {
    /// 2000 samples, 24 Jacobians, 64 references, 9 times.
    pub fn new() -> Self {
        Self { samples: 2000, jacobians: 24, references: 64, times: 9, step: None }
    }

    /// The most samples that are evaluated, taken back and tested for calibration. Default: 2000.
    pub fn samples(mut self, most: usize) -> Self {
        self.samples = most;
        self
    }

    /// The most samples whose Jacobians are taken, each by six times the dimension many points.
    /// Default: 24.
    pub fn jacobians(mut self, most: usize) -> Self {
        self.jacobians = most;
        self
    }

    /// The most samples whose log-density is compared with a tight reference. Default: 64.
    pub fn references(mut self, most: usize) -> Self {
        self.references = most;
        self
    }

    /// At how many times a continuous flow is looked at. Default: 9.
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    /// The step of finite differences, relative to 1 + |x|. Default: 1/256 in `f64` and 1/16 in
    /// `f32`; for log-determinants four times and a quarter of that as well, and at each sample the
    /// one that agrees best, since a mistake shows at all of them.
    pub fn step(mut self, step: f64) -> Self {
        self.step = Some(step);
        self
    }

    pub(super) fn step_of<T: Real>(&self) -> f64 {
        self.step.unwrap_or_else(usual_step::<T>)
    }

    /// The steps that log-determinants are compared at.
    pub(super) fn steps_of<T: Real>(&self) -> Vec<f64> {
        let usual = self.step_of::<T>();
        match self.step {
            Some(step) => vec![step],
            None => vec![usual, 4.0 * usual, 0.25 * usual],
        }
    }

    /// An error for a setting with which nothing can be said.
    pub(super) fn check(&self) -> Result<()> {
        let counts = [
            (self.samples, 1, "samples"),
            (self.jacobians, 1, "Jacobians"),
            (self.references, 1, "references"),
            (self.times, 2, "times"),
        ];
        match counts.into_iter().find(|(count, least, _)| count < least) {
            None => Ok(()),
            Some((count, least, what)) => Err(Error::setting(format!(
                "the number of {what} is {count}, which is too few: ask for {least} or more"
            ))),
        }
    }
}
