//! Draws with importance weights: evidence and expectations, each with its error.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};

use super::measured::{Measured, beside};
use super::pareto::smooth;
use super::sums::{Shares, log_mean};
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::portable::{ln, ln_1p};

/// Draws x from a proposal q, a column each, with the logarithms of their weights p̃(x) / q(x).
///
/// Errors are those of independent draws together with what is known of the computation: where ln q is an estimate
/// with standard error s, weights are freed of its bias, w e^(-s²/2); and where draws were followed again with smaller
/// steps, what that changed counts as an error, too.
#[derive(Debug, Clone)]
pub struct Weighted {
    names: Vec<String>,
    points: DMatrix<f64>,
    log_weights: Vec<f64>,
    smoothed: Vec<f64>,
    shape: f64,
    pub(super) known: Known,
}

/// What is known of the computation of draws.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The share of all draws that could not be weighed.
    pub lost: f64,
    /// The variance of each ln q, if they are estimates; NaN where it is unknown.
    pub variances: Option<Vec<f64>>,
    /// Some of the draws as they are with smaller steps.
    pub again: Option<Again>,
}

/// Draws that were followed again with smaller steps.
#[derive(Debug, Clone)]
pub(super) struct Again {
    /// Which draws these are.
    pub places: Vec<usize>,
    pub points: DMatrix<f64>,
    pub log_weights: Vec<f64>,
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
        let names = (0..points.nrows()).map(|i| format!("x{i}")).collect();
        let (smoothed, shape) = (found.log_weights, found.shape);
        Ok(Self { names, points, log_weights, smoothed, shape, known: Known::default() })
    }

    /// The same with names for the coordinates.
    ///
    /// # Errors
    ///
    /// If there are not as many.
    pub fn named<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        self.names = names.into_iter().map(Into::into).collect();
        match self.names.len() == self.points.nrows() {
            true => Ok(self),
            false => Err(Error::shape(format!(
                "{} for draws of dimension {}: give one for each coordinate",
                shown::count(self.names.len(), "name"),
                self.points.nrows()
            ))),
        }
    }

    /// The names of the coordinates: those of the parameters, or x0, x1, ....
    pub fn names(&self) -> &[String] {
        &self.names
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
        Shares::of(&self.smoothed).weights
    }

    /// k̂, the shape of the weights' tail: see [`Smoothed::shape`](super::Smoothed::shape).
    pub fn pareto_shape(&self) -> f64 {
        self.shape
    }

    /// The number of independent draws from the target that are worth as much, (Σw)² / Σw², by the weights as
    /// they came (Kong 1992).
    pub fn effective_samples(&self) -> f64 {
        let square = |weight: &f64| weight * weight;
        1.0 / Shares::of(&self.log_weights).weights.iter().map(square).sum::<f64>()
    }

    /// The share of all draws that could not be weighed, and are not among these.
    pub fn lost(&self) -> f64 {
        self.known.lost
    }

    /// ln Z, Z = ∫ p̃: the logarithm of the mean weight, unsmoothed, so that Z itself is unbiased. The error is
    /// that of the logarithm by the spread of the weights, and of the computation; with k̂ above 0.5 it is too small.
    pub fn log_evidence(&self) -> Measured {
        let count = self.log_weights.len() as f64;
        let Shares { weights, log_sum } = Shares::of(&self.log_weights);
        let variance =
            weights.iter().map(|w| (count * w - 1.0).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        let drawn = (variance / count).sqrt();
        Measured { value: log_sum - ln(count), standard_error: beside(&[drawn, self.computed()]) }
    }

    /// The error of ln Z by what is known of the computation of weights.
    pub(super) fn computed(&self) -> f64 {
        // What draws that are lost would have weighed may be as much as their share.
        let lost = -ln_1p(-self.known.lost.min(0.999));
        beside(&[self.estimated().1, self.solved(), lost])
    }

    /// E_q ln(p̃ / q), the evidence lower bound: minus infinity where the proposal has mass that the target has not.
    pub fn lower_bound(&self) -> Measured {
        let count = self.log_weights.len() as f64;
        // Estimates of ln q are unbiased themselves.
        let bias = |j: usize| self.known.variances.as_ref().map_or(0.0, |all| known(all[j]) / 2.0);
        let values: Vec<f64> =
            self.log_weights.iter().enumerate().map(|(j, log)| log + bias(j)).collect();
        let mean = values.iter().sum::<f64>() / count;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let drawn = (square / (count - 1.0).max(1.0) / count).sqrt();
        Measured { value: mean, standard_error: beside(&[drawn, self.solved()]) }
    }

    /// E_p f, by self-normalised smoothed weights; the error by the delta method (Owen 2013, Monte Carlo
    /// theory, methods and examples, equation 9.9), and what smaller steps change.
    pub fn expectation(&self, of: impl Fn(&[f64]) -> f64) -> Measured {
        let values = by_column(&self.points, &of);
        let found = self.mean_of(&values);
        let Some(again) = &self.known.again else { return found };
        let before = Shares::of(&self.at(again)).mean(&select(&values, &again.places));
        let after = Shares::of(&again.log_weights).mean(&by_column(&again.points, &of));
        let all = [found.standard_error, after - before];
        Measured { standard_error: beside(&all), ..found }
    }

    /// The mean of something that is known of each draw.
    pub(in crate::infer) fn mean_of(&self, values: &[f64]) -> Measured {
        let shares = Shares::of(&self.smoothed);
        let value = shares.mean(values);
        let pairs = shares.weights.iter().zip(values).filter(|(weight, _)| **weight > 0.0);
        let variance = pairs.map(|(weight, x)| (weight * (x - value)).powi(2)).sum::<f64>();
        Measured { value, standard_error: variance.sqrt() }
    }

    /// The mean of every parameter.
    pub fn means(&self) -> Vec<Measured> {
        (0..self.points.nrows()).map(|i| self.expectation(|x| x[i])).collect()
    }

    /// The standard deviation of every parameter, each with its error.
    pub fn deviations(&self) -> Vec<Measured> {
        let deviation = |(i, mean): (usize, Measured)| {
            let variance = self.expectation(|x| (x[i] - mean.value).powi(2));
            let value = variance.value.sqrt();
            // d √v = dv / 2√v.
            Measured { value, standard_error: variance.standard_error / (2.0 * value) }
        };
        self.means().into_iter().enumerate().map(deviation).collect()
    }

    /// `count` draws of the target: draws of the proposal, each as often as its smoothed weight says
    /// (systematic resampling), so that they need no weights any more.
    pub fn resampled<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> DMatrix<f64> {
        self.points.select_columns(&self.chosen(count, rng))
    }

    /// Which draws are those of the target.
    pub(in crate::infer) fn chosen<R: Rng + ?Sized>(
        &self,
        count: usize,
        rng: &mut R,
    ) -> Vec<usize> {
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
        chosen
    }

    /// The mean variance of estimates of ln q under the target, and what is left of their bias in ln Z: the
    /// correction holds to second order, and what lies beyond is at most s⁴/4 for two probes or more.
    pub(super) fn estimated(&self) -> (f64, f64) {
        let Some(variances) = &self.known.variances else { return (0.0, 0.0) };
        let shares = Shares::of(&self.log_weights);
        let squares: Vec<f64> = variances.iter().map(|v| known(*v).powi(2) / 4.0).collect();
        (shares.mean(variances), shares.mean(&squares))
    }

    /// What smaller steps change in ln Z.
    pub(super) fn solved(&self) -> f64 {
        let Some(again) = &self.known.again else { return 0.0 };
        log_mean(&again.log_weights) - log_mean(&self.at(again))
    }

    /// The weights of those draws that were followed again.
    fn at(&self, again: &Again) -> Vec<f64> {
        select(&self.log_weights, &again.places)
    }
}

/// A variance, or nothing where it is unknown.
pub(super) fn known(variance: f64) -> f64 {
    if variance.is_finite() { variance } else { 0.0 }
}

fn select(values: &[f64], places: &[usize]) -> Vec<f64> {
    places.iter().map(|&place| values[place]).collect()
}

fn by_column(points: &DMatrix<f64>, of: &impl Fn(&[f64]) -> f64) -> Vec<f64> {
    points.as_slice().chunks(points.nrows().max(1)).map(of).collect()
}
