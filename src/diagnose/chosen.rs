//! The samples that are looked at: some of those that are given, with their contexts.

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// Samples with their contexts.
pub(super) struct Columns<'a, T: Real> {
    pub points: &'a DMatrix<T>,
    pub context: Option<&'a DMatrix<T>>,
}

/// Some of them.
pub(super) struct Chosen<T: Real> {
    pub points: DMatrix<T>,
    pub context: Option<DMatrix<T>>,
}

impl<T: Real> Columns<'_, T> {
    /// At most so many evenly spaced columns; shapes are checked where the flow is followed.
    pub fn some(&self, most: usize) -> Result<Chosen<T>> {
        let count = self.points.ncols();
        if let Some(context) = self.context
            && context.ncols() != count
            && context.ncols() != 1
        {
            return Err(Error::shape(format!(
                "{} for {}: give one for each, or one for all",
                shown::count(context.ncols(), "context"),
                shown::count(count, "sample")
            )));
        }
        let wanted = most.min(count);
        let places: Vec<usize> = (0..wanted).map(|k| k * count / wanted).collect();
        let all = Chosen { points: self.points.clone(), context: self.context.cloned() };
        Ok(all.at(&places))
    }
}

impl<T: Real> Chosen<T> {
    /// The columns at these places.
    pub fn at(&self, places: &[usize]) -> Self {
        let context = self.context.as_ref().map(|context| match context.ncols() {
            1 => context.clone(),
            _ => context.select_columns(places),
        });
        Self { points: self.points.select_columns(places), context }
    }

    /// At most so many of them.
    pub fn few(&self, most: usize) -> Vec<usize> {
        let count = self.points.ncols();
        let wanted = most.min(count);
        (0..wanted).map(|k| k * count / wanted).collect()
    }
}
