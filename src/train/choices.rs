//! The settings of a run, as they were told or chosen.

use std::fmt;

use super::defaults::{Defaults, FALLING_PATIENCE, HASTENED, Task};
use super::settings::Settings;
use super::{Decay, Noise, Schedule};
use crate::error::{Error, Result};

/// The settings of a run, each as the [trainer](super::Trainer) was told, or else as it was chosen by
/// dimension, rows and kind of flow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choices {
    /// The number of steps; `None` if the run finds it by itself.
    pub steps: Option<usize>,
    /// The time by which the run is to end, in seconds.
    pub seconds: Option<f64>,
    /// The number of samples in a mini-batch.
    pub batch: usize,
    /// The full learning rate.
    pub learning_rate: f64,
    /// The learning rate from step to step.
    pub schedule: Schedule,
    /// The largest norm of a gradient.
    pub clip: f64,
    /// The number of samples that are held out.
    pub held_out: usize,
    /// The number of steps between checks; `None` if it grows with the steps taken.
    pub check_every: Option<usize>,
    /// The number of checks without an improvement after which the run stops, if there is one; a run of cycles
    /// stops after half its first without.
    pub patience: Option<usize>,
    /// The decay of the moving average of the parameters; `None` without one.
    pub average: Option<f64>,
    /// The tolerance of gradients, as long as it is not tightened.
    pub tolerance: f64,
    /// The noise on the samples.
    pub noise: Noise,
    /// The noise on the contexts, in their deviations.
    pub context_noise: f64,
}

impl Choices {
    /// What was told, and for the rest what is usual for the task.
    pub(super) fn of(
        settings: &Settings,
        defaults: &Defaults,
        task: Task,
        learning_rate: f64,
        held_out: Option<usize>,
    ) -> Result<Self> {
        let held_out = match (held_out, settings.held_out) {
            (Some(count), _) => count,
            (None, Some(share)) => share_of(share, task.rows),
            (None, None) => defaults.held_out,
        };
        if held_out > 0 && held_out >= task.rows {
            return Err(Error::empty(format!(
                "{held_out} of {} samples held out leave none to train on: hold out a smaller share, or none, or give more samples",
                task.rows
            )));
        }
        let unasked = if held_out > 0 { defaults.noise } else { Noise::None };
        let noise = settings.noise.unwrap_or(unasked);
        let untold = settings.seconds.is_none() && settings.schedule.is_none();
        let fixed = defaults.fixed.filter(|_| untold && noise != Noise::Chosen);
        let steps = settings.steps.or(fixed);
        let falls = noise == Noise::Chosen && steps.is_none();
        let unbidden = falls.then_some(FALLING_PATIENCE);
        Ok(Self {
            steps,
            seconds: settings.seconds,
            batch: settings.batch.unwrap_or(defaults.batch).min(task.rows - held_out),
            learning_rate: settings.learning_rate.unwrap_or(learning_rate),
            schedule: settings
                .schedule
                .unwrap_or_else(|| usual(steps, settings.seconds, noise, defaults)),
            clip: settings.clip.unwrap_or(defaults.clip),
            held_out,
            check_every: settings.check_every,
            patience: settings.patience.or(unbidden),
            average: Some(settings.average.unwrap_or(defaults.average)).filter(|&d| d > 0.0),
            tolerance: settings.tolerance.unwrap_or(defaults.tolerance),
            noise,
            context_noise: settings.context_noise,
        })
    }
}

impl Choices {
    /// Every setting by its name, in words that differ where the settings do.
    pub(super) fn named(&self) -> [(&'static str, String); 13] {
        [
            ("number of steps", format!("{:?}", self.steps)),
            ("time limit", format!("{:?}", self.seconds)),
            ("size of a mini-batch", format!("{:?}", self.batch)),
            ("learning rate", format!("{:?}", self.learning_rate)),
            ("schedule", format!("{:?}", self.schedule)),
            ("largest gradient norm", format!("{:?}", self.clip)),
            ("number of held-out samples", format!("{:?}", self.held_out)),
            ("number of steps between checks", format!("{:?}", self.check_every)),
            ("patience", format!("{:?}", self.patience)),
            ("decay of the average", format!("{:?}", self.average)),
            ("tolerance of training", format!("{:?}", self.tolerance)),
            ("noise on the samples", format!("{:?}", self.noise)),
            ("noise on the contexts", format!("{:?}", self.context_noise)),
        ]
    }
}

impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch, learning_rate, held_out, tolerance, .. } = self;
        write!(f, "{batch} samples a step, learning rate {learning_rate:.1e}, ")?;
        if let Some(average) = self.average {
            write!(f, "average {average}, ")?;
        }
        write!(f, "tolerance {tolerance:.0e}, {held_out} samples held out")
    }
}

/// A share of the samples, at least one unless the share is zero.
fn share_of(share: f64, samples: usize) -> usize {
    match share {
        0.0 => 0,
        _ => ((samples as f64 * share).round() as usize).max(1),
    }
}

/// The usual schedule: cycles for a run that finds its length, one cosine over steps that are known, of which
/// at most a quarter is warm-up, or while noise falls, and a decay that can be hastened within a time limit.
fn usual(
    steps: Option<usize>,
    seconds: Option<f64>,
    noise: Noise,
    defaults: &Defaults,
) -> Schedule {
    let cosine = Schedule::cosine();
    match (steps, seconds) {
        (Some(steps), None) => Schedule { warm_up: cosine.warm_up.min(steps / 4), ..cosine },
        (_, Some(_)) => Schedule { decay: Decay::Last(HASTENED), ..cosine },
        (None, None) if noise == Noise::Chosen => cosine,
        (None, None) => Schedule::cycles(defaults.steps),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Kind;

    fn member(settings: &Settings, dim: usize, rows: usize) -> Choices {
        let task = Task { dim, rows, context_dim: 0, free: true, kind: Kind::Solved };
        let defaults = Defaults::of_member(task);
        Choices::of(settings, &defaults, task, 1e-2, Some(rows / 3)).expect("valid settings")
    }

    #[test]
    fn members_of_many_dimensions_and_rows_take_steps_of_a_number_and_what_is_told_goes_before() {
        let untold = Settings::default();
        let fixed = member(&untold, 10, 15_000).steps;
        assert!(fixed.is_some());
        assert_eq!(member(&untold, 10, 15_000).schedule, Schedule::cosine());
        assert_eq!(
            [member(&untold, 2, 15_000), member(&untold, 10, 300)].map(|c| c.steps),
            [None; 2]
        );
        let told = Settings { steps: Some(70), ..Settings::default() };
        assert_eq!(member(&told, 10, 15_000).steps, Some(70));
        let schedule = Some(Schedule::cycles(50));
        for told in [
            Settings { seconds: Some(1.0), ..Settings::default() },
            Settings { schedule, ..Settings::default() },
            Settings { noise: Some(Noise::Chosen), ..Settings::default() },
        ] {
            assert_eq!(member(&told, 10, 15_000).steps, None);
        }
    }
}
