//! A run as a checkpoint, and a checkpoint as a run.

use super::run::Run;
use super::state::State;
use super::subject::{Subject, check_layout};
use super::watch::Standing;
use super::{Checkpoint, Objective, Optimizer, OptimizerState, Report, Trainable};
use crate::error::Result;
use crate::parameters::Fixed;
use crate::real::Real;

impl<T, M, O, P> Run<'_, T, M, O, P>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
    P: Optimizer<T>,
{
    /// The same run, as it stood at a checkpoint.
    pub fn resumed(mut self, checkpoint: &Checkpoint<T>) -> Result<Self> {
        check_layout(&checkpoint.layout, &self.model.layout())?;
        self.stages.check_after(&checkpoint.stages)?;
        self.audit.tolerances.check_after(&checkpoint.tolerances)?;
        let fresh = self.state.optimizer.clone();
        let revived = |state: &State<T, Vec<Fixed>>| {
            let mut optimizer = fresh.clone();
            optimizer.restore(&state.optimizer)?;
            Ok(state.with(optimizer))
        };
        self.state = revived(&checkpoint.state)?;
        self.guard = checkpoint.guard.try_map(revived)?;
        self.half.clone_from(&checkpoint.half);
        self.stages = checkpoint.stages.clone();
        self.audit.tolerances = checkpoint.tolerances;
        self.report = checkpoint.report.clone();
        self.ended = checkpoint.ended;
        self.before = self.report.seconds();
        self.model.set_parameters(&self.state.parameters)?;
        Ok(self)
    }
}

impl<T, M, O, P> Standing<T, M> for Run<'_, T, M, O, P>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
    P: Optimizer<T>,
{
    fn model(&self) -> &M {
        self.model
    }

    fn kept(&self) -> Vec<T> {
        self.state.candidate()
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn checkpoint(&self) -> Checkpoint<T> {
        let plain = |state: &State<T, P::State>| state.with(state.optimizer.arrays());
        Checkpoint {
            layout: self.model.layout(),
            subject: Subject {
                divided: self.divided,
                ..Subject::of(self.trainer, self.model, self.source.data(), self.report.choices)
            },
            seed: self.source.seed().0,
            state: plain(&self.state),
            guard: self.guard.map(plain),
            half: self.half.clone(),
            stages: self.stages.clone(),
            tolerances: self.audit.tolerances,
            report: self.report.clone(),
            ended: self.ended,
        }
    }
}
