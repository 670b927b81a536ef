//! Draws of a fitted flow, wider ones among them, and their weights.

use nalgebra::DMatrix;

use super::Target;
use super::free::Free;
use super::ground::{Draw, Ground};
use super::importance::{Proposed, Seen, Weighed, Weighted, carried, sharper, weigh};
use super::place::Place;
use crate::error::Result;
use crate::flow::{AnyFlow, Flow};

/// How many draws are followed again with smaller steps.
const AGAIN: usize = 500;

/// Draws in the units of the parameters, weighed, with the points of the base that they come from.
pub(super) struct Cloud {
    pub draws: Weighted,
    pub base: DMatrix<f64>,
}

/// Draws of a model with the weights p̃ / q.
pub(super) fn cloud<Q: Target + ?Sized>(
    target: &Free<'_, Q>,
    place: &Place,
    (ground, flow): (&Ground, &AnyFlow<f64>),
    count: usize,
    how: Draw,
    seed: u64,
) -> Result<Cloud> {
    let (columns, ratios) = ground.draws(count, how, seed)?;
    let base = DMatrix::from_vec(target.dim(), count, columns);
    let draws = |count: usize, accuracy: Option<f64>| {
        let start = base.columns(0, count).into_owned();
        let white = carried((&ground.base, flow), &start, None, accuracy)?;
        Ok(constrained(target, place, white, &ratios))
    };
    let again = sharper(flow.accuracy()).map(|finer| draws(count.min(AGAIN), Some(finer)));
    let seen = Seen { value: &|x| target.value_at(x), support: None };
    let Weighed { draws, kept } = weigh(seen, draws(count, None)?, again.transpose()?)?;
    let draws = draws.named(target.names().to_vec())?;
    Ok(Cloud { draws, base: base.select_columns(&kept) })
}

/// The same draws in the units of the parameters.
fn constrained<Q: Target + ?Sized>(
    target: &Free<'_, Q>,
    place: &Place,
    mut white: Proposed,
    ratios: &[f64],
) -> Proposed {
    for (j, mut point) in white.points.column_iter_mut().enumerate() {
        let free = place.at(point.clone_owned().as_slice());
        let (outside, log_det) = target.constrained(&free);
        point.copy_from_slice(&outside);
        white.log_density[j] += ratios[j] - place.log_det() - log_det;
    }
    white
}
