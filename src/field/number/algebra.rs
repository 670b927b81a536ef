//! What nalgebra asks of a number before it makes matrices of it.

use std::f64::consts;

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use nalgebra::{ComplexField, Field, RealField, SimdValue};
use num_dual::DualNum;
use num_traits::Signed;
use simba::scalar::{SubsetOf, SupersetOf};

use super::Number;

impl AbsDiffEq for Number {
    type Epsilon = Self;

    fn default_epsilon() -> Self {
        Self::constant(f64::default_epsilon())
    }

    fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
        self.re.abs_diff_eq(&other.re, epsilon.re)
    }
}

impl RelativeEq for Number {
    fn default_max_relative() -> Self {
        Self::constant(f64::default_max_relative())
    }

    fn relative_eq(&self, other: &Self, epsilon: Self, most: Self) -> bool {
        self.re.relative_eq(&other.re, epsilon.re, most.re)
    }
}

impl UlpsEq for Number {
    fn default_max_ulps() -> u32 {
        f64::default_max_ulps()
    }

    fn ulps_eq(&self, other: &Self, epsilon: Self, most: u32) -> bool {
        self.re.ulps_eq(&other.re, epsilon.re, most)
    }
}

/// One lane.
impl SimdValue for Number {
    const LANES: usize = 1;
    type Element = Self;
    type SimdBool = bool;

    #[inline]
    fn splat(value: Self) -> Self {
        value
    }

    #[inline]
    fn extract(&self, _: usize) -> Self {
        *self
    }

    #[inline]
    unsafe fn extract_unchecked(&self, _: usize) -> Self {
        *self
    }

    #[inline]
    fn replace(&mut self, _: usize, value: Self) {
        *self = value;
    }

    #[inline]
    unsafe fn replace_unchecked(&mut self, _: usize, value: Self) {
        *self = value;
    }

    #[inline]
    fn select(self, condition: bool, other: Self) -> Self {
        if condition { self } else { other }
    }
}

impl SubsetOf<Self> for Number {
    #[inline]
    fn to_superset(&self) -> Self {
        *self
    }

    #[inline]
    fn from_superset_unchecked(element: &Self) -> Self {
        *element
    }

    #[inline]
    fn is_in_subset(_: &Self) -> bool {
        true
    }
}

macro_rules! superset {
    ($($scalar:ty),*) => {
        $(
            impl SupersetOf<$scalar> for Number {
                #[inline]
                fn is_in_subset(&self) -> bool {
                    SupersetOf::<$scalar>::is_in_subset(&self.re)
                }

                #[inline]
                fn to_subset_unchecked(&self) -> $scalar {
                    self.re.to_subset_unchecked()
                }

                #[inline]
                fn from_subset(element: &$scalar) -> Self {
                    Self::constant(f64::from(*element))
                }
            }
        )*
    };
}

superset!(f32, f64);

impl Field for Number {}

/// Functions of one number that have the same name here and there.
macro_rules! same {
    ($($name:ident),*) => {
        $(
            #[inline]
            fn $name(self) -> Self {
                DualNum::$name(&self)
            }
        )*
    };
}

/// Steps are flat.
macro_rules! steps {
    ($($name:ident),*) => {
        $(
            #[inline]
            fn $name(self) -> Self {
                Self::constant(self.re.$name())
            }
        )*
    };
}

/// As `f64`: a complex number without imaginary part.
impl ComplexField for Number {
    type RealField = Self;

    same!(recip, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh);
    same!(log2, log10, ln, ln_1p, sqrt, exp, exp2, exp_m1, cbrt);
    steps!(floor, ceil, round, trunc);

    #[inline]
    fn from_real(re: Self) -> Self {
        re
    }

    #[inline]
    fn real(self) -> Self {
        self
    }

    #[inline]
    fn imaginary(self) -> Self {
        Self::constant(0.0)
    }

    #[inline]
    fn modulus(self) -> Self {
        Signed::abs(&self)
    }

    #[inline]
    fn modulus_squared(self) -> Self {
        self * self
    }

    /// Zero, or pi for negative numbers.
    #[inline]
    fn argument(self) -> Self {
        Self::constant(if self.re.is_sign_negative() { consts::PI } else { 0.0 })
    }

    #[inline]
    fn norm1(self) -> Self {
        Signed::abs(&self)
    }

    #[inline]
    fn scale(self, factor: Self) -> Self {
        self * factor
    }

    #[inline]
    fn unscale(self, factor: Self) -> Self {
        self / factor
    }

    #[inline]
    fn fract(self) -> Self {
        self - ComplexField::trunc(self)
    }

    #[inline]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }

    #[inline]
    fn abs(self) -> Self {
        Signed::abs(&self)
    }

    #[inline]
    fn hypot(self, other: Self) -> Self {
        DualNum::sqrt(&(self * self + other * other))
    }

    #[inline]
    fn conjugate(self) -> Self {
        self
    }

    #[inline]
    fn sin_cos(self) -> (Self, Self) {
        DualNum::sin_cos(&self)
    }

    #[inline]
    fn log(self, base: Self) -> Self {
        DualNum::ln(&self) / DualNum::ln(&base)
    }

    #[inline]
    fn powi(self, n: i32) -> Self {
        DualNum::powi(&self, n)
    }

    #[inline]
    fn powf(self, n: Self) -> Self {
        DualNum::powd(&self, n)
    }

    #[inline]
    fn powc(self, n: Self) -> Self {
        DualNum::powd(&self, n)
    }

    #[inline]
    fn signum(self) -> Self {
        Signed::signum(&self)
    }

    #[inline]
    fn is_finite(&self) -> bool {
        self.re.is_finite()
    }

    #[inline]
    fn try_sqrt(self) -> Option<Self> {
        (self.re >= 0.0).then(|| DualNum::sqrt(&self))
    }
}

macro_rules! constants {
    ($($name:ident = $value:expr;)*) => {
        $(
            #[inline]
            fn $name() -> Self {
                Self::constant($value)
            }
        )*
    };
}

impl RealField for Number {
    constants! {
        pi = consts::PI;
        two_pi = consts::TAU;
        frac_pi_2 = consts::FRAC_PI_2;
        frac_pi_3 = consts::FRAC_PI_3;
        frac_pi_4 = consts::FRAC_PI_4;
        frac_pi_6 = consts::FRAC_PI_6;
        frac_pi_8 = consts::FRAC_PI_8;
        frac_1_pi = consts::FRAC_1_PI;
        frac_2_pi = consts::FRAC_2_PI;
        frac_2_sqrt_pi = consts::FRAC_2_SQRT_PI;
        e = consts::E;
        log2_e = consts::LOG2_E;
        log10_e = consts::LOG10_E;
        ln_2 = consts::LN_2;
        ln_10 = consts::LN_10;
    }

    #[inline]
    fn is_sign_positive(&self) -> bool {
        self.re.is_sign_positive()
    }

    #[inline]
    fn is_sign_negative(&self) -> bool {
        self.re.is_sign_negative()
    }

    #[inline]
    fn copysign(self, sign: Self) -> Self {
        let turn = self.re.is_sign_negative() != sign.re.is_sign_negative();
        if turn { -self } else { self }
    }

    /// The greater of both, with its derivatives.
    #[inline]
    fn max(self, other: Self) -> Self {
        if other.re > self.re || self.re.is_nan() { other } else { self }
    }

    /// The smaller of both, with its derivatives.
    #[inline]
    fn min(self, other: Self) -> Self {
        if other.re < self.re || self.re.is_nan() { other } else { self }
    }

    #[inline]
    fn clamp(self, min: Self, max: Self) -> Self {
        RealField::min(RealField::max(self, min), max)
    }

    #[inline]
    fn atan2(self, other: Self) -> Self {
        DualNum::atan2(&self, other)
    }

    fn min_value() -> Option<Self> {
        Some(Self::constant(f64::MIN))
    }

    fn max_value() -> Option<Self> {
        Some(Self::constant(f64::MAX))
    }
}
