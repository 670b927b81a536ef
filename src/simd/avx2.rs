//! Vectors of 256 bits, for processors with AVX2 and FMA.

use std::arch::x86_64::*;

use super::Vector;
use super::intrinsics::single_intrinsics;
use super::square::{turn_f32, turn_f64};

/// Eight `f32`.
#[derive(Clone, Copy)]
pub struct Middle32(__m256);

/// Four `f64`.
#[derive(Clone, Copy)]
pub struct Middle64(__m256d);

macro_rules! middle {
    ($name:ident, $scalar:ident, $lanes:literal, $side:literal, $turn:ident, $mantissa:literal, $odd_shift:literal,
     $sign_shift:literal, $to_bits:ident, $from_bits:ident, $and:ident, $andnot:ident, $or:ident,
     $xor:ident, $compare:ident, $blend:ident, $movemask:ident, $shift_left:ident, $shift_right:ident;
     $($single:ident)*) => {
        // SAFETY: every method is lane-wise and touches memory only in `load` and `store`, which
        // move exactly LANES values.
        unsafe impl Vector<$scalar> for $name {
            const LANES: usize = $lanes;
            const TILE_ROWS: usize = 6;
            const TILE_VECTORS: usize = 2;
            const FUSED: bool = true;
            const SIDE: usize = $side;

            #[inline(always)]
            unsafe fn turn(from: *const $scalar, from_row: usize, to: *mut $scalar, to_row: usize) {
                // SAFETY: the caller vouches for the instruction set and both squares.
                unsafe { $turn(from, from_row, to, to_row) }
            }

            single_intrinsics!($scalar, $($single),*);

            #[inline(always)]
            unsafe fn abs(self) -> Self {
                // SAFETY: the caller vouches for the instruction set, here and below.
                unsafe { Self($andnot(Self::splat(-0.0).0, self.0)) }
            }

            #[inline(always)]
            unsafe fn copysign(self, sign: Self) -> Self {
                // SAFETY: as in `abs`.
                unsafe { Self($or(self.abs().0, $and(Self::splat(-0.0).0, sign.0))) }
            }

            #[inline(always)]
            unsafe fn select_less(self, other: Self, yes: Self, no: Self) -> Self {
                // SAFETY: as in `abs`.
                unsafe { Self($blend(no.0, yes.0, $compare::<_CMP_LT_OQ>(self.0, other.0))) }
            }

            #[inline(always)]
            unsafe fn any_beyond(self, bound: Self) -> bool {
                // SAFETY: as in `abs`.
                unsafe { $movemask($compare::<_CMP_NLE_UQ>(self.0, bound.0)) != 0 }
            }

            #[inline(always)]
            unsafe fn exponent(self) -> Self {
                // SAFETY: as in `abs`. The lowest bits of a number of this size are an integer.
                unsafe {
                    let size = Self::splat((1u64 << $mantissa) as $scalar);
                    let field = $from_bits($shift_right::<$mantissa>($to_bits(self.abs().0)));
                    let biased = Self($or(size.0, field)).sub(size);
                    biased.sub(Self::splat(($scalar::MAX_EXP - 1) as $scalar))
                }
            }

            #[inline(always)]
            unsafe fn significand(self) -> Self {
                // SAFETY: as in `abs`. Infinity has every bit of the exponent and no other.
                unsafe {
                    let field = Self::splat($scalar::INFINITY);
                    Self($or($andnot(field.0, self.abs().0), Self::splat(1.0).0))
                }
            }

            #[inline(always)]
            unsafe fn low_bits_to_exponent(self) -> Self {
                // SAFETY: as in `abs`.
                unsafe { Self($from_bits($shift_left::<$mantissa>($to_bits(self.0)))) }
            }

            #[inline(always)]
            unsafe fn select_odd(self, yes: Self, no: Self) -> Self {
                // SAFETY: as in `abs`; the blend looks at the highest bit of each lane only.
                unsafe {
                    let odd = $from_bits($shift_left::<$odd_shift>($to_bits(self.0)));
                    Self($blend(no.0, yes.0, odd))
                }
            }

            #[inline(always)]
            unsafe fn negate_by_second_bit(self, bits: Self) -> Self {
                // SAFETY: as in `abs`.
                unsafe {
                    let moved = $from_bits($shift_left::<$sign_shift>($to_bits(bits.0)));
                    Self($xor(self.0, $and(Self::splat(-0.0).0, moved)))
                }
            }
        }
    };
}

middle!(Middle32, f32, 8, 8, turn_f32, 23, 31, 30, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_and_ps,
    _mm256_andnot_ps, _mm256_or_ps, _mm256_xor_ps, _mm256_cmp_ps, _mm256_blendv_ps,
    _mm256_movemask_ps, _mm256_slli_epi32, _mm256_srli_epi32;
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps
    _mm256_div_ps _mm256_fmadd_ps _mm256_fnmadd_ps _mm256_max_ps _mm256_min_ps _mm256_sqrt_ps);

middle!(Middle64, f64, 4, 4, turn_f64, 52, 63, 62, _mm256_castpd_si256, _mm256_castsi256_pd, _mm256_and_pd,
    _mm256_andnot_pd, _mm256_or_pd, _mm256_xor_pd, _mm256_cmp_pd, _mm256_blendv_pd,
    _mm256_movemask_pd, _mm256_slli_epi64, _mm256_srli_epi64;
    _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd
    _mm256_div_pd _mm256_fmadd_pd _mm256_fnmadd_pd _mm256_max_pd _mm256_min_pd _mm256_sqrt_pd);
