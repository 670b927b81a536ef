//! Vectors of 512 bits, for processors with AVX-512 F and DQ.

use std::arch::x86_64::*;

use super::Vector;
use super::intrinsics::single_intrinsics;
use super::square::{turn_f32, turn_f64};

/// Sixteen `f32`.
#[derive(Clone, Copy)]
pub struct Wide32(__m512);

/// Eight `f64`.
#[derive(Clone, Copy)]
pub struct Wide64(__m512d);

macro_rules! wide {
    ($name:ident, $scalar:ty, $lanes:literal, $side:literal, $turn:ident, $mantissa:literal, $sign_shift:literal,
     $to_bits:ident, $from_bits:ident, $and:ident, $andnot:ident, $or:ident, $xor:ident,
     $less:ident, $blend:ident, $shift_left:ident, $test:ident, $one:expr,
     $getexp:ident, $getmant:ident; $($single:ident)*) => {
        // SAFETY: every method is lane-wise and touches memory only in `load` and `store`, which
        // move exactly LANES values.
        unsafe impl Vector<$scalar> for $name {
            const LANES: usize = $lanes;
            const TILE_ROWS: usize = 6;
            const TILE_VECTORS: usize = 4;
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
                unsafe { Self($blend($less::<_CMP_LT_OQ>(self.0, other.0), no.0, yes.0)) }
            }

            #[inline(always)]
            unsafe fn any_beyond(self, bound: Self) -> bool {
                // SAFETY: as in `abs`.
                unsafe { $less::<_CMP_NLE_UQ>(self.0, bound.0) != 0 }
            }

            #[inline(always)]
            unsafe fn exponent(self) -> Self {
                // SAFETY: as in `abs`.
                unsafe { Self($getexp(self.0)) }
            }

            #[inline(always)]
            unsafe fn significand(self) -> Self {
                // SAFETY: as in `abs`.
                unsafe { Self($getmant::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_ZERO>(self.0)) }
            }

            #[inline(always)]
            unsafe fn low_bits_to_exponent(self) -> Self {
                // SAFETY: as in `abs`.
                unsafe { Self($from_bits($shift_left::<$mantissa>($to_bits(self.0)))) }
            }

            #[inline(always)]
            unsafe fn select_odd(self, yes: Self, no: Self) -> Self {
                // SAFETY: as in `abs`.
                unsafe { Self($blend($test($to_bits(self.0), $one), no.0, yes.0)) }
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

wide!(Wide32, f32, 16, 8, turn_f32, 23, 30, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_and_ps,
    _mm512_andnot_ps, _mm512_or_ps, _mm512_xor_ps, _mm512_cmp_ps_mask, _mm512_mask_blend_ps,
    _mm512_slli_epi32, _mm512_test_epi32_mask, _mm512_set1_epi32(1),
    _mm512_getexp_ps, _mm512_getmant_ps;
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps
    _mm512_div_ps _mm512_fmadd_ps _mm512_fnmadd_ps _mm512_max_ps _mm512_min_ps _mm512_sqrt_ps);

wide!(Wide64, f64, 8, 4, turn_f64, 52, 62, _mm512_castpd_si512, _mm512_castsi512_pd, _mm512_and_pd,
    _mm512_andnot_pd, _mm512_or_pd, _mm512_xor_pd, _mm512_cmp_pd_mask, _mm512_mask_blend_pd,
    _mm512_slli_epi64, _mm512_test_epi64_mask, _mm512_set1_epi64(1),
    _mm512_getexp_pd, _mm512_getmant_pd;
    _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd
    _mm512_div_pd _mm512_fmadd_pd _mm512_fnmadd_pd _mm512_max_pd _mm512_min_pd _mm512_sqrt_pd);
