//! Training itself: what a trainer does with a model and data.

use nalgebra::DMatrix;
use rand::Rng;

use super::intake::check_data;
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
    /// If shapes do not fit, there are too few samples, a value is NaN or infinite, a sample lies
    /// outside the support of the model, or a setting is out of range: all this is looked at before
    /// the first step. And if training meets a loss that cannot be computed or is infinite: the
    /// error names the sample and the reason, the model keeps the best parameters so far, and
    /// [`Report::of`] takes the curves from the error. Columns and rows are named as they were given.
    pub fn fit<T, M, R>(&self, model: &mut M, data: &DMatrix<T>, rng: &mut R) -> Result<Report>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
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
        P: Optimizer<T>,
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
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        self.settings.check()?;
        self.optimizer.check()?;
        self.objective.check()?;
        model.check()?;
        if model.layout().is_empty() {
            return Err(Error::setting(
                "the model has no parameters to train: thaw a link, or take a flow that has some",
            ));
        }
        check_data(model, [data, contexts])?;
        Run::new(self, model, [data, contexts], rng)?.train(watch)
    }
}
