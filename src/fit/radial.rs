//! How far from the middle of a base rows lie that a flow has not learnt from.
//!
//! Rows that were learnt from come from a standard normal base; others lie nearer and farther than those, and a density
//! that takes no notice is sure of itself in the wrong places.

use nalgebra::DMatrix;

use crate::density::{AnyBase, DiagonalNormal, Mixture, StandardNormal};
use crate::error::Result;
use crate::real::portable::{exp, ln};

/// The deviations that a base may be made of.
const DEVIATIONS: [f64; 11] = [0.66, 0.76, 0.87, 1.0, 1.15, 1.32, 1.52, 1.75, 2.0, 2.6, 3.5];
/// Which of them is a standard normal base, and for how many rows it counts beforehand.
const STANDARD: (usize, f64) = (3, 3.0);
/// The most rounds of expectation and maximisation.
const ROUNDS: usize = 200;
/// Smaller weights are none.
const SMALL: f64 = 0.003;
/// Between which factors of its deviations a Gaussian is drawn.
const WIDTHS: [f64; 2] = [1.0, 1.5];

/// A mixture of normal densities about zero, of different deviations in all directions, in place of a standard normal base.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Radial {
    weights: [f64; 11],
}

/// By which factor of its deviations a Gaussian is the likeliest for rows, of which these are the squares in its
/// white space: the root of their mean over the dimension, which maximises -s⁻² Σ z² / 2 - n d ln s.
pub(super) fn width(squares: &[f64], dim: usize) -> f64 {
    let known = squares.iter().filter(|square| square.is_finite());
    let (count, sum) = known.fold((0.0, 0.0), |(count, sum), square| (count + 1.0, sum + square));
    let width = (sum / (count * dim as f64)).sqrt();
    if width.is_finite() { width.clamp(WIDTHS[0], WIDTHS[1]) } else { 1.0 }
}

/// What a flow with a standard normal base says of a row: its log-density, and the square of where it comes from.
pub(super) type Said = [f64; 2];

/// By each deviation of the base the log of the mean density of several flows.
fn by_deviation(flows: &[Said], dim: usize) -> [f64; 11] {
    DEVIATIONS.map(|s| {
        let of = |[own, square]: &Said| {
            let value = own + 0.5 * square * (1.0 - 1.0 / (s * s)) - dim as f64 * ln(s);
            if value.is_nan() { f64::NEG_INFINITY } else { value }
        };
        let most = flows.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = flows.iter().map(|own| exp(of(own) - most)).sum();
        if most.is_finite() { most + ln(sum / flows.len() as f64) } else { f64::NEG_INFINITY }
    })
}

/// ln Σ w exp(values), and how much of the sum each has.
fn mixed(weights: &[f64; 11], values: &[f64; 11]) -> (f64, [f64; 11]) {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut parts = [0.0; 11];
    if !most.is_finite() {
        return (most, parts);
    }
    for ((part, weight), value) in parts.iter_mut().zip(weights).zip(values) {
        *part = weight * exp(value - most);
    }
    let sum: f64 = parts.iter().sum();
    (most + ln(sum), parts.map(|part| part / sum))
}

impl Radial {
    /// The likeliest for rows of which flows that have not learnt from them say this, by expectation and
    /// maximisation, where some rows at a deviation of one are thought besides: few rows say little.
    pub fn likeliest<'a>(rows: impl Iterator<Item = &'a Vec<Said>>, dim: usize) -> Self {
        let known: Vec<[f64; 11]> = rows
            .map(|flows| by_deviation(flows, dim))
            .filter(|values| values.iter().any(|value| value.is_finite()))
            .collect();
        let mut weights = [1.0 / 11.0; 11];
        for _ in 0..ROUNDS {
            let mut sums = [0.0; 11];
            sums[STANDARD.0] = STANDARD.1;
            for values in &known {
                let parts = mixed(&weights, values).1;
                sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
            }
            let total: f64 = sums.iter().sum();
            weights = sums.map(|sum| sum / total);
        }
        let kept = weights.map(|weight| if weight < SMALL { 0.0 } else { weight });
        let total: f64 = kept.iter().sum();
        Self { weights: kept.map(|weight| weight / total) }
    }

    /// The log of the mean density of flows with this base, by what they say with a standard normal one.
    pub fn log_prob(&self, flows: &[Said], dim: usize) -> f64 {
        mixed(&self.weights, &by_deviation(flows, dim)).0
    }

    /// As a base.
    pub fn base(&self, dim: usize) -> Result<AnyBase<f32>> {
        let own = DEVIATIONS.iter().zip(&self.weights).filter(|(_, weight)| **weight > 0.0);
        let (deviations, weights): (Vec<f32>, Vec<f32>) =
            own.map(|(deviation, weight)| (*deviation as f32, *weight as f32)).unzip();
        if deviations == [1.0] {
            return Ok(AnyBase::new(StandardNormal::new(dim)));
        }
        let means = DMatrix::zeros(dim, deviations.len());
        let deviations = DMatrix::from_fn(dim, deviations.len(), |_, k| deviations[k]);
        let base: Mixture<f32, DiagonalNormal<f32>> =
            Mixture::normals(&weights, &means, &deviations)?;
        Ok(AnyBase::new(base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::Density;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn the_base_is_the_density_that_was_said() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut normal = |scale: f64| scale * rng.sample::<f64, _>(rand_distr::StandardNormal);
        // Half of the rows three times as far out as the others.
        let points = DMatrix::from_fn(3, 600, |_, j| normal(if j % 2 == 0 { 1.0 } else { 3.0 }));
        let narrow = points.map(|x| x as f32);
        let standard = StandardNormal::new(3).log_prob(&narrow).expect("finite");
        let of = |(own, z): (&f32, nalgebra::DVectorView<'_, f64>)| {
            vec![[f64::from(*own), z.norm_squared()]]
        };
        let rows: Vec<Vec<Said>> = standard.iter().zip(points.column_iter()).map(of).collect();
        let radial = Radial::likeliest(rows.iter(), 3);
        let said: Vec<f64> = rows.iter().map(|row| radial.log_prob(row, 3)).collect();
        let own = radial.base(3).expect("valid").log_prob(&narrow).expect("finite");
        for (said, own) in said.iter().zip(&own) {
            assert!((said - f64::from(*own)).abs() < 1e-4 * said.abs().max(1.0), "{said} {own}");
        }
        // A standard normal base would lose the half of ln 9 - 8/9 and more on every second coordinate.
        let gain = said.iter().zip(&rows).map(|(said, row)| said - row[0][0]).sum::<f64>() / 600.0;
        assert!(gain > 0.9, "{gain}");
    }

    #[test]
    fn what_is_normal_stays_so() {
        let mut rng = StdRng::seed_from_u64(2);
        let mut square =
            || (0..4).map(|_| rng.sample::<f64, _>(rand_distr::StandardNormal).powi(2)).sum();
        let squares: Vec<f64> = (0..2000).map(|_| square()).collect();
        let rows: Vec<Vec<Said>> = squares.iter().map(|square| vec![[0.0, *square]]).collect();
        let radial = Radial::likeliest(rows.iter(), 4);
        let gain = rows.iter().map(|row| radial.log_prob(row, 4)).sum::<f64>() / 2000.0;
        // Ten weights gain no more than chance gives them: twice the sum is below a chi-square of ten degrees.
        assert!(gain.abs() < 0.5 * 40.0 / 2000.0, "{gain}");
        assert!((width(&squares, 4) - 1.0).abs() < 0.05);
    }
}
