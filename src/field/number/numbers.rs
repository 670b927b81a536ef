//! What makes it a number among others: conversions, comparisons, signs, units.

use std::cmp::Ordering;
use std::fmt;

use num_dual::{DualNum, DualStruct, Mappable};
use num_traits::{FromPrimitive, Inv, Num, One, Signed, Zero};

use super::Number;

impl From<f64> for Number {
    #[inline]
    fn from(value: f64) -> Self {
        Self::constant(value)
    }
}

/// The value alone.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.re.fmt(f)
    }
}

/// By the value: a function takes the same branches with derivatives and without.
impl PartialEq for Number {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.re == other.re
    }
}

impl PartialEq<f64> for Number {
    #[inline]
    fn eq(&self, other: &f64) -> bool {
        self.re == *other
    }
}

impl PartialOrd for Number {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.re.partial_cmp(&other.re)
    }
}

impl PartialOrd<f64> for Number {
    #[inline]
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.re.partial_cmp(other)
    }
}

impl Zero for Number {
    #[inline]
    fn zero() -> Self {
        Self::constant(0.0)
    }

    #[inline]
    fn is_zero(&self) -> bool {
        self.re == 0.0
    }
}

impl One for Number {
    #[inline]
    fn one() -> Self {
        Self::constant(1.0)
    }
}

impl Num for Number {
    type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;

    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        f64::from_str_radix(text, radix).map(Self::constant)
    }
}

impl Signed for Number {
    #[inline]
    fn abs(&self) -> Self {
        if self.re.is_sign_negative() { -*self } else { *self }
    }

    #[inline]
    fn abs_sub(&self, other: &Self) -> Self {
        if self.re > other.re { *self - *other } else { Self::constant(0.0) }
    }

    #[inline]
    fn signum(&self) -> Self {
        Self::constant(self.re.signum())
    }

    #[inline]
    fn is_positive(&self) -> bool {
        self.re.is_sign_positive()
    }

    #[inline]
    fn is_negative(&self) -> bool {
        self.re.is_sign_negative()
    }
}

impl Inv for Number {
    type Output = Self;

    #[inline]
    fn inv(self) -> Self {
        self.recip()
    }
}

impl FromPrimitive for Number {
    #[inline]
    fn from_i64(value: i64) -> Option<Self> {
        f64::from_i64(value).map(Self::constant)
    }

    #[inline]
    fn from_u64(value: u64) -> Option<Self> {
        f64::from_u64(value).map(Self::constant)
    }

    #[inline]
    fn from_f64(value: f64) -> Option<Self> {
        Some(Self::constant(value))
    }
}

impl DualStruct<Self, f64> for Number {
    type Real = f64;
    type Inner = f64;

    #[inline]
    fn re(&self) -> f64 {
        self.re
    }

    #[inline]
    fn from_inner(inner: &f64) -> Self {
        Self::constant(*inner)
    }
}

impl Mappable<Self> for Number {
    type Output<O> = O;

    #[inline]
    fn map_dual<M: Fn(Self) -> O, O>(self, map: M) -> O {
        map(self)
    }
}
