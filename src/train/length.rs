//! How long a run goes on, and how long that will take.

use super::defaults::{LEAST_ERRORS, LEAST_GAIN};
use super::event::Happening;
use super::judge::fall;
use super::run::Run;
use super::stages::Pace;
use super::{Objective, Optimizer, Trainable};
use crate::error::Result;
use crate::real::Real;

/// Over how many of the last steps the time of a step is measured.
const PACE: usize = 64;
/// After so many steps, at the latest, it is foretold how long a run takes.
const FORETOLD: usize = 100;

impl<T, M, O, P> Run<'_, T, M, O, P>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
    P: Optimizer<T>,
{
    /// Lets another cycle follow while that is worth it, and ends in time.
    pub(super) fn find_length(&mut self, done: usize) -> Result<()> {
        if self.stages.hasten(done, self.pace()) {
            let steps = self.stages.steps();
            self.record(Happening::Hastened { steps });
        }
        if self.stages.is_half(done) {
            self.half = Some(self.state.candidate());
        }
        if !self.stages.is_at_fork(done) {
            return Ok(());
        }
        let Some(half) = self.half.take() else { return Ok(()) };
        let now = self.state.candidate();
        let [before, after] = [&half, &now].map(|parameters| {
            self.model.set_parameters(parameters)?;
            self.audit.groups(self.judge())
        });
        self.model.set_parameters(&self.state.parameters)?;
        let [gain, error] = fall(&before?, &after?);
        let least = self.stages.full() * LEAST_GAIN;
        let grows = self.stages.decide(gain > least.max(LEAST_ERRORS * error));
        let steps = self.stages.steps();
        self.record(match grows {
            true => Happening::Extended { steps, gain, error },
            false => Happening::Levelled { steps, gain, error },
        });
        Ok(())
    }

    /// Says how long the run will take, once some steps of it are known.
    pub(super) fn foretell(&mut self, done: usize) {
        let known = done >= FORETOLD.min(self.stages.steps().div_ceil(10));
        if known && done > 0 && self.report.foretold.is_none() {
            let Pace { passed, step } = self.pace();
            let rest = self.stages.steps().saturating_sub(done) as f64 * step;
            self.report.foretold = Some(self.stages.within(passed + rest));
        }
    }

    /// How fast the run goes.
    pub(super) fn pace(&self) -> Pace {
        let passed = self.seconds();
        let (steps, done) = (&self.report.steps, self.done());
        let since = done - done.min(PACE);
        let before = if since == 0 { 0.0 } else { steps[since - 1].seconds };
        Pace { passed, step: (passed - before) / (done - since).max(1) as f64 }
    }
}
