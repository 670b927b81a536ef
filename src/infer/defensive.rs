//! Draws of a standard normal base with wider ones among them, so that weights see what a flow leaves out.

use super::importance::log_mean;
use crate::real::Normal;
use crate::real::portable::ln;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// The share of draws that are wider in every coordinate, and how much wider.
const ALL: [f64; 2] = [0.1, 1.5];
/// The share of draws that are wider in one coordinate, each as often, and how much wider.
const ONE: [f64; 2] = [0.15, 2.5];

/// One draw of the mixture (1 - a - b) N(0, I) + a N(0, s² I) + b Σ_k N(0, I with s'² in place k) / dim
/// (a defensive mixture: Hesterberg 1995, Weighted average importance sampling and defensive mixture distributions,
/// Technometrics 37).
pub(super) fn draw(column: &mut [f64], rng: &mut ChaCha8Rng) {
    let lot: f64 = rng.random();
    column.iter_mut().for_each(|z| *z = rng.sample(Normal));
    if lot < ALL[0] {
        column.iter_mut().for_each(|z| *z *= ALL[1]);
    } else if lot < ALL[0] + ONE[0] {
        let k = rng.random_range(0..column.len());
        column[k] *= ONE[1];
    }
}

/// The logarithm of the mixture's density beside that of the standard normal.
pub(super) fn log_ratio(column: &[f64]) -> f64 {
    // ln N(z | 0, s²) - ln N(z | 0, 1) of one coordinate.
    let one = |z: f64, s: f64| 0.5 * z * z * (1.0 - 1.0 / (s * s)) - ln(s);
    let all: f64 = column.iter().map(|&z| one(z, ALL[1])).sum();
    let each = column.iter().map(|&z| one(z, ONE[1]));
    let count = ln(column.len() as f64);
    let terms = std::iter::once(ln(1.0 - ALL[0] - ONE[0]))
        .chain([ln(ALL[0]) + all])
        .chain(each.map(|log| ln(ONE[0]) + log - count));
    let terms: Vec<f64> = terms.collect();
    log_mean(&terms) + ln(terms.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// E of N / mixture over draws of the mixture is one.
    #[test]
    fn draws_follow_their_density() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (mut sum, mut square) = (0.0, 0.0);
        let count = 20_000;
        for _ in 0..count {
            let mut z = [0.0; 3];
            draw(&mut z, &mut rng);
            let weight = (-log_ratio(&z)).exp();
            // A test function beside one: the second moment under N is dim.
            let moment = weight * z.iter().map(|z| z * z).sum::<f64>();
            sum += moment;
            square += moment * moment;
        }
        let mean = sum / f64::from(count);
        let error = ((square / f64::from(count) - mean * mean) / f64::from(count)).sqrt();
        assert!((mean - 3.0).abs() < 5.0 * error, "{mean} ± {error}");
    }
}
