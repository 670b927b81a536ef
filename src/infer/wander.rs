//! Draws that the target itself has moved, which go where a flow does not lead.

use nalgebra::DMatrix;
use rand::rngs::ChaCha8Rng;
use rayon::prelude::*;

use super::Target;
use super::free::Free;
use super::ground::Ground;
use super::importance::{Measured, Moves, Told, Weighted, bridge, roam};
use super::place::Place;
use crate::density::{Base, Density};
use crate::error::Result;
use crate::flow::{AnyFlow, Direction, Track, transport};

/// What is needed to weigh a point of the base.
pub(super) struct Ways<'a, Q: ?Sized> {
    pub target: &'a Free<'a, Q>,
    pub place: &'a Place,
    pub ground: &'a Ground,
    pub flow: &'a AnyFlow<f64>,
}

impl<Q: Target + ?Sized> Ways<'_, Q> {
    /// ln p̃(F(z)) + ln |det F'|, the target in the coordinates of the base; minus infinity where it cannot be computed.
    fn log_density(&self, base: &DMatrix<f64>) -> Result<Vec<f64>> {
        let moved = transport(self.flow, Direction::Forward, base, None, Track::LogDet)?;
        let value = |j: usize| {
            if !moved.outcomes[j].arrived() {
                return f64::NEG_INFINITY;
            }
            let free = self.place.at(moved.points.column(j).as_slice());
            let value = self.target.value(&free) + self.place.log_det() + moved.log_det[j];
            if value.is_nan() { f64::NEG_INFINITY } else { value }
        };
        Ok((0..base.ncols()).into_par_iter().map(value).collect())
    }

    /// The points of the base of those points in white coordinates that the flow can follow back.
    pub fn home(&self, white: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        arrived(self.flow, Direction::Inverse, white)
    }

    /// Moves points of the base by the target, now and then to fresh ones.
    fn roam(
        &self,
        base: DMatrix<f64>,
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<(DMatrix<f64>, Vec<f64>)> {
        let dim = base.nrows();
        let draws = |count: usize, rng: &mut ChaCha8Rng| {
            let mut points = DMatrix::zeros(dim, count);
            let columns = points.as_mut_slice().chunks_mut(dim);
            columns.for_each(|column| self.ground.base.draw(column, rng));
            points
        };
        let density =
            |points: &DMatrix<f64>| Ok(self.ground.base.log_prob(points)?.as_slice().to_vec());
        let moves = Moves { count, fresh: Some((&draws, &density)) };
        roam(base, &|base| self.log_density(base), moves, rng)
    }

    /// Moves points of the base, and gives them in white coordinates.
    pub fn moved(
        &self,
        base: DMatrix<f64>,
        moves: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<DMatrix<f64>> {
        let (base, _) = self.roam(base, moves, rng)?;
        arrived(self.flow, Direction::Forward, &base)
    }

    /// What points of the base say that are moved, each so many times from where it is by so many moves.
    pub fn judged(
        &self,
        base: &DMatrix<f64>,
        (each, moves): (usize, usize),
        draws: &Weighted,
        rng: &mut ChaCha8Rng,
    ) -> Result<Moved> {
        let groups = base.ncols();
        let start: Vec<usize> = (0..groups * each).map(|j| j % groups).collect();
        let (base, target) = self.roam(base.select_columns(&start), moves, rng)?;
        let plain = self.ground.base.log_prob(&base)?;
        let ratios = self.ground.log_ratios(&base)?;
        let wider: Vec<f64> = plain.iter().zip(ratios).map(|(log, ratio)| log + ratio).collect();
        let told = Told { target: &target, proposal: &wider, groups };
        Ok(Moved {
            weights: [told.mean_weight(), draws.mean_of(draws.log_weights())],
            evidence: bridge(draws, &told).unwrap_or(draws.log_evidence()),
        })
    }
}

/// What draws say that the target has moved.
pub(super) struct Moved {
    /// The mean logarithms of weights, of these and of the draws of the flow, beside the base with its wider draws.
    pub weights: [Measured; 2],
    /// ln Z by these and the draws of the flow together.
    pub evidence: Measured,
}

/// Where the points are that arrive.
fn arrived(
    flow: &AnyFlow<f64>,
    direction: Direction,
    points: &DMatrix<f64>,
) -> Result<DMatrix<f64>> {
    let moved = transport(flow, direction, points, None, Track::Points)?;
    let kept: Vec<usize> = (0..points.ncols()).filter(|&j| moved.outcomes[j].arrived()).collect();
    Ok(moved.points.select_columns(&kept))
}
