//! Means with their standard errors.

use serde_json::Value;

use super::out::{number, object};
use super::shown::nats;

/// The mean of some numbers, and its standard error.
#[derive(Clone, Copy)]
pub struct Mean {
    pub mean: f64,
    pub error: f64,
}

impl Mean {
    /// Of the finite ones among these numbers.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let finite: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
        let count = finite.len() as f64;
        let mean = finite.iter().sum::<f64>() / count;
        let squares: f64 = finite.iter().map(|x| (x - mean).powi(2)).sum();
        Self { mean, error: (squares / (count - 1.0).max(1.0) / count).sqrt() }
    }

    /// How many standard errors it is from zero.
    pub fn errors(&self) -> f64 {
        if self.mean == 0.0 { 0.0 } else { self.mean / self.error }
    }

    pub fn figures(&self) -> Value {
        let pairs = [("mean", number(self.mean)), ("standard_error", number(self.error))];
        Value::Object(object(pairs))
    }
}

impl std::fmt::Display for Mean {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ± {}", nats(self.mean), nats(self.error))
    }
}
