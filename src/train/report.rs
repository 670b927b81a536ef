//! What happened in training: every curve, and how it ended.

use std::fmt;

use crate::trace::Estimate;

/// One step of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// The mean loss of the mini-batch, before the step and without penalties.
    pub loss: f64,
    /// What penalties add to it.
    pub penalty: f64,
    /// The global norm of the gradient, before clipping.
    pub gradient_norm: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// The mean number of evaluations of the field per sample, on the way to the loss.
    pub evaluations: f64,
    /// Seconds since the start of training.
    pub seconds: f64,
}

/// One check on held-out samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// The number of steps before the check.
    pub step: usize,
    /// The mean loss of the held-out samples.
    pub loss: f64,
    /// The mean number of evaluations of the field per held-out sample.
    pub evaluations: f64,
}

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// All steps were taken.
    Finished,
    /// The held-out loss had not improved for as many checks as patience allowed.
    Early,
    /// The callback of [`Trainer::monitor`](super::Trainer::monitor) asked for it.
    Asked,
}

/// The curves of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What the loss is, with its unit.
    pub loss_name: &'static str,
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
    /// How training ended.
    pub stop: Stop,
}

impl Report {
    /// The wall time of all steps, in seconds.
    pub fn seconds(&self) -> f64 {
        self.steps.last().map_or(0.0, |step| step.seconds)
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
            Stop::Asked => "stopped by the monitor",
        };
        writeln!(f, "loss                 {}", self.loss_name)?;
        if let Some(estimate) = self.estimated {
            writeln!(f, "log-densities        estimated during training by {estimate}")?;
        }
        writeln!(
            f,
            "steps                {} ({ending}), {:.1} s",
            self.steps.len(),
            self.seconds()
        )?;
        if let (Some(first), Some(last)) = (self.steps.first(), self.steps.last()) {
            writeln!(f, "training loss        {:.4} -> {:.4}", first.loss, last.loss)?;
            if self.steps.iter().any(|step| step.penalty != 0.0) {
                let (first, last) = (first.penalty, last.penalty);
                writeln!(f, "penalty              {first:.4} -> {last:.4}")?;
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
        if let (Some(first), Some(best)) = (self.checks.first(), self.best) {
            write!(
                f,
                "held-out loss        {:.4} -> {:.4} (step {})",
                first.loss, best.loss, best.step
            )?;
        }
        Ok(())
    }
}
