//! The loop of a training run.

use std::ops::ControlFlow;
use std::time::Instant;

use nalgebra::DMatrix;

use super::audit::Audit;
use super::calendar::Calendar;
use super::event::Happening;
use super::guard::{Guard, Trouble};
use super::noise::Falling;
use super::plan::Plan;
use super::progress::{Progress, Shown};
use super::report::Unfinished;
use super::scales;
use super::source::{Seed, Source};
use super::stages::Stages;
use super::state::State;
use super::watch::Watch;
use super::{Event, Objective, Optimizer, Pool, Report, Stop, Trainable, Trainer};
use crate::error::{Error, Result};
use crate::flow::continuous::Frame;
use crate::real::Real;
use crate::trace::mix;

/// What a run begins with, besides model and data.
#[derive(Debug, Clone)]
pub(super) struct Outset {
    pub seed: Seed,
    /// The columns of the data to judge by and those to learn from, unless they are drawn.
    pub division: Option<[Vec<usize>; 2]>,
    /// Which of several runs it is, of which none shows its progress.
    pub member: Option<usize>,
}

impl Outset {
    /// A run by itself.
    pub fn of(seed: Seed) -> Self {
        Self { seed, division: None, member: None }
    }

    /// A number that tells divisions apart that were not drawn.
    pub fn divided(&self) -> Option<u64> {
        let parts = self.division.as_ref()?.iter();
        // Each part with its length in front.
        let numbers =
            parts.flat_map(|part| std::iter::once(part.len()).chain(part.iter().copied()));
        Some(numbers.fold(0, |state, number| mix(state, number as u64)))
    }

    /// The same with the random numbers of an earlier run. Those of a member are not its own: all members of an
    /// ensemble divide the data by one seed.
    pub fn like(self, earlier: Seed) -> Result<Self> {
        match self.member {
            Some(member) if earlier != self.seed => Err(Error::setting(format!(
                "the checkpoint of member {member} is of an ensemble that other random numbers divided: give the same generator"
            ))),
            _ => Ok(Self { seed: earlier, ..self }),
        }
    }
}

/// A training run under way.
pub(super) struct Run<'a, T: Real, M, O: Objective<T, M>, P: Optimizer<T>> {
    pub trainer: &'a Trainer<O, P>,
    pub model: &'a mut M,
    pub source: Source<'a, T>,
    pub audit: Audit<T>,
    pub calendar: Calendar,
    pub stages: Stages,
    pub state: State<T, P::State>,
    pub guard: Guard<State<T, P::State>>,
    /// The parameters of a flow that was given its frame here, which is normal by them, and the columns of the data
    /// of which it may know the moments when it is trained.
    pub unlearnt: Option<(Vec<T>, Vec<usize>)>,
    /// A number that tells divisions apart that were not drawn.
    pub divided: Option<u64>,
    /// What was learnt in the first half of the last cycle.
    pub half: Option<Vec<T>>,
    pub pool: Pool<T, O::Memory>,
    pub gradient: Vec<T>,
    pub report: Report,
    shown: bool,
    /// How it ended, once it has by itself.
    pub ended: Option<Stop>,
    pub start: Instant,
    /// The seconds of the run before an interruption.
    pub before: f64,
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
        outset: Outset,
        plan: Plan,
    ) -> Result<Self> {
        let divided = outset.divided();
        let Outset { seed, division, member } = outset;
        let Plan { task, defaults, choices, tolerances } = plan;
        let known = division.as_ref().map(|[_, trained]| trained.clone());
        let known = known.unwrap_or_else(|| (0..data[0].ncols()).collect());
        let [held, trained] = division.unwrap_or_else(|| {
            let mut order = seed.split(data[0].ncols());
            let trained = order.split_off(choices.held_out);
            [order, trained]
        });
        let stages = Stages::new(&choices, &defaults);
        let noise = [choices.noise.into(), Falling::steady(choices.context_noise)];
        let before = model.fixed();
        if !trainer.settings.keep_start {
            let [points, contexts] = data.map(|matrix| matrix.select_columns(&trained));
            model.prepare(&points, &contexts)?;
        }
        let is_framed = model.fixed().iter().any(Frame::owns) && !before.iter().any(Frame::owns);
        let unlearnt = (is_framed && !held.is_empty()).then(|| (model.parameters(), known));
        let mut warnings = scales::warnings(model, data);
        warnings.extend(trainer.objective.warnings(data[0], data[1], choices.batch));
        let optimizer = trainer.optimizer.start(&model.layout(), &task);
        let state = State::new(model.parameters(), optimizer, choices.average);
        let audit = Audit::new(data, &held, &trained, tolerances);
        Ok(Self {
            trainer,
            model,
            source: Source::new(seed, data, trained, choices.batch)
                .with_noise(noise, stages.steps()),
            calendar: Calendar::new(&choices, &defaults, audit.samples()),
            audit,
            stages,
            gradient: vec![T::zero(); state.parameters.len()],
            state,
            guard: Guard::new(),
            unlearnt,
            divided,
            half: None,
            pool: Pool::new(),
            report: Report::new(trainer.objective.name(), choices, warnings),
            shown: member.is_none(),
            ended: None,
            start: Instant::now(),
            before: 0.0,
        })
    }

    /// The seconds since the start, those before an interruption included.
    pub(super) fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    /// Takes all steps; `watch` is shown the model after each, and may end the run.
    pub fn train(mut self, watch: &mut impl Watch<T, M>) -> Result<Report> {
        let progress = Progress::new(self.shown && self.trainer.settings.progress);
        let result = match self.ended {
            Some(stop) => Ok(stop),
            None => self.take_steps(&progress, watch).and_then(|stop| self.end(stop, watch)),
        };
        progress.finish();
        self.report.schedule = self.stages.schedule();
        match &self.state.best {
            Some((check, parameters)) => {
                self.report.best = Some(*check);
                self.model.set_parameters(parameters)?;
            }
            None => self.model.set_parameters(&self.state.candidate())?,
        }
        if result.is_ok() {
            self.compare_with_normal()?;
        }
        self.report.warnings.extend(self.audit.own_solver(self.judge()));
        match result {
            Ok(stop) => Ok(Report { stop, ..self.report }),
            Err(error) if error.is_file() => Err(self.unkept(error)),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Shows the end of a run that nobody asked for.
    fn end(&mut self, stop: Stop, watch: &mut impl Watch<T, M>) -> Result<Stop> {
        if stop != Stop::Asked {
            self.ended = Some(stop);
            watch.ended(self)?;
        }
        Ok(stop)
    }

    /// What parameters a run that ended early leaves to the model.
    fn left(&self) -> String {
        match self.report.best {
            Some(check) => format!("the best parameters, those of step {}", check.step),
            None if self.done() == 0 => "the parameters that it had".to_string(),
            None => "its last finite parameters".to_string(),
        }
    }

    /// The error of a run that ended because a file could not be written.
    fn unkept(mut self, error: Error) -> Error {
        self.report.stop = Stop::Failed;
        let (taken, kept) = (self.done(), self.left());
        let what = format!(
            "training stopped after {taken} steps, and the model keeps {kept}; make room, and go on from the last checkpoint"
        );
        error.clone().during(what).with_source(Unfinished { report: self.report, cause: error })
    }

    /// The error of a run that could not go on, with the report up to there.
    fn failed(mut self, error: Error) -> Error {
        self.report.stop = Stop::Failed;
        let (taken, kept) = (self.done(), self.left());
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
        let cause = Unfinished { report: self.report, cause: error };
        Error::training(message).naming(columns).with_source(cause)
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
    pub(super) fn done(&self) -> usize {
        self.report.steps.len()
    }

    pub(super) fn record(&mut self, what: Happening) {
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
        let impatient = match self.report.choices.patience {
            Some(most) => self.state.unimproved >= most,
            None => self.stages.patience().is_some_and(|most| self.state.in_vain(done) >= most),
        };
        let stop = over.or(impatient.then_some(Stop::Early));
        Ok(stop.map_or(ControlFlow::Continue(()), ControlFlow::Break))
    }
}
