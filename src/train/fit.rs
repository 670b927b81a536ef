//! Training itself: what a trainer does with a model and data.

use nalgebra::DMatrix;
use rand::Rng;

use super::run::{Run, Unwatched, Watch};
use super::{Objective, Optimizer, Report, Trainable, Trainer};
use crate::error::{Error, Result};
use crate::real::Real;

impl<O, P> Trainer<O, P> {
    /// Trains `model` on the columns of `data` (dim x n). Afterwards the model has the parameters
    /// that did best on the held-out samples.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there are too few samples, a value is NaN or infinite, a setting is
    /// out of range, or training meets a loss that cannot be computed; in the last case the model
    /// keeps the best parameters so far.
    pub fn fit<T, M, R>(&self, model: &mut M, data: &DMatrix<T>, rng: &mut R) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T> + Clone,
        R: Rng + ?Sized,
    {
        self.fit_given(model, data, &DMatrix::zeros(0, data.ncols()), rng)
    }

    /// Trains a conditional model: column `j` of `contexts` belongs to column `j` of `data`.
    ///
    /// # Errors
    ///
    /// As [`fit`](Trainer::fit).
    pub fn fit_given<T, M, R>(
        &self,
        model: &mut M,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
        rng: &mut R,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T> + Clone,
        R: Rng + ?Sized,
    {
        self.fit_watched(model, [data, contexts], rng, &mut Unwatched)
    }

    pub(super) fn fit_watched<T, M, R>(
        &self,
        model: &mut M,
        [data, contexts]: [&DMatrix<T>; 2],
        rng: &mut R,
        watch: &mut impl Watch<M>,
    ) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T> + Clone,
        R: Rng + ?Sized,
    {
        self.settings.check()?;
        self.objective.check()?;
        model.check()?;
        check_data(model, data, contexts)?;
        Run::new(self, model, data, contexts, rng)?.train(watch)
    }
}

/// An error unless data and contexts fit the model and are finite.
fn check_data<T: Real, M: Trainable<T>>(
    model: &M,
    data: &DMatrix<T>,
    contexts: &DMatrix<T>,
) -> Result<()> {
    if data.ncols() == 0 {
        return Err(Error::empty("there is no sample to train on"));
    }
    for (what, matrix, rows) in
        [("data", data, model.dim()), ("contexts", contexts, model.context_dim())]
    {
        if matrix.nrows() != rows || matrix.ncols() != data.ncols() {
            return Err(Error::shape(format!(
                "the {what} are {} x {}, expected {rows} x {}: samples are columns",
                matrix.nrows(),
                matrix.ncols(),
                data.ncols()
            )));
        }
        if let Some(i) = matrix.iter().position(|value| !value.is_finite()) {
            let (row, column) = (i % rows, i / rows);
            let value = matrix[i];
            return Err(Error::non_finite(format!(
                "the {what} hold {value} in row {row} of column {column}: remove or repair the sample"
            )));
        }
    }
    Ok(())
}
