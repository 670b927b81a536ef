//! Training and held-out columns, and standardisation.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand::seq::SliceRandom;

use crate::error::{Error, Result};
use crate::real::Real;

/// Divides the columns at random into a first part of about the given share, and the rest.
///
/// # Errors
///
/// If either part would be empty.
pub fn split<T: Real, R: Rng + ?Sized>(
    data: &DMatrix<T>,
    share: f64,
    rng: &mut R,
) -> Result<(DMatrix<T>, DMatrix<T>)> {
    let count = (data.ncols() as f64 * share).round();
    if !(count >= 1.0 && count < data.ncols() as f64) {
        return Err(Error::setting(format!(
            "a share of {share} of {} columns leaves one part empty",
            data.ncols()
        )));
    }
    let mut order: Vec<usize> = (0..data.ncols()).collect();
    order.shuffle(rng);
    let (first, rest) = order.split_at(count as usize);
    Ok((data.select_columns(first), data.select_columns(rest)))
}

/// Rows shifted and scaled to mean zero and deviation one, and back.
///
/// ```
/// use liouville::prelude::*;
///
/// let table = nalgebra::dmatrix![1.0f64, 2.0, 3.0; 10.0, 10.0, 40.0];
/// let scale = data::Standardizer::fit(&table)?;
/// let standard = scale.apply(&table)?;
/// assert!(standard.row(1).mean().abs() < 1e-12);
/// assert!((scale.undo(&standard)? - &table).amax() < 1e-12);
/// // log p(x) = log p(apply(x)) + scale.log_det()
/// assert!(scale.log_det() < 0.0);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Standardizer<T: Real> {
    mean: DVector<T>,
    deviation: DVector<T>,
}

impl<T: Real> Standardizer<T> {
    /// Takes mean and deviation of every row. A row without spread keeps its scale.
    ///
    /// # Errors
    ///
    /// If there is no column, or a value is NaN or infinite.
    pub fn fit(data: &DMatrix<T>) -> Result<Self> {
        if data.ncols() == 0 {
            return Err(Error::empty("there is no column to standardise by"));
        }
        if let Some(i) = data.iter().position(|value| !value.is_finite()) {
            let (value, column) = (data[i], i / data.nrows());
            return Err(Error::non_finite(format!(
                "column {column} holds {value}: remove or repair it"
            )));
        }
        let mean = data.column_mean();
        let deviation = data.column_variance().map(|variance| {
            let deviation = variance.sqrt();
            if deviation > T::zero() { deviation } else { T::one() }
        });
        Ok(Self { mean, deviation })
    }

    /// (x - mean) / deviation.
    ///
    /// # Errors
    ///
    /// If the number of rows differs.
    pub fn apply(&self, data: &DMatrix<T>) -> Result<DMatrix<T>> {
        self.map(data, |x, mean, deviation| (x - mean) / deviation)
    }

    /// mean + deviation x.
    ///
    /// # Errors
    ///
    /// If the number of rows differs.
    pub fn undo(&self, data: &DMatrix<T>) -> Result<DMatrix<T>> {
        self.map(data, |x, mean, deviation| mean + deviation * x)
    }

    /// ln |det| of [`apply`](Standardizer::apply): what a log-density of standardised samples lacks
    /// to be one of the samples themselves.
    pub fn log_det(&self) -> f64 {
        -self.deviation.iter().map(|deviation| deviation.wide().ln()).sum::<f64>()
    }

    fn map(&self, data: &DMatrix<T>, f: impl Fn(T, T, T) -> T) -> Result<DMatrix<T>> {
        if data.nrows() != self.mean.len() {
            return Err(Error::shape(format!(
                "the data have {} rows, the standardiser {}",
                data.nrows(),
                self.mean.len()
            )));
        }
        Ok(DMatrix::from_fn(data.nrows(), data.ncols(), |i, j| {
            f(data[(i, j)], self.mean[i], self.deviation[i])
        }))
    }
}
