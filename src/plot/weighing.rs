//! Weights of samples, scaled so that they count as many equal ones as they are worth.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::outcome::shown;

/// What samples weigh.
///
/// Weights are scaled so that their sum is the effective number of samples, (Σ w)² / Σ w² (Kish 1965, Survey
/// sampling); then it is the sum of their squares, too, and formulas that count samples hold for them.
#[derive(Debug, Clone)]
pub(super) enum Weights {
    /// One each.
    Equal,
    Each(Arc<Vec<f64>>),
}

impl Weights {
    /// The weight of a sample.
    pub fn at(&self, k: usize) -> f64 {
        match self {
            Self::Equal => 1.0,
            Self::Each(weights) => weights.get(k).copied().unwrap_or(0.0),
        }
    }

    pub fn are_equal(&self) -> bool {
        matches!(self, Self::Equal)
    }

    /// The effective number of `count` samples.
    pub fn effective(&self, count: usize) -> f64 {
        match self {
            Self::Equal => count as f64,
            Self::Each(weights) => weights.iter().sum(),
        }
    }
}

/// Weights of `given` samples, of which some are kept, and the places among these of those that weigh something.
///
/// # Errors
///
/// If there are not as many weights as samples, one is negative or not finite, or all that are kept are zero.
pub(super) fn weighed(
    weights: &[f64],
    given: usize,
    kept: &[usize],
) -> Result<(Weights, Vec<usize>)> {
    if weights.len() != given {
        return Err(Error::shape(format!(
            "{} for {}: give one for each column",
            shown::count(weights.len(), "weight"),
            shown::count(given, "sample")
        )));
    }
    if let Some(k) = weights.iter().position(|weight| !weight.is_finite()) {
        return Err(Error::non_finite(format!(
            "weight {k} is {}: give finite numbers; of log-weights, exponentials less the greatest of all",
            weights[k]
        )));
    }
    if let Some(k) = weights.iter().position(|weight| *weight < 0.0) {
        return Err(Error::setting(format!(
            "weight {k} is {}: give none below zero",
            shown::number(weights[k])
        )));
    }
    let places: Vec<usize> = (0..kept.len()).filter(|k| weights[kept[*k]] > 0.0).collect();
    if places.is_empty() && !kept.is_empty() {
        return Err(Error::empty(format!(
            "no weight of {} is above zero: give one or more that are",
            shown::count(kept.len(), "finite sample")
        )));
    }
    let some: Vec<f64> = places.iter().map(|k| weights[kept[*k]]).collect();
    Ok((scaled(some), places))
}

fn scaled(mut weights: Vec<f64>) -> Weights {
    let most = weights.iter().copied().fold(0.0, f64::max);
    if weights.iter().all(|weight| *weight == most) {
        return Weights::Equal;
    }
    // By the greatest first: squares of very large ones overflow, those of very small ones are nothing.
    weights.iter_mut().for_each(|weight| *weight /= most);
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    let scale = weights.iter().sum::<f64>() / squares;
    weights.iter_mut().for_each(|weight| *weight *= scale);
    Weights::Each(Arc::new(weights))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_weights_count_as_many_samples_as_they_are_worth() {
        for scale in [1e-300, 1.0, 1e300] {
            let raw = [3.0, 1.0, 0.0, 2.0, 9.0].map(|w| w * scale);
            let (weights, places) = weighed(&raw, 5, &[0, 1, 2, 3]).expect("weights");
            let found: Vec<f64> = (0..places.len()).map(|k| weights.at(k)).collect();
            let sums = [found.iter().sum::<f64>(), found.iter().map(|w| w * w).sum()];
            assert_eq!(places, [0, 1, 3]);
            // Six squared over fourteen.
            assert!(sums.iter().all(|sum| (sum - 36.0 / 14.0).abs() < 1e-12), "{sums:?}");
            assert!((weights.effective(3) - 36.0 / 14.0).abs() < 1e-12);
        }
        assert!(weighed(&[2.0; 3], 3, &[0, 1, 2]).expect("weights").0.are_equal());
    }

    #[test]
    fn weights_that_are_none_are_named() {
        let error = |weights: &[f64]| weighed(weights, 2, &[0, 1]).expect_err("refused");
        assert!(error(&[1.0]).is_shape());
        assert!(error(&[1.0, f64::NAN]).is_non_finite());
        assert!(error(&[f64::INFINITY, 1.0]).to_string().contains("weight 0"));
        assert!(error(&[1.0, -1.0]).is_setting() && error(&[0.0, 0.0]).is_empty());
    }
}
