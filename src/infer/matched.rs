//! The normal density that matches the scores of a target: where a flow starts.

use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};
use rand::rngs::ChaCha8Rng;

use super::Target;
use super::free::Free;
use super::gaussian::Gaussian;
use super::summit::laplace;
use crate::error::{Error, Result};
use crate::real::portable::ln;

/// Draws of one update.
const LEAST_DRAWS: usize = 16;
/// The most updates.
const MOST: usize = 400;

impl Gaussian {
    /// One update of batch and match: Σ and m solve in closed form for the balance between the
    /// discrepancy of scores over these draws and the distance from what was.
    ///
    /// With means and covariances of draws (z̄, C) and scores (ḡ, Γ), U = λΓ + λ/(1+λ) ḡḡ' and
    /// V = Σ + λC + λ/(1+λ) (m - z̄)(m - z̄)', the new covariance solves S U S + S = V, and the new mean is
    /// m/(1+λ) + λ/(1+λ) (S ḡ + z̄).
    fn update(&self, draws: &DMatrix<f64>, scores: &DMatrix<f64>, rate: f64) -> Option<Self> {
        let (center, spread) = moments(draws);
        let (slope, curvature) = moments(scores);
        let share = rate / (1.0 + rate);
        let off = &self.mean - &center;
        let pull = curvature * rate + &slope * slope.transpose() * share;
        let wide = &self.covariance + spread * rate + &off * off.transpose() * share;
        // S = 2 L (I + (I + 4 L'UL)^(1/2))^-1 L' with V = LL' solves the equation and stays symmetric.
        let factor = Cholesky::new(wide)?.l();
        let inner = factor.transpose() * pull * &factor;
        let spectrum = SymmetricEigen::try_new((&inner + inner.transpose()) * 0.5, 1e-14, 0)?;
        let shrink = spectrum
            .eigenvalues
            .map(|value| (2.0 / (1.0 + (1.0 + 4.0 * value.max(0.0)).sqrt())).sqrt());
        let turned = factor * &spectrum.eigenvectors * DMatrix::from_diagonal(&shrink);
        let covariance = &turned * turned.transpose();
        let mean = &self.mean / (1.0 + rate) + (&covariance * slope + center) * share;
        let sound = covariance.iter().chain(&mean).all(|value| value.is_finite())
            && covariance.diagonal().iter().all(|&variance| variance > 0.0);
        sound.then_some(Self { mean, covariance })
    }

    /// How far this lies from another, in its own deviations.
    fn distance(&self, other: &Self) -> f64 {
        let rows = 0..self.mean.len();
        let each = rows.map(|i| {
            let [a, b] = [self.covariance[(i, i)], other.covariance[(i, i)]];
            ((self.mean[i] - other.mean[i]).powi(2) / a.min(b)).sqrt().max(ln(a / b).abs())
        });
        each.fold(0.0, f64::max)
    }
}

/// Mean and covariance of columns.
fn moments(columns: &DMatrix<f64>) -> (DVector<f64>, DMatrix<f64>) {
    let mean = columns.column_mean();
    let mut off = columns.clone();
    off.column_iter_mut().for_each(|mut column| column -= &mean);
    let covariance = &off * off.transpose() / columns.ncols() as f64;
    (mean, covariance)
}

/// The normal density whose scores match those of p̃^β, by batch and match (Cai et al. 2024, Batch and match:
/// black-box variational inference with a score-based divergence, ICML, algorithm 1).
///
/// It has no rate to choose, and follows a normal target in a few updates however badly it is scaled.
/// `None` if at none of the draws the target is finite with a finite gradient.
pub(super) fn matched<Q: Target + ?Sized>(
    target: &Free<'_, Q>,
    start: Gaussian,
    power: f64,
    rng: &mut ChaCha8Rng,
) -> Option<Gaussian> {
    let mut now = start;
    let (dim, count) = (target.dim(), LEAST_DRAWS.max(2 * target.dim()));
    let (mut calm, mut seen) = (0, 0);
    for step in 0..MOST {
        let Some(draws) = now.draws(count, rng) else { break };
        let found: Vec<_> =
            draws.column_iter().map(|z| target.at(z.clone_owned().as_slice())).collect();
        let kept: Vec<usize> = (0..count).filter(|&j| found[j].is_sound()).collect();
        seen += kept.len();
        if kept.len() < 2 {
            now.covariance *= 0.5;
            continue;
        }
        let scores = DMatrix::from_fn(dim, kept.len(), |i, j| power * found[kept[j]].gradient[i]);
        let draws = draws.select_columns(&kept);
        let rate = (kept.len() * dim) as f64 / (step as f64 + 1.0);
        let Some(next) = now.update(&draws, &scores, rate) else {
            now.covariance *= 0.5;
            continue;
        };
        calm = if next.distance(&now) < 0.05 { calm + 1 } else { 0 };
        now = next;
        if calm == 5 {
            break;
        }
    }
    (seen > 0).then_some(now)
}

/// The best of several: matched from the standard normal density, and from that of a mode uphill from its middle,
/// each before and after matching.
///
/// # Errors
///
/// If the target is not finite at any of the draws tried.
pub(super) fn start<Q: Target + ?Sized>(
    target: &Free<'_, Q>,
    power: f64,
    rng: &mut ChaCha8Rng,
) -> Result<Gaussian> {
    let middle = Gaussian::standard(target.dim());
    let mode = laplace(target, middle.mean.as_slice());
    let mut candidates = vec![middle];
    candidates.extend(mode.map(|end| end.normal));
    for k in 0..candidates.len() {
        candidates.extend(matched(target, candidates[k].clone(), power, rng));
    }
    let scored: Vec<f64> =
        candidates.iter().map(|one| one.bound(target, power, 200, rng)).collect();
    let best = (0..scored.len()).max_by(|&a, &b| scored[a].total_cmp(&scored[b])).unwrap_or(0);
    match scored[best] > f64::NEG_INFINITY {
        true => Ok(candidates.swap_remove(best)),
        false => Err(Error::setting(
            "the target is not finite at draws around the middle of its free coordinates, nor uphill from there: check its formula and the supports of its parameters",
        )),
    }
}
