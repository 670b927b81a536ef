//! The way to a mode of a target, and the curvature there.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::Target;
use super::free::{At, Free};
use super::gaussian::Gaussian;

/// The most steps uphill.
const MOST: usize = 100;
/// A step that would gain less than this many nats is the last.
const GAIN: f64 = 1e-4;
/// The step of differences of gradients, in units of the coordinate's own scale.
const DIFFERENCE: f64 = 1e-4;
/// No axis is taken for wider than this, in the first radius' units.
const WIDEST: f64 = 1e3;

/// The normal density of the curvature at a mode, uphill from a point: by Newton's steps with the absolute
/// values of the curvatures (Dauphin et al. 2014, Identifying and attacking the saddle point problem, NeurIPS), as long as
/// the density grows as much as a quarter of what they promise. `None` if the target is not sound at the start.
pub(super) fn laplace<Q: Target + ?Sized>(target: &Free<'_, Q>, start: &[f64]) -> Option<Summit> {
    let mut point = DVector::from_column_slice(start);
    let mut here = sound(target, &point)?;
    let mut scale = DVector::from_element(point.len(), 1.0);
    for _ in 0..MOST {
        let spectrum = curvature(target, &point, &scale)?;
        let (step, promised) = newton(&spectrum, &here.gradient);
        scale = widths(&spectrum);
        let mut share = 1.0;
        let moved = loop {
            let next = &point + &step * share;
            let found = sound(target, &next);
            let enough = 0.25 * share * promised * (2.0 - share);
            match found.filter(|found| found.value - here.value >= enough) {
                Some(found) => break Some((next, found)),
                None if share < 1e-9 => break None,
                None => share *= 0.3,
            }
        };
        let Some((next, found)) = moved else { break };

        (point, here) = (next, found);
        if promised < GAIN {
            break;
        }
    }
    let spectrum = curvature(target, &point, &scale)?;
    let variances =
        spectrum.eigenvalues.map(|value| 1.0 / value.abs().max(1.0 / (WIDEST * WIDEST)));
    let covariance = &spectrum.eigenvectors
        * DMatrix::from_diagonal(&variances)
        * spectrum.eigenvectors.transpose();
    let covariance = (&covariance + covariance.transpose()) * 0.5;
    let finite = covariance.iter().chain(&point).all(|value| value.is_finite());
    let (_, left) = newton(&spectrum, &here.gradient);
    let reached = left < GAIN && spectrum.eigenvalues.iter().all(|&value| value > 0.0);
    finite.then_some(Summit { normal: Gaussian { mean: point, covariance }, reached })
}

/// Where the way uphill ended.
#[derive(Debug, Clone)]
pub(super) struct Summit {
    pub normal: Gaussian,
    /// Whether this is a mode: the slope promises nothing more, and the density falls to all sides.
    pub reached: bool,
}

fn sound<Q: Target + ?Sized>(target: &Free<'_, Q>, point: &DVector<f64>) -> Option<At> {
    Some(target.at(point.as_slice())).filter(At::is_sound)
}

/// -∂² ln p̃ by central differences of gradients, as its axes and curvatures.
fn curvature<Q: Target + ?Sized>(
    target: &Free<'_, Q>,
    point: &DVector<f64>,
    scale: &DVector<f64>,
) -> Option<SymmetricEigen<f64, nalgebra::Dyn>> {
    let dim = point.len();
    let mut matrix = DMatrix::zeros(dim, dim);
    for j in 0..dim {
        let step = DIFFERENCE * scale[j];
        let side = |sign: f64| {
            let mut moved = point.clone();
            moved[j] += sign * step;
            sound(target, &moved)
        };
        let (up, down) = (side(1.0)?, side(-1.0)?);
        for i in 0..dim {
            matrix[(i, j)] = (down.gradient[i] - up.gradient[i]) / (2.0 * step);
        }
    }
    let symmetric = (&matrix + matrix.transpose()) * 0.5;
    SymmetricEigen::try_new(symmetric, 1e-14, 0)
}

/// The step that |curvature| promises, and half of what it gains.
fn newton(spectrum: &SymmetricEigen<f64, nalgebra::Dyn>, gradient: &[f64]) -> (DVector<f64>, f64) {
    let slopes = spectrum.eigenvectors.tr_mul(&DVector::from_column_slice(gradient));
    let largest = spectrum.eigenvalues.amax();
    let least = (1e-14 * largest).max(1.0 / (WIDEST * WIDEST));
    let along =
        slopes.zip_map(&spectrum.eigenvalues, |slope, value| slope / value.abs().max(least));
    let gain = 0.5 * slopes.dot(&along);
    (&spectrum.eigenvectors * along, gain)
}

/// How far each coordinate must go for the density to change by about one nat, the others held.
fn widths(spectrum: &SymmetricEigen<f64, nalgebra::Dyn>) -> DVector<f64> {
    let vectors = &spectrum.eigenvectors;
    DVector::from_fn(vectors.nrows(), |i, _| {
        let own: f64 = (0..vectors.ncols())
            .map(|k| vectors[(i, k)].powi(2) * spectrum.eigenvalues[k].abs())
            .sum();
        1.0 / own.max(1.0 / (WIDEST * WIDEST)).sqrt()
    })
}
