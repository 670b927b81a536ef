//! Draws that the target itself has moved, which go where a flow does not lead.

use nalgebra::DMatrix;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rayon::prelude::*;

use super::Target;
use super::free::Free;
use super::ground::Ground;
use super::place::Place;
use super::weighted::Measured;
use crate::density::Density;
use crate::error::Result;
use crate::flow::{AnyFlow, Direction, Track, transport};
use crate::real::Normal;
use crate::real::portable::{exp, ln};

/// What is needed to weigh a point of the base.
pub(super) struct Ways<'a, Q: ?Sized> {
    pub target: &'a Free<'a, Q>,
    pub place: &'a Place,
    pub ground: &'a Ground,
    pub flow: &'a AnyFlow<f64>,
}

/// ln p̃ of points of the base, and beside q.
struct Weighed {
    /// ln p̃(F(z)) + ln |det F'|, the target in the coordinates of the base; minus infinity where it cannot be computed.
    target: Vec<f64>,
    /// The logarithm of the base's density.
    base: Vec<f64>,
}

impl<Q: Target + ?Sized> Ways<'_, Q> {
    fn weigh(&self, base: &DMatrix<f64>) -> Result<Weighed> {
        let moved = transport(self.flow, Direction::Forward, base, None, Track::LogDet)?;
        let value = |j: usize| {
            if !moved.outcomes[j].arrived() {
                return f64::NEG_INFINITY;
            }
            let free = self.place.at(moved.points.column(j).as_slice());
            let value = self.target.value(&free) + self.place.log_det() + moved.log_det[j];
            if value.is_nan() { f64::NEG_INFINITY } else { value }
        };
        let target = (0..base.ncols()).into_par_iter().map(value).collect();
        Ok(Weighed { target, base: self.ground.base.log_prob(base)?.as_slice().to_vec() })
    }

    /// Moves points of the base by Metropolis' random walk of the target in these coordinates, whose step follows
    /// what is accepted.
    fn roam(
        &self,
        start: DMatrix<f64>,
        moves: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<(DMatrix<f64>, Weighed)> {
        let (dim, count) = start.shape();
        let (mut here, mut now) = (start.clone(), self.weigh(&start)?);
        let mut step = 1.5 / (dim as f64).sqrt();
        for k in 0..moves {
            // Now a small step, now a large one: necks are narrow, and tails long.
            let length = step * [1.0, 0.3, 2.5][k % 3];
            let next = here.map(|z| z + length * rng.sample(Normal));
            let there = self.weigh(&next)?;
            let mut accepted = 0;
            for j in 0..count {
                let lot: f64 = rng.random();
                if ln(lot) < there.target[j] - now.target[j] {
                    here.set_column(j, &next.column(j));
                    (now.target[j], now.base[j]) = (there.target[j], there.base[j]);
                    accepted += 1;
                }
            }
            if k % 3 == 0 {
                step *= exp(accepted as f64 / count as f64 - 0.3);
            }
        }
        Ok((here, now))
    }

    /// Moves points in white coordinates, those that the flow can follow back to its base.
    pub fn moved(
        &self,
        white: &DMatrix<f64>,
        moves: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<DMatrix<f64>> {
        let back = transport(self.flow, Direction::Inverse, white, None, Track::Points)?;
        let kept: Vec<usize> = (0..white.ncols()).filter(|&j| back.outcomes[j].arrived()).collect();
        if kept.is_empty() {
            return Ok(white.clone());
        }
        let (base, _) = self.roam(back.points.select_columns(&kept), moves, rng)?;
        let there = transport(self.flow, Direction::Forward, &base, None, Track::Points)?;
        let kept: Vec<usize> = (0..base.ncols()).filter(|&j| there.outcomes[j].arrived()).collect();
        Ok(there.points.select_columns(&kept))
    }

    /// ln Z by draws of the target, points of the base that are moved once more: -ln of the mean of q / p̃ (reciprocal
    /// importance sampling, Gelfand and Dey 1994, JRSS B 56). Right where q has lighter tails than p, just where
    /// weights of draws of q are not.
    pub fn log_evidence(
        &self,
        start: DMatrix<f64>,
        moves: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Measured> {
        let (_, now) = self.roam(start, moves, rng)?;
        let count = now.base.len();
        let logs: Vec<f64> = (0..count).map(|j| now.base[j] - now.target[j]).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ratios: Vec<f64> = logs.iter().map(|log| exp(log - most)).collect();
        let mean = ratios.iter().sum::<f64>() / count as f64;
        let square = ratios.iter().map(|ratio| (ratio / mean - 1.0).powi(2)).sum::<f64>();
        Ok(Measured {
            value: -(most + ln(mean)),
            standard_error: (square / (count as f64 - 1.0).max(1.0) / count as f64).sqrt(),
        })
    }
}
