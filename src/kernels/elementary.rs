//! Exponential, logarithm and sine on vectors: range reduction and a polynomial each.
//!
//! The polynomials interpolate at Chebyshev nodes; their error is below a quarter of a unit in
//! the last place.

use crate::real::Real;
use crate::simd::Vector;

/// (eʳ - 1 - r) / r² for |r| <= ln 2 / 2, in `f32`.
const EXP_32: [f64; 5] =
    [0.5, 0.16666576989698775, 0.041666554617204574, 0.008363179052722578, 0.0013926183587713494];

/// (eʳ - 1 - r) / r² for |r| <= ln 2 / 2, in `f64`.
const EXP_64: [f64; 10] = [
    0.5000000000000001,
    0.16666666666666669,
    0.04166666666662413,
    0.008333333333330062,
    0.0013888888917213717,
    0.00019841269863053618,
    2.4801521295954376e-05,
    2.7557268459997064e-06,
    2.7620088445409746e-07,
    2.510038549551032e-08,
];

/// (artanh(s) / s - 1) / w with w = s² <= 1/9, in `f32`.
const ARTANH_32: [f64; 4] =
    [0.33333320168349617, 0.20003780322455844, 0.1411830990265085, 0.13425749011441238];

/// (artanh(s) / s - 1) / w with w = s² <= 1/9, in `f64`.
const ARTANH_64: [f64; 10] = [
    0.3333333333333333,
    0.20000000000007292,
    0.1428571428355438,
    0.11111111358713932,
    0.09090894718066428,
    0.0769278503247935,
    0.06657072104826929,
    0.06000536404799805,
    0.04400369243052285,
    0.08082022806009813,
];

/// (sin(r) / r - 1) / w with w = r², |r| <= π / 4, in `f32`.
const SIN_32: [f64; 3] = [-0.16666664650292082, 0.008332745936380418, -0.00019587387068464046];

/// (sin(r) / r - 1) / w with w = r², |r| <= π / 4, in `f64`.
const SIN_64: [f64; 6] = [
    -0.16666666666666666,
    0.008333333333330925,
    -0.00019841269836722418,
    2.755731608381636e-06,
    -2.5051127944014184e-08,
    1.5917848524808034e-10,
];

/// (cos(r) - 1 + w / 2) / w² with w = r², |r| <= π / 4, in `f32`.
const COS_32: [f64; 3] = [0.04166666464745738, -0.0013888300696903895, 2.454743721019279e-05];

/// (cos(r) - 1 + w / 2) / w² with w = r², |r| <= π / 4, in `f64`.
const COS_64: [f64; 6] = [
    0.041666666666666664,
    -0.0013888888888887382,
    2.480158729874307e-05,
    -2.7557317260008837e-07,
    2.087614382799313e-09,
    -1.1382456778061164e-11,
];

/// ln 2 in two parts; the first is so short that its products with an exponent are exact.
const LN_2_32: [f64; 2] = [0.693145751953125, 1.428606765330187e-06];
const LN_2_64: [f64; 2] = [0.6931471805601177, -1.7239444525614835e-13];

/// π / 2 in three parts; products of the first two with a number of 13 bits are exact.
const HALF_PI_32: [f64; 3] = [1.5703125, 0.0004837512969970703, 7.549790126404332e-08];
const HALF_PI_64: [f64; 3] = [1.5707963267959713, -1.074634655497831e-12, 6.36831716351095e-25];

/// The largest argument that [`sin_cos`] reduces accurately.
pub(super) const SIN_BOUND: f64 = 1e4;

/// Whether T is `f32`; known when compiling.
#[inline(always)]
fn is_single<T: Real>() -> bool {
    T::MANTISSA < 32
}

/// A number so large that adding it to a small one rounds that to an integer, which then stands in
/// the lowest bits.
#[inline(always)]
fn rounder<T: Real>() -> f64 {
    1.5 * (1u64 << T::MANTISSA) as f64
}

/// The same value in every lane.
#[inline(always)]
pub(super) unsafe fn constant<T: Real, V: Vector<T>>(value: f64) -> V {
    // SAFETY: the caller vouches for the instruction set, here and in every function below.
    unsafe { V::splat(T::of(value)) }
}

/// Σ c[i] xⁱ.
#[inline(always)]
unsafe fn polynomial<T: Real, V: Vector<T>, const N: usize>(x: V, c: &[f64; N]) -> V {
    // SAFETY: as in `constant`.
    unsafe {
        let mut sum = constant::<T, V>(c[N - 1]);
        for i in (0..N - 1).rev() {
            sum = sum.mul_add(x, constant::<T, V>(c[i]));
        }
        sum
    }
}

/// An exponential apart: eˣ = power * (1 + rest).
#[derive(Clone, Copy)]
pub(super) struct Exponential<V> {
    /// 2ⁿ.
    pub power: V,
    /// eˣ 2⁻ⁿ - 1, accurate also where it is small.
    pub rest: V,
}

/// 2^`lift` eˣ for x <= 0, or for any x of which eˣ is far from overflow. Where a result would be less than about the smallest normal number,
/// it is zero. With lift 0, `power` is exactly 1 around zero, so that eˣ - 1 comes out accurate.
#[inline(always)]
pub(super) unsafe fn decay<T: Real, V: Vector<T>>(x: V, lift: f64) -> Exponential<V> {
    let bias = T::BIAS + lift;
    let [high, low] = if is_single::<T>() { LN_2_32 } else { LN_2_64 };
    // SAFETY: as in `constant`.
    unsafe {
        let round = constant::<T, V>(rounder::<T>() + bias);
        let x = constant::<T, V>(-bias * std::f64::consts::LN_2).max(x);
        let biased = x.mul_add(constant::<T, V>(std::f64::consts::LOG2_E), round);
        let n = biased.sub(round);
        let r = if is_single::<T>() && V::FUSED {
            // The product is exact, and n is so small that ln 2 in `f32` is close enough: what n times
            // its error adds stays below two units in the last place, where eˣ is smallest.
            n.mul_sub_from(constant::<T, V>(std::f64::consts::LN_2), x)
        } else {
            let r = n.mul_sub_from(constant::<T, V>(high), x);
            n.mul_sub_from(constant::<T, V>(low), r)
        };
        let tail = if is_single::<T>() {
            polynomial::<T, V, 5>(r, &EXP_32)
        } else {
            polynomial::<T, V, 10>(r, &EXP_64)
        };
        Exponential { power: biased.low_bits_to_exponent(), rest: r.mul(r).mul_add(tail, r) }
    }
}

/// ln(1 + e) for 0 <= e <= 1, through 2 artanh(e / (2 + e)).
#[inline(always)]
pub(super) unsafe fn ln_1p<T: Real, V: Vector<T>>(e: V) -> V {
    // SAFETY: as in `constant`.
    unsafe {
        let s = e.div(e.add(constant::<T, V>(2.0)));
        let w = s.mul(s);
        let tail = if is_single::<T>() {
            polynomial::<T, V, 4>(w, &ARTANH_32)
        } else {
            polynomial::<T, V, 10>(w, &ARTANH_64)
        };
        let double = s.add(s);
        double.mul(w).mul_add(tail, double)
    }
}

/// ln x for x >= 0, minus infinity at zero; NaN where x is NaN or infinite.
///
/// With x = m 2ⁿ and 1/√2 < m <= √2: n ln 2 + 2 artanh((m - 1) / (m + 1)). Numbers below the smallest
/// normal one are lifted first, since vectors differ in what they say of their exponents.
#[inline(always)]
pub(super) unsafe fn ln<T: Real, V: Vector<T>>(x: V) -> V {
    const LIFT: f64 = 64.0;
    let [high, low] = if is_single::<T>() { LN_2_32 } else { LN_2_64 };
    // SAFETY: as in `constant`.
    unsafe {
        let (zero, one) = (constant::<T, V>(0.0), constant::<T, V>(1.0));
        let least = constant::<T, V>(T::SMALLEST);
        let middle = constant::<T, V>(std::f64::consts::SQRT_2);
        // A branch that is hardly ever taken costs nothing.
        let small = zero.sub(x).any_beyond(zero.sub(least));
        let (m, n) = if small {
            let lifted = x.mul(constant::<T, V>((1u128 << LIFT as u32) as f64));
            let lifted = x.select_less(least, lifted, x);
            let lift = x.select_less(least, constant::<T, V>(LIFT), zero);
            (lifted.significand(), lifted.exponent().sub(lift))
        } else {
            (x.significand(), x.exponent())
        };
        let n = middle.select_less(m, n.add(one), n);
        let m = middle.select_less(m, m.mul(constant::<T, V>(0.5)), m);
        let s = m.sub(one).div(m.add(one));
        let w = s.mul(s);
        let tail = if is_single::<T>() {
            polynomial::<T, V, 4>(w, &ARTANH_32)
        } else {
            polynomial::<T, V, 10>(w, &ARTANH_64)
        };
        let double = s.add(s);
        let rest = double.mul(w).mul_add(tail, n.mul(constant::<T, V>(low)));
        let sum = n.mul_add(constant::<T, V>(high), double.add(rest));
        let nothing = constant::<T, V>(f64::NEG_INFINITY);
        let sum = if small { zero.select_less(x, sum, nothing) } else { sum };
        // Zero, but NaN for infinities and NaN, whose exponents mean nothing.
        sum.add(x.sub(x))
    }
}

/// The Taylor coefficients (k + 1) / (k + 2)! of the derivative of (eᵘ - 1) / u.
const fn growth_slope_coefficients<const N: usize>() -> [f64; N] {
    let (mut c, mut factorial, mut k) = ([0.0; N], 1.0, 0);
    while k < N {
        factorial *= (k + 2) as f64;
        c[k] = (k + 1) as f64 / factorial;
        k += 1;
    }
    c
}

/// The derivative of g(u) = (eᵘ - 1) / u, given eᵘ and g: (eᵘ - g) / u, and where that would cancel
/// its Taylor series.
#[inline(always)]
pub(super) unsafe fn growth_slope<T: Real, V: Vector<T>>(u: V, exponential: V, growth: V) -> V {
    const SERIES_32: [f64; 9] = growth_slope_coefficients();
    const SERIES_64: [f64; 16] = growth_slope_coefficients();
    // SAFETY: as in `constant`.
    unsafe {
        let series = if is_single::<T>() {
            polynomial::<T, V, 9>(u, &SERIES_32)
        } else {
            polynomial::<T, V, 16>(u, &SERIES_64)
        };
        let quotient = exponential.sub(growth).div(u);
        u.abs().select_less(constant::<T, V>(0.5), series, quotient)
    }
}

/// sin x and cos x for |x| <= [`SIN_BOUND`].
#[inline(always)]
pub(super) unsafe fn sin_cos<T: Real, V: Vector<T>>(x: V) -> [V; 2] {
    let parts = if is_single::<T>() { HALF_PI_32 } else { HALF_PI_64 };
    // SAFETY: as in `constant`.
    unsafe {
        let round = constant::<T, V>(rounder::<T>());
        let quadrant = x.mul_add(constant::<T, V>(std::f64::consts::FRAC_2_PI), round);
        let n = quadrant.sub(round);
        let r = n.mul_sub_from(constant::<T, V>(parts[0]), x);
        let r = n.mul_sub_from(constant::<T, V>(parts[1]), r);
        let r = n.mul_sub_from(constant::<T, V>(parts[2]), r);
        let [sin, cos] = sin_cos_near_zero::<T, V>(r);
        let next = quadrant.add(constant::<T, V>(1.0));
        [
            quadrant.select_odd(cos, sin).negate_by_second_bit(quadrant),
            quadrant.select_odd(sin, cos).negate_by_second_bit(next),
        ]
    }
}

/// x less the multiple of 2π nearest to it: in [-π, π] up to rounding for |x| <= [`SIN_BOUND`], and
/// within the rounding of x beyond.
#[inline(always)]
pub(super) unsafe fn wrap_angle<T: Real, V: Vector<T>>(x: V) -> V {
    let parts = if is_single::<T>() { HALF_PI_32 } else { HALF_PI_64 };
    // SAFETY: as in `constant`.
    unsafe {
        let round = constant::<T, V>(rounder::<T>());
        let per_turn = constant::<T, V>(0.5 * std::f64::consts::FRAC_1_PI);
        let turns = x.mul_add(per_turn, round).sub(round);
        let rest = turns.mul_sub_from(constant::<T, V>(4.0 * parts[0]), x);
        let rest = turns.mul_sub_from(constant::<T, V>(4.0 * parts[1]), rest);
        turns.mul_sub_from(constant::<T, V>(4.0 * parts[2]), rest)
    }
}

/// sin r and cos r for |r| <= π / 4.
#[inline(always)]
unsafe fn sin_cos_near_zero<T: Real, V: Vector<T>>(r: V) -> [V; 2] {
    // SAFETY: as in `constant`.
    unsafe {
        let w = r.mul(r);
        let (sin, cos) = if is_single::<T>() {
            (polynomial::<T, V, 3>(w, &SIN_32), polynomial::<T, V, 3>(w, &COS_32))
        } else {
            (polynomial::<T, V, 6>(w, &SIN_64), polynomial::<T, V, 6>(w, &COS_64))
        };
        let parabola = w.mul_sub_from(constant::<T, V>(0.5), constant::<T, V>(1.0));
        [r.mul(w).mul_add(sin, r), w.mul(w).mul_add(cos, parabola)]
    }
}
