//! Models as proposals.

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::finer::Finer;
use super::proposal::{Proposal, Proposed};
use crate::density::{AnyBase, Ensemble, Given, Pushforward};
use crate::error::{Error, Result};
use crate::flow::{AnyFlow, Direction, Flow, Track, transport};
use crate::model::Model;
use crate::ode::Accuracy;
use crate::real::Real;

type Members<T> = Ensemble<Pushforward<AnyBase<T>, AnyFlow<T>>>;
type Context<'a> = Option<&'a DMatrix<f64>>;

/// Draws of the members with their log-densities, before they come into the units of the table.
fn inner<T: Real>(
    members: &Members<T>,
    count: usize,
    context: Context<'_>,
    (seed, accuracy): (u64, Option<f64>),
) -> Result<Proposed> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // No solve is more accurate than its numbers.
    let accuracy = accuracy.map(|accuracy| accuracy.max(16.0 * T::EPSILON));
    let context = context.map(|context| context.map(T::of));
    let each = members.members().iter();
    let finer =
        each.map(|one| Pushforward::new(one.base().clone(), Finer { flow: one.flow(), accuracy }));
    let all = Ensemble::weighted(finer.collect(), members.weights().to_vec())?;
    let wide = |values: &DVector<T>| values.map(|value| value.wide());
    if let [one] = all.members() {
        let start = crate::density::Sample::sample(one.base(), count, &mut rng)?;
        let moved =
            transport(one.flow(), Direction::Forward, &start, context.as_ref(), Track::LogDet)?;
        let log_base = wide(&crate::density::Density::log_prob(one.base(), &start)?);
        let log_density = log_base - wide(&moved.log_det);
        let points = moved.points.map(|value| value.wide());
        let found = Proposed::new(points, log_density.as_slice().to_vec());
        return Ok(found.estimated(moved.standard_error.as_ref().map(wide)));
    }
    let drawn = all.sample_detailed(count, context.as_ref(), &mut rng)?;
    let found = all.evaluate(&drawn, context.as_ref())?;
    let points = drawn.map(|value| value.wide());
    let log_density = wide(&found.log_prob).as_slice().to_vec();
    Ok(Proposed::new(points, log_density).estimated(found.standard_error.as_ref().map(wide)))
}

/// Draws in the units of the table.
fn propose(
    model: &Model,
    count: usize,
    context: Context<'_>,
    how: (u64, Option<f64>),
) -> Result<Proposed> {
    if let Some(&place) = model.whole_columns().first() {
        return Err(Error::setting(format!(
            "the model's column {:?} holds whole numbers, whose probabilities are no density: take a model of real numbers as a proposal",
            model.headings()[place].name()
        )));
    }
    let context = context.map(|context| model.prepare_contexts(context)).transpose()?;
    let found = match (model.members::<f64>(), model.members::<f32>()) {
        (Some(members), _) => inner(members, count, context.as_ref(), how),
        (None, Some(members)) => inner(members, count, context.as_ref(), how),
        (None, None) => Err(Error::setting("a model of neither `f32` nor `f64`")),
    }?;
    let Some(flow) = model.preparation() else { return Ok(found) };
    let moved = transport(flow, Direction::Forward, &found.points, None, Track::LogDet)?;
    let log_density = found.log_density.iter().zip(&moved.log_det).map(|(log, det)| log - det);
    Ok(Proposed { points: moved.points, log_density: log_density.collect(), ..found })
}

/// How accurately the members of a model integrate.
fn accuracy(model: &Model) -> Accuracy {
    fn of<T: Real>(members: &Members<T>) -> Accuracy {
        let each = members.members().iter().map(|one| Flow::<T>::accuracy(one.flow()));
        each.fold(Accuracy::Rounding, Accuracy::worse)
    }
    let [double, single] = [model.members::<f64>().map(of), model.members::<f32>().map(of)];
    double.or(single).unwrap_or(Accuracy::Unknown)
}

impl Proposal for Model {
    fn dimension(&self) -> usize {
        crate::density::Density::dim(self)
    }

    fn propose(&self, count: usize, seed: u64, accuracy: Option<f64>) -> Result<Proposed> {
        propose(self, count, None, (seed, accuracy))
    }

    fn log_density(&self, points: &DMatrix<f64>) -> Result<Vec<f64>> {
        Ok(self.evaluate(points, None)?.log_prob.as_slice().to_vec())
    }

    fn accuracy(&self) -> Accuracy {
        accuracy(self)
    }
}

/// At one context for all draws.
impl Proposal for Given<'_, Model, f64> {
    fn dimension(&self) -> usize {
        crate::density::Density::dim(self.family())
    }

    fn propose(&self, count: usize, seed: u64, accuracy: Option<f64>) -> Result<Proposed> {
        propose(self.family(), count, Some(self.context()), (seed, accuracy))
    }

    fn log_density(&self, points: &DMatrix<f64>) -> Result<Vec<f64>> {
        let found = self.family().evaluate(points, Some(self.context()))?;
        Ok(found.log_prob.as_slice().to_vec())
    }

    fn accuracy(&self) -> Accuracy {
        accuracy(self.family())
    }
}
