//! Vectors as arrays, for every processor; the compiler finds the registers.

use std::array::from_fn;

use super::Vector;
use super::fused::{fused_f32, fused_f64};
use super::square::turn_plain;

/// Four `f32`.
#[derive(Clone, Copy)]
pub struct Plain32([f32; 4]);

/// Two `f64`.
#[derive(Clone, Copy)]
pub struct Plain64([f64; 2]);

/// Four `f32`, whose products and sums are fused.
#[derive(Clone, Copy)]
pub struct Fused32([f32; 4]);

/// Two `f64`, whose products and sums are fused.
#[derive(Clone, Copy)]
pub struct Fused64([f64; 2]);

macro_rules! plain {
    ($name:ident, $scalar:ident, $lanes:literal, $mantissa:literal, $fused:literal, $mul_add:expr) => {
        impl $name {
            #[inline(always)]
            fn map(self, f: impl Fn($scalar) -> $scalar) -> Self {
                Self(from_fn(|i| f(self.0[i])))
            }

            #[inline(always)]
            fn zip(self, other: Self, f: impl Fn($scalar, $scalar) -> $scalar) -> Self {
                Self(from_fn(|i| f(self.0[i], other.0[i])))
            }
        }

        // SAFETY: every method is lane-wise and touches memory only in `load` and `store`, which
        // move exactly LANES values.
        unsafe impl Vector<$scalar> for $name {
            const LANES: usize = $lanes;
            const TILE_ROWS: usize = 4;
            const TILE_VECTORS: usize = 2;
            const FUSED: bool = $fused;
            const SIDE: usize = 4;

            #[inline(always)]
            unsafe fn turn(from: *const $scalar, from_row: usize, to: *mut $scalar, to_row: usize) {
                // SAFETY: the caller vouches for both squares.
                unsafe { turn_plain::<$scalar, 4>(from, from_row, to, to_row) }
            }

            #[inline(always)]
            unsafe fn splat(value: $scalar) -> Self {
                Self([value; $lanes])
            }

            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> Self {
                // SAFETY: the caller vouches for the memory.
                unsafe { Self(from.cast::<[$scalar; $lanes]>().read_unaligned()) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                // SAFETY: the caller vouches for the memory.
                unsafe { to.cast::<[$scalar; $lanes]>().write_unaligned(self.0) }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                self.zip(other, |a, b| a + b)
            }

            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                self.zip(other, |a, b| a - b)
            }

            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                self.zip(other, |a, b| a * b)
            }

            #[inline(always)]
            unsafe fn div(self, other: Self) -> Self {
                self.zip(other, |a, b| a / b)
            }

            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
                Self($mul_add(self.0, factor.0, term.0))
            }

            #[inline(always)]
            unsafe fn mul_sub_from(self, factor: Self, term: Self) -> Self {
                // The sign of a product is exact.
                Self($mul_add(self.map(|a| -a).0, factor.0, term.0))
            }

            #[inline(always)]
            unsafe fn sqrt(self) -> Self {
                self.map($scalar::sqrt)
            }

            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                self.zip(other, |a, b| if a > b { a } else { b })
            }

            #[inline(always)]
            unsafe fn min(self, other: Self) -> Self {
                self.zip(other, |a, b| if a < b { a } else { b })
            }

            #[inline(always)]
            unsafe fn abs(self) -> Self {
                self.map($scalar::abs)
            }

            #[inline(always)]
            unsafe fn copysign(self, sign: Self) -> Self {
                self.zip(sign, $scalar::copysign)
            }

            #[inline(always)]
            unsafe fn select_less(self, other: Self, yes: Self, no: Self) -> Self {
                Self(from_fn(|i| if self.0[i] < other.0[i] { yes.0[i] } else { no.0[i] }))
            }

            #[inline(always)]
            unsafe fn any_beyond(self, bound: Self) -> bool {
                let within = |(a, b): (&$scalar, &$scalar)| a <= b;
                !self.0.iter().zip(&bound.0).all(within)
            }

            #[inline(always)]
            unsafe fn exponent(self) -> Self {
                let bias = $scalar::MAX_EXP - 1;
                self.map(|a| ((a.abs().to_bits() >> $mantissa) as i32 - bias) as $scalar)
            }

            #[inline(always)]
            unsafe fn significand(self) -> Self {
                let field = $scalar::INFINITY.to_bits();
                self.map(|a| {
                    $scalar::from_bits(a.abs().to_bits() & !field | (1.0 as $scalar).to_bits())
                })
            }

            #[inline(always)]
            unsafe fn low_bits_to_exponent(self) -> Self {
                self.map(|a| $scalar::from_bits(a.to_bits() << $mantissa))
            }

            #[inline(always)]
            unsafe fn select_odd(self, yes: Self, no: Self) -> Self {
                Self(from_fn(|i| if self.0[i].to_bits() & 1 == 1 { yes.0[i] } else { no.0[i] }))
            }

            #[inline(always)]
            unsafe fn negate_by_second_bit(self, bits: Self) -> Self {
                let sign = (-0.0 as $scalar).to_bits();
                self.zip(bits, |a, b| {
                    let second = (b.to_bits() >> 1) & 1;
                    $scalar::from_bits(a.to_bits() ^ (second * sign))
                })
            }
        }
    };
}

/// a b + c, rounded twice.
#[inline(always)]
fn apart<T, const N: usize>(a: [T; N], b: [T; N], c: [T; N]) -> [T; N]
where
    T: Copy + std::ops::Mul<Output = T> + std::ops::Add<Output = T>,
{
    from_fn(|i| a[i] * b[i] + c[i])
}

plain!(Plain32, f32, 4, 23, false, apart);
plain!(Plain64, f64, 2, 52, false, apart);
plain!(Fused32, f32, 4, 23, true, fused_f32);
plain!(Fused64, f64, 2, 52, true, fused_f64);
