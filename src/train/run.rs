//! The loop of a training run.

use std::ops::ControlFlow;
use std::time::Instant;

use nalgebra::DMatrix;

use super::audit::Audit;
use super::blame::{Asked, culprit, infinite, place};
use super::calendar::Calendar;
use super::checks::{Judge, fall};
use super::choices::Choices;
use super::defaults::{Defaults, Kind, LEAST_ERRORS, LEAST_GAIN, Task};
use super::event::Happening;
use super::guard::{Guard, Trouble};
use super::honesty::Tolerances;
use super::progress::{Progress, Shown};
use super::report::Unfinished;
use super::scales;
use super::source::{Seed, Source};
use super::stages::{Pace, Stages};
use super::state::State;
use super::subject::{Subject, digest};
use super::watch::{Standing, Watch};
use super::{
    Check, Checkpoint, Event, Loss, Objective, Optimizer, OptimizerState, Pool, Report, StepReport,
    Stop, Trainable, Trainer,
};
use crate::error::{Error, Result};
use crate::ode::Accuracy;
use crate::parameters::Fixed;
use crate::real::Real;
use crate::trace::Estimate;

/// Over how many of the last steps the time of a step is measured.
const PACE: usize = 64;

/// After so many steps, at the latest, it is foretold how long a run takes.
const FORETOLD: usize = 100;

/// A training run under way.
pub(super) struct Run<'a, T: Real, M, O: Objective<T, M>, P: Optimizer<T>> {
    trainer: &'a Trainer<O, P>,
    model: &'a mut M,
    source: Source<'a, T>,
    audit: Audit<T>,
    calendar: Calendar,
    stages: Stages,
    state: State<T, P::State>,
    guard: Guard<State<T, P::State>>,
    /// What was learnt in the first half of the stable stage.
    half: Option<Vec<T>>,
    pool: Pool<T, O::Memory>,
    gradient: Vec<T>,
    report: Report,
    start: Instant,
    /// The seconds of the run before an interruption.
    before: f64,
}

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

impl<'a, T, M, O, P> Run<'a, T, M, O, P>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
    P: Optimizer<T>,
{
    pub fn new(
        trainer: &'a Trainer<O, P>,
        model: &'a mut M,
        data: [&'a DMatrix<T>; 2],
        seed: Seed,
    ) -> Result<Self> {
        let ([dim, rows], context_dim) = ([data[0].nrows(), data[0].ncols()], data[1].nrows());
        let own = trainer.objective.follows().then(|| model.accuracy());
        let task = Task { dim, rows, context_dim, kind: kind(own) };
        let defaults = Defaults::of(task);
        let rate = trainer.optimizer.learning_rate();
        let choices = Choices::of(&trainer.settings, &defaults, task, rate)?;
        let mut order = seed.split(rows);
        let trained = order.split_off(choices.held_out);
        let mut warnings = scales::warnings(model, data);
        warnings.extend(trainer.objective.warnings(data[0], data[1], choices.batch));
        let optimizer = trainer.optimizer.start(&model.layout());
        let state = State::new(model.parameters(), optimizer, choices.average);
        let audit = Audit::new(data, &order, &trained, Tolerances::new(choices.tolerance, own));
        Ok(Self {
            trainer,
            model,
            source: Source::new(seed, data, trained, choices.batch),
            calendar: Calendar::new(&choices, &defaults, audit.samples()),
            audit,
            stages: Stages::new(&choices, &defaults),
            gradient: vec![T::zero(); state.parameters.len()],
            state,
            guard: Guard::new(),
            half: None,
            pool: Pool::new(),
            report: Report::new(trainer.objective.name(), choices, warnings),
            start: Instant::now(),
            before: 0.0,
        })
    }

    /// The same run, as it stood at a checkpoint.
    pub fn resumed(mut self, checkpoint: &Checkpoint<T>) -> Result<Self> {
        checkpoint.subject.check_like(&self.subject())?;
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
        self.before = self.report.seconds();
        self.model.set_parameters(&self.state.parameters)?;
        Ok(self)
    }

    /// What the run is of.
    fn subject(&self) -> Subject {
        let [data, contexts] = self.source.data();
        let Trainer { objective, optimizer, .. } = self.trainer;
        Subject {
            layout: self.model.layout(),
            accuracy: self.model.accuracy(),
            shape: [data.nrows(), data.ncols(), contexts.nrows()],
            digest: digest([data, contexts]),
            choices: self.report.choices,
            objective: format!("{objective:?}"),
            optimizer: format!("{optimizer:?}"),
        }
    }

    /// The seconds since the start, those before an interruption included.
    fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    /// Takes all steps; `watch` is shown the model after each, and may end the run.
    pub fn train(mut self, watch: &mut impl Watch<T, M>) -> Result<Report> {
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
        self.report.warnings.extend(self.audit.own_solver(self.judge()));
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
        let refused = match self.guard.rate {
            1.0 => String::new(),
            share => {
                format!(", at {share:.1e} of its learning rate after steps that were refused")
            }
        };
        let message = format!(
            "training stopped after {taken} steps{refused}, and the model keeps {kept}: {error}; {advice}"
        );
        let columns = error.failed_columns().to_vec();
        Error::training(message).naming(columns).with_source(Unfinished(self.report))
    }

    fn take_steps(&mut self, progress: &Progress, watch: &mut impl Watch<T, M>) -> Result<Stop> {
        loop {
            if let ControlFlow::Break(stop) = self.settle()? {
                return Ok(stop);
            }
            let before = self.done();
            self.step()?;
            let done = self.done();
            if done <= before {
                continue;
            }
            let taken = self.report.steps[before];
            progress.step(done, self.stages.steps(), &self.shown(taken.loss));
            if watch.after(&taken, self)?.is_break() && done < self.stages.steps() {
                self.check(done)?;
                return Ok(Stop::Asked);
            }
        }
    }

    /// What is to be shown with a loss of training.
    fn shown(&self, training: f64) -> Shown<'_> {
        let Report { loss_name: name, checks, foretold, .. } = &self.report;
        let held_out = checks.last().map(|check| check.loss);
        Shown { name, training, held_out, seconds: *foretold }
    }

    /// The number of steps that were taken.
    fn done(&self) -> usize {
        self.report.steps.len()
    }

    fn record(&mut self, what: Happening) {
        let step = self.done();
        self.report.events.push(Event { step, what });
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
        let due = over.is_some() || done >= self.state.next_check;
        if due && let Err(error) = self.check(done) {
            self.go_back(Trouble::failed(&error)).then_some(()).ok_or(error)?;
            return Ok(ControlFlow::Continue(()));
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
        let grows = self.stages.decide(gain > LEAST_GAIN.max(LEAST_ERRORS * error));
        let steps = self.stages.steps();
        self.record(match grows {
            true => Happening::Extended { steps, gain, error },
            false => Happening::Levelled { steps, gain, error },
        });
        // The end of one stage is the half of the next.
        self.half = grows.then_some(now);
        Ok(())
    }

    /// How fast the run goes.
    fn pace(&self) -> Pace {
        let passed = self.seconds();
        let (steps, done) = (&self.report.steps, self.done());
        let since = done - done.min(PACE);
        let before = if since == 0 { 0.0 } else { steps[since - 1].seconds };
        Pace { passed, step: (passed - before) / (done - since).max(1) as f64 }
    }

    /// A judge of the parameters that the model has now.
    fn judge(&self) -> Judge<'_, T, M, O> {
        let Self { trainer, model, pool, .. } = self;
        Judge { objective: &trainer.objective, model, pool, accuracy: None }
    }

    /// Measures the held-out loss of what would be kept now, and whether that of training is the same.
    fn check(&mut self, step: usize) -> Result<()> {
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
        if let Some([loss, evaluations]) = found.held_out {
            let check = Check { step, loss, evaluations };
            self.report.checks.push(check);
            self.state.judged(check, candidate, self.calendar.counts(step));
        }
        Ok(())
    }

    /// Says how long the run will take, once some steps of it are known.
    fn foretell(&mut self, done: usize) {
        let known = done >= FORETOLD.min(self.stages.steps().div_ceil(10));
        if known && done > 0 && self.report.foretold.is_none() {
            let Pace { passed, step } = self.pace();
            let rest = self.stages.steps().saturating_sub(done) as f64 * step;
            self.report.foretold = Some(self.stages.within(passed + rest));
        }
    }

    /// One mini-batch, and a step by its gradient; or back to the last waypoint.
    fn step(&mut self) -> Result<()> {
        self.source.go_to(self.done());
        let mut gradient = std::mem::take(&mut self.gradient);
        let found = self.slope(&mut gradient);
        let trouble = match &found {
            Ok(slope) => Trouble::of(slope.loss.value, slope.evaluations, &self.report.steps),
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
        Ok(there.is_ok_and(|slope| {
            Trouble::of(slope.loss.value, slope.evaluations, &self.report.steps).is_none()
        }))
    }

    /// Goes back to the last waypoint, with half the rate, if there is one that is not used up.
    fn go_back(&mut self, why: Trouble) -> bool {
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
            gradient_norm: slope.norm,
            learning_rate,
            evaluations: slope.evaluations,
            seconds: self.seconds(),
        });
        Ok(())
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
            subject: self.subject(),
            seed: self.source.seed().0,
            state: plain(&self.state),
            guard: self.guard.map(plain),
            half: self.half.clone(),
            stages: self.stages.clone(),
            tolerances: self.audit.tolerances,
            report: self.report.clone(),
        }
    }
}

/// What a step costs, where losses are computed this accurately by the model, or not by following it.
fn kind(own: Option<Accuracy>) -> Kind {
    match own {
        None => Kind::Matched,
        Some(Accuracy::Rounding) => Kind::Closed,
        Some(_) => Kind::Solved,
    }
}
