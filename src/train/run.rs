//! The loop of a training run.

use std::ops::ControlFlow;
use std::time::Instant;

use nalgebra::DMatrix;
use rand::Rng;

use super::blame::{Asked, culprit, infinite, place};
use super::calendar::Calendar;
use super::checks::HeldOut;
use super::choices::Choices;
use super::defaults::{Defaults, Kind, LEAST_ERRORS, LEAST_GAIN, Task};
use super::event::Happening;
use super::progress::Progress;
use super::report::Unfinished;
use super::scales;
use super::source::{Seed, Source};
use super::stages::{Pace, Stages};
use super::state::State;
use super::{
    Check, Event, Loss, Objective, Optimizer, OptimizerState, Pool, Report, StepReport, Stop,
    Trainable, Trainer,
};
use crate::error::{Error, Result};
use crate::ode::Accuracy;
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

/// Over how many of the last steps the time of a step is measured.
const PACE: usize = 64;

/// A training run under way.
pub(super) struct Run<'a, T: Real, M, O: Objective<T, M>, P: Optimizer<T>> {
    trainer: &'a Trainer<O, P>,
    model: &'a mut M,
    source: Source<'a, T>,
    held_out: HeldOut<T>,
    calendar: Calendar,
    stages: Stages,
    state: State<T, P::State>,
    /// What was learnt in the first half of the stable stage.
    half: Option<Vec<T>>,
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
        data: [&'a DMatrix<T>; 2],
        rng: &mut R,
    ) -> Result<Self> {
        let ([dim, rows], context_dim) = ([data[0].nrows(), data[0].ncols()], data[1].nrows());
        let kind = match (trainer.objective.follows(), model.accuracy()) {
            (false, _) => Kind::Matched,
            (true, Accuracy::Rounding) => Kind::Closed,
            (true, _) => Kind::Solved,
        };
        let task = Task { dim, rows, context_dim, kind };
        let defaults = Defaults::of(task);
        let rate = trainer.optimizer.learning_rate();
        let choices = Choices::of(&trainer.settings, &defaults, task, rate)?;
        let seed = Seed::draw(rng);
        let mut order = seed.split(rows);
        let trained = order.split_off(choices.held_out);
        let mut warnings = scales::warnings(model, data);
        warnings.extend(trainer.objective.warnings(data[0], data[1], choices.batch));
        let optimizer = trainer.optimizer.start(&model.layout());
        Ok(Self {
            trainer,
            source: Source::new(seed, data, trained, choices.batch),
            held_out: HeldOut::new(data, order),
            calendar: Calendar::new(&choices, &defaults),
            stages: Stages::new(&choices, &defaults),
            state: State::new(model.parameters(), optimizer, choices.average),
            half: None,
            model,
            pool: Pool::new(),
            report: Report::new(trainer.objective.name(), choices, warnings),
            start: Instant::now(),
        })
    }

    /// Takes all steps; `watch` is shown the model after each, and may end the run.
    pub fn train(mut self, watch: &mut impl Watch<M>) -> Result<Report> {
        let progress = Progress::new(self.trainer.settings.progress);
        let result = self.take_steps(&progress, watch);
        progress.finish();
        self.report.schedule = self.stages.schedule();
        match &self.state.best {
            Some((check, parameters)) => {
                self.report.best = Some(*check);
                self.model.set_parameters(parameters)?;
            }
            None => self.model.set_parameters(&self.state.candidate())?,
        }
        match result {
            Ok(stop) => Ok(Report { stop, ..self.report }),
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

    fn take_steps(&mut self, progress: &Progress, watch: &mut impl Watch<M>) -> Result<Stop> {
        let mut gradient = vec![T::zero(); self.state.parameters.len()];
        loop {
            if let ControlFlow::Break(stop) = self.settle()? {
                return Ok(stop);
            }
            let done = self.done();
            self.step(done, &mut gradient)?;
            let (done, taken) = (self.done(), &self.report.steps[done]);
            progress.step(done, self.stages.steps(), taken.loss);
            if watch.after(done, taken, self.model)?.is_break() && done < self.stages.steps() {
                self.check(done)?;
                return Ok(Stop::Asked);
            }
        }
    }

    /// The number of steps that were taken.
    fn done(&self) -> usize {
        self.report.steps.len()
    }

    /// What is due between two steps: the length of the run, checks, and whether it is over.
    fn settle(&mut self) -> Result<ControlFlow<Stop>> {
        let done = self.done();
        self.find_length(done)?;
        let over = match (done >= self.stages.steps(), self.stages.is_late(self.pace())) {
            (true, _) => Some(Stop::Finished),
            (false, true) if done > 0 => Some(Stop::Late),
            _ => None,
        };
        if over.is_some() || done >= self.state.next_check {
            self.check(done)?;
        }
        let patience = self.report.choices.patience;
        let impatient = patience.is_some_and(|most| self.state.unimproved >= most);
        let stop = over.or(impatient.then_some(Stop::Early));
        Ok(stop.map_or(ControlFlow::Continue(()), ControlFlow::Break))
    }

    /// Lets the stable stage grow while that is worth it, and ends it in time.
    fn find_length(&mut self, done: usize) -> Result<()> {
        if self.stages.hasten(done, self.pace()) {
            let steps = self.stages.steps();
            self.report.events.push(Event { step: done, what: Happening::Hastened { steps } });
        }
        if self.stages.is_half(done) {
            self.half = Some(self.state.candidate());
        }
        if !self.stages.is_at_fork(done) {
            return Ok(());
        }
        let Some(half) = self.half.take() else { return Ok(()) };
        let now = self.state.candidate();
        let objective = &self.trainer.objective;
        let found = self.held_out.gain(objective, self.model, &self.pool, [&half, &now]);
        self.model.set_parameters(&self.state.parameters)?;
        let [gain, error] = found?;
        let grows = self.stages.decide(gain > LEAST_GAIN.max(LEAST_ERRORS * error));
        let steps = self.stages.steps();
        self.report.events.push(Event {
            step: done,
            what: match grows {
                true => Happening::Extended { steps, gain, error },
                false => Happening::Levelled { steps, gain, error },
            },
        });
        // The end of one stage is the half of the next.
        self.half = grows.then_some(now);
        Ok(())
    }

    /// How fast the run goes.
    fn pace(&self) -> Pace {
        let passed = self.start.elapsed().as_secs_f64();
        let (steps, done) = (&self.report.steps, self.done());
        let since = done - done.min(PACE);
        let before = if since == 0 { 0.0 } else { steps[since - 1].seconds };
        Pace { passed, step: (passed - before) / (done - since).max(1) as f64 }
    }

    /// One mini-batch: gradient, clipping, optimiser, average.
    fn step(&mut self, step: usize, gradient: &mut [T]) -> Result<()> {
        let (objective, choices) = (&self.trainer.objective, self.report.choices);
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
        if norm > choices.clip {
            let factor = T::of(choices.clip / norm);
            gradient.iter_mut().for_each(|g| *g *= factor);
        }
        let learning_rate = choices.learning_rate * self.stages.share(step);
        self.state.optimizer.step(learning_rate, &mut self.state.parameters, gradient);
        if let Err(error) = self.model.set_parameters(&self.state.parameters) {
            // The model kept those before the step.
            self.state.parameters = self.model.parameters();
            return Err(error.during("the step of the optimiser was too long"));
        }
        if let Some(average) = &mut self.state.average {
            average.update(&self.state.parameters);
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

    /// Measures the held-out loss of what would be kept now.
    fn check(&mut self, step: usize) -> Result<()> {
        self.state.next_check = self.calendar.after(step);
        if self.held_out.len() == 0 {
            return Ok(());
        }
        let candidate = self.state.candidate();
        self.model.set_parameters(&candidate)?;
        let loss = self.held_out.judge(&self.trainer.objective, &*self.model, &self.pool);
        self.model.set_parameters(&self.state.parameters)?;
        let Loss { value, effort, .. } = loss?;
        let evaluations = effort.evaluations as f64 / self.held_out.len() as f64;
        let check = Check { step, loss: value, evaluations };
        self.report.checks.push(check);
        self.state.judged(check, candidate, self.calendar.counts(step));
        Ok(())
    }
}
