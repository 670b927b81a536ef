//! A progress bar that can be switched off.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, drawn only where a person can see it.
pub(super) struct Progress(ProgressBar);

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
    pub fn step(&self, done: usize, planned: usize, loss: f64) {
        self.0.set_length(planned as u64);
        self.0.set_position(done as u64);
        if done.is_multiple_of(16) {
            self.0.set_message(format!("loss {loss:.4}"));
        }
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
