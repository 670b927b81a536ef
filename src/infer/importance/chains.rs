//! Draws of Markov chains, and how well they mixed.

use std::fmt;

use nalgebra::DMatrix;

use super::measured::Measured;
use super::mixing::Mixing;

/// Draws of several chains of one length.
#[derive(Debug, Clone)]
pub struct Chains {
    points: DMatrix<f64>,
    chains: usize,
    names: Vec<String>,
    accepted: f64,
}

impl Chains {
    /// One chain after the other.
    pub(super) fn new(
        points: DMatrix<f64>,
        chains: usize,
        names: Vec<String>,
        accepted: f64,
    ) -> Self {
        Self { points, chains, names, accepted }
    }

    /// All draws, a column each, one chain after the other.
    pub fn points(&self) -> &DMatrix<f64> {
        &self.points
    }

    /// The number of chains.
    pub fn chains(&self) -> usize {
        self.chains
    }

    /// The number of draws of each.
    pub fn draws(&self) -> usize {
        self.points.ncols() / self.chains
    }

    /// The names of the coordinates.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The share of proposals that were taken.
    pub fn accepted(&self) -> f64 {
        self.accepted
    }

    /// E_p f with its error, by the number of independent draws that those of f are worth.
    pub fn expectation(&self, of: impl Fn(&[f64]) -> f64) -> Measured {
        let values: Vec<f64> =
            self.points.as_slice().chunks(self.points.nrows().max(1)).map(of).collect();
        let Mixing { mean, variance, effective, .. } = Mixing::of(&values, self.draws());
        Measured { value: mean, standard_error: (variance / effective).sqrt() }
    }

    /// The mean of every coordinate.
    pub fn means(&self) -> Vec<Measured> {
        (0..self.points.nrows()).map(|i| self.expectation(|x| x[i])).collect()
    }

    /// R̂ of every coordinate by halves of chains: the deviation of all draws beside that within halves, one
    /// if they mixed (Gelman et al. 2013, Bayesian data analysis, section 11.4). Above 1.01 they did not.
    pub fn r_hat(&self) -> Vec<f64> {
        self.mixing().map(|found| found.r_hat).collect()
    }

    /// The number of independent draws that those of every coordinate are worth (Vehtari et al. 2021, Rank-normalization,
    /// folding, and localization, Bayesian Analysis 16, section 3.2, without ranks).
    pub fn effective_samples(&self) -> Vec<f64> {
        self.mixing().map(|found| found.effective).collect()
    }

    fn mixing(&self) -> impl Iterator<Item = Mixing> + '_ {
        let row = |i: usize| self.points.row(i).iter().copied().collect::<Vec<f64>>();
        (0..self.points.nrows()).map(move |i| Mixing::of(&row(i), self.draws()))
    }
}

/// How well they mixed, in a line.
impl fmt::Display for Chains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.r_hat().into_iter().fold(1.0, f64::max);
        let least = self.effective_samples().into_iter().fold(f64::INFINITY, f64::min);
        write!(
            f,
            "{} chains of {} draws: {:.0}% accepted, R̂ up to {most:.3}, {least:.0} effective draws or more",
            self.chains,
            self.draws(),
            100.0 * self.accepted
        )
    }
}
