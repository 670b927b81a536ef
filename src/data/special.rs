//! Quadrature nodes along a line, ln I0, and the logarithm of a difference of normal integrals.

use crate::real::portable::{exp, ln, ln_1p};
use std::f64::consts::{PI, SQRT_2, TAU};

/// Nodes and weights of the eight-point Gauss-Legendre rule on [-1, 1], positive half (Abramowitz
/// and Stegun 1964, table 25.4).
const HALF_RULE: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_27),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// Nodes and weights on [from, to], eight on each of `panels` equal panels.
pub(super) fn nodes(from: f64, to: f64, panels: usize) -> impl Iterator<Item = (f64, f64)> {
    let half = 0.5 * (to - from) / panels as f64;
    let panel = move |k: usize| {
        let middle = from + (2 * k + 1) as f64 * half;
        HALF_RULE
            .into_iter()
            .flat_map(move |(x, w)| [(middle - half * x, half * w), (middle + half * x, half * w)])
    };
    (0..panels).flat_map(panel)
}

/// ln of Σ exp of the values; -∞ for none.
pub(super) fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + ln(values.map(|value| exp(value - largest)).sum::<f64>())
}

/// ln(I0(z) exp(-z)) for z >= 0: the power series, whose terms are all positive, up to 30, and the
/// asymptotic series beyond (Abramowitz and Stegun 1964, 9.6.12 and 9.7.1).
pub(super) fn ln_scaled_i0(z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    if z < 30.0 {
        for k in 1..120 {
            term *= (0.5 * z / k as f64).powi(2);
            sum += term;
        }
        return ln(sum) - z;
    }
    for k in 1..25 {
        let odd = (2 * k - 1) as f64;
        term *= odd * odd / (8.0 * z * k as f64);
        sum += term;
    }
    ln(sum) - 0.5 * ln(TAU * z)
}

/// ln(Φ(b) - Φ(a)) for a < b, accurate in both tails.
pub(super) fn ln_normal_between(a: f64, b: f64) -> f64 {
    if b <= 0.0 {
        return ln_normal_between(-b, -a);
    }
    if a <= 0.0 {
        return ln(0.5 * (libm::erf(b / SQRT_2) - libm::erf(a / SQRT_2)));
    }
    // Both beyond zero: the upper tail at a, less its share beyond b.
    let tail = ln_upper_tail(a);
    tail + ln_1p(-exp(ln_upper_tail(b) - tail))
}

/// ln(1 - Φ(z)) for z > 0; beyond 30 by its asymptotic series (Abramowitz and Stegun 1964, 26.2.12).
fn ln_upper_tail(z: f64) -> f64 {
    if z < 30.0 {
        return ln(0.5 * libm::erfc(z / SQRT_2));
    }
    let w = 1.0 / (z * z);
    let series = 1.0 - w * (1.0 - w * (3.0 - w * (15.0 - 105.0 * w)));
    -0.5 * z * z - ln(z) - 0.5 * ln(2.0 * PI) + ln(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bessel_function_agrees_with_its_integral() {
        // I0(z) = ∫ exp(z cos θ) dθ / π over [0, π].
        for z in [0.0, 0.3, 2.0, 29.9, 30.1, 200.0, 3000.0] {
            let integral: f64 =
                nodes(0.0, PI, 400).map(|(t, w)| w * (z * (t.cos() - 1.0)).exp()).sum();
            let expected = (integral / PI).ln();
            assert!((ln_scaled_i0(z) - expected).abs() < 1e-12, "{z}");
        }
    }

    #[test]
    fn normal_integrals_agree_with_quadrature() {
        for (a, b) in
            [(-1.0f64, 0.5f64), (0.2, 0.9), (-3.0, -2.0), (12.0, 13.0), (33.0, 35.0), (29.9, 30.3)]
        {
            let log_term = |x: f64| -0.5 * x * x - 0.5 * TAU.ln();
            let top = log_term(if a > 0.0 { a } else { b.min(0.0) });
            let sum: f64 = nodes(a, b, 200).map(|(x, w)| w * (log_term(x) - top).exp()).sum();
            let expected = top + sum.ln();
            assert!((ln_normal_between(a, b) - expected).abs() < 1e-9, "{a} {b}");
        }
        assert!(ln_normal_between(1e3, 1e3 + 1.0).is_finite());
    }
}
