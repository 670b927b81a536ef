//! Continuous flows over time: steps, evaluations, conditioning, and the error of the log-density.

use nalgebra::DMatrix;

use super::chosen::Chosen;
use super::jacobian::{Step, combine, moved, spread};
use super::settings::Diagnose;
use super::singular::singular_values;
use crate::density::{Pushforward, StandardNormal};
use crate::error::Result;
use crate::field::VectorField;
use crate::flow::{ColumnSteps, ContinuousFlow, Direction};
use crate::ode::{Recording, Span, automatic, external_dop853};
use crate::outcome::Outcome;
use crate::real::Real;
use crate::trace::Trace;

/// What a continuous flow does on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The times of base and data.
    pub span: Span,
    /// The times at which the flow was looked at, from the base to the data.
    pub times: Vec<f64>,
    /// At each of these times the singular values of the Jacobian of the base's point, for each of
    /// some samples (but those beside which the flow fails), the largest first; those of the field, solved at 1e-9 or what the scalar can resolve.
    pub singular_values: Vec<Vec<Vec<f64>>>,
    /// The accepted steps of every sample on its way from the data to the base, with their costs.
    pub ways: Vec<ColumnSteps>,
    /// The log-density against a tight reference.
    pub reference: Reference,
}

/// Log-densities against a reference at a tight tolerance with the exact trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The tolerance of the reference: 1e-12, or what the scalar can resolve.
    pub tolerance: f64,
    /// The error of each log-density, in nats; NaN where the reference fails.
    pub errors: Vec<f64>,
}

impl Passage {
    /// The condition numbers of all samples at each time.
    pub fn condition_numbers(&self) -> Vec<Vec<f64>> {
        let ratio = |values: &Vec<f64>| values[0] / values[values.len() - 1];
        self.singular_values.iter().map(|at| at.iter().map(ratio).collect()).collect()
    }

    /// All accepted steps as (time of the middle, size).
    pub fn steps(&self) -> Vec<[f64; 2]> {
        let all = self.ways.iter().flat_map(|way| &way.steps);
        all.map(|[t, h]| [t + 0.5 * h, h.abs()]).collect()
    }

    /// The mean number of accepted steps that begin in each of `bins` equal parts of the span, per
    /// sample and unit of the span: where evaluations are spent.
    pub fn step_density(&self, bins: usize) -> Vec<f64> {
        let mut counts = vec![0.0; bins];
        let share = bins as f64 / self.ways.len() as f64;
        for [t, _] in self.steps() {
            let place = (t - self.span.from) / self.span.length() * bins as f64;
            if let Some(count) =
                counts.get_mut((place.max(0.0) as usize).min(bins.saturating_sub(1)))
            {
                *count += share;
            }
        }
        counts
    }
}

pub(super) fn passage<T, F, S>(
    settings: &Diagnose,
    model: &Pushforward<StandardNormal, ContinuousFlow<F, S>>,
    held_out: &Chosen<T>,
) -> Result<Passage>
where
    T: Real,
    F: VectorField<T> + Clone,
    S: Recording<T> + Clone,
{
    let (flow, span) = (model.flow(), model.flow().times());
    let share = |k: usize| k as f64 / (settings.times - 1) as f64;
    let times: Vec<f64> =
        (0..settings.times).map(|k| span.from + span.length() * share(k)).collect();
    let ways = flow.steps(Direction::Inverse, &held_out.points, held_out.context.as_ref())?;
    let arrived: Vec<usize> = (0..ways.len()).filter(|&j| ways[j].outcome.arrived()).collect();
    let healthy = held_out.at(&arrived);
    let few = healthy.at(&healthy.few(settings.jacobians));
    let latent = model.evaluate(&few.points, few.context.as_ref())?.latent;
    Ok(Passage {
        span,
        singular_values: over_time(flow, &latent, few.context.as_ref(), &times, settings)?,
        times,
        ways,
        reference: refer(model, &healthy.at(&healthy.few(settings.references)))?,
    })
}

/// The singular values of ∂x(t) / ∂z at every time, for every sample.
///
/// Solved tightly: what a solver leaves out is another thing at every moved point, and a difference
/// divides it by a small step.
fn over_time<T, F, S>(
    flow: &ContinuousFlow<F, S>,
    latent: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    times: &[f64],
    settings: &Diagnose,
) -> Result<Vec<Vec<Vec<f64>>>>
where
    T: Real,
    F: VectorField<T> + Clone,
    S: Clone,
{
    let flow = flow.clone().solver(automatic().tolerance((8.0 * T::EPSILON).max(1e-9)));
    let step = Step::of(settings.step_of::<T>());
    let (start, count) = (moved(latent, step), latent.ncols());
    let each = start.ncols() / count;
    let context = context.map(|context| spread(context, count, each));
    let found = flow.trajectory_detailed(&start, context.as_ref(), times)?;
    // Differences need every moved point of a sample.
    let whole = |j: &usize| found.outcomes[j * each..(j + 1) * each].iter().all(Outcome::arrived);
    let places: Vec<usize> = (0..count).filter(whole).collect();
    let values = |ends: &DMatrix<T>| {
        places.iter().map(|&j| singular_values(&combine(ends, latent, j, step))).collect()
    };
    Ok(found.path.iter().map(values).collect())
}

/// The log-densities of some samples beside those of `external_dop853` with the exact trace.
fn refer<T, F, S>(
    model: &Pushforward<StandardNormal, ContinuousFlow<F, S>>,
    some: &Chosen<T>,
) -> Result<Reference>
where
    T: Real,
    F: VectorField<T> + Clone,
    S: Recording<T> + Clone,
{
    let tolerance = (8.0 * T::EPSILON).max(1e-12);
    let solver = external_dop853().tolerance(tolerance);
    let flow = model.flow().clone().solver(solver).trace(Trace::Exact);
    let context = some.context.as_ref();
    let tight = Pushforward::new(*model.base(), flow).evaluate(&some.points, context)?;
    let ours = model.evaluate(&some.points, context)?;
    let errors = ours.log_prob.iter().zip(tight.log_prob.iter());
    let errors = errors.map(|(ours, tight)| (ours.wide() - tight.wide()).abs()).collect();
    Ok(Reference { tolerance, errors })
}
