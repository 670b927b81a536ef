//! What a trainer was told, and the ranges of these settings.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

#[cfg(feature = "save")]
use super::Checkpoints;
use super::{Noise, Schedule};
use crate::error::{Error, Result};

/// What a trainer was told; the rest is chosen when it meets model and data.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub steps: Option<usize>,
    pub seconds: Option<f64>,
    pub batch: Option<usize>,
    pub learning_rate: Option<f64>,
    pub schedule: Option<Schedule>,
    pub clip: Option<f64>,
    pub held_out: Option<f64>,
    pub check_every: Option<usize>,
    pub patience: Option<usize>,
    pub average: Option<f64>,
    pub tolerance: Option<f64>,
    pub noise: Option<Noise>,
    /// On the contexts, in their deviations.
    pub context_noise: f64,
    pub progress: bool,
    /// What says that the run is to end.
    pub stop: Option<Arc<AtomicBool>>,
    #[cfg(feature = "save")]
    pub checkpoints: Option<Checkpoints>,
    /// Whether the model starts as it is.
    pub keep_start: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            steps: None,
            seconds: None,
            batch: None,
            learning_rate: None,
            schedule: None,
            clip: None,
            held_out: None,
            check_every: None,
            patience: None,
            average: None,
            tolerance: None,
            noise: None,
            context_noise: 0.0,
            progress: true,
            stop: None,
            #[cfg(feature = "save")]
            checkpoints: None,
            keep_start: false,
        }
    }
}

impl Settings {
    /// Where checkpoints are kept; those of a member have a folder of their own.
    #[cfg(feature = "save")]
    pub fn checkpoints_of(&self, member: Option<usize>) -> Option<Checkpoints> {
        let all = self.checkpoints.as_ref()?;
        Some(member.map_or_else(|| all.clone(), |k| all.member(k)))
    }

    /// An error if a setting is out of range.
    pub fn check(&self) -> Result<()> {
        let counts = [
            (self.steps, "the number of steps must be at least one"),
            (self.batch, "the mini-batch must hold at least one sample"),
            (self.check_every, "checks must be at least one step apart"),
            (self.patience, "patience must last for at least one check"),
        ];
        if let Some((_, message)) = counts.into_iter().find(|(count, _)| *count == Some(0)) {
            return Err(Error::setting(message));
        }
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let share = |value: f64| (0.0..1.0).contains(&value);
        within(self.learning_rate, positive, "learning rate", "a positive number, such as 1e-3")?;
        within(self.seconds, positive, "time limit in seconds", "a positive number")?;
        within(self.clip, |norm| norm > 0.0, "largest gradient norm", "a positive number")?;
        within(self.held_out, share, "held-out share", "0 to less than 1")?;
        within(self.average, share, "decay of the average", "0 to less than 1")?;
        within(
            self.tolerance,
            |value| value > 0.0 && value < 1.0,
            "tolerance of training",
            "a positive number less than 1, such as 1e-3",
        )?;
        if self.noise == Some(Noise::Chosen) && self.held_out == Some(0.0) {
            return Err(Error::setting(
                "the size of the noise is chosen on held-out samples, and none are held out: hold out a share, such as 0.1, or give a size",
            ));
        }
        self.noise.unwrap_or(Noise::None).check("samples")?;
        Noise::Deviation(self.context_noise).check("contexts")?;
        #[cfg(feature = "save")]
        self.checkpoints.as_ref().map_or(Ok(()), Checkpoints::check)?;
        self.schedule.as_ref().map_or(Ok(()), Schedule::check)
    }
}

/// An error if a number was told and is out of range.
fn within(value: Option<f64>, good: impl Fn(f64) -> bool, what: &str, advice: &str) -> Result<()> {
    match value.filter(|&value| !good(value)) {
        Some(value) => Err(Error::setting(format!("the {what} is {value}: give {advice}"))),
        None => Ok(()),
    }
}
