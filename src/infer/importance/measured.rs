//! Numbers with their standard errors.

use std::fmt;
use std::ops::RangeInclusive;

/// A number with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl Measured {
    /// The interval that holds the true value with 95% probability, for an estimate of many draws.
    pub fn interval(&self) -> RangeInclusive<f64> {
        let half = 1.959_964 * self.standard_error;
        self.value - half..=self.value + half
    }
}

/// With as many digits as a formatter asks for.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        write!(f, "{:.digits$} ± {:.digits$}", self.value, self.standard_error)
    }
}

/// Independent errors together: the root of the sum of their squares.
pub(super) fn beside(errors: &[f64]) -> f64 {
    errors.iter().map(|error| error * error).sum::<f64>().sqrt()
}
