//! Draws that the target itself moves, and what they say of a proposal.

use nalgebra::DMatrix;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::measured::Measured;
use crate::error::Result;
use crate::real::Normal;
use crate::real::portable::{exp, ln};

/// A log-density of columns, minus infinity where it cannot be computed.
pub(in crate::infer) type Density<'a> = &'a dyn Fn(&DMatrix<f64>) -> Result<Vec<f64>>;

/// How points are moved.
pub(in crate::infer) struct Moves<'a> {
    pub count: usize,
    /// What draws as many independent points, and its log-density: every tenth move, which leads from mode to mode.
    pub fresh: Option<(Draws<'a>, Density<'a>)>,
}

/// Independent points, a column each.
pub(in crate::infer) type Draws<'a> = &'a dyn Fn(usize, &mut ChaCha8Rng) -> DMatrix<f64>;

/// Every which move is to an independent point, where there are any.
const FRESH: usize = 10;

/// Points where chains are, with ln p̃ there.
struct Standing {
    here: DMatrix<f64>,
    now: Vec<f64>,
}

impl Standing {
    /// Goes to those of the next points that are accepted, by ln p̃ and what is known beside; gives their share.
    fn go(
        &mut self,
        next: &DMatrix<f64>,
        there: &[f64],
        beside: impl Fn(usize) -> f64,
        rng: &mut ChaCha8Rng,
    ) -> f64 {
        let mut accepted = 0;
        for (j, there) in there.iter().enumerate() {
            let lot: f64 = rng.random();
            if ln(lot) < there - self.now[j] + beside(j) {
                self.here.set_column(j, &next.column(j));
                self.now[j] = *there;
                accepted += 1;
            }
        }
        f64::from(accepted) / there.len() as f64
    }
}

/// Moves points by Metropolis' random walk of a target in coordinates in which it is about one wide; the step follows
/// what is accepted. Gives the points and ln p̃ there.
pub(in crate::infer) fn roam(
    start: DMatrix<f64>,
    target: Density<'_>,
    moves: Moves<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<(DMatrix<f64>, Vec<f64>)> {
    let (dim, count) = start.shape();
    let now = target(&start)?;
    let mut all = Standing { here: start, now };
    let mut step = 1.5 / (dim as f64).sqrt();
    for k in 0..moves.count {
        if let Some((draws, density)) = moves.fresh.filter(|_| k % FRESH == FRESH - 1) {
            let next = draws(count, rng);
            let (there, new, old) = (target(&next)?, density(&next)?, density(&all.here)?);
            all.go(&next, &there, |j| old[j] - new[j], rng);
            continue;
        }
        // Now a small step, now a large one: necks are narrow, and tails long.
        let length = step * [1.0, 0.3, 2.5][k % 3];
        let next = all.here.map(|z| z + length * rng.sample(Normal));
        let there = target(&next)?;
        let accepted = all.go(&next, &there, |_| 0.0, rng);
        if k % 3 == 0 {
            step *= exp(accepted - 0.3);
        }
    }
    Ok((all.here, all.now))
}

/// What draws of a target say, which began at `groups` points, one after the other again and again.
pub(in crate::infer) struct Told<'a> {
    pub target: &'a [f64],
    pub proposal: &'a [f64],
    pub groups: usize,
}

impl Told<'_> {
    /// The mean of values of the draws, with an error by the groups of those that began at one point.
    pub(super) fn mean(&self, values: &[f64]) -> Measured {
        let groups = self.groups.clamp(1, values.len().max(1));
        let of = |group: usize| {
            let own: Vec<f64> = values.iter().skip(group).step_by(groups).copied().collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        let each: Vec<f64> = (0..groups).map(of).collect();
        let (count, value) = (groups as f64, values.iter().sum::<f64>() / values.len() as f64);
        let square = each.iter().map(|mean| (mean - value).powi(2)).sum::<f64>();
        Measured { value, standard_error: (square / (count - 1.0).max(1.0) / count).sqrt() }
    }

    /// The mean of ln p̃ - ln q over draws of the target: infinite if the proposal is zero at one of them.
    pub fn mean_weight(&self) -> Measured {
        let logs: Vec<f64> = self.weights().collect();
        self.mean(&logs)
    }

    /// ln p̃ - ln q of each.
    pub(super) fn weights(&self) -> impl Iterator<Item = f64> + '_ {
        self.target.iter().zip(self.proposal).map(|(p, q)| p - q)
    }
}
