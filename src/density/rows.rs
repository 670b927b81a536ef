//! The log-density of a base on a whole matrix, block by block.

use nalgebra::{DMatrix, DVector};

use super::Base;
use crate::columns::{Block, columns_to_block};
use crate::error::{Error, Result};
use crate::flow::check_points;
use crate::real::Real;

/// The number of columns that are evaluated together.
const COLUMNS: usize = 128;

/// [`Density::log_prob`](super::Density::log_prob) of a base, with every value checked.
pub(super) fn log_prob_checked<T: Real, B: Base<T> + ?Sized>(
    base: &B,
    points: &DMatrix<T>,
) -> Result<DVector<T>> {
    check_points(base.dim(), points)?;
    check_finite(points)?;
    Ok(log_prob_of(base, points))
}

/// The log-densities of columns that have the dimension of the base; of NaN it is NaN.
pub(super) fn log_prob_of<T: Real, B: Base<T> + ?Sized>(
    base: &B,
    points: &DMatrix<T>,
) -> DVector<T> {
    let dim = points.nrows();
    let mut log_prob = DVector::zeros(points.ncols());
    let mut block = Block::default();
    let mut row = Block::new(1, COLUMNS);
    let chunks = points.as_slice().chunks(dim * COLUMNS);
    for (columns, out) in chunks.zip(log_prob.as_mut_slice().chunks_mut(COLUMNS)) {
        columns_to_block(columns, dim, &mut block);
        row.reshape(1, out.len());
        base.log_prob_rows(block.view(), row.row_mut(0));
        out.copy_from_slice(&row.row(0)[..out.len()]);
    }
    log_prob
}

/// An error that names the first value that is NaN or infinite.
pub(crate) fn check_finite<T: Real>(points: &DMatrix<T>) -> Result<()> {
    let Some(k) = points.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let (row, column, value) = (k % points.nrows(), k / points.nrows(), points[k]);
    Err(Error::non_finite(format!(
        "row {row} of column {column} is {value}, and a density needs finite numbers: remove or repair the column"
    )))
}
