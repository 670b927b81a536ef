//! A field at a matrix of points: what pictures and users ask for.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::{At, VectorField};
use crate::columns::{
    Block, Contexts, PACKET, Scratch, block_to_columns, check_points, columns_to_block,
};
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// The velocities at the columns of `points`, all at one time.
pub(super) fn velocities<T: Real, F: VectorField<T> + ?Sized>(
    field: &F,
    t: f64,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
) -> Result<DMatrix<T>> {
    if !t.is_finite() {
        return Err(Error::non_finite(format!("a field at t = {t}: give a finite time")));
    }
    check_points(field.dim(), points)?;
    if context.is_none() && field.context_dim() > 0 {
        return Err(Error::shape(format!(
            "the field reads a context of {}, and none was given: call `at_given(t, points, context)`",
            shown::count(field.context_dim(), "value")
        )));
    }
    let contexts = Contexts::new(field.context_dim(), points.ncols(), context)?;
    let dim = field.dim();
    let mut found = points.clone();
    found.as_mut_slice().par_chunks_mut(dim * PACKET).enumerate().for_each_init(
        || (Blocks::default(), Scratch::new(), Vec::new()),
        |(blocks, scratch, buffer), (index, columns)| {
            let context = contexts.of_packet(index, columns.len() / dim, buffer);
            blocks.evaluate(field, T::of(t), columns, (context, contexts.dim), scratch);
        },
    );
    Ok(found)
}

/// What one evaluation takes beside the columns themselves.
#[derive(Default)]
struct Blocks<T> {
    points: Block<T>,
    context: Block<T>,
    velocity: Block<T>,
}

impl<T: Real> Blocks<T> {
    /// Writes the velocities over the points.
    fn evaluate<F: VectorField<T> + ?Sized>(
        &mut self,
        field: &F,
        t: T,
        columns: &mut [T],
        (context, context_dim): (&[T], usize),
        scratch: &mut Scratch<T>,
    ) {
        let dim = field.dim();
        columns_to_block(columns, dim, &mut self.points);
        match context_dim {
            0 => self.context.reshape(0, columns.len() / dim),
            _ => columns_to_block(context, context_dim, &mut self.context),
        }
        self.velocity.reshape(dim, columns.len() / dim);
        let times = vec![t; self.points.lanes()];
        let at = At { t: &times, x: self.points.view(), context: self.context.view() };
        field.velocity(at, self.velocity.view_mut(), scratch);
        block_to_columns(&self.velocity, columns);
    }
}
