//! What Student's distribution needs of the gamma function, without the cancellation of two of them.

use super::portable::{ln, ln_1p};

/// From where on the series is exact to rounding: what is left out is below 691 / (180224 · 16¹¹).
const FAR: f64 = 16.0;

/// ln Γ(a + ½) - ln Γ(a) - ½ ln a for a > 0, and its derivative ψ(a + ½) - ψ(a) - 1 / (2 a) with the digamma
/// function ψ.
///
/// By the series -1/(8a) + 1/(192a³) - 1/(640a⁵) + ... (Tricomi and Erdélyi 1951, The asymptotic expansion of
/// a ratio of gamma functions) far out, to which Γ(a + 1) = a Γ(a) leads.
pub(crate) fn half_step(a: f64) -> [f64; 2] {
    let (mut far, mut value, mut slope) = (a, 0.0, 0.0);
    while far < FAR {
        value -= ln_1p(0.5 / far);
        slope += 1.0 / (far * (2.0 * far + 1.0));
        far += 1.0;
    }
    if far > a {
        value += 0.5 * (ln(far) - ln(a));
        slope += 0.5 / far - 0.5 / a;
    }
    let (r, s) = (1.0 / far, 1.0 / (far * far));
    let series = -1.0 / 8.0
        + s * (1.0 / 192.0 + s * (-1.0 / 640.0 + s * (17.0 / 14336.0 - s * (31.0 / 18432.0))));
    let slopes = 1.0 / 8.0
        + s * (-1.0 / 64.0 + s * (1.0 / 128.0 + s * (-17.0 / 2048.0 + s * (31.0 / 2048.0))));
    [value + r * series, slope + s * slopes]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{LN_2, PI};

    #[test]
    fn values_are_those_of_the_logarithm_of_gamma() {
        for k in -60..60 {
            let a = 1.3f64.powi(k);
            let expected = libm::lgamma(a + 0.5) - libm::lgamma(a) - 0.5 * a.ln();
            // Rounding of the two that are subtracted.
            let bound = 1e-15 * (4.0 + libm::lgamma(a).abs() + a.ln().abs());
            assert!((half_step(a)[0] - expected).abs() < bound, "{a}: {}", half_step(a)[0]);
        }
        // Γ(½) = √π, and far out -1/(8a).
        assert!((half_step(0.5)[0] + 0.5 * PI.ln() - 0.5 * LN_2).abs() < 4e-16);
        assert!((half_step(1e12)[0] * 8e12 + 1.0).abs() < 1e-14);
    }

    #[test]
    fn slopes_are_those_of_known_digamma_functions() {
        // ψ(1) = -γ, ψ(½) = -γ - 2 ln 2, ψ(x + 1) = ψ(x) + 1 / x, and ψ(¾) - ψ(¼) = π by reflection.
        for (a, difference) in [
            (0.5, 2.0 * LN_2),
            (1.0, 2.0 - 2.0 * LN_2),
            (1.5, 1.0 - 2.0 + 2.0 * LN_2),
            (2.0, 2.0 + 2.0 / 3.0 - 2.0 * LN_2 - 1.0),
            (0.25, PI),
            (1.25, PI + 4.0 / 3.0 - 4.0),
        ] {
            let found = half_step(a)[1] + 0.5 / a;
            assert!((found - difference).abs() < 4e-15, "{a}: {found} and {difference}");
        }
        // ψ(20.5) - ψ(20) from the integers and halves below.
        let psi =
            |from: f64, to: f64| (0..(to - from) as usize).map(move |k| 1.0 / (from + k as f64));
        let expected = -2.0 * LN_2 + psi(0.5, 20.5).sum::<f64>() - psi(1.0, 20.0).sum::<f64>();
        assert!((half_step(20.0)[1] + 1.0 / 40.0 - expected).abs() < 4e-15);
    }

    #[test]
    fn slopes_are_derivatives_on_both_sides_of_the_series() {
        for a in [1e-3, 0.3, 2.0, 15.9, 16.1, 40.0, 1e3] {
            let h = 1e-4 * a;
            let difference = |k: f64| half_step(a + k * h)[0] - half_step(a - k * h)[0];
            let expected = (8.0 * difference(1.0) - difference(2.0)) / (12.0 * h);
            let found = half_step(a)[1];
            assert!((found - expected).abs() < 1e-10 * (1.0 / a), "{a}: {found} and {expected}");
        }
    }
}
