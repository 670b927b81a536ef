//! A layout with its values: what every model with parameters of its own holds.

use std::ops::Deref;

use super::Layout;
use crate::error::{Error, Result};
use crate::real::Real;

/// Named arrays and their values, one flat vector to which this derefs. The values always fit the layout,
/// and all are finite.
///
/// ```
/// use liouville::parameters::{Layout, Parameters};
///
/// let mut held = Parameters::new(Layout::of([("bias", &[2])]), vec![0.0f64, 1.0])?;
/// assert!(held.set(&[1.0]).is_err() && held.set(&[f64::NAN, 1.0]).is_err());
/// assert_eq!(*held, [0.0, 1.0]);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<T> {
    layout: Layout,
    values: Vec<T>,
}

impl<T: Real> Parameters<T> {
    /// These values for these arrays.
    ///
    /// # Errors
    ///
    /// If they do not fit: [`Layout::check`].
    pub fn new(layout: Layout, values: Vec<T>) -> Result<Self> {
        layout.check(&values)?;
        Ok(Self { layout, values })
    }

    /// Zeros.
    pub fn zeros(layout: Layout) -> Self {
        let values = vec![T::zero(); layout.len()];
        Self { layout, values }
    }

    /// Those of what has none.
    pub fn none() -> &'static Self {
        const { &Self { layout: Layout::none(), values: Vec::new() } }
    }

    /// Names, shapes and places.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Replaces all values.
    ///
    /// # Errors
    ///
    /// If they do not fit: [`Layout::check`]. All are then as they were.
    pub fn set(&mut self, values: &[T]) -> Result<()> {
        self.layout.check(values)?;
        self.values.copy_from_slice(values);
        Ok(())
    }

    /// An error unless `gradient` has a place for each value, and there are `expected` sums to fill it
    /// from: what whatever folds sums into a gradient asks first.
    ///
    /// # Errors
    ///
    /// If one has another length.
    pub fn check_fold(&self, sums: &[T], expected: usize, gradient: &[T]) -> Result<()> {
        check_fold([sums.len(), expected], [gradient.len(), self.values.len()])
    }

    /// The values, to be changed by whoever keeps them finite, or asks afterwards.
    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }
}

/// The same, from the lengths that are and those that should be.
///
/// # Errors
///
/// If they differ.
pub fn check_fold(sums: [usize; 2], gradient: [usize; 2]) -> Result<()> {
    for (what, [found, expected]) in [("sums", sums), ("places in the gradient", gradient)] {
        if found != expected {
            return Err(Error::shape(format!(
                "the {what} of a pullback are {found}, but the model has {expected}: give as many"
            )));
        }
    }
    Ok(())
}

impl<T> Deref for Parameters<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values
    }
}
