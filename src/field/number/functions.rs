//! Elementary functions with their first and second derivatives.

use num_dual::DualNum;

use super::Number;
use crate::real::portable;

/// Up to here a spherical Bessel function is the sum of its series, of so many terms: the quotients of the
/// formula lose digits near zero.
const NEAR: f64 = 1.0;
const TERMS: u32 = 10;

impl Number {
    /// The logarithm in another measure.
    #[inline]
    fn logarithm(&self, value: f64, unit: f64) -> Self {
        let part = move || self.re.recip();
        self.unary(value, || part() / unit, || -part() * part() / unit)
    }

    /// xⁿ by its value and by powers that are lower by one and by two.
    #[inline]
    fn power(&self, n: f64, power: impl Fn(f64) -> f64) -> Self {
        let slope = || n * power(n - 1.0);
        self.unary(power(n), slope, || n * (n - 1.0) * power(n - 2.0))
    }

    /// jₙ(x) = xⁿ Σ (-x²/2)ᵏ / (k! (2n + 2k + 1)!!) (Olver et al. 2010, NIST Handbook, 10.53.1).
    fn bessel_series(&self, n: u32) -> Self {
        let square = self * self * -0.5;
        let mut sum = Self::constant(1.0);
        for k in (1..TERMS).rev() {
            sum = sum * square / f64::from(k * (2 * n + 2 * k + 1)) + 1.0;
        }
        let odd: f64 = (1..=n).map(|k| f64::from(2 * k + 1)).product();
        (0..n).fold(sum / odd, |product, _| product * self)
    }
}

/// xⁿ: halves up to four are roots and products, which take less time than a power.
#[inline]
fn powf(x: f64, n: f64) -> f64 {
    if n.abs() > 4.0 || (2.0 * n).fract() != 0.0 {
        return portable::powf(x, n);
    }
    let size = n.abs();
    let whole = portable::powi(x, size as i32);
    let value = if size.fract() == 0.0 { whole } else { whole * x.sqrt() };
    if n < 0.0 { value.recip() } else { value }
}

impl DualNum<f64> for Number {
    const NDERIV: usize = 2;

    #[inline]
    fn recip(&self) -> Self {
        let value = self.re.recip();
        self.unary(value, || -value * value, || 2.0 * value * value * value)
    }

    #[inline]
    fn powi(&self, n: i32) -> Self {
        match n {
            0 => Self::constant(1.0),
            1 => *self,
            2 => *self * *self,
            _ => self.power(f64::from(n), |n| portable::powi(self.re, n as i32)),
        }
    }

    #[inline]
    fn powf(&self, n: f64) -> Self {
        self.power(n, |n| powf(self.re, n))
    }

    #[inline]
    fn sqrt(&self) -> Self {
        let value = self.re.sqrt();
        self.unary(value, || 0.5 / value, || -0.25 / (value * self.re))
    }

    #[inline]
    fn cbrt(&self) -> Self {
        let value = portable::cbrt(self.re);
        let slope = || 1.0 / (3.0 * value * value);
        self.unary(value, slope, || -2.0 / 3.0 * slope() / self.re)
    }

    #[inline]
    fn exp(&self) -> Self {
        let value = portable::exp(self.re);
        self.unary(value, || value, || value)
    }

    #[inline]
    fn exp2(&self) -> Self {
        use std::f64::consts::LN_2;
        let value = portable::exp2(self.re);
        self.unary(value, || LN_2 * value, || LN_2 * LN_2 * value)
    }

    #[inline]
    fn exp_m1(&self) -> Self {
        let slope = || portable::exp(self.re);
        self.unary(portable::exp_m1(self.re), slope, slope)
    }

    #[inline]
    fn ln(&self) -> Self {
        self.logarithm(portable::ln(self.re), 1.0)
    }

    #[inline]
    fn log(&self, base: f64) -> Self {
        let unit = portable::ln(base);
        self.logarithm(portable::ln(self.re) / unit, unit)
    }

    #[inline]
    fn log2(&self) -> Self {
        self.logarithm(portable::log2(self.re), std::f64::consts::LN_2)
    }

    #[inline]
    fn log10(&self) -> Self {
        self.logarithm(portable::log10(self.re), std::f64::consts::LN_10)
    }

    #[inline]
    fn ln_1p(&self) -> Self {
        let part = || (1.0 + self.re).recip();
        self.unary(portable::ln_1p(self.re), part, || -part() * part())
    }

    #[inline]
    fn sin(&self) -> Self {
        let value = portable::sin(self.re);
        self.unary(value, || portable::cos(self.re), || -value)
    }

    #[inline]
    fn cos(&self) -> Self {
        let value = portable::cos(self.re);
        self.unary(value, || -portable::sin(self.re), || -value)
    }

    #[inline]
    fn tan(&self) -> Self {
        let value = portable::tan(self.re);
        let slope = || 1.0 + value * value;
        self.unary(value, slope, || 2.0 * value * slope())
    }

    #[inline]
    fn sin_cos(&self) -> (Self, Self) {
        let (sin, cos) = portable::sin_cos(self.re);
        (self.unary(sin, || cos, || -sin), self.unary(cos, || -sin, || -cos))
    }

    #[inline]
    fn asin(&self) -> Self {
        let slope = || ((1.0 - self.re) * (1.0 + self.re)).sqrt().recip();
        let curve = || self.re * slope() * slope() * slope();
        self.unary(portable::asin(self.re), slope, curve)
    }

    #[inline]
    fn acos(&self) -> Self {
        let slope = || -((1.0 - self.re) * (1.0 + self.re)).sqrt().recip();
        let curve = || self.re * slope() * slope() * slope();
        self.unary(portable::acos(self.re), slope, curve)
    }

    #[inline]
    fn atan(&self) -> Self {
        let slope = || (1.0 + self.re * self.re).recip();
        self.unary(portable::atan(self.re), slope, || -2.0 * self.re * slope() * slope())
    }

    #[inline]
    fn atan2(&self, other: Self) -> Self {
        let (y, x) = (self.re, other.re);
        let part = || (x * x + y * y).recip();
        let slopes = || [x * part(), -y * part()];
        let curves = || {
            let [by_y, by_x] = slopes();
            [2.0 * by_y * by_x, by_x * by_x - by_y * by_y, -2.0 * by_y * by_x]
        };
        self.binary(&other, portable::atan2(y, x), slopes, curves)
    }

    #[inline]
    fn sinh(&self) -> Self {
        let value = portable::sinh(self.re);
        self.unary(value, || portable::cosh(self.re), || value)
    }

    #[inline]
    fn cosh(&self) -> Self {
        let value = portable::cosh(self.re);
        self.unary(value, || portable::sinh(self.re), || value)
    }

    #[inline]
    fn tanh(&self) -> Self {
        let value = portable::tanh(self.re);
        let slope = || (1.0 - value) * (1.0 + value);
        self.unary(value, slope, || -2.0 * value * slope())
    }

    #[inline]
    fn asinh(&self) -> Self {
        let slope = || (1.0 + self.re * self.re).sqrt().recip();
        let curve = || -self.re * slope() * slope() * slope();
        self.unary(portable::asinh(self.re), slope, curve)
    }

    #[inline]
    fn acosh(&self) -> Self {
        let slope = || ((self.re - 1.0) * (self.re + 1.0)).sqrt().recip();
        let curve = || -self.re * slope() * slope() * slope();
        self.unary(portable::acosh(self.re), slope, curve)
    }

    #[inline]
    fn atanh(&self) -> Self {
        let slope = || ((1.0 - self.re) * (1.0 + self.re)).recip();
        let curve = || 2.0 * self.re * slope() * slope();
        self.unary(portable::atanh(self.re), slope, curve)
    }

    fn sph_j0(&self) -> Self {
        match self.re.abs() < NEAR {
            true => self.bessel_series(0),
            false => DualNum::sin(self) / self,
        }
    }

    fn sph_j1(&self) -> Self {
        if self.re.abs() < NEAR {
            return self.bessel_series(1);
        }
        let (sin, cos) = DualNum::sin_cos(self);
        (sin / self - cos) / self
    }

    fn sph_j2(&self) -> Self {
        if self.re.abs() < NEAR {
            return self.bessel_series(2);
        }
        let (sin, cos) = DualNum::sin_cos(self);
        ((sin / self - cos) * 3.0 / self - sin) / self
    }
}
