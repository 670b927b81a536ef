//! The statistics that diagnosis needs: quantiles, distribution functions, and a test of uniformity.

use std::fmt;

use crate::columns::Moments;
use crate::real::portable::{exp, hypot, ln};

/// What a set of numbers looks like; numbers that are not finite are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// How many finite numbers there are.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, by n - 1.
    pub deviation: f64,
    /// The smallest.
    pub least: f64,
    /// The middle one.
    pub median: f64,
    /// The largest.
    pub most: f64,
}

impl Summary {
    /// Of some numbers; all NaN if none is finite.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let Moments { mean, deviation } = Moments::of(sorted.iter().copied());
        // Of a sample: its n - 1 free deviations.
        let freedom = (count as f64 - 1.0).max(1.0);
        let at = |k: usize| sorted.get(k).copied().unwrap_or(f64::NAN);
        Self {
            count,
            mean,
            deviation: deviation * (count as f64 / freedom).sqrt(),
            least: at(0),
            median: 0.5 * (at(count.saturating_sub(1) / 2) + at(count / 2)),
            most: at(count.saturating_sub(1)),
        }
    }

    /// The root of the mean square.
    pub fn root_mean_square(&self) -> f64 {
        let spread = (self.count as f64 - 1.0).max(0.0) / self.count as f64;
        hypot(self.mean, spread.sqrt() * self.deviation)
    }
}

/// The distribution function of the standard normal distribution.
pub(super) fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// The distribution function of χ² with `freedom` degrees of freedom: P(k / 2, x / 2).
///
/// P by its series below its bend, else by the continued fraction of Q = 1 - P (Press et al.,
/// Numerical Recipes, section 6.2).
pub(super) fn chi_square_cdf(freedom: f64, x: f64) -> f64 {
    let (a, x) = (0.5 * freedom, 0.5 * x);
    if !x.is_finite() || x <= 0.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let front = exp(a * ln(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > 1e-17 * sum {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return (front * sum).min(1.0);
    }
    (1.0 - front * upper_fraction(a, x)).max(0.0)
}

/// The continued fraction of Γ(a, x) x⁻ᵃ eˣ, by Lentz's method.
fn upper_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for k in 1..500 {
        let an = -f64::from(k) * (f64::from(k) - a);
        b += 2.0;
        let guard = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
        d = 1.0 / guard(an * d + b);
        c = guard(b + an / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// Numbers that should be uniform in [0, 1], with the test of Kolmogorov and Smirnov.
#[derive(Debug, Clone, PartialEq)]
pub struct Uniformity {
    /// The numbers, in ascending order.
    pub values: Vec<f64>,
    /// The largest distance of their distribution function from the uniform one.
    pub statistic: f64,
    /// The probability of such a distance or a larger one, if they are uniform; one if there is no number,
    /// which nothing speaks against.
    pub p_value: f64,
}

impl Uniformity {
    /// Tests numbers in [0, 1]; others are left out.
    ///
    /// The p-value is that of the limiting distribution with Stephens's correction for small samples
    /// (Stephens 1970, Journal of the Royal Statistical Society B 32, 115).
    ///
    /// ```
    /// use liouville::diagnose::Uniformity;
    ///
    /// let even: Vec<f64> = (0..200).map(|k| (f64::from(k) + 0.5) / 200.0).collect();
    /// assert!(Uniformity::of(&even).p_value > 0.99);
    /// let squeezed: Vec<f64> = even.iter().map(|u| u * u).collect();
    /// assert!(Uniformity::of(&squeezed).p_value < 1e-9);
    /// ```
    pub fn of(values: &[f64]) -> Self {
        let inside = values.iter().copied().filter(|u| (0.0..=1.0).contains(u));
        let mut values: Vec<f64> = inside.collect();
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let distance = |(k, u): (usize, &f64)| (u - k as f64 / n).max((k as f64 + 1.0) / n - u);
        let statistic = values.iter().enumerate().map(distance).fold(0.0, f64::max);
        let p_value = kolmogorov((n.sqrt() + 0.12 + 0.11 / n.sqrt()) * statistic);
        Self { values, statistic, p_value }
    }

    /// The share of the numbers in each of `bins` equal parts of [0, 1], times the number of parts:
    /// one everywhere for uniform numbers.
    pub fn histogram(&self, bins: usize) -> Vec<f64> {
        let mut counts = vec![0.0; bins];
        for u in &self.values {
            if let Some(count) =
                counts.get_mut(((u * bins as f64) as usize).min(bins.saturating_sub(1)))
            {
                *count += bins as f64 / self.values.len() as f64;
            }
        }
        counts
    }
}

/// The probability that Kolmogorov's limiting variable exceeds λ: 2 Σ (-1)ᵏ⁻¹ exp(-2 k² λ²).
fn kolmogorov(lambda: f64) -> f64 {
    // The series converges slowly for small λ, where the answer is one to rounding.
    if lambda < 0.2 || lambda.is_nan() {
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
        sign * exp(-2.0 * f64::from(k).powi(2) * lambda * lambda)
    };
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, least, most, .. } = self;
        write!(f, "{} {} {}", short(*least), short(*median), short(*most))
    }
}

/// A number in ten characters or a few more.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if value.fract() == 0.0 && size < 1e6 => format!("{value:.0}"),
        _ if (1e-3..1e4).contains(&size) => format!("{value:.4}"),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distribution_functions_have_their_known_values() {
        assert!((normal_cdf(1.959963984540054) - 0.975).abs() < 1e-15);
        // Two degrees of freedom: 1 - exp(-x / 2). One: erf(√(x / 2)).
        for x in [1e-6f64, 0.3, 2.0, 5.0, 30.0, 80.0] {
            assert!((chi_square_cdf(2.0, x) - (1.0 - (-x / 2.0).exp())).abs() < 1e-13, "{x}");
            assert!((chi_square_cdf(1.0, x) - libm::erf((x / 2.0).sqrt())).abs() < 1e-13, "{x}");
        }
        // The median of 64 degrees of freedom, and the ends.
        assert!((chi_square_cdf(64.0, 63.334_545) - 0.5).abs() < 1e-3);
        assert_eq!([chi_square_cdf(3.0, 0.0), chi_square_cdf(3.0, f64::INFINITY)], [0.0, 1.0]);
    }

    #[test]
    fn critical_values_of_kolmogorov_are_those_of_the_tables() {
        // Smirnov 1948: 1.3581 at 5 percent, 1.6276 at 1 percent.
        assert!((kolmogorov(1.3581) - 0.05).abs() < 1e-5);
        assert!((kolmogorov(1.6276) - 0.01).abs() < 1e-5);
    }

    #[test]
    fn summaries_leave_out_what_is_not_finite() {
        let summary = Summary::of(&[3.0, f64::NAN, 1.0, 2.0, 6.0]);
        let expected = (4, 3.0, 1.0, 2.5, 6.0);
        let Summary { count, mean, least, median, most, .. } = summary;
        assert_eq!((count, mean, least, median, most), expected);
        assert!((summary.root_mean_square() - (50.0f64 / 4.0).sqrt()).abs() < 1e-12);
        assert!(Summary::of(&[]).mean.is_nan());
    }
}
