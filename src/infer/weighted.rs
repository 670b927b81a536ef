//! Draws with importance weights: evidence and expectations, each with its error.

use std::ops::RangeInclusive;

use nalgebra::DMatrix;
use rand::{Rng, RngExt};

use super::pareto::smooth;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::portable::{exp, ln};

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

/// Draws x from a proposal q, a column each, with the logarithms of their weights p̃(x) / q(x).
#[derive(Debug, Clone)]
pub struct Weighted {
    points: DMatrix<f64>,
    log_weights: Vec<f64>,
    smoothed: Vec<f64>,
    shape: f64,
}

impl Weighted {
    /// Of draws (dim x n) and as many logarithms of weights: minus infinity where p̃ is zero.
    ///
    /// # Errors
    ///
    /// If there is none, counts differ, a weight is NaN or infinite, or all are zero.
    pub fn new(points: DMatrix<f64>, log_weights: Vec<f64>) -> Result<Self> {
        let (count, weights) = (points.ncols(), log_weights.len());
        if count == 0 || count != weights {
            return Err(Error::shape(format!(
                "{} with {}: give as many weights as draws, one or more",
                shown::count(count, "draw"),
                shown::count(weights, "weight")
            )));
        }
        let bad = |weight: &f64| weight.is_nan() || *weight == f64::INFINITY;
        if let Some(k) = log_weights.iter().position(bad) {
            return Err(Error::non_finite(format!(
                "the logarithm of weight {k} is {}: leave out draws whose density could not be computed",
                log_weights[k]
            )));
        }
        if log_weights.iter().all(|weight| *weight == f64::NEG_INFINITY) {
            return Err(Error::setting(
                "the target is zero at every draw of the proposal: they have nothing in common",
            ));
        }
        let found = smooth(&log_weights);
        Ok(Self { points, log_weights, smoothed: found.log_weights, shape: found.shape })
    }

    /// The draws of the proposal, a column each.
    pub fn points(&self) -> &DMatrix<f64> {
        &self.points
    }

    /// ln p̃ - ln q of each.
    pub fn log_weights(&self) -> &[f64] {
        &self.log_weights
    }

    /// The weights after Pareto smoothing, with sum one.
    pub fn weights(&self) -> Vec<f64> {
        let (weights, _) = normalised(&self.smoothed);
        weights
    }

    /// k̂, the shape of the weights' tail: see [`Smoothed::shape`](super::Smoothed::shape).
    pub fn pareto_shape(&self) -> f64 {
        self.shape
    }

    /// The number of independent draws from the target that are worth as much, (Σw)² / Σw², by the weights as
    /// they came (Kong 1992).
    pub fn effective_samples(&self) -> f64 {
        let (weights, _) = normalised(&self.log_weights);
        1.0 / weights.iter().map(|weight| weight * weight).sum::<f64>()
    }

    /// ln Z, Z = ∫ p̃: the logarithm of the mean weight, unsmoothed, so that Z itself is unbiased. The error is
    /// that of the logarithm by the spread of the weights; with k̂ above 0.5 it is too small.
    pub fn log_evidence(&self) -> Measured {
        let count = self.log_weights.len() as f64;
        let (weights, log_sum) = normalised(&self.log_weights);
        let variance =
            weights.iter().map(|w| (count * w - 1.0).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        Measured { value: log_sum - ln(count), standard_error: (variance / count).sqrt() }
    }

    /// E_q ln(p̃ / q), the evidence lower bound: minus infinity where the proposal has mass that the target has not.
    pub fn lower_bound(&self) -> Measured {
        let count = self.log_weights.len() as f64;
        let mean = self.log_weights.iter().sum::<f64>() / count;
        let square = self.log_weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>();
        Measured { value: mean, standard_error: (square / (count - 1.0).max(1.0) / count).sqrt() }
    }

    /// E_p f, by self-normalised smoothed weights; the error by the delta method (Owen 2013, Monte Carlo
    /// theory, methods and examples, equation 9.9).
    pub fn expectation(&self, of: impl Fn(&[f64]) -> f64) -> Measured {
        let weights = self.weights();
        let dim = self.points.nrows();
        let values: Vec<f64> = self.points.as_slice().chunks(dim.max(1)).map(of).collect();
        // What has no weight may be anything, infinite included.
        let pairs = || weights.iter().zip(&values).filter(|(weight, _)| **weight > 0.0);
        let value = pairs().map(|(weight, value)| weight * value).sum::<f64>();
        let variance = pairs().map(|(weight, x)| (weight * (x - value)).powi(2)).sum::<f64>();
        Measured { value, standard_error: variance.sqrt() }
    }

    /// The mean of every parameter.
    pub fn means(&self) -> Vec<Measured> {
        (0..self.points.nrows()).map(|i| self.expectation(|x| x[i])).collect()
    }

    /// The standard deviation of every parameter.
    pub fn deviations(&self) -> Vec<f64> {
        let means = self.means();
        let variance = |i: usize| self.expectation(|x| (x[i] - means[i].value).powi(2)).value;
        (0..means.len()).map(|i| variance(i).sqrt()).collect()
    }

    /// `count` draws of the target: draws of the proposal, each as often as its smoothed weight says
    /// (systematic resampling), so that they need no weights any more.
    pub fn resampled<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> DMatrix<f64> {
        let weights = self.weights();
        let start: f64 = rng.random();
        let (mut chosen, mut sum, mut k) = (Vec::with_capacity(count), 0.0, 0);
        for (j, weight) in weights.iter().enumerate() {
            sum += weight;
            while k < count && (k as f64 + start) / count as f64 <= sum {
                chosen.push(j);
                k += 1;
            }
        }
        // Rounding may leave the last ones over.
        let heaviest = (0..weights.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b]));
        chosen.resize(count, heaviest.unwrap_or(0));
        self.points.select_columns(&chosen)
    }
}

/// Weights with sum one, and the logarithm of what their sum was.
fn normalised(log_weights: &[f64]) -> (Vec<f64>, f64) {
    let most = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = log_weights.iter().map(|weight| exp(weight - most)).collect();
    let sum: f64 = weights.iter().sum();
    (weights.iter().map(|weight| weight / sum).collect(), most + ln(sum))
}
