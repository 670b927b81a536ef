//! Densities at points, some of which may not be known.

use std::collections::BTreeSet;

use nalgebra::DMatrix;

use crate::density::Density;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// An error unless a density is one in the plane.
pub(in crate::plot) fn check_planar<T: Real>(model: &dyn Density<T>) -> Result<()> {
    match model.dim() {
        2 => Ok(()),
        dim => Err(Error::shape(format!(
            "a density in {} has no picture in the plane: give one in two, such as that of two rows",
            shown::count(dim, "dimension")
        ))),
    }
}

/// Log-densities of points in the plane, NaN where they could not be computed: far from all mass a flow may
/// fail, and a formula may overflow.
///
/// # Errors
///
/// If none could be computed, or one is infinite.
pub(in crate::plot) fn log_densities<T: Real>(
    model: &dyn Density<T>,
    points: &[[f64; 2]],
) -> Result<Vec<f64>> {
    let points = DMatrix::from_fn(2, points.len(), |row, k| T::of(points[k][row]));
    let (known, values) = match model.log_prob(&points) {
        Ok(values) => ((0..points.ncols()).collect(), values),
        Err(error) => {
            let failed: BTreeSet<usize> =
                error.failed_columns().iter().map(|(column, _)| *column).collect();
            let known: Vec<usize> =
                (0..points.ncols()).filter(|column| !failed.contains(column)).collect();
            if failed.is_empty() || known.is_empty() {
                return Err(error.during("drawing a density"));
            }
            let values = model.log_prob(&points.select_columns(&known));
            (known, values.map_err(|error| error.during("drawing a density"))?)
        }
    };
    let mut all = vec![f64::NAN; points.ncols()];
    for (&column, value) in known.iter().zip(values.iter()) {
        if value.wide() == f64::INFINITY {
            return Err(colourless([0, 1].map(|row| points[(row, column)].wide())));
        }
        all[column] = value.wide();
    }
    Ok(all)
}

/// The error of a point whose density is no number.
fn colourless(point: [f64; 2]) -> Error {
    let [x, y] = point.map(shown::number);
    Error::non_finite(format!(
        "the log-density at ({x}, {y}) is infinite, which has no colour: draw another range"
    ))
}
