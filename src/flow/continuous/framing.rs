//! Points, contexts and cotangents on their way into a frame and out of it.

use nalgebra::DMatrix;

use super::frame::Frame;
use crate::columns::{Block, RowsMut, Scratch, block_to_columns, columns_to_block};
use crate::kernels::{Start, Weights, product};
use crate::outcome::{Failure, Outcome, Reason};
use crate::real::Real;

impl Frame {
    /// y = R^(-1/2) D⁻¹ (x - m), in place.
    pub(super) fn enter<T: Real>(&self, mut points: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        for (i, moments) in self.rows.iter().enumerate() {
            let row = points.row_mut(i).iter_mut();
            row.for_each(|x| *x = T::of(moments.standardise(x.wide())));
        }
        multiply(&self.inverse, points, scratch);
    }

    /// x = m + D R^(1/2) y, in place.
    pub(super) fn leave<T: Real>(&self, mut points: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        multiply(&self.root, points.reborrow(), scratch);
        for (i, moments) in self.rows.iter().enumerate() {
            let row = points.row_mut(i).iter_mut();
            row.for_each(|u| *u = T::of(moments.restore(u.wide())));
        }
    }

    /// From the cotangents of y to those of x.
    pub(super) fn pull_entry<T: Real>(&self, mut bars: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        multiply(&self.inverse, bars.reborrow(), scratch);
        for (i, moments) in self.rows.iter().enumerate() {
            let row = bars.row_mut(i).iter_mut();
            row.for_each(|bar| *bar = T::of(bar.wide() / moments.deviation));
        }
    }

    /// From the cotangents of x to those of y.
    pub(super) fn pull_exit<T: Real>(&self, mut bars: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        for (i, moments) in self.rows.iter().enumerate() {
            let row = bars.row_mut(i).iter_mut();
            row.for_each(|bar| *bar = T::of(bar.wide() * moments.deviation));
        }
        multiply(&self.root, bars, scratch);
    }

    /// Standardises contexts, in place.
    pub(super) fn enter_contexts<T: Real>(&self, mut contexts: RowsMut<'_, T>) {
        for (i, moments) in self.contexts.iter().enumerate() {
            let row = contexts.row_mut(i).iter_mut();
            row.for_each(|c| *c = T::of(moments.standardise(c.wide())));
        }
    }

    /// From the cotangents of standardised contexts to those of contexts.
    pub(super) fn pull_contexts<T: Real>(&self, mut bars: RowsMut<'_, T>) {
        for (i, moments) in self.contexts.iter().enumerate() {
            let row = bars.row_mut(i).iter_mut();
            row.for_each(|bar| *bar = T::of(bar.wide() / moments.deviation));
        }
    }

    /// Data as the field sees them: y for every column.
    ///
    /// # Panics
    ///
    /// Unless there are as many rows as the frame has.
    pub fn inside<T: Real>(&self, points: &DMatrix<T>) -> DMatrix<T> {
        through(points, |rows, scratch| self.enter(rows, scratch))
    }

    /// The data of what the field sees: x for every column.
    ///
    /// # Panics
    ///
    /// Unless there are as many rows as the frame has.
    pub fn outside<T: Real>(&self, points: &DMatrix<T>) -> DMatrix<T> {
        through(points, |rows, scratch| self.leave(rows, scratch))
    }

    /// Contexts as the field sees them.
    ///
    /// # Panics
    ///
    /// Unless there are as many rows as the frame has for contexts, or it has none.
    pub fn contexts_inside<T: Real>(&self, contexts: &DMatrix<T>) -> DMatrix<T> {
        through(contexts, |rows, _| self.enter_contexts(rows))
    }
}

/// All columns of a matrix, changed in place as one block.
fn through<T: Real>(
    points: &DMatrix<T>,
    change: impl FnOnce(RowsMut<'_, T>, &mut Scratch<T>),
) -> DMatrix<T> {
    let (mut points, dim) = (points.clone(), points.nrows());
    if points.is_empty() {
        return points;
    }
    let mut block = Block::default();
    columns_to_block(points.as_slice(), dim, &mut block);
    change(block.view_mut(), &mut Scratch::new());
    block_to_columns(&block, points.as_mut_slice());
    points
}

/// A x in every lane, in place.
fn multiply<T: Real>(a: &DMatrix<f64>, x: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
    let dim = a.nrows();
    let mut weights = scratch.take(dim, dim);
    for (i, column) in a.column_iter().enumerate() {
        // The matrix is symmetric: its columns are its rows.
        let row = weights.row_mut(i).iter_mut().zip(column.iter());
        row.for_each(|(to, from)| *to = T::of(*from));
    }
    let mut input = scratch.take(dim, x.lanes());
    input.values_mut().copy_from_slice(x.as_rows().values());
    let rows = Weights::new(weights.values(), dim, dim).with_row_stride(weights.lanes());
    product(rows, input.view(), Start::Zero, x);
    scratch.give(input);
    scratch.give(weights);
}

/// Marks the columns whose numbers a frame took out of the scalar's range.
pub(super) fn mark_overflow<T: Real>(points: &Block<T>, t: f64, outcomes: &mut [Outcome]) {
    for i in 0..points.rows() {
        for (value, outcome) in points.row(i).iter().zip(outcomes.iter_mut()) {
            if !value.is_finite() && outcome.arrived() {
                let reason = Reason::Overflow;
                *outcome = Outcome::Failed(Failure { reason, t, step: 0.0 });
            }
        }
    }
}
