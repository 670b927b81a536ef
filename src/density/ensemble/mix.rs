//! One column: densities mixed, and how far the members are apart.

use crate::real::Real;
use crate::real::portable::{exp, ln};

/// ln Σ wₖ exp lₖ for the log-densities of one column; minus infinity where all are.
pub(super) fn log_mean<T: Real>(column: &[T], log_weights: &[f64]) -> f64 {
    let terms = || column.iter().zip(log_weights).map(|(value, weight)| value.wide() + weight);
    let most = terms().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return if terms().any(f64::is_nan) { f64::NAN } else { most };
    }
    most + ln(terms().map(|term| exp(term - most)).sum::<f64>())
}

/// By how much each member takes part in the density of one column: wₖ pₖ / p.
pub(super) fn shares<T: Real>(column: &[T], log_weights: &[f64]) -> Vec<f64> {
    let total = log_mean(column, log_weights);
    let terms = column.iter().zip(log_weights);
    terms.map(|(value, weight)| exp(value.wide() + weight - total)).collect()
}

/// The standard deviation of the log-densities of one column over the members, with as many degrees of
/// freedom as members less one (for weights: 1 - Σ wₖ² in place of 1 - 1/K).
pub(super) fn spread<T: Real>(column: &[T], weights: &[f64]) -> f64 {
    let impossible = |value: &&T| value.wide() == f64::NEG_INFINITY;
    match column.iter().filter(impossible).count() {
        0 => {}
        _ if column.len() == 1 => return f64::NAN,
        count if count == column.len() => return 0.0,
        _ => return f64::INFINITY,
    }
    let pairs = || column.iter().zip(weights);
    // Differences from the first member, which may be of any size itself.
    let first = column[0].wide();
    let mean: f64 = pairs().map(|(value, weight)| weight * (value.wide() - first)).sum();
    let squares = pairs().map(|(value, weight)| weight * (value.wide() - first - mean).powi(2));
    let free = 1.0 - weights.iter().map(|weight| weight * weight).sum::<f64>();
    // Of one member nothing is left to divide by: 0 / 0.
    (squares.sum::<f64>() / free.max(0.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: f64 = f64::NEG_INFINITY;

    #[test]
    fn densities_are_added_wherever_they_lie() {
        let weights = [0.25f64, 0.75].map(f64::ln);
        for far in [0.0, -2000.0, 700.0] {
            let expected = far + (0.25 * 1f64.exp() + 0.75 * 3f64.exp()).ln();
            let found = log_mean(&[far + 1.0, far + 3.0], &weights);
            assert!((found - expected).abs() <= 1e-12 * (1.0 + far.abs()), "{found} {expected}");
        }
        assert_eq!(log_mean(&[NONE, NONE], &weights), NONE);
        assert!(log_mean(&[f64::NAN, NONE], &weights).is_nan());
        assert!((log_mean(&[NONE, 3.0], &weights) - 3.0 - weights[1]).abs() < 1e-15);
        let shares = shares(&[NONE, 3.0], &weights);
        assert!(shares[0] == 0.0 && (shares[1] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_spread_is_a_standard_deviation() {
        let third = [1.0 / 3.0; 3];
        // Of 1, 2, 6 with mean 3 the squares are 4, 1, 9: their sum over two is 7.
        for far in [0.0, 1e6] {
            let found = spread(&[far + 1.0, far + 2.0, far + 6.0], &third);
            assert!((found - 7f64.sqrt()).abs() < 1e-12, "{found}");
        }
        assert!(spread(&[2.0], &[1.0]).is_nan() && spread(&[NONE], &[1.0]).is_nan());
        assert_eq!(spread(&[NONE; 3], &third), 0.0);
        assert_eq!(spread(&[NONE, 1.0, 1.0], &third), f64::INFINITY);
    }
}
