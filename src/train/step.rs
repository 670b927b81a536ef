//! One step of a run, or the way back to where steps did not lead astray.

use super::blame::{Asked, culprit, infinite, place};
use super::event::Happening;
use super::guard::Trouble;
use super::run::Run;
use super::{Loss, Objective, Optimizer, OptimizerState, StepReport, Trainable};
use crate::error::{Error, Result};
use crate::real::Real;
use crate::trace::Estimate;

/// The gradient of a mini-batch, as far as it is not in a buffer.
struct Slope {
    loss: Loss,
    norm: f64,
    evaluations: f64,
}

/// Why there is no gradient.
enum Unsloped {
    /// The loss could not be computed.
    Failed(Error),
    /// Loss or gradient is infinite.
    Infinite(String),
}

impl<T, M, O, P> Run<'_, T, M, O, P>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
    P: Optimizer<T>,
{
    /// One mini-batch, and a step by its gradient; or back to the last waypoint.
    pub(super) fn step(&mut self) -> Result<()> {
        self.source.go_to(self.done());
        let mut gradient = std::mem::take(&mut self.gradient);
        let found = self.slope(&mut gradient);
        let trouble = match &found {
            Ok(slope) => self.trouble(slope),
            Err(Unsloped::Failed(error)) => Some(Trouble::failed(error)),
            Err(Unsloped::Infinite(what)) => Some(Trouble::Failed { message: what.clone() }),
        };
        let refused = match trouble {
            Some(trouble) if self.is_due_to_steps()? => self.go_back(trouble),
            _ => false,
        };
        let taken = match (refused, found) {
            (true, _) => Ok(()),
            (false, Ok(slope)) => self.take(&slope, &mut gradient),
            (false, Err(unsloped)) => Err(self.blamed(unsloped)),
        };
        self.gradient = gradient;
        taken
    }

    /// Loss and gradient of the mini-batch by the parameters that the model has now.
    fn slope(&self, gradient: &mut [T]) -> std::result::Result<Slope, Unsloped> {
        let batch = self.source.current(self.audit.tolerances.training());
        let loss = self.trainer.objective.gradient(self.model, batch, &self.pool, gradient);
        let loss = loss.map_err(Unsloped::Failed)?;
        let norm = gradient.iter().map(|g| g.wide().powi(2)).sum::<f64>().sqrt();
        if !(loss.value.is_finite() && loss.penalty.is_finite() && norm.is_finite()) {
            return Err(Unsloped::Infinite(format!(
                "the loss is {}, the norm of its gradient {norm}",
                loss.value
            )));
        }
        let evaluations = loss.effort.evaluations as f64 / batch.points.ncols() as f64;
        Ok(Slope { loss, norm, evaluations })
    }

    /// The error that names the samples without which there would be a gradient.
    fn blamed(&self, unsloped: Unsloped) -> Error {
        let columns = self.source.columns();
        match unsloped {
            Unsloped::Failed(error) => error.renumbered("the data", |slot| place(columns, slot)),
            Unsloped::Infinite(what) => {
                let batch = self.source.current(self.audit.tolerances.training());
                let objective = &self.trainer.objective;
                let found = culprit(objective, &*self.model, batch, &self.pool, Asked::Gradient);
                infinite(&what, found, columns)
            }
        }
    }

    /// Whether the mini-batch makes no trouble by the parameters of the last waypoint, so that it is due to the
    /// steps since.
    fn is_due_to_steps(&mut self) -> Result<bool> {
        let Some((step, waypoint)) = self.guard.waypoint() else { return Ok(false) };
        if step == self.done() {
            return Ok(false);
        }
        self.model.set_parameters(&waypoint.parameters)?;
        let there = self.slope(&mut vec![T::zero(); self.state.parameters.len()]);
        self.model.set_parameters(&self.state.parameters)?;
        Ok(there.is_ok_and(|slope| self.trouble(&slope).is_none()))
    }

    /// What is wrong with a gradient beside those of the steps before it.
    fn trouble(&self, slope: &Slope) -> Option<Trouble> {
        let (steps, rate) = (&self.report.steps, self.guard.rate);
        Trouble::of(slope.loss.value, slope.evaluations, steps, rate)
    }

    /// Goes back to the last waypoint, with half the rate, if there is one that is not used up.
    pub(super) fn go_back(&mut self, why: Trouble) -> bool {
        let Some((to, waypoint)) = self.guard.waypoint() else { return false };
        if self.model.set_parameters(&waypoint.parameters).is_err() {
            return false;
        }
        self.state = waypoint.clone();
        self.guard.refuse();
        let rate = self.guard.rate * self.report.choices.learning_rate;
        self.record(Happening::Refused { to, rate, why });
        self.report.steps.truncate(to);
        self.report.checks.retain(|check| check.step <= to);
        true
    }

    /// Clipping, optimiser, average.
    fn take(&mut self, slope: &Slope, gradient: &mut [T]) -> Result<()> {
        let (step, choices) = (self.done(), self.report.choices);
        if self.guard.is_due(step) {
            self.guard.set(step, self.state.clone());
        }
        if slope.norm > choices.clip {
            let factor = T::of(choices.clip / slope.norm);
            gradient.iter_mut().for_each(|g| *g *= factor);
        }
        let learning_rate = choices.learning_rate * self.guard.rate * self.stages.share(step);
        let state = &mut self.state;
        state.optimizer.step(learning_rate, &mut state.parameters, gradient);
        if let Err(error) = self.model.set_parameters(&self.state.parameters) {
            // The model kept those before the step.
            self.state.parameters = self.model.parameters();
            let error = error.during("the step of the optimiser was too long");
            return self.go_back(Trouble::failed(&error)).then_some(()).ok_or(error);
        }
        if let Some(average) = &mut self.state.average {
            average.update(&self.state.parameters);
        }
        self.report.estimated = Estimate::roughest(self.report.estimated, slope.loss.estimated);
        self.report.steps.push(StepReport {
            loss: slope.loss.value,
            penalty: slope.loss.penalty,
            noise: self.source.noise_at(step),
            gradient_norm: slope.norm,
            learning_rate,
            evaluations: slope.evaluations,
            seconds: self.seconds(),
        });
        Ok(())
    }
}
