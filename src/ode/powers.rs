//! Logarithms and powers to base two for step sizes: six digits in a few operations, the same bits everywhere.

/// (log₂(1 + u) - u) / (u (1 - u)) for u from 0 to 1, by interpolation at Chebyshev nodes.
const LOG2: [f64; 6] = [
    0.4426888535372964,
    -0.27820167313291,
    0.19666100261241817,
    -0.13144653928966454,
    0.06407293987419156,
    -0.015125446952618336,
];

/// 2ᶠ for f from -1/2 to 1/2, by interpolation at Chebyshev nodes.
const EXP2: [f64; 6] = [
    1.0000000754548972,
    0.6931471880262287,
    0.24022107485308267,
    0.05550357114219194,
    0.009676031918324871,
    0.0013390863364616103,
];

/// A number whose lowest bits are an integer once something small is added.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

#[inline(always)]
fn polynomial(x: f64, c: &[f64; 6]) -> f64 {
    ((((c[5] * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0]
}

/// log₂ x for x > 0, to 2e-6; about -1023 for zero, and 1024 for infinity.
#[inline(always)]
pub(super) fn log2(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let u = f64::from_bits(bits & ((1 << 52) - 1) | 1f64.to_bits()) - 1.0;
    f64::from(exponent) + (u + u * (1.0 - u) * polynomial(u, &LOG2))
}

/// 2ˣ to a relative 2e-7; x beyond ±1000 counts as that.
#[inline(always)]
pub(super) fn exp2(x: f64) -> f64 {
    // Not `clamp`, which is slower: a NaN has been dealt with.
    let x = if x > 1000.0 { 1000.0 } else { x };
    let x = if x < -1000.0 { -1000.0 } else { x };
    let rounded = x + ROUNDER;
    let power = f64::from_bits((rounded.to_bits() << 52).wrapping_add(1f64.to_bits()));
    power * polynomial(x - (rounded - ROUNDER), &EXP2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_and_powers_are_good_to_six_digits() {
        for k in -20_000..20_000 {
            let x = f64::from(k) * 0.0499;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 2e-7, "2^{x}");
            assert!((log2(x.exp2()) - x).abs() < 2e-6, "log2 2^{x}");
        }
        assert_eq!([log2(1.0), log2(0.125)], [0.0, -3.0]);
        assert_eq!([log2(0.0), log2(f64::INFINITY)], [-1023.0, 1024.0]);
        assert!(exp2(f64::INFINITY) > 1e300 && exp2(-f64::INFINITY) < 1e-300);
    }
}
