//! What chance alone does to counts of probabilities: quantiles of the binomial distribution, at one place or at all.

use crate::error::{Error, Result};
use crate::outcome::shown;

/// So many deviations below its mean a count is as good as impossible.
const FAR: f64 = 12.0;
/// Of more trials the confidence at each place is that of so many: it hardly changes any more.
const MANY: usize = 2000;
/// How often an interval of confidences is halved.
const HALVINGS: usize = 14;

/// Between which counts of `trials` events, each with a probability, the count of successes lies with this
/// confidence: as much is left below as above at most.
pub(super) fn band(trials: usize, probability: f64, confidence: f64) -> [f64; 2] {
    let beyond = 0.5 * (1.0 - confidence);
    [quantile(trials, probability, beyond), quantile(trials, probability, 1.0 - beyond)]
}

/// The greatest confidence at each of some ascending places, short of 0 and 1, with which the counts of independent
/// uniform numbers below them stay within their bands at all places at once with this confidence (Säilynoja,
/// Bürkner and Vehtari 2022, Graphical test for discrete uniformity, section 2.2).
pub(super) fn everywhere(trials: usize, places: &[f64], confidence: f64) -> f64 {
    let trials = trials.min(MANY);
    let beyond = 1.0 - confidence;
    // Between that of one place alone, and one with which it holds whatever hangs together.
    let [mut low, mut high] = [beyond / places.len().max(1) as f64, beyond].map(f64::ln);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        let inside = inside_all(trials, places, 1.0 - middle.exp());
        *if inside >= confidence { &mut low } else { &mut high } = middle;
    }
    1.0 - low.exp()
}

/// The probability that counts are within the bands of this confidence at all places: place by place, how many
/// there may be, and how many of the rest come up to the next.
fn inside_all(trials: usize, places: &[f64], confidence: f64) -> f64 {
    let mut first = 0;
    let mut masses = vec![1.0];
    let mut reached = 0.0;
    for place in places {
        let share = (place - reached) / (1.0 - reached);
        let [low, high] = band(trials, *place, confidence).map(|count| count as usize);
        let mut next = vec![0.0; high - low + 1];
        for (k, mass) in masses.iter().enumerate() {
            let before = first + k;
            add_binomial(trials - before, share, [low, high], before, *mass, &mut next);
        }
        (first, masses, reached) = (low, next, *place);
    }
    masses.iter().sum()
}

/// Adds what a mass at a count becomes by trials with a probability, as far as it is between two counts.
fn add_binomial(
    trials: usize,
    probability: f64,
    [low, high]: [usize; 2],
    before: usize,
    mass: f64,
    next: &mut [f64],
) {
    let (n, p) = (trials as f64, probability);
    let reach = 8.0 * (n * p * (1.0 - p)).sqrt() + 8.0;
    let from = low.saturating_sub(before).max((n * p - reach).max(0.0) as usize);
    let to = (high.saturating_sub(before)).min(trials).min((n * p + reach) as usize);
    if high < before || from > to {
        return;
    }
    let k = from as f64;
    let log_choices = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    let mut term = mass * (log_choices + k * p.ln() + (n - k) * (-p).ln_1p()).exp();
    for count in from..=to {
        next[before + count - low] += term;
        term *= (n - count as f64) / (count as f64 + 1.0) * p / (1.0 - p);
    }
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
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

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
    fn bands_hold_everywhere_as_often_as_they_say() {
        let mut rng = StdRng::seed_from_u64(1);
        let places: Vec<f64> = (1..40).map(|k| f64::from(k) / 40.0).collect();
        for (trials, confidence) in [(15, 0.9), (150, 0.95), (600, 0.5)] {
            let each = everywhere(trials, &places, confidence);
            let bands: Vec<[f64; 2]> = places.iter().map(|p| band(trials, *p, each)).collect();
            let turns = 4000;
            let inside = |_: &usize| {
                let mut all: Vec<f64> = (0..trials).map(|_| rng.random()).collect();
                all.sort_unstable_by(f64::total_cmp);
                let below = |p: f64| all.partition_point(|x| *x <= p) as f64;
                let holds =
                    |(p, [low, high]): (&f64, &[f64; 2])| (*low..=*high).contains(&below(*p));
                places.iter().zip(&bands).all(holds)
            };
            let found = (0..turns).filter(inside).count() as f64 / turns as f64;
            let expected = inside_all(trials, &places, each);
            // Four deviations of a share of so many turns.
            let chance = 4.0 * (0.25 / turns as f64).sqrt();
            assert!((found - expected).abs() < chance, "{trials}: {found} for {expected}");
            // A little less at each place, and it does not hold.
            let less = inside_all(trials, &places, 1.0 - 1.001 * (1.0 - each));
            assert!(expected >= confidence && less < confidence, "{trials}: {expected} {less}");
        }
        // At one place it is the band of that place.
        assert!((everywhere(100, &[0.3], 0.95) - 0.95).abs() < 1e-12);
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
