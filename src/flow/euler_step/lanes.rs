//! Whole Jacobians of few lanes at a time, where those of all would not fit into memory.

use crate::columns::{Block, LANES, Rows, RowsMut, Scratch};
use crate::field::At;
use crate::real::Real;

/// The dimension up to which the Jacobians of all lanes are in memory together.
const TOGETHER: usize = 64;

/// How many lanes go together: their whole Jacobians take dim² numbers each.
pub(super) fn lanes_together(dim: usize, lanes: usize) -> usize {
    if dim <= TOGETHER { lanes } else { LANES.min(lanes) }
}

/// Some neighbouring lanes of a place.
pub(super) struct Part<T> {
    t: Block<T>,
    x: Block<T>,
    context: Block<T>,
}

impl<T: Real> Part<T> {
    /// `count` lanes from `first` on.
    pub fn take(at: At<'_, T>, first: usize, count: usize, scratch: &mut Scratch<T>) -> Self {
        let t = lanes_of(Rows::new(at.t, at.lanes()), first, count, scratch);
        let x = lanes_of(at.x, first, count, scratch);
        let context = lanes_of(at.context, first, count, scratch);
        Self { t, x, context }
    }

    /// The place of these lanes.
    pub fn at(&self) -> At<'_, T> {
        At { t: self.t.row(0), x: self.x.view(), context: self.context.view() }
    }

    /// Gives the memory back.
    pub fn give(self, scratch: &mut Scratch<T>) {
        [self.t, self.x, self.context].into_iter().for_each(|block| scratch.give(block));
    }
}

/// A copy of some neighbouring lanes of all rows.
pub(super) fn lanes_of<T: Real>(
    rows: Rows<'_, T>,
    first: usize,
    count: usize,
    scratch: &mut Scratch<T>,
) -> Block<T> {
    let mut part = scratch.take(rows.rows(), count);
    for i in 0..rows.rows() {
        part.row_mut(i).copy_from_slice(&rows.row(i)[first..first + count]);
    }
    part
}

/// Writes lanes back to where they are a part of.
pub(super) fn put_lanes<T: Real>(
    part: Block<T>,
    first: usize,
    to: &mut RowsMut<'_, T>,
    scratch: &mut Scratch<T>,
) {
    for i in 0..part.rows() {
        to.row_mut(i)[first..first + part.lanes()].copy_from_slice(part.row(i));
    }
    scratch.give(part);
}
