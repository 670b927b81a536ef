//! A progress bar that can be switched off.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, drawn only where a person can see it.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub fn new(steps: usize, shown: bool) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(steps as u64);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:32} {pos}/{len} steps, {msg}, {eta} left")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub fn step(&self, loss: f64) {
        self.0.inc(1);
        if self.0.position().is_multiple_of(16) {
            self.0.set_message(format!("loss {loss:.4}"));
        }
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
