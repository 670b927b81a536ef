//! What chance alone does to a count of probabilities: quantiles of the binomial distribution.

use crate::error::{Error, Result};
use crate::outcome::shown;

/// So many deviations below its mean a count is as good as impossible.
const FAR: f64 = 12.0;

/// Between which counts of `trials` events, each with a probability, the count of successes lies with this
/// confidence: as much is left below as above at most.
pub(super) fn band(trials: usize, probability: f64, confidence: f64) -> [f64; 2] {
    let beyond = 0.5 * (1.0 - confidence);
    [quantile(trials, probability, beyond), quantile(trials, probability, 1.0 - beyond)]
}

/// The least count that is not exceeded with a probability of `share` or more: terms of the distribution, each
/// from the one before it, from so far below the mean that what is left out is nothing.
fn quantile(trials: usize, probability: f64, share: f64) -> f64 {
    let (n, p) = (trials as f64, probability.clamp(0.0, 1.0));
    if n * p == 0.0 || p == 1.0 {
        return n * p;
    }
    let mut k = (n * p - FAR * (n * p * (1.0 - p)).sqrt()).floor().max(0.0);
    let log_choices = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    let mut term = (log_choices + k * p.ln() + (n - k) * (-p).ln_1p()).exp();
    let mut sum = term;
    while sum < share && k < n {
        term *= (n - k) / (k + 1.0) * p / (1.0 - p);
        k += 1.0;
        sum += term;
        // Behind the mean terms fall; what is nothing now stays nothing.
        if k > n * p && term < f64::EPSILON * f64::EPSILON {
            break;
        }
    }
    k
}

/// An error unless a band of this confidence can be drawn.
pub(super) fn check_confidence(confidence: f64) -> Result<()> {
    match confidence > 0.0 && confidence < 1.0 {
        true => Ok(()),
        false => Err(Error::setting(format!(
            "a band that chance leaves with confidence {confidence}: give a number between 0 and 1, such as 0.95"
        ))),
    }
}

/// The numbers, or which of them is not between 0 and 1.
pub(super) fn inside(name: &str, values: &[f64]) -> Result<Vec<f64>> {
    if let Some(k) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        return Err(Error::setting(format!(
            "{name}: number {k} is {}: give probabilities, between 0 and 1",
            shown::number(values[k])
        )));
    }
    match values.is_empty() {
        true => Err(Error::empty(format!("{name}: there is no number, give one or more"))),
        false => Ok(values.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By adding up exact terms from zero.
    fn slow(n: usize, p: f64, share: f64) -> f64 {
        let term = |k: usize| {
            let choices = (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
            choices * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
        };
        let mut sum = 0.0;
        (0..=n)
            .find(|k| {
                sum += term(*k);
                sum >= share
            })
            .unwrap_or(n) as f64
    }

    #[test]
    fn quantiles_are_those_of_all_terms() {
        for n in [1, 2, 7, 40, 120] {
            for p in [0.01, 0.2, 0.5, 0.83] {
                // Shares at which no sum ends.
                for share in [0.0251, 0.4997, 0.9749] {
                    assert_eq!(quantile(n, p, share), slow(n, p, share), "{n} {p} {share}");
                }
            }
        }
    }

    #[test]
    fn many_trials_are_normal_and_certain_ones_certain() {
        let (n, p) = (10_000_000, 0.3);
        let deviation = (n as f64 * p * (1.0 - p)).sqrt();
        let [low, high] = band(n, p, 0.95);
        for (found, expected) in [(low, -1.959964), (high, 1.959964)] {
            assert!(((found - n as f64 * p) / deviation - expected).abs() < 2e-3, "{found}");
        }
        assert_eq!(band(50, 0.0, 0.9), [0.0, 0.0]);
        assert_eq!(band(50, 1.0, 0.9), [50.0, 50.0]);
        assert_eq!(band(0, 0.5, 0.9), [0.0, 0.0]);
    }
}
