//! A layout with its values: what every model with parameters of its own holds.

use std::ops::Deref;

use super::Layout;
use crate::error::Result;
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

    /// The values, to be changed by whoever keeps them finite, or asks afterwards.
    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }
}

impl<T> Deref for Parameters<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values
    }
}
