//! Elementary functions that give the same bits on every platform.
//!
//! Those of the standard library call the C library of the platform, whose last bits depend on its
//! maker, its version and the processor. These are written in Rust with correctly rounded operations
//! alone. `f32` is widened, and the result rounded.

use super::Real;

macro_rules! portable {
    ($($(#[$meta:meta])* $name:ident = $function:path;)*) => {
        $(
            $(#[$meta])*
            #[inline]
            pub(crate) fn $name<T: Real>(x: T) -> T {
                T::of($function(x.wide()))
            }
        )*
    };
}

portable! {
    /// eˣ.
    exp = libm::exp;
    /// 2ˣ.
    exp2 = libm::exp2;
    /// eˣ - 1, accurate near zero.
    exp_m1 = libm::expm1;
    /// The natural logarithm.
    ln = libm::log;
    /// ln(1 + x), accurate near zero.
    ln_1p = libm::log1p;
    /// The logarithm to base two.
    log2 = libm::log2;
    /// The sine.
    sin = libm::sin;
    /// The cosine.
    cos = libm::cos;
    /// The hyperbolic tangent.
    tanh = libm::tanh;
}

macro_rules! portable_wide {
    ($($(#[$meta:meta])* $name:ident = $function:path;)*) => {
        $(
            $(#[$meta])*
            #[inline]
            pub(crate) fn $name(x: f64) -> f64 {
                $function(x)
            }
        )*
    };
}

portable_wide! {
    /// The tangent.
    tan = libm::tan;
    /// The inverse of the sine.
    asin = libm::asin;
    /// The inverse of the cosine.
    acos = libm::acos;
    /// The inverse of the tangent.
    atan = libm::atan;
    /// The hyperbolic sine.
    sinh = libm::sinh;
    /// The hyperbolic cosine.
    cosh = libm::cosh;
    /// The inverse of the hyperbolic sine.
    asinh = libm::asinh;
    /// The inverse of the hyperbolic cosine.
    acosh = libm::acosh;
    /// The inverse of the hyperbolic tangent.
    atanh = libm::atanh;
    /// The cubic root.
    cbrt = libm::cbrt;
    /// The logarithm to base ten.
    log10 = libm::log10;
}

/// The angle of the point (x, y).
#[inline]
pub(crate) fn atan2(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

/// The sine and the cosine.
#[inline]
pub(crate) fn sin_cos(x: f64) -> (f64, f64) {
    libm::sincos(x)
}

/// xʸ.
pub(crate) fn powf(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// xⁿ by squaring; what the standard library does is left open to the platform.
pub(crate) fn powi(x: f64, n: i32) -> f64 {
    let (mut power, mut square, mut left) = (1.0, x, n.unsigned_abs());
    while left > 0 {
        if left % 2 == 1 {
            power *= square;
        }
        square *= square;
        left /= 2;
    }
    if n < 0 { 1.0 / power } else { power }
}

/// √(x² + y²), without overflow in between.
#[inline]
pub(crate) fn hypot(x: f64, y: f64) -> f64 {
    libm::hypot(x, y)
}

/// ln(1 + eˣ), without overflow.
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + ln_1p(exp(-x.abs()))
}

/// 1 / (1 + e⁻ˣ), the slope of [`softplus`].
pub(crate) fn sigmoid(x: f64) -> f64 {
    let decay = exp(-x.abs());
    if x < 0.0 { decay / (1.0 + decay) } else { 1.0 / (1.0 + decay) }
}
