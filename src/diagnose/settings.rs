//! How much is measured, so that a diagnosis stays fast.

use nalgebra::DMatrix;

use super::diagnosis::Diagnosis;
use super::jacobian::usual_step;
use super::{calibration, measure, passage};
use crate::density::{Pushforward, StandardNormal};
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::flow::{ContinuousFlow, Flow};
use crate::ode::Recording;
use crate::real::Real;

/// A diagnosis of a density on held-out samples; the settings bound what it costs.
///
/// Where there are more samples than are wanted, evenly spaced columns are taken: the same model,
/// samples and settings give the same diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnose {
    pub(super) samples: usize,
    pub(super) jacobians: usize,
    pub(super) references: usize,
    pub(super) times: usize,
    pub(super) step: Option<f64>,
}

impl Default for Diagnose {
    fn default() -> Self {
        Self::new()
    }
}

impl Diagnose {
    /// 2000 samples, 24 Jacobians, 64 references, 9 times.
    pub fn new() -> Self {
        Self { samples: 2000, jacobians: 24, references: 64, times: 9, step: None }
    }

    /// The most samples that are evaluated, taken back and tested for calibration. Default: 2000.
    pub fn samples(mut self, most: usize) -> Self {
        self.samples = most;
        self
    }

    /// The most samples whose Jacobians are taken, each by six times the dimension many points.
    /// Default: 24.
    pub fn jacobians(mut self, most: usize) -> Self {
        self.jacobians = most;
        self
    }

    /// The most samples whose log-density is compared with a tight reference. Default: 64.
    pub fn references(mut self, most: usize) -> Self {
        self.references = most;
        self
    }

    /// At how many times a continuous flow is looked at. Default: 9.
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    /// The step of finite differences, relative to 1 + |x|. Default: 1/256 in `f64` and 1/16 in
    /// `f32`; for log-determinants four times and a quarter of that as well, and at each sample the
    /// one that agrees best, since a mistake shows at all of them.
    pub fn step(mut self, step: f64) -> Self {
        self.step = Some(step);
        self
    }

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

    pub(super) fn step_of<T: Real>(&self) -> f64 {
        self.step.unwrap_or_else(usual_step::<T>)
    }

    /// The steps that log-determinants are compared at.
    pub(super) fn steps_of<T: Real>(&self) -> Vec<f64> {
        let usual = self.step_of::<T>();
        match self.step {
            Some(step) => vec![step],
            None => vec![usual, 4.0 * usual, 0.25 * usual],
        }
    }

    fn check(&self) -> Result<()> {
        let counts = [
            (self.samples, 1, "samples"),
            (self.jacobians, 1, "Jacobians"),
            (self.references, 1, "references"),
            (self.times, 2, "times"),
        ];
        match counts.into_iter().find(|(count, least, _)| count < least) {
            None => Ok(()),
            Some((count, least, what)) => {
                Err(Error::setting(format!("{count} {what} are too few: ask for {least} or more")))
            }
        }
    }
}

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
                "{} contexts for {count} samples: give one for each, or one for all",
                context.ncols()
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
