//! What happened in training: every curve, and how it ended.

use std::borrow::Cow;
use std::error::Error as _;
use std::fmt;

use super::warning::Warning;
use super::{Check, Choices, Event, Schedule, StepReport};
use crate::error::Error;
use crate::trace::Estimate;

/// How many warnings are printed.
const SHOWN: usize = 8;

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// All steps were taken.
    Finished,
    /// The held-out loss had not improved for as many checks as patience allowed.
    Early,
    /// The time limit was reached before the last step.
    Late,
    /// The callback of [`Trainer::monitor`](super::Trainer::monitor) asked for it, or the flag of
    /// [`Trainer::stop_when`](super::Trainer::stop_when).
    Asked,
    /// By a failure: training returned an error, of which [`Report::of`] took this report.
    Failed,
}

/// The curves of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What the loss is, with its unit.
    pub loss_name: Cow<'static, str>,
    /// Every step.
    pub steps: Vec<StepReport>,
    /// Every check on held-out samples; the first is before the first step. Empty if no samples
    /// were held out.
    pub checks: Vec<Check>,
    /// The check whose parameters the model has kept; `None` without held-out samples.
    pub best: Option<Check>,
    /// By what the log-densities of steps and checks were estimated, if they were: their losses are
    /// then estimates. The trained model is exact again wherever it is evaluated, unless it was told
    /// by name to estimate.
    pub estimated: Option<Estimate>,
    /// What is likely to make the model worse than it could be.
    pub warnings: Vec<Warning>,
    /// What the run did by itself on its way.
    pub events: Vec<Event>,
    /// The settings, as they were told or chosen.
    pub choices: Choices,
    /// The learning rate from step to step as it came about. Given to
    /// [`Trainer::schedule`](super::Trainer::schedule), and the number of steps to
    /// [`Trainer::steps`](super::Trainer::steps), it repeats a run that found its length by itself, bit for
    /// bit.
    pub schedule: Schedule,
    /// The seconds that the run was expected to take as it was planned then, after the first check that came
    /// when a tenth of the steps, or a hundred, were taken. `None` if there was none.
    pub foretold: Option<f64>,
    /// How training ended.
    pub stop: Stop,
}

/// The report of a run that failed, as its error carries it.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub report: Report,
    /// Why it ended.
    pub cause: Error,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "training ended early; `train::Report::of` has the curves up to there")
    }
}

impl std::error::Error for Unfinished {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl Report {
    /// The report of a run that has not begun.
    pub(super) fn new(loss_name: &'static str, choices: Choices, warnings: Vec<Warning>) -> Self {
        Self {
            loss_name: loss_name.into(),
            steps: Vec::new(),
            checks: Vec::new(),
            best: None,
            estimated: None,
            warnings,
            events: Vec::new(),
            choices,
            schedule: choices.schedule,
            foretold: None,
            stop: Stop::Finished,
        }
    }

    /// The report of the run that ended with this error: the curves up to there. `None` if the error was
    /// met before training began.
    ///
    /// ```
    /// use liouville::nalgebra::DMatrix;
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    /// use liouville::train::{Report, Stop};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let data: DMatrix<f64> = StandardNormal::new(2).sample(500, &mut rng)?;
    /// let field = Mlp::new(2).hidden([8, 8]).build(&mut rng)?;
    /// let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    /// let wild = Trainer::maximum_likelihood().learning_rate(1e12).quiet();
    /// let error = wild.fit(&mut model, &data, &mut rng).unwrap_err();
    /// let report = Report::of(&error).expect("it began");
    /// assert_eq!(report.stop, Stop::Failed);
    /// assert!(!report.steps.is_empty());
    /// // The model has the best parameters of all checks.
    /// assert!(model.log_prob(&data)?[0].is_finite());
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn of(error: &Error) -> Option<&Self> {
        let source = error.source()?.downcast_ref::<Unfinished>();
        source.map(|unfinished| &unfinished.report)
    }

    /// The wall time of all steps, in seconds.
    pub fn seconds(&self) -> f64 {
        self.steps.last().map_or(0.0, |step| step.seconds)
    }

    /// The first of the warnings, and how many there are beside.
    fn write_warnings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in self.warnings.iter().take(SHOWN) {
            writeln!(f, "warning              {warning}")?;
        }
        match self.warnings.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "warnings             {more} more"),
        }
    }

    /// The first check, and that whose parameters were kept.
    fn write_checks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(best)) = (self.checks.first(), self.best) else { return Ok(()) };
        let step = best.step;
        write!(f, "held-out loss        {:.4} -> {:.4} (step {step})", first.loss, best.loss)?;
        if best.noise > 0.0 {
            write!(f, ", at noise of {:.3} deviations", best.noise)?;
        }
        if let (Some(first), Some(best)) = (first.likelihood, best.likelihood) {
            let what = "negative log-likelihood, by which the step was chosen";
            write!(f, "\nheld-out nats        {first:.4} -> {best:.4} ({what})")?;
        }
        Ok(())
    }

    /// The numbers of the steps, from 1, beside any curve over the steps.
    pub fn curve(&self, value: impl Fn(&StepReport) -> f64) -> (Vec<f64>, Vec<f64>) {
        let numbers = (1..=self.steps.len()).map(|step| step as f64).collect();
        (numbers, self.steps.iter().map(value).collect())
    }

    /// The held-out losses beside the numbers of steps before them.
    pub fn held_out_curve(&self) -> (Vec<f64>, Vec<f64>) {
        self.checks.iter().map(|check| (check.step as f64, check.loss)).unzip()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match self.stop {
            Stop::Finished => "all taken",
            Stop::Early => "stopped early",
            Stop::Late => "stopped by the time limit",
            Stop::Asked => "stopped as it was asked to",
            Stop::Failed => "stopped by a failure",
        };
        writeln!(f, "loss                 {}", self.loss_name)?;
        if let Some(estimate) = self.estimated {
            writeln!(f, "log-densities        estimated during training by {estimate}")?;
        }
        let (taken, seconds) = (self.steps.len(), self.seconds());
        write!(f, "steps                {taken} ({ending}), {seconds:.1} s")?;
        match self.foretold {
            Some(foretold) => writeln!(f, ", {foretold:.1} s were foretold")?,
            None => writeln!(f)?,
        }
        writeln!(f, "settings             {}", self.choices)?;
        self.write_warnings(f)?;
        for event in &self.events {
            writeln!(f, "event                {event}")?;
        }
        if let (Some(first), Some(last)) = (self.steps.first(), self.steps.last()) {
            writeln!(f, "training loss        {:.4} -> {:.4}", first.loss, last.loss)?;
            if self.steps.iter().any(|step| step.penalty != 0.0) {
                let (first, last) = (first.penalty, last.penalty);
                writeln!(f, "penalty              {first:.4} -> {last:.4}")?;
            }
            if first.noise > 0.0 {
                let (first, last) = (first.noise, last.noise);
                writeln!(f, "noise (deviations)   {first:.3} -> {last:.3}")?;
            }
            writeln!(
                f,
                "gradient norm        {:.3} -> {:.3}",
                first.gradient_norm, last.gradient_norm
            )?;
            writeln!(
                f,
                "evaluations/sample   {:.1} -> {:.1}",
                first.evaluations, last.evaluations
            )?;
        }
        self.write_checks(f)
    }
}
