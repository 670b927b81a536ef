//! Sums over lanes: the outer products that make a gradient of weights, and row sums for biases.

use super::dispatch::{InstructionSet, instruction_set, stamp};
use super::tile::{Operands, Seed, tiles};
use crate::columns::{Block, LANES, Rows, RowsMut, Scratch, padded};
use crate::real::Real;
use crate::simd::Vector;

/// Transposing goes by squares of this side: lines are read and written whole, not value by value.
const SIDE: usize = 4;

/// `G += Σ p[.][lane] q[.][lane]ᵀ` over the lanes, with G row-major and its rows `row_stride` apart.
///
/// The lanes of each element are summed in order before the sum is added to G.
pub fn outer<T: Real>(
    p: Rows<'_, T>,
    q: Rows<'_, T>,
    g: &mut [T],
    row_stride: usize,
    scratch: &mut Scratch<T>,
) {
    outer_with(instruction_set(), p, q, g, row_stride, scratch);
}

/// [`outer`] with the given instruction set.
pub(super) fn outer_with<T: Real>(
    set: InstructionSet,
    p: Rows<'_, T>,
    q: Rows<'_, T>,
    g: &mut [T],
    row_stride: usize,
    scratch: &mut Scratch<T>,
) {
    let (rows, cols, lanes) = (p.rows(), q.rows(), p.lanes());
    assert!(lanes == q.lanes(), "{lanes} lanes times {}", q.lanes());
    assert!(row_stride >= cols, "rows of {cols} values only {row_stride} apart");
    if rows == 0 || cols == 0 {
        return;
    }
    assert!(g.len() >= (rows - 1) * row_stride + cols, "{rows} x {cols} sums exceed their slice");
    let swap = cols < LANES && rows > cols;
    let (left, right) = if swap { (q, p) } else { (p, q) };
    let mut turned = scratch.take(lanes, right.rows());
    let mut sums = scratch.take(left.rows(), right.rows());
    transpose(right, &mut turned);
    lane_sums_with(set, left, turned.view(), sums.view_mut());
    for i in 0..rows {
        let to = &mut g[i * row_stride..][..cols];
        if swap {
            for (j, to) in to.iter_mut().enumerate() {
                *to += sums.row(j)[i];
            }
        } else {
            for (to, sum) in to.iter_mut().zip(sums.row(i)) {
                *to += *sum;
            }
        }
    }
    scratch.give(sums);
    scratch.give(turned);
}

/// Writes row `i` of `rows` down column `i` of `turned`.
///
/// One line of every row at a time, so that what is read and what is written stay in the cache.
fn transpose<T: Real>(rows: Rows<'_, T>, turned: &mut Block<T>) {
    let (count, width) = (rows.rows(), turned.lanes());
    debug_assert!(width == padded(count));
    let whole = count - count % SIDE;
    for (line, out) in turned.values_mut().chunks_exact_mut(LANES * width).enumerate() {
        let part = |i: usize| &rows.row(i)[line * LANES..][..LANES];
        for i in (0..whole).step_by(SIDE) {
            let four = [part(i), part(i + 1), part(i + 2), part(i + 3)];
            transpose_squares(four, &mut out[i..], width);
        }
        for i in whole..count {
            for (to, from) in out[i..].iter_mut().step_by(width).zip(part(i)) {
                *to = *from;
            }
        }
    }
}

/// Four rows become four columns, square by square.
fn transpose_squares<T: Real>(rows: [&[T]; SIDE], out: &mut [T], width: usize) {
    let [a, b, c, d] = rows.map(|row| row.as_chunks::<SIDE>().0);
    for (s, ((a, b), (c, d))) in a.iter().zip(b).zip(c.iter().zip(d)).enumerate() {
        let square = T::turned([*a, *b, *c, *d]);
        let to = &mut out[s * SIDE * width..][..(SIDE - 1) * width + SIDE];
        for (k, column) in square.iter().enumerate() {
            to[k * width..][..SIDE].copy_from_slice(column);
        }
    }
}

stamp! {
    /// Sums over the lanes of `left`, which are the rows of `turned`.
    fn lane_sums_with<T>(left: Rows<'_, T>, turned: Rows<'_, T>, sums: RowsMut<'_, T>) = lane_sums
}

#[inline(always)]
unsafe fn lane_sums<T: Real, V: Vector<T>>(
    left: Rows<'_, T>,
    turned: Rows<'_, T>,
    mut sums: RowsMut<'_, T>,
) {
    let (rows, depth, width) = (left.rows(), left.lanes(), turned.lanes());
    assert!(turned.rows() == depth && sums.rows() == rows && sums.lanes() == width);
    let operands = Operands {
        a: left.values().as_ptr(),
        a_row: depth,
        a_col: 1,
        b: turned.values().as_ptr(),
        b_row: width,
        c: sums.values_mut().as_mut_ptr(),
        c_row: width,
        depth,
        seed: Seed::Zero,
    };
    // SAFETY: the shapes were compared above.
    unsafe { tiles::<T, V>(operands, rows, width) }
}

/// `g[i]` += Σ `p[i][lane]` over the lanes.
///
/// Sixteen partial sums, one per lane modulo sixteen, are added up in order, whatever the
/// instruction set.
pub fn row_sums<T: Real>(p: Rows<'_, T>, g: &mut [T]) {
    row_sums_with(instruction_set(), p, g);
}

stamp! {
    /// [`row_sums`] with the given instruction set.
    pub(super) fn row_sums_with<T>(p: Rows<'_, T>, g: &mut [T]) = sum_rows
}

#[inline(always)]
unsafe fn sum_rows<T: Real, V: Vector<T>>(p: Rows<'_, T>, g: &mut [T]) {
    assert!(g.len() == p.rows(), "{} sums of {} rows", g.len(), p.rows());
    assert!(p.lanes().is_multiple_of(LANES), "{} lanes are not padded", p.lanes());
    for (i, sum) in g.iter_mut().enumerate() {
        let mut partial = [T::zero(); LANES];
        // SAFETY: a row is a multiple of sixteen lanes; V::LANES divides sixteen.
        unsafe {
            let row = p.row(i).as_ptr();
            for offset in (0..LANES).step_by(V::LANES) {
                let mut part = V::splat(T::zero());
                for line in (0..p.lanes()).step_by(LANES) {
                    part = part.add(V::load(row.add(line + offset)));
                }
                part.store(partial.as_mut_ptr().add(offset));
            }
        }
        *sum += pairwise(partial);
    }
}

/// The sum of sixteen values, halves added to halves.
#[inline(always)]
fn pairwise<T: Real>(mut values: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            values[i] += values[i + half];
        }
        half /= 2;
    }
    values[0]
}
