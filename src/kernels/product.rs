//! Weights times a block: C = start + A B.
//!
//! Weights are read where the parameters lie, in any stride, and never packed: a value is broadcast to all
//! lanes, so that their order in memory does not matter while they fit the first cache. `cargo bench
//! -p liouville-benches --bench kernels` compares with libraries that pack.

use super::dispatch::{instruction_set, stamp};
use super::tile::{Finish, Operands, Seed, tiles};
use crate::columns::{Rows, RowsMut};
use crate::real::Real;
use crate::simd::Vector;

/// A matrix of weights inside a slice, with a stride in both directions.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a, T> {
    /// The values; the first is element (0, 0).
    pub data: &'a [T],
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub cols: usize,
    /// How far apart neighbours in a column lie.
    pub row_stride: usize,
    /// How far apart neighbours in a row lie.
    pub col_stride: usize,
}

impl<'a, T> Weights<'a, T> {
    /// A row-major matrix that fills `data`.
    pub fn new(data: &'a [T], rows: usize, cols: usize) -> Self {
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The same matrix with its rows `row_stride` apart.
    pub fn with_row_stride(self, row_stride: usize) -> Self {
        Self { row_stride, ..self }
    }

    /// Columns `start..end` of this matrix.
    pub fn columns(self, start: usize, end: usize) -> Self {
        assert!(start <= end && end <= self.cols, "columns {start}..{end} of {}", self.cols);
        let data = &self.data[(start * self.col_stride).min(self.data.len())..];
        Self { data, cols: end - start, ..self }
    }

    /// The transpose: the same values, rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// One past the largest index that the matrix reaches.
    fn extent(&self) -> usize {
        if self.rows == 0 || self.cols == 0 {
            return 0;
        }
        (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride + 1
    }
}

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    /// Nothing: C = A B.
    Zero,
    /// One value per row, the same for every lane.
    Bias(&'a [T]),
    /// What C holds.
    Accumulate,
}

/// C = start + A B, where B and C have a row per row of weights and a lane per sample.
///
/// Each element is summed in the order of the inner dimension, so that a sample's result does not
/// depend on its lane.
pub fn product<T: Real>(a: Weights<'_, T>, b: Rows<'_, T>, start: Start<'_, T>, c: RowsMut<'_, T>) {
    product_with(instruction_set(), a, b, start, c);
}

stamp! {
    /// [`product`] with the given instruction set.
    pub(super) fn product_with<T>(
        a: Weights<'_, T>,
        b: Rows<'_, T>,
        start: Start<'_, T>,
        c: RowsMut<'_, T>,
    ) = multiply_rows
}

/// `out[lane]` = Σ_i `p[i][lane]` (A q)`[i][lane]`: the form p'A q of every lane, without a block for
/// A q.
///
/// Each element of A q is summed in the order of the inner dimension, and the form in the order of
/// the rows.
pub fn bilinear_form<T: Real>(p: Rows<'_, T>, a: Weights<'_, T>, q: Rows<'_, T>, out: &mut [T]) {
    bilinear_form_with(instruction_set(), p, a, q, out);
}

stamp! {
    /// [`bilinear_form`] with the given instruction set.
    pub(super) fn bilinear_form_with<T>(
        p: Rows<'_, T>,
        a: Weights<'_, T>,
        q: Rows<'_, T>,
        out: &mut [T],
    ) = weigh_rows
}

#[inline(always)]
unsafe fn weigh_rows<T: Real, V: Vector<T>>(
    p: Rows<'_, T>,
    a: Weights<'_, T>,
    q: Rows<'_, T>,
    out: &mut [T],
) {
    let (rows, cols, lanes) = (a.rows, a.cols, out.len());
    assert!(a.extent() <= a.data.len(), "weights {rows} x {cols} exceed their slice");
    assert!(q.values().len() == cols * lanes, "weights {rows} x {cols} times {} rows", q.rows());
    assert!(p.values().len() == rows * lanes, "{} rows times weights {rows} x {cols}", p.rows());
    assert!(lanes.is_multiple_of(crate::columns::LANES), "{lanes} lanes are not padded");
    out.fill(T::zero());
    let operands = Operands {
        a: a.data.as_ptr(),
        a_row: a.row_stride,
        a_col: a.col_stride,
        b: q.values().as_ptr(),
        b_row: lanes,
        c: out.as_mut_ptr(),
        c_row: lanes,
        depth: cols,
        seed: Seed::Zero,
        finish: Finish::Weigh(p.values().as_ptr()),
    };
    // SAFETY: every operand was compared with the shape of A; `out` is one row.
    unsafe { tiles::<T, V>(operands, rows, lanes) }
}

#[inline(always)]
unsafe fn multiply_rows<T: Real, V: Vector<T>>(
    a: Weights<'_, T>,
    b: Rows<'_, T>,
    start: Start<'_, T>,
    mut c: RowsMut<'_, T>,
) {
    let (rows, lanes) = (a.rows, b.lanes());
    check(a, b, start, &c);
    let seed = match start {
        Start::Zero => Seed::Zero,
        Start::Bias(bias) => Seed::Bias(bias.as_ptr()),
        Start::Accumulate => Seed::Accumulate,
    };
    let operands = Operands {
        a: a.data.as_ptr(),
        a_row: a.row_stride,
        a_col: a.col_stride,
        b: b.values().as_ptr(),
        b_row: lanes,
        c: c.values_mut().as_mut_ptr(),
        c_row: lanes,
        depth: a.cols,
        seed,
        finish: Finish::Store,
    };
    // SAFETY: `check` has compared every operand with the shape of A.
    unsafe { tiles::<T, V>(operands, rows, lanes) }
}

/// Panics unless the operands fit together.
fn check<T: Real>(a: Weights<'_, T>, b: Rows<'_, T>, start: Start<'_, T>, c: &RowsMut<'_, T>) {
    let (rows, cols, lanes) = (a.rows, a.cols, b.lanes());
    assert!(a.extent() <= a.data.len(), "weights {rows} x {cols} exceed their slice");
    assert!(b.values().len() == cols * lanes, "weights {rows} x {cols} times {} rows", b.rows());
    assert!(c.as_rows().values().len() == rows * lanes, "{rows} rows into {}", c.rows());
    assert!(c.lanes() == lanes, "{lanes} lanes into {}", c.lanes());
    assert!(lanes.is_multiple_of(crate::columns::LANES), "{lanes} lanes are not padded");
    if let Start::Bias(bias) = start {
        assert!(bias.len() == rows, "{} biases for {rows} rows", bias.len());
    }
}
