//! Scales and other positive numbers, held by their logarithms so that any parameter is one.

use crate::error::{Error, Result};
use crate::outcome::shown::number;
use crate::real::Real;
use crate::real::portable::{exp, ln};

/// The logarithms of numbers, one for each coordinate.
///
/// # Errors
///
/// If one is not positive and finite; the error names it.
pub(super) fn logarithms<T: Real>(what: &str, values: &[T]) -> Result<Vec<T>> {
    let bad = |value: &T| !(value.wide() > 0.0 && value.is_finite());
    match values.iter().position(bad) {
        Some(k) => Err(Error::setting(format!(
            "the {what} of coordinate {k} is {}: give a positive number",
            number(values[k].wide())
        ))),
        None => Ok(values.iter().map(|value| T::of(ln(value.wide()))).collect()),
    }
}

/// The numbers whose logarithms are given.
///
/// # Errors
///
/// If the scalar cannot hold one; the error names it.
pub(super) fn exponentials<T: Real>(what: &str, logarithms: &[T]) -> Result<Vec<f64>> {
    let values: Vec<f64> = logarithms.iter().map(|value| exp(value.wide())).collect();
    match values.iter().position(|value| !(T::SMALLEST..=T::LARGEST).contains(value)) {
        Some(k) => Err(Error::setting(format!(
            "the {what} of coordinate {k} is e to the {}, which {} cannot hold: keep its logarithm between {} and {}",
            number(logarithms[k].wide()),
            T::NAME,
            number(ln(T::SMALLEST).ceil()),
            number(ln(T::LARGEST).floor())
        ))),
        None => Ok(values),
    }
}

/// An error unless there is a coordinate or more, and as many numbers of every kind.
pub(super) fn same_count(dim: usize, others: &[(&str, usize)]) -> Result<()> {
    if dim == 0 {
        return Err(Error::empty("a base has no dimension: give one coordinate or more"));
    }
    match others.iter().find(|(_, count)| *count != dim) {
        Some((what, count)) => {
            Err(Error::shape(format!("{count} {what} for {dim} coordinates: give one for each")))
        }
        None => Ok(()),
    }
}
