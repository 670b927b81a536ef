//! Log-densities of points, as far as they can be computed.

use std::collections::BTreeSet;

use nalgebra::DVector;

use crate::error::Result;
use crate::real::Real;

/// Log-densities of the columns from 0 to `count`, NaN where they could not be computed: far from all mass a flow
/// may fail, and a formula may overflow. Asks for all of them, and again for those that did not fail.
///
/// # Errors
///
/// If none could be computed.
pub(super) fn known<T: Real>(
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
        found[place] = value.wide();
    }
    Ok(found)
}
