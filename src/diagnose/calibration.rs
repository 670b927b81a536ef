//! Calibration: whether held-out samples, taken back to the base, look like samples of the base.

use nalgebra::DMatrix;

use super::statistics::{Uniformity, chi_square_cdf, normal_cdf};
use crate::real::Real;

/// Probability integral transforms of the base points of held-out samples.
///
/// If the samples are the model's, the base points z are standard normal, so that Φ(zᵢ) is uniform for
/// every coordinate and F(|z|²) is, with F the distribution function of χ² with dim degrees of
/// freedom (Diebold, Gunther and Tay 1998; Rosenblatt 1952). A radius that piles up at one says that
/// held-out samples lie further out than the model expects; at zero, further in.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Φ(zᵢ), one set for every coordinate of the base.
    pub coordinates: Vec<Uniformity>,
    /// F(|z|²).
    pub radius: Uniformity,
}

impl Calibration {
    /// The share of samples inside each highest-density region of the base, beside the share that
    /// should be inside: what is plotted as coverage.
    pub fn coverage(&self, levels: &[f64]) -> Vec<f64> {
        let inside = |level: f64| self.radius.values.partition_point(|u| *u <= level);
        let count = self.radius.values.len() as f64;
        levels.iter().map(|level| inside(*level) as f64 / count).collect()
    }

    /// The smallest p-value of all coordinates and the radius, times their number (Bonferroni): the
    /// probability that the worst of them comes out like this or worse by chance is at most this.
    pub fn p_value(&self) -> f64 {
        let all = self.coordinates.iter().chain([&self.radius]);
        let least = all.map(|test| test.p_value).fold(1.0, f64::min);
        (least * (self.coordinates.len() + 1) as f64).min(1.0)
    }

    /// The coordinate that is furthest from uniform.
    pub fn worst_coordinate(&self) -> usize {
        let places = 0..self.coordinates.len();
        let statistic = |i: &usize| self.coordinates[*i].statistic;
        places.max_by(|a, b| statistic(a).total_cmp(&statistic(b))).unwrap_or(0)
    }
}

pub(super) fn calibrate<T: Real>(latent: &DMatrix<T>) -> Calibration {
    let coordinate = |i: usize| {
        let values: Vec<f64> = latent.row(i).iter().map(|z| normal_cdf(z.wide())).collect();
        Uniformity::of(&values)
    };
    let freedom = latent.nrows() as f64;
    let squares = latent.column_iter().map(|z| z.iter().map(|z| z.wide().powi(2)).sum::<f64>());
    let radius: Vec<f64> = squares.map(|square| chi_square_cdf(freedom, square)).collect();
    Calibration {
        coordinates: (0..latent.nrows()).map(coordinate).collect(),
        radius: Uniformity::of(&radius),
    }
}
