//! Standardisation: rows of mean zero and deviation one.

use nalgebra::DMatrix;

use crate::columns::Moments;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;
use crate::real::portable::ln;

/// Rows shifted and scaled to mean zero and deviation one, and back.
///
/// Mean and deviation are [`Moments`]: taken, kept and applied in `f64` whatever the scalar of the data,
/// so that a small spread around a large offset survives in `f32`, too. Fit it to the training data
/// alone and apply it to all. A NaN stays one; what leaves the range of the scalar becomes infinite.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let table = dmatrix![1.0f64, 2.0, 3.0; 10.0, 10.0, 40.0];
/// let scale = data::Standardizer::fit(&table)?;
/// let standard = scale.apply(&table)?;
/// assert!(standard.row(1).mean().abs() < 1e-12);
/// assert!((scale.undo(&standard)? - &table).amax() < 1e-12);
/// // log p(x) = log p(apply(x)) + scale.log_det()
/// assert!(scale.log_det() < 0.0);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Standardizer {
    rows: Vec<Moments>,
}

impl Standardizer {
    /// Takes mean and deviation of every row. A row whose values are all equal is shifted to zero and
    /// keeps its scale.
    ///
    /// # Errors
    ///
    /// If there is no column, or a value is NaN or infinite.
    pub fn fit<T: Real>(data: &DMatrix<T>) -> Result<Self> {
        if data.is_empty() {
            let (rows, columns) = data.shape();
            return Err(Error::empty(format!(
                "there is nothing to standardise by in {rows} x {columns} values: give one row and one column or more"
            )));
        }
        if let Some(place) = data.iter().position(|value| !value.is_finite()) {
            let (row, column) = (place % data.nrows(), place / data.nrows());
            return Err(Error::non_finite(format!(
                "row {row} of column {column} of the data is {}: repair it, or remove the column",
                data[place]
            )));
        }
        Ok(Self { rows: Moments::of_rows(data) })
    }

    /// Mean and deviation of every row.
    pub fn rows(&self) -> &[Moments] {
        &self.rows
    }

    /// (x - mean) / deviation.
    ///
    /// # Errors
    ///
    /// If the number of rows differs.
    pub fn apply<T: Real>(&self, data: &DMatrix<T>) -> Result<DMatrix<T>> {
        self.map(data, Moments::standardise)
    }

    /// mean + deviation x.
    ///
    /// # Errors
    ///
    /// If the number of rows differs.
    pub fn undo<T: Real>(&self, data: &DMatrix<T>) -> Result<DMatrix<T>> {
        self.map(data, Moments::restore)
    }

    /// ln |det| of [`apply`](Standardizer::apply): what a log-density of standardised samples lacks
    /// to be one of the samples themselves.
    pub fn log_det(&self) -> f64 {
        -self.rows.iter().map(|row| ln(row.unit())).sum::<f64>()
    }

    fn map<T: Real>(
        &self,
        data: &DMatrix<T>,
        f: impl Fn(&Moments, f64) -> f64,
    ) -> Result<DMatrix<T>> {
        if data.nrows() != self.rows.len() {
            return Err(Error::shape(format!(
                "the data have {}, and the standardiser was fitted to {}: give the same rows",
                shown::count(data.nrows(), "row"),
                self.rows.len()
            )));
        }
        Ok(DMatrix::from_fn(data.nrows(), data.ncols(), |i, j| {
            T::of(f(&self.rows[i], data[(i, j)].wide()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// One row of center + spread z, in the scalar of the data.
    fn row<T: Real>(center: f64, spread: f64) -> DMatrix<T> {
        let mut rng = StdRng::seed_from_u64(rand::random());
        let mut normal = || rng.sample::<f64, _>(rand_distr::StandardNormal);
        DMatrix::from_fn(1, 2000, |_, _| T::of(center + spread * normal()))
    }

    /// Mean 0 and variance 1 after `apply`, the log-determinant, and the way back.
    fn stands<T: Real>(center: f64, spread: f64) {
        let data = row::<T>(center, spread);
        let scale = Standardizer::fit(&data).unwrap();
        let standard = scale.apply(&data).unwrap();
        let values = standard.map(|x| x.wide());
        let mean = values.sum() / 2000.0;
        let variance = values.map(|x| (x - mean).powi(2)).sum() / 2000.0;
        assert!(mean.abs() < 1e-3 && (variance - 1.0).abs() < 0.01, "{center}: {mean}, {variance}");
        // The deviation of 2000 numbers errs by 1 / √4000: five of these.
        assert!((scale.log_det() + spread.ln()).abs() < 0.08, "{center}: {}", scale.log_det());
        let bound = 2.0 * T::EPSILON * (center.abs() + 6.0 * spread);
        let back = scale.undo(&standard).unwrap();
        let apart = data.zip_map(&back, |a, b| (a.wide() - b.wide()).abs());
        assert!(apart.max() <= bound, "{center}: {} > {bound}", apart.max());
    }

    #[test]
    fn neither_offset_nor_scale_of_the_data_matters() {
        stands::<f32>(1000.0, 1.0);
        stands::<f32>(0.0, 1e20);
        stands::<f32>(0.0, 1e-25);
        stands::<f64>(1.7e9, 10.0);
        stands::<f64>(0.0, 1e200);
        stands::<f64>(3e-200, 1e-200);
    }

    #[test]
    fn a_constant_row_is_moved_to_zero_and_keeps_its_scale() {
        let data = DMatrix::from_element(1, 1000, 20.1);
        let scale = Standardizer::fit(&data).unwrap();
        assert_eq!(scale.log_det(), 0.0);
        assert!(scale.apply(&data).unwrap().iter().all(|x| *x == 0.0));
    }

    #[test]
    fn what_cannot_be_standardised_is_named() {
        let holey = nalgebra::dmatrix![1.0f32, 2.0, 3.0; 4.0, f32::NAN, 6.0];
        let error = Standardizer::fit(&holey).unwrap_err().to_string();
        assert!(error.contains("row 1 of column 1") && error.contains("NaN"), "{error}");
        assert!(Standardizer::fit(&DMatrix::<f32>::zeros(2, 0)).is_err());
        let scale = Standardizer::fit(&nalgebra::dmatrix![1.0, 2.0]).unwrap();
        assert!(scale.apply(&DMatrix::<f64>::zeros(2, 1)).is_err());
    }
}
