//! How often what is done in a training run, and the ranges of these settings.

use super::Schedule;
use crate::error::{Error, Result};

/// How often what is done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub steps: usize,
    pub batch: usize,
    pub schedule: Schedule,
    pub clip: f64,
    pub held_out: f64,
    pub check_every: Option<usize>,
    pub patience: usize,
    pub average: Option<f64>,
    pub progress: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            steps: 1000,
            batch: 512,
            schedule: Schedule { rate: 4e-2, warm_up: 50, floor: 0.01 },
            clip: 10.0,
            held_out: 0.1,
            check_every: None,
            patience: usize::MAX,
            average: None,
            progress: true,
        }
    }
}

impl Settings {
    /// An error if a setting is out of range.
    pub fn check(&self) -> Result<()> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let unit = |value: f64| (0.0..1.0).contains(&value);
        let claims = [
            (self.steps > 0, "the number of steps must be at least one".to_string()),
            (self.batch > 0, "the mini-batch must hold at least one sample".to_string()),
            (
                positive(self.schedule.rate),
                format!(
                    "the learning rate is {}: give a positive number, such as 1e-3",
                    self.schedule.rate
                ),
            ),
            (
                (0.0..=1.0).contains(&self.schedule.floor),
                format!(
                    "the final share of the learning rate is {}: give 0 to 1",
                    self.schedule.floor
                ),
            ),
            (
                self.clip > 0.0,
                format!("the largest gradient norm is {}: give a positive number", self.clip),
            ),
            (
                unit(self.held_out),
                format!("the held-out share is {}: give 0 to less than 1", self.held_out),
            ),
            (self.check_every != Some(0), "checks must be at least one step apart".to_string()),
            (
                self.average.is_none_or(unit),
                format!(
                    "the decay of the average is {}: give 0 to less than 1",
                    self.average.unwrap_or_default()
                ),
            ),
        ];
        match claims.into_iter().find(|(holds, _)| !holds) {
            Some((_, message)) => Err(Error::setting(message)),
            None => Ok(()),
        }
    }
}
