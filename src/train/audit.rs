//! What a check looks at: held-out samples, and whether losses are what a tight solve gives.

use nalgebra::DMatrix;

use super::defaults::{MOST_COMPARED, TOLERATED};
use super::event::Happening;
use super::honesty::Tolerances;
use super::judge::{Group, Judge, Panel};
use super::{Objective, Trainable, Warning};
use crate::error::Result;
use crate::real::Real;

/// The samples of checks, and the tolerances at which they are judged.
pub(super) struct Audit<T: Real> {
    /// Samples whose losses at two tolerances are compared: the first of those that are held out, or of the
    /// others if none is.
    compared: Panel<T>,
    /// The others that are held out.
    others: Panel<T>,
    /// How many are held out.
    held_out: usize,
    pub tolerances: Tolerances,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Findings {
    /// What is known of the held-out samples, if any are.
    pub held_out: Option<Held>,
    /// That the tolerance of training was tightened.
    pub tightened: Option<Happening>,
}

/// What a check found of held-out samples, in means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Held {
    pub loss: f64,
    /// The negative log-likelihood of the first of them, where the loss does not tell how good a model is.
    pub likelihood: Option<f64>,
    pub evaluations: f64,
}

impl<T: Real> Audit<T> {
    pub fn new(
        data: [&DMatrix<T>; 2],
        held_out: &[usize],
        trained: &[usize],
        tolerances: Tolerances,
    ) -> Self {
        let judged = match held_out {
            [] => &trained[..trained.len().min(MOST_COMPARED)],
            _ => held_out,
        };
        let is_held_out = !held_out.is_empty();
        let (compared, others) = judged.split_at(judged.len().min(MOST_COMPARED));
        let [compared, others] = [compared, others].map(|part| Panel::new(is_held_out, data, part));
        Self { compared, others, held_out: held_out.len(), tolerances }
    }

    /// The number of samples that a check looks at.
    pub fn samples(&self) -> usize {
        match (self.held_out, self.tolerances.is_loose()) {
            (0, true) => self.compared.len(),
            (held_out, _) => held_out,
        }
    }

    /// Judges the parameters that the model has now, and tightens the tolerance of training if its loss is
    /// not that of a tight solve.
    pub fn check<M, O>(&mut self, judge: Judge<'_, T, M, O>) -> Result<Findings>
    where
        M: Trainable<T>,
        O: Objective<T, M>,
    {
        if self.samples() == 0 {
            return Ok(Findings::default());
        }
        let tight = judge.at(self.tolerances.checks());
        let compared = tight.loss(&self.compared)?;
        let tightened = self.compare(judge, compared.value);
        if self.held_out == 0 {
            return Ok(Findings { held_out: None, tightened });
        }
        let others = tight.mean(&[&self.others])?;
        let count = self.held_out as f64;
        let share = self.others.len() as f64 / count;
        let loss = compared.value + share * (others.value - compared.value);
        let evaluations = compared.effort.evaluations + others.effort.evaluations;
        let (likelihood, evaluations) =
            (judge.likelihood(&self.compared)?, evaluations as f64 / count);
        Ok(Findings { held_out: Some(Held { loss, likelihood, evaluations }), tightened })
    }

    /// Tightens the tolerance of training unless its loss is the tight one.
    fn compare<M, O>(&mut self, judge: Judge<'_, T, M, O>, tight: f64) -> Option<Happening>
    where
        M: Trainable<T>,
        O: Objective<T, M>,
    {
        if !self.tolerances.is_loose() {
            return None;
        }
        let loose = judge.at(self.tolerances.training()).loss(&self.compared);
        let loose = loose.map_or(f64::INFINITY, |loss| loss.value);
        let [from, to] = self.tolerances.tighten(loose, tight)?;
        Some(Happening::Tightened { from, to, loose, tight })
    }

    /// The tight losses of groups of the held-out samples.
    pub fn groups<M, O>(&self, judge: Judge<'_, T, M, O>) -> Result<Vec<Group>>
    where
        M: Trainable<T>,
        O: Objective<T, M>,
    {
        judge.at(self.tolerances.checks()).groups(&[&self.compared, &self.others])
    }

    /// A warning if the model has another loss by its own solver than by a tight one.
    pub fn own_solver<M, O>(&self, judge: Judge<'_, T, M, O>) -> Option<Warning>
    where
        M: Trainable<T>,
        O: Objective<T, M>,
    {
        let tolerance = self.tolerances.checks()?;
        let tight = judge.at(Some(tolerance)).loss(&self.compared).ok()?.value;
        let own = judge.at(None).loss(&self.compared).map_or(f64::NAN, |loss| loss.value);
        let agrees = (own - tight).abs() <= TOLERATED;
        (!agrees).then_some(Warning::Inaccurate { own, tight, tolerance })
    }
}
