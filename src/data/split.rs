//! Training and held-out columns.

use nalgebra::DMatrix;
use rand::Rng;
use rand::seq::SliceRandom;

use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// Divides the columns at random into a first part of about the given share, and the rest.
///
/// # Errors
///
/// If either part would be empty.
pub fn split<T: Real, R: Rng + ?Sized>(
    data: &DMatrix<T>,
    share: f64,
    rng: &mut R,
) -> Result<(DMatrix<T>, DMatrix<T>)> {
    let count = (data.ncols() as f64 * share).round();
    if !(count >= 1.0 && count < data.ncols() as f64) {
        return Err(Error::setting(format!(
            "a share of {} of {} leaves one of the two parts empty: give a number between 0 and 1 that leaves a column for each",
            shown::number(share),
            shown::count(data.ncols(), "column")
        )));
    }
    let mut order: Vec<usize> = (0..data.ncols()).collect();
    order.shuffle(rng);
    let (first, rest) = order.split_at(count as usize);
    Ok((data.select_columns(first), data.select_columns(rest)))
}
