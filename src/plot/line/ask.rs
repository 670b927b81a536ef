//! Log-densities on the line, some of which may not be known.

use nalgebra::DMatrix;

use crate::density::Density;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::known::known;
use crate::real::Real;

/// Gives the log-densities at some numbers, NaN where there is none.
pub(in crate::plot) type Ask<'a> = dyn Fn(&[f64]) -> Result<Vec<f64>> + 'a;

/// The same, NaN where a log-density is infinitely large.
pub(in crate::plot) fn none_infinite(mut values: Vec<f64>) -> Vec<f64> {
    values.iter_mut().filter(|value| **value == f64::INFINITY).for_each(|value| *value = f64::NAN);
    values
}

/// The log-densities of a density on the line.
pub(in crate::plot) fn on_the_line<T: Real>(
    density: &dyn Density<T>,
    xs: &[f64],
) -> Result<Vec<f64>> {
    check_line(density)?;
    let points = |places: &[usize]| DMatrix::from_fn(1, places.len(), |_, k| T::of(xs[places[k]]));
    known(xs.len(), &|places| density.log_prob(&points(places))).map(none_infinite)
}

/// An error unless a density is one on the line.
pub(in crate::plot) fn check_line<T: Real>(density: &dyn Density<T>) -> Result<()> {
    match density.dim() {
        1 => Ok(()),
        dim => Err(Error::shape(format!(
            "a density in {} has no picture on the line: give one in one, or draw `density` or `corner`",
            shown::count(dim, "dimension")
        ))),
    }
}
