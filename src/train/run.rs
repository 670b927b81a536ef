//! The loop of a training run.

use std::ops::ControlFlow;
use std::time::Instant;

use nalgebra::DMatrix;
use rand::Rng;

use super::average::Average;
use super::blame::{Asked, culprit, infinite, place};
use super::checks::{HeldOut, held_out_count};
use super::progress::Progress;
use super::report::Unfinished;
use super::scales;
use super::settings::Settings;
use super::source::{Seed, Source};
use super::{
    Check, Loss, Objective, Optimizer, OptimizerState, Pool, Report, StepReport, Stop, Trainable,
    Trainer,
};
use crate::error::{Error, Result};
use crate::real::Real;
use crate::trace::Estimate;

/// What is shown the model after every step. It cannot change the model, and draws no random numbers
/// of the run.
pub(super) trait Watch<M> {
    /// Whether to go on after `done` steps.
    fn after(&mut self, done: usize, step: &StepReport, model: &M) -> Result<ControlFlow<()>>;
}

/// Nothing is watched.
pub(super) struct Unwatched;

impl<M> Watch<M> for Unwatched {
    fn after(&mut self, _: usize, _: &StepReport, _: &M) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }
}

/// A training run under way.
pub(super) struct Run<'a, T: Real, M, O: Objective<T, M>, P: Optimizer<T>> {
    trainer: &'a Trainer<O, P>,
    model: &'a mut M,
    state: P::State,
    source: Source<'a, T>,
    held_out: HeldOut<T>,
    parameters: Vec<T>,
    average: Option<Average>,
    best: Option<(Check, Vec<T>)>,
    pool: Pool<T, O::Memory>,
    report: Report,
    start: Instant,
}

impl<'a, T, M, O, P> Run<'a, T, M, O, P>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
    P: Optimizer<T>,
{
    pub fn new<R: Rng + ?Sized>(
        trainer: &'a Trainer<O, P>,
        model: &'a mut M,
        data: &'a DMatrix<T>,
        contexts: &'a DMatrix<T>,
        rng: &mut R,
    ) -> Result<Self> {
        let settings = &trainer.settings;
        let seed = Seed::draw(rng);
        let mut order = seed.split(data.ncols());
        let trained = order.split_off(held_out_count(settings.held_out, order.len())?);
        let batch = settings.batch.min(trained.len());
        let source = Source::new(seed, [data, contexts], trained, batch);
        let mut warnings = scales::warnings(model, [data, contexts]);
        warnings.extend(trainer.objective.warnings(data, contexts, batch));
        let parameters = model.parameters();
        Ok(Self {
            trainer,
            state: trainer.optimizer.start(&model.layout()),
            source,
            held_out: HeldOut::new([data, contexts], order),
            average: settings.average.map(|decay| Average::new(decay, &parameters)),
            parameters,
            model,
            best: None,
            pool: Pool::new(),
            report: Report {
                loss_name: trainer.objective.name(),
                steps: Vec::new(),
                checks: Vec::new(),
                best: None,
                estimated: None,
                warnings,
                stop: Stop::Finished,
            },
            start: Instant::now(),
        })
    }

    /// Takes all steps; `watch` is shown the model after each, and may end the run.
    pub fn train(mut self, watch: &mut impl Watch<M>) -> Result<Report> {
        let Settings { steps, progress, .. } = self.trainer.settings;
        let progress = Progress::new(steps, progress);
        let result = self.take_steps(&progress, watch);
        progress.finish();
        match &self.best {
            Some((check, parameters)) => {
                self.report.best = Some(*check);
                self.model.set_parameters(parameters)?;
            }
            None => self.model.set_parameters(&self.candidate())?,
        }
        match result {
            Ok(()) => Ok(self.report),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The error of a run that could not go on, with the report up to there.
    fn failed(mut self, error: &Error) -> Error {
        self.report.stop = Stop::Failed;
        let taken = self.report.steps.len();
        let kept = match self.report.best {
            Some(check) => format!("the best parameters, those of step {}", check.step),
            None if taken == 0 => "the parameters that it had".to_string(),
            None => "its last finite parameters".to_string(),
        };
        let advice = match (taken, self.report.warnings.first()) {
            (_, Some(warning)) => format!("beforehand: {warning}"),
            (0, None) => "the model had not learnt anything yet: start from other parameters, or take the sample out".to_string(),
            _ => "lower the learning rate, or clip gradients to a smaller norm".to_string(),
        };
        let message = format!(
            "training stopped after {taken} steps, and the model keeps {kept}: {error}; {advice}"
        );
        let columns = error.failed_columns().to_vec();
        Error::training(message).naming(columns).with_source(Unfinished(self.report))
    }

    fn take_steps(&mut self, progress: &Progress, watch: &mut impl Watch<M>) -> Result<()> {
        let Settings { steps, check_every, patience, .. } = self.trainer.settings;
        let interval = check_every.unwrap_or((steps / 20).max(1));
        self.check(0)?;
        let mut gradient = vec![T::zero(); self.parameters.len()];
        let mut unimproved = 0;
        for step in 0..steps {
            self.step(step, &mut gradient)?;
            progress.step(self.report.steps[step].loss);
            let done = step + 1;
            let asked = watch.after(done, &self.report.steps[step], self.model)?;
            if asked.is_break() && done < steps {
                self.check(done)?;
                self.report.stop = Stop::Asked;
                break;
            }
            // Few samples are learnt by heart within the first interval.
            if check_every.is_none() && done < interval && done.is_power_of_two() {
                self.check(done)?;
            } else if done % interval == 0 || done == steps {
                unimproved = if self.check(done)? { 0 } else { unimproved + 1 };
                if unimproved >= patience && done < steps {
                    self.report.stop = Stop::Early;
                    break;
                }
            }
        }
        Ok(())
    }

    /// One mini-batch: gradient, clipping, optimiser, average.
    fn step(&mut self, step: usize, gradient: &mut [T]) -> Result<()> {
        let Trainer { objective, settings, .. } = self.trainer;
        self.source.go_to(step);
        let batch = self.source.current();
        let Loss { value, penalty, effort, estimated } =
            objective.gradient(self.model, batch, &self.pool, gradient).map_err(|error| {
                error.renumbered("the data", |slot| place(self.source.columns(), slot))
            })?;
        self.report.estimated = Estimate::roughest(self.report.estimated, estimated);
        let norm = gradient.iter().map(|g| g.wide().powi(2)).sum::<f64>().sqrt();
        if !(value.is_finite() && penalty.is_finite() && norm.is_finite()) {
            let asked = Asked::Gradient;
            let found = culprit(objective, self.model, batch, &self.pool, asked);
            let what = format!("the loss is {value}, the norm of its gradient {norm}");
            return Err(infinite(&what, found, self.source.columns()));
        }
        if norm > settings.clip {
            let factor = T::of(settings.clip / norm);
            gradient.iter_mut().for_each(|g| *g *= factor);
        }
        let learning_rate = settings.schedule.rate(step, settings.steps);
        self.state.step(learning_rate, &mut self.parameters, gradient);
        if let Err(error) = self.model.set_parameters(&self.parameters) {
            // The model kept those before the step.
            self.parameters = self.model.parameters();
            return Err(error.during("the step of the optimiser was too long"));
        }
        if let Some(average) = &mut self.average {
            average.update(&self.parameters);
        }
        self.report.steps.push(StepReport {
            loss: value,
            penalty,
            gradient_norm: norm,
            learning_rate,
            evaluations: effort.evaluations as f64 / self.source.columns().len() as f64,
            seconds: self.start.elapsed().as_secs_f64(),
        });
        Ok(())
    }

    /// The parameters that would be kept now.
    fn candidate(&self) -> Vec<T> {
        self.average.as_ref().map_or_else(|| self.parameters.clone(), Average::parameters)
    }

    /// Measures the held-out loss, and says whether it improved.
    fn check(&mut self, step: usize) -> Result<bool> {
        if self.held_out.len() == 0 {
            return Ok(true);
        }
        let candidate = self.candidate();
        self.model.set_parameters(&candidate)?;
        let loss = self.held_out.judge(&self.trainer.objective, &*self.model, &self.pool);
        self.model.set_parameters(&self.parameters)?;
        let Loss { value, effort, .. } = loss?;
        let evaluations = effort.evaluations as f64 / self.held_out.len() as f64;
        let check = Check { step, loss: value, evaluations };
        self.report.checks.push(check);
        let improved = self.best.as_ref().is_none_or(|(best, _)| value < best.loss);
        if improved {
            self.best = Some((check, candidate));
        }
        Ok(improved)
    }
}
