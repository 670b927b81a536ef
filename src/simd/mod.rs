//! Vectors of scalars: one trait, and one type per scalar and instruction set.
//!
//! A kernel is written once, generic over [`Vector`], and stamped per instruction set. Everything
//! here is `inline(always)`, so that the instructions land inside the stamped function, which is
//! the one that may use them.
//!
//! All vectors give every lane the same bits, but for those that do not fuse products and sums: what a
//! method does to a lane is a correctly rounded operation of IEEE 754, or a rule for its bits. Which
//! NaN a NaN is, is left open.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod fused;
#[cfg(target_arch = "x86_64")]
mod intrinsics;
mod plain;
mod square;

#[cfg(target_arch = "x86_64")]
pub use avx2::{Middle32, Middle64};
#[cfg(target_arch = "x86_64")]
pub use avx512::{Wide32, Wide64};
pub use fused::processor_fuses;
pub use plain::{Fused32, Fused64, Plain32, Plain64};

#[cfg(not(target_arch = "x86_64"))]
pub use plain::{Fused32 as Middle32, Fused32 as Wide32, Fused64 as Middle64, Fused64 as Wide64};

/// Several scalars in one register, all treated alike.
///
/// # Safety
///
/// Every method requires that the processor has the instruction set of the implementing type;
/// `load` and `store` also require [`Vector::LANES`] readable or writable values at the pointer,
/// of any alignment. The comments on the methods speak of one lane.
pub unsafe trait Vector<T>: Copy {
    /// The number of scalars in the vector, a divisor of sixteen.
    const LANES: usize;

    /// How many rows of sums a matrix product keeps in registers at once.
    const TILE_ROWS: usize;

    /// How many vectors each of those rows is long.
    const TILE_VECTORS: usize;

    /// Whether [`mul_add`](Vector::mul_add) and [`mul_sub_from`](Vector::mul_sub_from) round once.
    const FUSED: bool;

    /// The side of the squares that [`turn`](Vector::turn) transposes, a divisor of sixteen.
    const SIDE: usize;

    /// Writes the square of SIDE by SIDE values at `from`, whose rows are `from_row` values apart, to
    /// `to` with rows `to_row` apart, rows as columns. All values of both squares must be readable and
    /// writable, and they must not overlap.
    unsafe fn turn(from: *const T, from_row: usize, to: *mut T, to_row: usize);

    /// The same value in every lane.
    unsafe fn splat(value: T) -> Self;

    /// Reads the values at `from`.
    unsafe fn load(from: *const T) -> Self;

    /// Writes the values to `to`.
    unsafe fn store(self, to: *mut T);

    /// self + other.
    unsafe fn add(self, other: Self) -> Self;

    /// self - other.
    unsafe fn sub(self, other: Self) -> Self;

    /// self * other.
    unsafe fn mul(self, other: Self) -> Self;

    /// self / other.
    unsafe fn div(self, other: Self) -> Self;

    /// self * factor + term, rounded once if [`FUSED`](Vector::FUSED).
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;

    /// term - self * factor, rounded once if [`FUSED`](Vector::FUSED).
    unsafe fn mul_sub_from(self, factor: Self, term: Self) -> Self;

    /// The square root, correctly rounded; NaN below zero.
    unsafe fn sqrt(self) -> Self;

    /// The larger of the two; `other` if either is NaN, or if both are zero.
    unsafe fn max(self, other: Self) -> Self;

    /// The smaller of the two; `other` if either is NaN, or if both are zero.
    unsafe fn min(self, other: Self) -> Self;

    /// self without its sign.
    unsafe fn abs(self) -> Self;

    /// The magnitude of self with the sign of `sign`.
    unsafe fn copysign(self, sign: Self) -> Self;

    /// `yes` where self < other, else `no`.
    unsafe fn select_less(self, other: Self, yes: Self, no: Self) -> Self;

    /// Whether any lane fails self <= bound, as NaN does.
    unsafe fn any_beyond(self, bound: Self) -> bool;

    /// For a normal number ±m 2ⁿ with 1 <= m < 2: n, as a number.
    unsafe fn exponent(self) -> Self;

    /// For a normal number ±m 2ⁿ with 1 <= m < 2: m.
    unsafe fn significand(self) -> Self;

    /// The number whose exponent field is the lowest bits of self: shifts the bits left by the
    /// width of the mantissa.
    unsafe fn low_bits_to_exponent(self) -> Self;

    /// `yes` where the lowest bit of self is set, else `no`.
    unsafe fn select_odd(self, yes: Self, no: Self) -> Self;

    /// self, negated where the second lowest bit of `bits` is set.
    unsafe fn negate_by_second_bit(self, bits: Self) -> Self;
}
