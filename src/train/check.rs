//! One check of a run.

use super::audit::Held;
use super::judge::Judge;
use super::run::Run;
use super::{Check, Objective, Optimizer, Trainable};
use crate::error::Result;
use crate::real::Real;

impl<T, M, O, P> Run<'_, T, M, O, P>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
    P: Optimizer<T>,
{
    /// A judge of the parameters that the model has now.
    pub(super) fn judge(&self) -> Judge<'_, T, M, O> {
        let Self { trainer, model, pool, .. } = self;
        Judge { objective: &trainer.objective, model, pool, accuracy: None }
    }

    /// Measures the held-out loss of what would be kept now, and whether that of training is the same.
    pub(super) fn check(&mut self, step: usize) -> Result<()> {
        self.state.next_check = self.calendar.after(step);
        let candidate = self.state.candidate();
        self.model.set_parameters(&candidate)?;
        let Self { trainer, model, pool, .. } = self;
        let judge = Judge { objective: &trainer.objective, model: &**model, pool, accuracy: None };
        let found = self.audit.check(judge);
        self.model.set_parameters(&self.state.parameters)?;
        let found = found?;
        found.tightened.into_iter().for_each(|what| self.record(what));
        self.foretell(step);
        if let Some(Held { loss, likelihood, evaluations }) = found.held_out {
            let noise = self.source.noise_at(step.saturating_sub(1));
            let check = Check { step, loss, likelihood, noise, evaluations };
            self.report.checks.push(check);
            self.state.judged(check, candidate, self.calendar.counts(step));
        }
        Ok(())
    }
}
