//! The base of a flow that is fitted, and draws that look farther than it.

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::defensive;
use super::modes::Mode;
use super::place::Place;
use crate::density::{AnyBase, Base, Density, Mixture, StandardNormal};
use crate::error::Result;
use crate::real::portable::exp;

/// A base in white coordinates.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub base: AnyBase<f64>,
    wider: Wider,
}

/// What looks farther than the base.
#[derive(Debug, Clone)]
enum Wider {
    /// Wider normal densities beside the standard one.
    Normals,
    /// The same modes, which are wide by themselves, and the light ones among them more often.
    Modes(AnyBase<f64>),
}

/// The share of a mode's mass in a wider component, and how much wider that is.
const WIDER: [f64; 2] = [0.2, 1.6];
/// The share of draws that fall to all modes alike, so that light ones are weighed as exactly as heavy ones.
const ALIKE: f64 = 0.3;

impl Ground {
    pub fn standard(dim: usize) -> Self {
        Self { base: AnyBase::new(StandardNormal::new(dim)), wider: Wider::Normals }
    }

    /// The normal densities of several modes, each by its mass and a part of it wider.
    pub fn of_modes(modes: &[Mode], place: &Place) -> Result<Self> {
        let most = modes.iter().map(|mode| mode.log_mass).fold(f64::NEG_INFINITY, f64::max);
        let masses: Vec<f64> = modes.iter().map(|mode| exp(mode.log_mass - most)).collect();
        let total: f64 = masses.iter().sum();
        let each = 1.0 / modes.len() as f64;
        let alike: Vec<f64> =
            masses.iter().map(|mass| (1.0 - ALIKE) * mass / total + ALIKE * each).collect();
        let base = mixture(modes, place, &masses)?;
        Ok(Self { base, wider: Wider::Modes(mixture(modes, place, &alike)?) })
    }

    /// Draws, contiguous, with the logarithms of their density beside that of the base.
    pub fn draws(&self, count: usize, how: Draw, seed: u64) -> Result<(Vec<f64>, Vec<f64>)> {
        let (dim, mut rng) = (Density::dim(&self.base), ChaCha8Rng::seed_from_u64(seed));
        let mut points = DMatrix::zeros(dim, count);
        let columns = points.as_mut_slice().chunks_mut(dim);
        let ratios = match (&self.wider, how) {
            (_, Draw::Plain) => {
                columns.for_each(|column| self.base.draw(column, &mut rng));
                vec![0.0; count]
            }
            (Wider::Normals, Draw::Defensive) => {
                columns.for_each(|column| defensive::draw(column, &mut rng));
                self.log_ratios(&points)?
            }
            (Wider::Modes(alike), Draw::Defensive) => {
                columns.for_each(|column| alike.draw(column, &mut rng));
                self.log_ratios(&points)?
            }
        };
        Ok((points.data.into(), ratios))
    }

    /// The logarithms of the density of the wider draws beside that of the base, at points of it.
    pub fn log_ratios(&self, base: &DMatrix<f64>) -> Result<Vec<f64>> {
        match &self.wider {
            Wider::Normals => {
                let columns = base.as_slice().chunks(base.nrows().max(1));
                Ok(columns.map(defensive::log_ratio).collect())
            }
            Wider::Modes(alike) => {
                Ok((alike.log_prob(base)? - self.base.log_prob(base)?).as_slice().to_vec())
            }
        }
    }
}

/// The normal densities of modes with these weights, a part of each wider.
fn mixture(modes: &[Mode], place: &Place, masses: &[f64]) -> Result<AnyBase<f64>> {
    let [share, wider] = WIDER;
    let means: Vec<DVector<f64>> = modes.iter().map(|mode| mode.point().clone()).collect();
    let white = place.frame.inside(&DMatrix::from_columns(&means));
    let (mut weights, mut centers, mut covariances) = (Vec::new(), Vec::new(), Vec::new());
    for (k, mode) in modes.iter().enumerate() {
        let covariance = place.whiten(&mode.normal.covariance);
        for (part, scale) in [(1.0 - share, 1.0), (share, wider)] {
            weights.push(part * masses[k]);
            centers.push(white.column(k).clone_owned());
            covariances.push(&covariance * (scale * scale));
        }
    }
    let mixture = Mixture::full_normals(&weights, &DMatrix::from_columns(&centers), &covariances)?;
    Ok(AnyBase::new(mixture))
}

/// How draws are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Draw {
    /// By the base alone.
    Plain,
    /// With wider ones among them.
    Defensive,
}
