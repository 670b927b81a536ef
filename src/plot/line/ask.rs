//! Log-densities of columns, some of which may not be known.

use std::collections::BTreeSet;

use nalgebra::{DMatrix, DVector};

use crate::density::Density;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// Gives the log-densities at some numbers, NaN where there is none.
pub(in crate::plot) type Ask<'a> = dyn Fn(&[f64]) -> Result<Vec<f64>> + 'a;

/// Log-densities of the columns from 0 to `count`, NaN where they could not be computed or are infinitely large:
/// far from all mass a flow may fail.
///
/// # Errors
///
/// If none could be computed.
pub(in crate::plot) fn known<T: Real>(
    count: usize,
    ask: &dyn Fn(&[usize]) -> Result<DVector<T>>,
) -> Result<Vec<f64>> {
    let all: Vec<usize> = (0..count).collect();
    let (places, values) = match ask(&all) {
        Ok(values) => (all, values),
        Err(error) => {
            let failed: BTreeSet<usize> =
                error.failed_columns().iter().map(|(column, _)| *column).collect();
            let left: Vec<usize> = all.into_iter().filter(|k| !failed.contains(k)).collect();
            if failed.is_empty() || left.is_empty() {
                return Err(error.during("drawing a density"));
            }
            let values = ask(&left).map_err(|error| error.during("drawing a density"))?;
            (left, values)
        }
    };
    let mut found = vec![f64::NAN; count];
    for (place, value) in places.into_iter().zip(values.iter()) {
        let value = value.wide();
        found[place] = if value == f64::INFINITY { f64::NAN } else { value };
    }
    Ok(found)
}

/// The log-densities of a density on the line.
pub(in crate::plot) fn on_the_line<T: Real>(
    density: &dyn Density<T>,
    xs: &[f64],
) -> Result<Vec<f64>> {
    check_line(density)?;
    let points = |places: &[usize]| DMatrix::from_fn(1, places.len(), |_, k| T::of(xs[places[k]]));
    known(xs.len(), &|places| density.log_prob(&points(places)))
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
