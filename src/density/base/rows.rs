//! The log-density of a base on a whole matrix, block by block.

use nalgebra::{DMatrix, DVector};

use super::Base;
use crate::columns::{Block, Rows, columns_to_block};
use crate::error::{Error, Result};
use crate::flow::check_points;
use crate::outcome::Outcome;
use crate::real::Real;

/// The number of columns that are evaluated together.
const COLUMNS: usize = 128;

/// [`Density::log_prob`](crate::density::Density::log_prob) of a base, with every value checked.
pub(in crate::density) fn log_prob_checked<T: Real, B: Base<T> + ?Sized>(
    base: &B,
    points: &DMatrix<T>,
) -> Result<DVector<T>> {
    check_points(base.dim(), points)?;
    check_finite(points)?;
    Ok(log_prob_of(base, points))
}

/// The log-densities of columns that have the dimension of the base; of NaN it is NaN.
pub(in crate::density) fn log_prob_of<T: Real, B: Base<T> + ?Sized>(
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

/// Marks the columns that arrived at a place outside the support of the base.
pub(in crate::density) fn mark_outside<T: Real, B: Base<T> + ?Sized>(
    base: &B,
    points: &DMatrix<T>,
    outcomes: &mut [Outcome],
) {
    if !base.is_bounded() {
        return;
    }
    let dim = points.nrows();
    let mut block = Block::default();
    let chunks = points.as_slice().chunks(dim * COLUMNS);
    for (columns, outcomes) in chunks.zip(outcomes.chunks_mut(COLUMNS)) {
        columns_to_block(columns, dim, &mut block);
        mark_lanes_outside(base, block.view(), outcomes);
    }
}

/// The same for lanes.
pub(crate) fn mark_lanes_outside<T: Real, B: Base<T> + ?Sized>(
    base: &B,
    points: Rows<'_, T>,
    outcomes: &mut [Outcome],
) {
    if !base.is_bounded() {
        return;
    }
    for (lane, outcome) in outcomes.iter_mut().enumerate().filter(|(_, one)| one.arrived()) {
        if let Some(coordinate) = base.outside(points, lane) {
            *outcome = Outcome::Outside { coordinate };
        }
    }
}

/// An error that names the first value that is NaN or infinite.
pub(crate) fn check_finite<T: Real>(points: &DMatrix<T>) -> Result<()> {
    let Some(k) = points.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let (row, column, value) = (k % points.nrows(), k / points.nrows(), points[k]);
    Err(Error::non_finite(format!(
        "row {row} of column {column} is {value}, and a density needs finite numbers: remove or repair the column"
    )))
}
