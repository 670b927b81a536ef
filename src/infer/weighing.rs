//! Draws of a fitted flow, defensive ones among them, and their weights.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::free::Free;
use super::ground::{Draw, Ground};
use super::place::Place;
use super::{Target, Weighted};
use crate::density::Density;
use crate::error::Result;
use crate::flow::{AnyFlow, Direction, Track, transport};

/// Draws in white coordinates, those whose density could be computed, with the logarithms of their weights.
pub(super) struct Cloud {
    /// The points of the base that they come from.
    pub base: DMatrix<f64>,
    pub white: DMatrix<f64>,
    pub log_weights: Vec<f64>,
    /// What share of all draws could not be weighed.
    pub lost: f64,
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
    let (columns, ratios) = ground.draws(count, how, seed);
    let base = DMatrix::from_vec(target.dim(), count, columns);
    let log_base = ground.base.log_prob(&base)?;
    let moved = transport(flow, Direction::Forward, &base, None, Track::LogDet)?;
    let weigh = |j: usize| {
        let white = moved.points.column(j);
        if !moved.outcomes[j].arrived() {
            return f64::NAN;
        }
        let value = target.value(&place.at(white.as_slice())) + place.log_det();
        value - (log_base[j] + ratios[j] - moved.log_det[j])
    };
    let all: Vec<f64> = (0..count).into_par_iter().map(weigh).collect();
    let kept: Vec<usize> =
        (0..count).filter(|&j| !all[j].is_nan() && all[j] < f64::INFINITY).collect();
    Ok(Cloud {
        base: base.select_columns(&kept),
        white: moved.points.select_columns(&kept),
        log_weights: kept.iter().map(|&j| all[j]).collect(),
        lost: (count - kept.len()) as f64 / count as f64,
    })
}

impl Cloud {
    /// The same draws in the units of the parameters.
    pub fn constrained<Q: Target + ?Sized>(
        &self,
        target: &Free<'_, Q>,
        place: &Place,
    ) -> Result<Weighted> {
        let columns = self.white.column_iter();
        let points: Vec<f64> =
            columns.flat_map(|white| target.constrained(&place.at(white.as_slice())).0).collect();
        let points = DMatrix::from_vec(target.dim(), self.white.ncols(), points);
        Weighted::new(points, self.log_weights.clone())
    }
}
