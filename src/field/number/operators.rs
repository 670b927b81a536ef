//! Sums, differences, products, quotients and remainders, with one another and with `f64`.

use std::iter::{Product, Sum};
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

use super::Number;

impl Number {
    #[inline]
    fn plus(&self, other: &Self) -> Self {
        self.binary(other, self.re + other.re, || [1.0, 1.0], || [0.0; 3])
    }

    #[inline]
    fn minus(&self, other: &Self) -> Self {
        self.binary(other, self.re - other.re, || [1.0, -1.0], || [0.0; 3])
    }

    #[inline]
    fn times(&self, other: &Self) -> Self {
        let slopes = || [other.re, self.re];
        self.binary(other, self.re * other.re, slopes, || [0.0, 1.0, 0.0])
    }

    #[inline]
    fn over(&self, other: &Self) -> Self {
        let value = self.re / other.re;
        let part = || other.re.recip();
        self.binary(
            other,
            value,
            || [part(), -value * part()],
            || [0.0, -part() * part(), 2.0 * value * part() * part()],
        )
    }

    #[inline]
    fn remainder(&self, other: &Self) -> Self {
        let slopes = || [1.0, -(self.re / other.re).trunc()];
        self.binary(other, self.re % other.re, slopes, || [0.0; 3])
    }

    #[inline]
    fn shifted(&self, by: f64) -> Self {
        // What changes is the value; whatever follows from the derivatives stays.
        Self { re: self.re + by, place: self.place }
    }

    #[inline]
    fn scaled(&self, by: f64) -> Self {
        self.unary(self.re * by, || by, || 0.0)
    }

    #[inline]
    fn remainder_of(&self, by: f64) -> Self {
        Self { re: self.re % by, place: self.place }
    }
}

macro_rules! operators {
    ($($operator:ident, $method:ident, $assign:ident, $method_assign:ident, $own:ident, $scalar:expr;)*) => {
        $(
            impl $operator for Number {
                type Output = Self;

                #[inline]
                fn $method(self, other: Self) -> Self {
                    self.$own(&other)
                }
            }

            impl $operator<&Number> for Number {
                type Output = Self;

                #[inline]
                fn $method(self, other: &Self) -> Self {
                    self.$own(other)
                }
            }

            impl $operator<Number> for &Number {
                type Output = Number;

                #[inline]
                fn $method(self, other: Number) -> Number {
                    self.$own(&other)
                }
            }

            impl $operator for &Number {
                type Output = Number;

                #[inline]
                fn $method(self, other: Self) -> Number {
                    self.$own(other)
                }
            }

            impl $operator<f64> for Number {
                type Output = Self;

                #[inline]
                fn $method(self, other: f64) -> Self {
                    $scalar(&self, other)
                }
            }

            impl $operator<f64> for &Number {
                type Output = Number;

                #[inline]
                fn $method(self, other: f64) -> Number {
                    $scalar(self, other)
                }
            }

            impl $operator<Number> for f64 {
                type Output = Number;

                #[inline]
                fn $method(self, other: Number) -> Number {
                    Number::constant(self).$own(&other)
                }
            }

            impl $assign for Number {
                #[inline]
                fn $method_assign(&mut self, other: Self) {
                    *self = self.$own(&other);
                }
            }

            impl $assign<&Number> for Number {
                #[inline]
                fn $method_assign(&mut self, other: &Self) {
                    *self = self.$own(other);
                }
            }

            impl $assign<f64> for Number {
                #[inline]
                fn $method_assign(&mut self, other: f64) {
                    *self = $scalar(self, other);
                }
            }
        )*
    };
}

operators! {
    Add, add, AddAssign, add_assign, plus, Number::shifted;
    Sub, sub, SubAssign, sub_assign, minus, |own: &Number, other: f64| own.shifted(-other);
    Mul, mul, MulAssign, mul_assign, times, Number::scaled;
    Div, div, DivAssign, div_assign, over, |own: &Number, other: f64| own.over(&Number::constant(other));
    Rem, rem, RemAssign, rem_assign, remainder, Number::remainder_of;
}

impl Neg for Number {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        self.unary(-self.re, || -1.0, || 0.0)
    }
}

impl Neg for &Number {
    type Output = Number;

    #[inline]
    fn neg(self) -> Number {
        -*self
    }
}

impl Sum for Number {
    #[inline]
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::constant(0.0), |sum, one| sum + one)
    }
}

impl<'a> Sum<&'a Self> for Number {
    #[inline]
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.copied().sum()
    }
}

impl Product for Number {
    #[inline]
    fn product<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::constant(1.0), |product, one| product * one)
    }
}

impl<'a> Product<&'a Self> for Number {
    #[inline]
    fn product<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.copied().product()
    }
}
