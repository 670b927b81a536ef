//! The base of a flow that is fitted, and draws that look farther than it.

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::defensive;
use super::modes::Mode;
use super::place::Place;
use crate::density::{AnyBase, Base, Mixture, StandardNormal};
use crate::error::Result;
use crate::real::portable::exp;

/// A base in white coordinates.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub base: AnyBase<f64>,
    /// Whether wider draws come in addition; a mixture over modes holds its own.
    widened: bool,
}

/// The share of a mode's mass in a wider component, and how much wider that is.
const WIDER: [f64; 2] = [0.2, 1.6];

impl Ground {
    pub fn standard(dim: usize) -> Self {
        Self { base: AnyBase::new(StandardNormal::new(dim)), widened: true }
    }

    /// The normal densities of several modes, each by its mass and a part of it wider.
    pub fn of_modes(modes: &[Mode], place: &Place) -> Result<Self> {
        let [share, wider] = WIDER;
        let most = modes.iter().map(|mode| mode.log_mass).fold(f64::NEG_INFINITY, f64::max);
        let means: Vec<DVector<f64>> = modes.iter().map(|mode| mode.point().clone()).collect();
        let white = place.frame.inside(&DMatrix::from_columns(&means));
        let (mut weights, mut centers, mut covariances) = (Vec::new(), Vec::new(), Vec::new());
        for (k, mode) in modes.iter().enumerate() {
            let covariance = place.whiten(&mode.normal.covariance);
            for (part, scale) in [(1.0 - share, 1.0), (share, wider)] {
                weights.push(part * exp(mode.log_mass - most));
                centers.push(white.column(k).clone_owned());
                covariances.push(&covariance * (scale * scale));
            }
        }
        let mixture =
            Mixture::full_normals(&weights, &DMatrix::from_columns(&centers), &covariances)?;
        Ok(Self { base: AnyBase::new(mixture), widened: false })
    }

    /// Draws, contiguous, with the logarithms of their density beside that of the base.
    pub fn draws(&self, count: usize, how: Draw, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let (dim, mut rng) =
            (crate::density::Density::dim(&self.base), ChaCha8Rng::seed_from_u64(seed));
        let mut columns = vec![0.0; count * dim];
        if !self.widened || how == Draw::Plain {
            columns.chunks_mut(dim).for_each(|column| self.base.draw(column, &mut rng));
            return (columns, vec![0.0; count]);
        }
        columns.chunks_mut(dim).for_each(|column| defensive::draw(column, &mut rng));
        let ratios = columns.chunks(dim).map(defensive::log_ratio).collect();
        (columns, ratios)
    }

    /// The logarithms of the density of the wider draws beside that of the base, at points of it.
    pub fn log_ratios(&self, base: &DMatrix<f64>) -> Vec<f64> {
        let columns = base.as_slice().chunks(base.nrows().max(1));
        let ratio = |z| if self.widened { defensive::log_ratio(z) } else { 0.0 };
        columns.map(ratio).collect()
    }
}

/// How draws are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Draw {
    /// By the base alone.
    Plain,
    /// With wider ones among them.
    Defensive,
}
