//! Sums over weights that are known by their logarithms.

use crate::real::portable::{exp, ln};

/// Weights with sum one, and the logarithm of what their sum was.
pub(super) struct Shares {
    pub weights: Vec<f64>,
    pub log_sum: f64,
}

impl Shares {
    pub fn of(log_weights: &[f64]) -> Self {
        let most = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = log_weights.iter().map(|weight| exp(weight - most)).collect();
        let sum: f64 = weights.iter().sum();
        let weights = weights.iter().map(|weight| weight / sum).collect();
        Self { weights, log_sum: most + ln(sum) }
    }

    /// The mean of values. What has no weight may be anything, infinite included.
    pub fn mean(&self, values: &[f64]) -> f64 {
        let pairs = self.weights.iter().zip(values).filter(|(weight, _)| **weight > 0.0);
        pairs.map(|(weight, value)| weight * value).sum()
    }
}

/// The logarithm of the mean of numbers that are known by theirs.
pub(in crate::infer) fn log_mean(logs: &[f64]) -> f64 {
    Shares::of(logs).log_sum - ln(logs.len() as f64)
}
