//! A run as it is seen from outside between two steps.

use std::ops::ControlFlow;

use super::{Checkpoint, Report, StepReport};
use crate::error::Result;
use crate::real::Real;

/// What can be seen of a run between two steps.
pub(super) trait Standing<T: Real, M> {
    /// The model, with the parameters of the last step.
    fn model(&self) -> &M;

    /// The parameters that would be kept now: the moving average, if there is one.
    fn kept(&self) -> Vec<T>;

    /// The curves so far.
    fn report(&self) -> &Report;

    /// All that the run needs to go on from here.
    fn checkpoint(&self) -> Checkpoint<T>;
}

/// What is shown a run after every step. It cannot change the model, and draws no random numbers of the run.
pub(super) trait Watch<T: Real, M> {
    /// Whether to go on, after this step.
    fn after(
        &mut self,
        step: &StepReport,
        standing: &dyn Standing<T, M>,
    ) -> Result<ControlFlow<()>>;

    /// The run has ended by itself.
    fn ended(&mut self, _: &dyn Standing<T, M>) -> Result<()> {
        Ok(())
    }
}

/// Nothing is watched.
pub(super) struct Unwatched;

impl<T: Real, M> Watch<T, M> for Unwatched {
    fn after(&mut self, _: &StepReport, _: &dyn Standing<T, M>) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }
}
