//! Sums over lanes: the outer products that make a gradient of weights, and row sums for biases.

use super::dispatch::{InstructionSet, instruction_set, stamp};
use super::tile::{Finish, Operands, Seed, tiles};
use crate::columns::{LANES, Rows, RowsMut, Scratch, padded};
use crate::real::Real;
use crate::simd::Vector;

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
    transpose_with(set, right, turned.view_mut());
    if !swap && cols.is_multiple_of(LANES) {
        add_lane_sums_with(set, left, turned.view(), g, row_stride);
        scratch.give(turned);
        return;
    }
    let mut sums = scratch.take(left.rows(), right.rows());
    let width = sums.lanes();
    sums.fill(T::zero());
    add_lane_sums_with(set, left, turned.view(), sums.values_mut(), width);
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

stamp! {
    /// Writes row `i` of `rows` down column `i` of `turned`, which is as wide as blocks are padded.
    pub(super) fn transpose_with<T>(rows: Rows<'_, T>, turned: RowsMut<'_, T>) = transpose
}

#[inline(always)]
unsafe fn transpose<T: Real, V: Vector<T>>(rows: Rows<'_, T>, mut turned: RowsMut<'_, T>) {
    let (count, lanes, width) = (rows.rows(), rows.lanes(), turned.lanes());
    assert!(width == padded(count) && turned.rows() == lanes, "{lanes} lanes into others");
    assert!(lanes.is_multiple_of(LANES), "{lanes} lanes are not padded");
    let whole = count - count % V::SIDE;
    let (from, to) = (rows.values().as_ptr(), turned.values_mut().as_mut_ptr());
    for i in (0..whole).step_by(V::SIDE) {
        for lane in (0..lanes).step_by(V::SIDE) {
            // SAFETY: the square at (i, lane) lies inside `rows`, and its transpose inside `turned`;
            // the caller vouches for the instruction set.
            unsafe { V::turn(from.add(i * lanes + lane), lanes, to.add(lane * width + i), width) };
        }
    }
    for i in whole..count {
        let column = turned.values_mut()[i..].iter_mut().step_by(width);
        for (to, from) in column.zip(rows.row(i)) {
            *to = *from;
        }
    }
}

stamp! {
    /// Adds sums over the lanes of `left`, which are the rows of `turned`, to rows `row_stride` apart.
    fn add_lane_sums_with<T>(
        left: Rows<'_, T>,
        turned: Rows<'_, T>,
        sums: &mut [T],
        row_stride: usize,
    ) = add_lane_sums
}

#[inline(always)]
unsafe fn add_lane_sums<T: Real, V: Vector<T>>(
    left: Rows<'_, T>,
    turned: Rows<'_, T>,
    sums: &mut [T],
    row_stride: usize,
) {
    let (rows, depth, width) = (left.rows(), left.lanes(), turned.lanes());
    assert!(turned.rows() == depth && row_stride >= width && width.is_multiple_of(LANES));
    assert!(rows == 0 || sums.len() >= (rows - 1) * row_stride + width, "{rows} rows of sums");
    let operands = Operands {
        a: left.values().as_ptr(),
        a_row: depth,
        a_col: 1,
        b: turned.values().as_ptr(),
        b_row: width,
        c: sums.as_mut_ptr(),
        c_row: row_stride,
        depth,
        seed: Seed::Zero,
        finish: Finish::Add,
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
