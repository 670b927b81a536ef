//! What is asked of points and contexts: as many rows as there are coordinates, and a column or more.

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// The number of samples in a packet: its activations should fit the second-level cache.
pub const PACKET: usize = 128;

/// That `points` has `dim` rows, one or more, and at least one column.
///
/// # Errors
///
/// If it has not.
pub fn check_points<T: Real>(dim: usize, points: &DMatrix<T>) -> Result<()> {
    let (rows, columns) = points.shape();
    if dim == 0 {
        return Err(Error::setting("in dimension 0 there are no points: give one or more"));
    }
    if rows != dim {
        let advice = match columns == dim {
            true => "samples are columns: transpose the matrix".to_string(),
            false => format!("give {} and a column for each sample", shown::count(dim, "row")),
        };
        return Err(Error::shape(format!(
            "the points are {rows} x {columns}, but the dimension is {dim}: {advice}"
        )));
    }
    if columns == 0 {
        return Err(Error::empty("there is no column: give at least one sample"));
    }
    Ok(())
}

/// The contexts of all samples: one column each, or one for all.
pub struct Contexts<'a, T> {
    /// The rows of a context.
    pub dim: usize,
    values: &'a [T],
    shared: bool,
}

impl<'a, T: Real> Contexts<'a, T> {
    /// Checks the shape of a context against what is expected.
    ///
    /// # Errors
    ///
    /// If there must be a context and is none, or its shape does not fit.
    pub fn new(dim: usize, samples: usize, context: Option<&'a DMatrix<T>>) -> Result<Self> {
        let Some(context) = context else {
            if dim > 0 {
                return Err(Error::shape(format!(
                    "the flow depends on a context of {}, and none was given: call `model.given(context)` for a density or samples, or pass the context ({dim} x 1, or a column for each sample)",
                    shown::count(dim, "value")
                )));
            }
            return Ok(Self { dim, values: &[], shared: true });
        };
        let (rows, columns) = context.shape();
        if rows != dim {
            let advice = match dim {
                0 => "this flow depends on none: leave it out".to_string(),
                1 => "this flow depends on one value: give one row".to_string(),
                _ => format!("this flow depends on {dim} values: give a row for each"),
            };
            let rows = shown::count(rows, "row");
            return Err(Error::shape(format!("the context has {rows}, but {advice}")));
        }
        if columns != samples && columns != 1 {
            return Err(Error::shape(format!(
                "the context has {} for {}: give a column for each sample, or one for all",
                shown::count(columns, "column"),
                shown::count(samples, "sample")
            )));
        }
        Ok(Self { dim, values: context.as_slice(), shared: columns == 1 && samples != 1 })
    }

    /// The contexts of the `count` samples of one packet, the last of which may have fewer than [`PACKET`].
    pub fn of_packet<'b>(&'b self, index: usize, count: usize, buffer: &'b mut Vec<T>) -> &'b [T] {
        self.from(index * PACKET, count, buffer)
    }

    /// The contexts of `count` samples from one on.
    pub fn from<'b>(&'b self, first: usize, count: usize, buffer: &'b mut Vec<T>) -> &'b [T] {
        if self.dim == 0 {
            return &[];
        }
        if !self.shared {
            let start = first * self.dim;
            return &self.values[start..start + count * self.dim];
        }
        buffer.clear();
        buffer.extend(self.values.iter().cycle().take(count * self.dim));
        buffer
    }
}
