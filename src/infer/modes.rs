//! Modes of a target, and whether a flow has them.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rayon::prelude::*;

use super::Target;
use super::free::Free;
use super::gaussian::Gaussian;
use super::place::Place;
use super::summit::laplace;
use crate::real::Normal;
use crate::real::portable::ln;
use nalgebra::{Cholesky, DVector};

/// How many points are followed uphill.
const STARTS: usize = 128;
/// How far they lie around the middle, in deviations.
const FAR: f64 = 3.0;
/// Modes nearer to one another than this, in deviations of the wider, are one.
const APART: f64 = 1.0;

/// A mode with the normal density of its curvature.
#[derive(Debug, Clone)]
pub(super) struct Mode {
    pub normal: Gaussian,
    /// ln p̃ there.
    pub height: f64,
    /// The logarithm of the mass that its curvature promises.
    pub log_mass: f64,
}

/// The modes that points far around a place lead to, the heaviest first.
pub(super) fn modes<Q: Target + ?Sized>(
    target: &Free<'_, Q>,
    place: &Place,
    rng: &mut ChaCha8Rng,
) -> Vec<Mode> {
    let dim = target.dim();
    let mut white = || (0..dim).map(|_| FAR * rng.sample(Normal)).collect::<Vec<f64>>();
    // A quarter around where the target was found to lie, the others around the origin.
    let starts: Vec<Vec<f64>> =
        (0..STARTS).map(|k| if k % 4 == 0 { place.at(&white()) } else { white() }).collect();
    let found: Vec<Option<Mode>> = starts
        .par_iter()
        .map(|start| Mode::of(target, laplace(target, start).filter(|end| end.reached)?.normal))
        .collect();
    let mut apart: Vec<Mode> = Vec::new();
    for mode in found.into_iter().flatten() {
        if apart.iter().all(|other| other.is_apart(&mode)) {
            apart.push(mode);
        }
    }
    apart.sort_by(|a, b| b.log_mass.total_cmp(&a.log_mass));
    apart
}

impl Mode {
    fn of<Q: Target + ?Sized>(target: &Free<'_, Q>, normal: Gaussian) -> Option<Self> {
        let height = target.value(normal.mean.as_slice());
        let factor = Cholesky::new(normal.covariance.clone())?;
        let half: f64 = factor.l_dirty().diagonal().iter().map(|value| ln(*value)).sum();
        let dim = normal.mean.len() as f64;
        let log_mass = height + half + 0.5 * dim * ln(std::f64::consts::TAU);
        log_mass.is_finite().then_some(Self { normal, height, log_mass })
    }

    fn is_apart(&self, other: &Self) -> bool {
        let off = &self.normal.mean - &other.normal.mean;
        let rows = 0..off.len();
        let share = |i: usize| {
            let [a, b] = [&self.normal, &other.normal].map(|normal| normal.covariance[(i, i)]);
            off[i] * off[i] / a.max(b)
        };
        rows.map(share).sum::<f64>() > APART * APART
    }

    pub fn point(&self) -> &DVector<f64> {
        &self.normal.mean
    }
}
