//! A progress bar that can be switched off.

use std::fmt;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, drawn only where a person can see it.
pub(super) struct Progress(ProgressBar);

/// What a bar shows beside the steps.
pub(super) struct Shown<'a> {
    /// What the loss is.
    pub name: &'a str,
    /// That of the last mini-batch.
    pub training: f64,
    /// That of the last check.
    pub held_out: Option<f64>,
    /// The seconds that the run is expected to take.
    pub seconds: Option<f64>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: training {:.4}", self.name, self.training)?;
        if let Some(loss) = self.held_out {
            write!(f, ", held out {loss:.4}")?;
        }
        match self.seconds {
            Some(seconds) => write!(f, "; about {seconds:.0} s in all"),
            None => Ok(()),
        }
    }
}

impl Progress {
    pub fn new(shown: bool) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:32} {pos}/{len} steps, {msg}, {eta} left")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows that so many of the steps that are planned were taken.
    pub fn step(&self, done: usize, planned: usize, shown: &Shown<'_>) {
        self.0.set_length(planned as u64);
        self.0.set_position(done as u64);
        if done.is_multiple_of(16) {
            self.0.set_message(shown.to_string());
        }
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_which_loss_it_shows_and_how_long_it_will_take() {
        let name = "negative log-likelihood (nats)";
        let shown = Shown { name, training: 0.41234, held_out: Some(0.421), seconds: Some(12.3) };
        assert_eq!(
            shown.to_string(),
            "negative log-likelihood (nats): training 0.4123, held out 0.4210; about 12 s in all"
        );
        let first = Shown { held_out: None, seconds: None, ..shown };
        assert_eq!(first.to_string(), "negative log-likelihood (nats): training 0.4123");
    }
}
