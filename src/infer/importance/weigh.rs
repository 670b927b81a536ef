//! From draws of a proposal to weights.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::proposal::Proposed;
use super::weighted::{Again, Known, Weighted, known};
use crate::error::{Error, Result};
use crate::flow::elementwise::Constrain;
use crate::flow::{Direction, outside};
use crate::ode::Accuracy;
use crate::outcome::shown;

/// A target as it is weighed: its logarithm at a point, and the support outside of which it is zero.
#[derive(Clone, Copy)]
pub(in crate::infer) struct Seen<'a> {
    pub value: &'a (dyn Fn(&[f64]) -> f64 + Sync),
    pub support: Option<&'a Constrain<f64>>,
}

impl Seen<'_> {
    /// ln p̃ of every column; NaN at those that hold a NaN.
    pub fn log_density(&self, points: &DMatrix<f64>) -> Result<Vec<f64>> {
        let marks = match self.support {
            Some(support) => Some(outside(support, Direction::Inverse, points, None)?),
            None => None,
        };
        let value = |j: usize| {
            let point = &points.as_slice()[j * points.nrows()..][..points.nrows()];
            match &marks {
                _ if point.iter().any(|x| x.is_nan()) => f64::NAN,
                Some(marks) if marks[j].is_outside() => f64::NEG_INFINITY,
                _ => (self.value)(point),
            }
        };
        Ok((0..points.ncols()).into_par_iter().map(value).collect())
    }

    /// The logarithm of the weight of every draw, NaN of those that cannot be weighed.
    fn weights(&self, proposed: &Proposed) -> Result<Vec<f64>> {
        let values = self.log_density(&proposed.points)?;
        let weight = |j: usize| {
            let bias =
                proposed.standard_error.as_ref().map_or(0.0, |all| known(all[j].powi(2)) / 2.0);
            let weight = values[j] - proposed.log_density[j] - bias;
            if weight < f64::INFINITY { weight } else { f64::NAN }
        };
        Ok((0..values.len()).map(weight).collect())
    }
}

/// Draws that were weighed, and which of all these are.
pub(in crate::infer) struct Weighed {
    pub draws: Weighted,
    pub kept: Vec<usize>,
}

/// Weighs draws, and the same ones again, as far as they were followed with smaller steps.
///
/// # Errors
///
/// If none can be weighed, or the target is zero at all of them.
pub(in crate::infer) fn weigh(
    target: Seen<'_>,
    proposed: Proposed,
    again: Option<Proposed>,
) -> Result<Weighed> {
    let all = target.weights(&proposed)?;
    let kept: Vec<usize> = (0..all.len()).filter(|&j| !all[j].is_nan()).collect();
    if kept.is_empty() {
        return Err(Error::non_finite(format!(
            "none of {} of the proposal can be weighed: the target, or the density of the proposal, is not a number there",
            shown::count(all.len(), "draw")
        )));
    }
    let again = match again {
        Some(proposed) => found_again(&kept, target.weights(&proposed)?, &proposed.points),
        None => None,
    };
    let points = proposed.points.select_columns(&kept);
    let mut draws = Weighted::new(points, kept.iter().map(|&j| all[j]).collect())?;
    let variances = proposed.standard_error.as_ref();
    draws.known = Known {
        lost: (all.len() - kept.len()) as f64 / all.len() as f64,
        variances: variances.map(|all| kept.iter().map(|&j| all[j].powi(2)).collect()),
        again,
    };
    Ok(Weighed { draws, kept })
}

/// Those of the draws that can be weighed both ways.
fn found_again(kept: &[usize], weights: Vec<f64>, points: &DMatrix<f64>) -> Option<Again> {
    let both = |j: &usize| kept[*j] < weights.len() && !weights[kept[*j]].is_nan();
    let places: Vec<usize> = (0..kept.len()).filter(both).collect();
    let columns: Vec<usize> = places.iter().map(|&place| kept[place]).collect();
    let log_weights: Vec<f64> = columns.iter().map(|&j| weights[j]).collect();
    // Where the target is zero at all of them they say nothing.
    let any = log_weights.iter().any(|weight| weight.is_finite());
    any.then(|| Again { places, points: points.select_columns(&columns), log_weights })
}

/// The tolerance at which draws are followed again, where that can tell anything.
pub(in crate::infer) fn sharper(accuracy: Accuracy) -> Option<f64> {
    match accuracy {
        Accuracy::Rounding => None,
        Accuracy::Tolerance(tolerance) => Some((0.01 * tolerance).max(1e-12)),
        Accuracy::Unknown => Some(1e-9),
    }
}
