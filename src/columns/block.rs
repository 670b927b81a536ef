//! A block: rows of coordinates, one lane per sample, aligned for vector registers.

use crate::real::Real;

/// The number of lanes that every block is padded to a multiple of.
pub const LANES: usize = 16;

/// The number of lanes that hold `columns` samples: the next multiple of [`LANES`].
pub fn padded(columns: usize) -> usize {
    columns.div_ceil(LANES) * LANES
}

/// Sixteen neighbouring lanes of one row; the unit of allocation, so that rows start on a cache line.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Line<T>([T; LANES]);

/// Owned rows of lanes: `rows` x `lanes`, row-major, 64-byte aligned.
#[derive(Default)]
pub struct Block<T> {
    lines: Vec<Line<T>>,
    rows: usize,
    lanes: usize,
}

impl<T: Clone> Clone for Block<T> {
    fn clone(&self) -> Self {
        Self { lines: self.lines.clone(), rows: self.rows, lanes: self.lanes }
    }

    /// Keeps the memory that is there.
    fn clone_from(&mut self, other: &Self) {
        self.lines.clone_from(&other.lines);
        (self.rows, self.lanes) = (other.rows, other.lanes);
    }
}

impl<T: Real> Block<T> {
    /// A block of zeros; `lanes` is rounded up to a multiple of [`LANES`].
    pub fn new(rows: usize, lanes: usize) -> Self {
        let mut block = Self { lines: Vec::new(), rows: 0, lanes: 0 };
        block.reshape(rows, lanes);
        block
    }

    /// Gives the block another shape; the contents are unspecified, and memory is kept for reuse.
    pub fn reshape(&mut self, rows: usize, lanes: usize) {
        self.rows = rows;
        self.lanes = padded(lanes);
        // Growing only: what is already there need not be cleared again.
        let lines = rows * self.lanes / LANES;
        if lines > self.lines.len() {
            self.lines.resize(lines, Line::default());
        }
    }

    /// Takes the shape and the values of `rows`.
    pub fn copy_from(&mut self, rows: Rows<'_, T>) {
        self.reshape(rows.rows(), rows.lanes());
        self.values_mut().copy_from_slice(rows.values());
    }

    /// The number of values that fit without allocating.
    pub(crate) fn capacity(&self) -> usize {
        self.lines.capacity() * LANES
    }

    /// Keeps the first lanes of every row, at least `used` of them, and moves the rows together.
    pub fn shrink(&mut self, used: usize) {
        let (old, new) = (self.lanes, padded(used).min(self.lanes));
        for i in 1..self.rows {
            self.values_mut().copy_within(i * old..i * old + new, i * new);
        }
        self.lanes = new;
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of lanes, padding included.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Every value, row after row.
    pub fn values(&self) -> &[T] {
        // SAFETY: `Line<T>` is `repr(C)` around `[T; LANES]`; T is f32 or f64, whose sixteen values
        // take 64 or 128 bytes, a multiple of the alignment, so that lines have no padding; `reshape`
        // makes at least rows x lanes values of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.rows * self.lanes) }
    }

    /// Every value, row after row, for writing.
    pub fn values_mut(&mut self) -> &mut [T] {
        let len = self.rows * self.lanes;
        // SAFETY: as in `values`; the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), len) }
    }

    /// Row `i`: one value per lane.
    pub fn row(&self, i: usize) -> &[T] {
        let lanes = self.lanes;
        &self.values()[i * lanes..(i + 1) * lanes]
    }

    /// Row `i` for writing.
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        let lanes = self.lanes;
        &mut self.values_mut()[i * lanes..(i + 1) * lanes]
    }

    /// A view of all rows.
    pub fn view(&self) -> Rows<'_, T> {
        Rows { data: self.values(), lanes: self.lanes }
    }

    /// A view of all rows for writing.
    pub fn view_mut(&mut self) -> RowsMut<'_, T> {
        let lanes = self.lanes;
        RowsMut { data: self.values_mut(), lanes }
    }

    /// Sets every value.
    pub fn fill(&mut self, value: T) {
        self.values_mut().fill(value);
    }
}

/// A read-only view of rows of lanes.
#[derive(Clone, Copy)]
pub struct Rows<'a, T> {
    data: &'a [T],
    lanes: usize,
}

impl<'a, T: Copy> Rows<'a, T> {
    /// Views `data` as rows of `lanes` values. `data.len()` must be a multiple of `lanes`.
    pub fn new(data: &'a [T], lanes: usize) -> Self {
        debug_assert!(lanes > 0 && data.len().is_multiple_of(lanes));
        Self { data, lanes }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.data.len().checked_div(self.lanes).unwrap_or(0)
    }

    /// The number of lanes, padding included.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> &'a [T] {
        &self.data[i * self.lanes..(i + 1) * self.lanes]
    }

    /// Rows `start..end` as a view.
    pub fn range(&self, start: usize, end: usize) -> Rows<'a, T> {
        Rows { data: &self.data[start * self.lanes..end * self.lanes], lanes: self.lanes }
    }

    /// Every value, row after row.
    pub fn values(&self) -> &'a [T] {
        self.data
    }
}

/// A view of rows of lanes for writing.
pub struct RowsMut<'a, T> {
    data: &'a mut [T],
    lanes: usize,
}

impl<'a, T: Copy> RowsMut<'a, T> {
    /// Views `data` as rows of `lanes` values. `data.len()` must be a multiple of `lanes`.
    pub fn new(data: &'a mut [T], lanes: usize) -> Self {
        debug_assert!(lanes > 0 && data.len().is_multiple_of(lanes));
        Self { data, lanes }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.data.len().checked_div(self.lanes).unwrap_or(0)
    }

    /// The number of lanes, padding included.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> &[T] {
        &self.data[i * self.lanes..(i + 1) * self.lanes]
    }

    /// Row `i` for writing.
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        &mut self.data[i * self.lanes..(i + 1) * self.lanes]
    }

    /// Every value, row after row, for writing.
    pub fn values_mut(&mut self) -> &mut [T] {
        self.data
    }

    /// The same rows, read only.
    pub fn as_rows(&self) -> Rows<'_, T> {
        Rows { data: self.data, lanes: self.lanes }
    }

    /// The same view for a shorter time, to be handed on.
    pub fn reborrow(&mut self) -> RowsMut<'_, T> {
        RowsMut { data: self.data, lanes: self.lanes }
    }

    /// Splits off the first `rows` rows.
    pub fn split_at(self, rows: usize) -> (RowsMut<'a, T>, RowsMut<'a, T>) {
        let lanes = self.lanes;
        let (head, tail) = self.data.split_at_mut(rows * lanes);
        (RowsMut { data: head, lanes }, RowsMut { data: tail, lanes })
    }
}
