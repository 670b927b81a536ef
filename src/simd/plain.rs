//! Vectors as arrays, for every processor; the compiler finds the registers.

use std::array::from_fn;

use super::Vector;
use super::square::turn_plain;

/// Four `f32`.
#[derive(Clone, Copy)]
pub struct Plain32([f32; 4]);

/// Two `f64`.
#[derive(Clone, Copy)]
pub struct Plain64([f64; 2]);

macro_rules! plain {
    ($name:ident, $scalar:ident, $lanes:literal, $mantissa:literal, $sign_shift:literal) => {
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
            const FUSED: bool = false;
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
                Self(from_fn(|i| $scalar::fused(self.0[i], factor.0[i], term.0[i])))
            }

            #[inline(always)]
            unsafe fn mul_sub_from(self, factor: Self, term: Self) -> Self {
                Self(from_fn(|i| $scalar::fused(-self.0[i], factor.0[i], term.0[i])))
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
                self.zip(bits, |a, b| {
                    $scalar::from_bits(
                        a.to_bits() ^ (((b.to_bits() >> 1) & 1) << ($sign_shift + 1)),
                    )
                })
            }
        }
    };
}

/// self * factor + term, in one rounding only where that is an instruction and not a library call.
trait Fused {
    fn fused(a: Self, b: Self, c: Self) -> Self;
}

macro_rules! fused {
    ($scalar:ident) => {
        impl Fused for $scalar {
            #[inline(always)]
            fn fused(a: Self, b: Self, c: Self) -> Self {
                if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
                    a.mul_add(b, c)
                } else {
                    a * b + c
                }
            }
        }
    };
}

fused!(f32);
fused!(f64);
plain!(Plain32, f32, 4, 23, 30);
plain!(Plain64, f64, 2, 52, 62);
