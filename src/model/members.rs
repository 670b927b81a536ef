//! Base + flow, one or several, behind a pointer that hides their scalar: everything in `f64`.

use std::any::Any;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::found::{Evaluation, ModelScore};
use crate::density::{AnyBase, Base, Ensemble, Evolving, Moving, Pushforward};
use crate::description::{Arrays, Describe, Description};
use crate::error::{Error, Result};
use crate::flow::{AnyFlow, Flow, Space, TrainableFlow};
use crate::ode::Span;
use crate::outcome::{Outcome, shown};
use crate::real::Real;

/// Samples of the members, and what became of each.
pub(super) type Drawn = (DMatrix<f64>, Vec<Outcome>);

/// A context for all points, if there is one.
pub(super) type Context<'a> = Option<&'a DMatrix<f64>>;

/// What a model asks of its members.
pub(super) trait Members: Send + Sync {
    fn scalar(&self) -> &'static str;
    fn dim(&self) -> usize;
    fn context_dim(&self) -> usize;
    fn parameter_count(&self) -> usize;
    fn spaces(&self) -> Result<Vec<Space>>;
    fn evaluate(&self, points: &DMatrix<f64>, context: Option<&DMatrix<f64>>)
    -> Result<Evaluation>;
    fn score(&self, points: &DMatrix<f64>, context: Option<&DMatrix<f64>>) -> Result<ModelScore>;
    fn sample(
        &self,
        count: usize,
        context: Option<&DMatrix<f64>>,
        rng: &mut dyn Rng,
    ) -> Result<Drawn>;
    fn span(&self) -> Result<Span>;
    fn velocity_at(
        &self,
        t: f64,
        points: &DMatrix<f64>,
        context: Context<'_>,
    ) -> Result<DMatrix<f64>>;
    fn path(
        &self,
        points: &DMatrix<f64>,
        context: Context<'_>,
        times: &[f64],
    ) -> Result<Vec<DMatrix<f64>>>;
    fn log_prob_at(
        &self,
        t: f64,
        points: &DMatrix<f64>,
        context: Context<'_>,
    ) -> Result<DVector<f64>>;
    fn draw_base(&self, count: usize, rng: &mut dyn Rng) -> Result<DMatrix<f64>>;
    fn description(&self) -> Result<Description>;
    fn arrays(&self) -> Result<Arrays>;
    fn inside(&self) -> &dyn Any;
    fn boxed(&self) -> Box<dyn Members>;
}

impl Clone for Box<dyn Members> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// The type of the members of one scalar.
pub(super) type Own<T> = Ensemble<Pushforward<AnyBase<T>, AnyFlow<T>>>;

fn narrow<T: Real>(matrix: &DMatrix<f64>) -> DMatrix<T> {
    matrix.map(T::of)
}

/// The only member: several have no common way.
fn alone<T: Real>(members: &Own<T>) -> Result<&Pushforward<AnyBase<T>, AnyFlow<T>>> {
    match members.members() {
        [one] => Ok(one),
        all => Err(Error::setting(format!(
            "a mixture of {} moves along as many ways: take one of its `members`",
            shown::count(all.len(), "model")
        ))),
    }
}

fn wide<T: Real>(vector: &DVector<T>) -> DVector<f64> {
    vector.map(|value| value.wide())
}

impl<T: Real> Members for Own<T> {
    fn scalar(&self) -> &'static str {
        T::NAME
    }

    fn dim(&self) -> usize {
        self.members()[0].flow().dim()
    }

    fn context_dim(&self) -> usize {
        self.members()[0].flow().context_dim()
    }

    fn parameter_count(&self) -> usize {
        let count = |member: &Pushforward<AnyBase<T>, AnyFlow<T>>| {
            member.flow().layout().len() + member.base().parameter_count()
        };
        self.members().iter().map(count).sum()
    }

    fn spaces(&self) -> Result<Vec<Space>> {
        self.members()[0].spaces()
    }

    fn evaluate(
        &self,
        points: &DMatrix<f64>,
        context: Option<&DMatrix<f64>>,
    ) -> Result<Evaluation> {
        let (points, context) = (narrow::<T>(points), context.map(narrow::<T>));
        let found = Ensemble::evaluate(self, &points, context.as_ref())?;
        let several = self.members().len() > 1;
        Ok(Evaluation {
            log_prob: wide(&found.log_prob),
            spread: several.then(|| wide(&found.spread)),
            standard_error: found.standard_error.as_ref().map(wide),
            outcomes: found.outcomes,
            efforts: found.efforts,
        })
    }

    fn score(&self, points: &DMatrix<f64>, context: Option<&DMatrix<f64>>) -> Result<ModelScore> {
        let (points, context) = (narrow::<T>(points), context.map(narrow::<T>));
        let found = Ensemble::score(self, &points, context.as_ref())?;
        Ok(ModelScore {
            log_prob: wide(&found.log_prob),
            score: found.score.map(|value| value.wide()),
            context_score: found.context_score.map(|value| value.wide()),
            outcomes: found.outcomes,
        })
    }

    /// Of a single member without a choice among several.
    fn sample(
        &self,
        count: usize,
        context: Option<&DMatrix<f64>>,
        rng: &mut dyn Rng,
    ) -> Result<Drawn> {
        let context = context.map(narrow::<T>);
        let drawn = match self.members() {
            [one] => one.sample_detailed(count, context.as_ref(), rng)?,
            _ => self.sample_detailed(count, context.as_ref(), rng)?,
        };
        Ok((drawn.map(|value| value.wide()), drawn.outcomes().to_vec()))
    }

    fn span(&self) -> Result<Span> {
        Moving::span(alone(self)?)
    }

    fn velocity_at(
        &self,
        t: f64,
        points: &DMatrix<f64>,
        context: Context<'_>,
    ) -> Result<DMatrix<f64>> {
        let (one, points) = (alone(self)?, narrow::<T>(points));
        let found = match context {
            Some(context) => one.given(narrow(context)).velocity_at(t, &points),
            None => one.velocity_at(t, &points),
        };
        Ok(found?.map(|value| value.wide()))
    }

    fn path(
        &self,
        points: &DMatrix<f64>,
        context: Context<'_>,
        times: &[f64],
    ) -> Result<Vec<DMatrix<f64>>> {
        let (one, points) = (alone(self)?, narrow::<T>(points));
        let found = match context {
            Some(context) => one.given(narrow(context)).path(&points, times),
            None => one.path(&points, times),
        };
        Ok(found?.iter().map(|points| points.map(|value| value.wide())).collect())
    }

    fn log_prob_at(
        &self,
        t: f64,
        points: &DMatrix<f64>,
        context: Context<'_>,
    ) -> Result<DVector<f64>> {
        let (one, points) = (alone(self)?, narrow::<T>(points));
        let found = match context {
            Some(context) => one.given(narrow(context)).log_prob_at(t, &points),
            None => one.log_prob_at(t, &points),
        };
        Ok(wide(&found?))
    }

    fn draw_base(&self, count: usize, rng: &mut dyn Rng) -> Result<DMatrix<f64>> {
        Ok(Evolving::draw_base(alone(self)?, count, rng)?.map(|value| value.wide()))
    }

    fn description(&self) -> Result<Description> {
        Describe::description(self)
    }

    fn arrays(&self) -> Result<Arrays> {
        Describe::arrays(self)
    }

    fn inside(&self) -> &dyn Any {
        self
    }

    fn boxed(&self) -> Box<dyn Members> {
        Box::new(self.clone())
    }
}
