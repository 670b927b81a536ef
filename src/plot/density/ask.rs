//! Densities at points, some of which may not be known.

use nalgebra::DMatrix;

use crate::density::Density;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::known::known;
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
    let all = known(points.len(), &|places| {
        let point = |row: usize, k: usize| T::of(points[places[k]][row]);
        model.log_prob(&DMatrix::from_fn(2, places.len(), point))
    })?;
    match all.iter().position(|value| *value == f64::INFINITY) {
        // As the scalar has it.
        Some(k) => Err(colourless(points[k].map(|x| T::of(x).wide()))),
        None => Ok(all),
    }
}

/// The error of a point whose density is no number.
fn colourless(point: [f64; 2]) -> Error {
    let [x, y] = point.map(shown::number);
    Error::non_finite(format!(
        "the log-density at ({x}, {y}) is infinite, which has no colour: draw another range"
    ))
}
