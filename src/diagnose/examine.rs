//! The diagnosis itself: what is measured, one after the other.

use nalgebra::DMatrix;

use super::chosen::Columns;
use super::diagnosis::Diagnosis;
use super::settings::Diagnose;
use super::{calibration, measure, passage};
use crate::density::{Pushforward, StandardNormal};
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::flow::{ContinuousFlow, Flow};
use crate::ode::Recording;
use crate::real::Real;

impl Diagnose {
    /// What can be said of any flow.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, a setting is out of range, or no column arrives.
    pub fn flow<T: Real, F: Flow<T>>(
        &self,
        model: &Pushforward<StandardNormal, F>,
        data: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Diagnosis> {
        self.check()?;
        let held_out = Columns { points: data, context }.some(self.samples)?;
        let evaluated = model.evaluate(&held_out.points, held_out.context.as_ref())?;
        let outcomes = &evaluated.outcomes;
        let arrived: Vec<usize> = (0..outcomes.len()).filter(|&j| outcomes[j].arrived()).collect();
        if arrived.is_empty() {
            let error = Error::from_outcomes(outcomes);
            return Err(error.unwrap_or_else(|| Error::empty("no column arrived")));
        }
        let outside = outcomes.iter().filter(|outcome| outcome.is_outside()).count();
        let held_out = held_out.at(&arrived);
        let latent = evaluated.latent.select_columns(&arrived);
        let conditioning = measure::conditioning(self, model.flow(), &held_out, &latent)?;
        Ok(Diagnosis {
            dim: data.nrows(),
            context_dim: context.map_or(0, DMatrix::nrows),
            samples: outcomes.len(),
            failed: outcomes.len() - arrived.len() - outside,
            outside,
            scalar: T::NAME,
            log_prob: arrived.iter().map(|&j| evaluated.log_prob[j].wide()).collect(),
            standard_error: evaluated
                .standard_error
                .as_ref()
                .map(|errors| arrived.iter().map(|&j| errors[j].wide()).collect()),
            evaluations: arrived.iter().map(|&j| evaluated.efforts[j].evaluations as f64).collect(),
            inverse_error: measure::inverse_error(model.flow(), &held_out, &latent)?,
            conditioning,
            calibration: calibration::calibrate(&latent),
            passage: None,
        })
    }

    /// What can be said of a continuous flow: in addition its steps, its conditioning over time, and
    /// the error of its log-density.
    ///
    /// # Errors
    ///
    /// As [`flow`](Diagnose::flow), and if a column fails on its way from the base.
    pub fn continuous<T, F, S>(
        &self,
        model: &Pushforward<StandardNormal, ContinuousFlow<F, S>>,
        data: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Diagnosis>
    where
        T: Real,
        F: VectorField<T> + Clone,
        S: Recording<T> + Clone,
    {
        let mut diagnosis = self.flow(model, data, context)?;
        let held_out = Columns { points: data, context }.some(self.samples)?;
        diagnosis.passage = Some(passage::passage(self, model, &held_out)?);
        Ok(diagnosis)
    }
}
