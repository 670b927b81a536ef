//! The Cholesky factor of a covariance, in `f64`, packed row by row.

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::outcome::shown::number;
use crate::real::Real;

/// Where row `i` of a packed lower triangle begins.
pub(super) fn row(i: usize) -> usize {
    i * (i + 1) / 2
}

/// The lower triangular L with L L' = the covariance, and a positive diagonal.
///
/// # Errors
///
/// If the matrix is not square, finite, symmetric or positive definite; the error names the entry or the
/// coordinate.
pub(super) fn factor<T: Real>(covariance: &DMatrix<T>) -> Result<Vec<f64>> {
    check(covariance)?;
    let dim = covariance.nrows();
    let mut factor = vec![0.0; row(dim)];
    for i in 0..dim {
        for j in 0..=i {
            let products = (0..j).map(|k| factor[row(i) + k] * factor[row(j) + k]);
            let rest = covariance[(i, j)].wide() - products.sum::<f64>();
            factor[row(i) + j] = match i == j {
                true => pivot(i, rest, covariance[(i, i)].wide(), dim)?,
                false => rest / factor[row(j) + j],
            };
        }
    }
    Ok(factor)
}

/// The root of what is left of a variance beside the coordinates before it.
fn pivot(i: usize, rest: f64, variance: f64, dim: usize) -> Result<f64> {
    if rest > 4.0 * dim as f64 * f64::EPSILON * variance && rest.is_finite() {
        return Ok(rest.sqrt());
    }
    let advice = "leave the coordinate out, or add a little to the diagonal";
    Err(Error::setting(match variance > 0.0 {
        true => format!(
            "the covariance is not positive definite: of the variance {} of coordinate {i}, {} is left beside those before it, which determine it: {advice}",
            number(variance),
            number(rest)
        ),
        false => format!(
            "the variance of coordinate {i} is {}: give a positive one, or {advice}",
            number(variance)
        ),
    }))
}

fn check<T: Real>(covariance: &DMatrix<T>) -> Result<()> {
    let (rows, columns) = covariance.shape();
    if rows != columns {
        return Err(Error::shape(format!(
            "a covariance of {rows} x {columns}: give a square matrix, a row and a column for each coordinate"
        )));
    }
    if let Some(k) = covariance.iter().position(|value| !value.is_finite()) {
        return Err(Error::non_finite(format!(
            "the covariance of coordinates {} and {} is {}: give finite numbers",
            k % rows,
            k / rows,
            covariance[k]
        )));
    }
    let at = |i, j| covariance[(i, j)].wide();
    for (i, j) in (0..rows).flat_map(|i| (0..i).map(move |j| (i, j))) {
        let scale = (at(i, i) * at(j, j)).abs().sqrt();
        if (at(i, j) - at(j, i)).abs() > 64.0 * T::EPSILON * scale {
            return Err(Error::setting(format!(
                "the covariance of coordinates {i} and {j} is {}, and that of {j} and {i} is {}: give a symmetric matrix",
                number(at(i, j)),
                number(at(j, i))
            )));
        }
    }
    Ok(())
}
