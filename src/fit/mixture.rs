//! Mixtures of normals by expectation and maximisation.

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::density::{Mixture, MultivariateNormal};
use crate::error::{Error, Result};
use crate::kernels::matrix_product;
use crate::real::portable::{exp, ln, powf};

/// The number of rounds of k-means that a mixture starts from.
const MEANS: usize = 8;
/// The most rounds of expectation and maximisation.
const ROUNDS: usize = 100;
/// By how many nats a row a round must gain for another to follow.
const GAIN: f64 = 1e-3;

/// Weights, means and covariances.
#[derive(Debug, Clone)]
pub(super) struct Normals {
    pub weights: Vec<f64>,
    pub means: DMatrix<f64>,
    pub covariances: Vec<DMatrix<f64>>,
}

impl Normals {
    /// A mixture of `count` normals for white points (dim x n): expectation and maximisation (Dempster, Laird and Rubin 1977)
    /// from k-means++ (Arthur and Vassilvitskii 2007).
    ///
    /// Every covariance is that of its share of the points and of `strength` points more, whose covariance is
    /// that of all over K^(2/dim), as if these had the volume of one component of K (as Fraley and Raftery
    /// 2007, Bayesian regularization for normal mixture estimation and model-based clustering, Journal of
    /// Classification 24, choose theirs): so none collapses onto a few points.
    pub fn fit(
        white: &DMatrix<f64>,
        count: usize,
        strength: f64,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Self> {
        let mut shares = clusters(white, count, rng);
        let mut before = f64::NEG_INFINITY;
        let mut found = Self::of_shares(white, &shares, strength);
        for _ in 0..ROUNDS {
            let likelihood = found.divide(white, &mut shares)?;
            found = Self::of_shares(white, &shares, strength);
            if likelihood - before < GAIN {
                break;
            }
            before = likelihood;
        }
        Ok(found)
    }

    /// The most likely normals where every point belongs to each by a share: n x K.
    fn of_shares(white: &DMatrix<f64>, shares: &DMatrix<f64>, strength: f64) -> Self {
        let (dim, count) = (white.nrows(), shares.ncols());
        let usual = strength / powf(count as f64, 2.0 / dim as f64);
        let totals: Vec<f64> = shares.column_iter().map(|share| share.sum()).collect();
        let mut means = matrix_product(white, shares);
        let mut covariances = Vec::with_capacity(count);
        for (k, total) in totals.iter().enumerate() {
            // A component that lost all points stays at the mean of all, and weighs next to nothing.
            means.column_mut(k).unscale_mut(total.max(1e-300));
            let mut weighted = white.clone();
            let mut centred = white.clone();
            for (j, (mut weighted, mut centred)) in
                weighted.column_iter_mut().zip(centred.column_iter_mut()).enumerate()
            {
                centred -= means.column(k);
                weighted.copy_from(&centred);
                weighted *= shares[(j, k)];
            }
            let mut covariance = matrix_product(&weighted, &centred.transpose());
            covariance = 0.5 * (&covariance + covariance.transpose());
            (0..dim).for_each(|i| covariance[(i, i)] += usual);
            covariances.push(covariance / (total + strength));
        }
        let all: f64 = totals.iter().map(|total| total + 1e-6).sum();
        Self {
            weights: totals.iter().map(|total| (total + 1e-6) / all).collect(),
            means,
            covariances,
        }
    }

    /// The shares of the points, and the mean log-likelihood.
    fn divide(&self, white: &DMatrix<f64>, shares: &mut DMatrix<f64>) -> Result<f64> {
        for k in 0..self.weights.len() {
            shares.set_column(k, &self.log_prob(white, k)?);
        }
        let mut sum = 0.0;
        for mut row in shares.row_iter_mut() {
            let most = row.max();
            let total: f64 = row.iter().map(|value| exp(value - most)).sum();
            let log = most + ln(total);
            sum += log;
            row.iter_mut().for_each(|value| *value = exp(*value - log));
        }
        Ok(sum / white.ncols() as f64)
    }

    /// ln w p of one component.
    fn log_prob(&self, white: &DMatrix<f64>, k: usize) -> Result<DVector<f64>> {
        let factor = Cholesky::new(self.covariances[k].clone())
            .ok_or_else(|| Error::training("a component of a mixture collapsed"))?;
        let mut centred = white.clone();
        centred.column_iter_mut().for_each(|mut column| column -= self.means.column(k));
        let inverse = factor
            .l()
            .solve_lower_triangular(&DMatrix::identity(white.nrows(), white.nrows()))
            .ok_or_else(|| Error::training("a component of a mixture collapsed"))?;
        let z = matrix_product(&inverse, &centred);
        let half: f64 = inverse.diagonal().iter().map(|value| ln(*value)).sum();
        let constant =
            ln(self.weights[k]) + half - 0.5 * white.nrows() as f64 * ln(std::f64::consts::TAU);
        Ok(DVector::from_iterator(
            white.ncols(),
            z.column_iter().map(|z| constant - 0.5 * z.norm_squared()),
        ))
    }

    /// As a base.
    pub fn base(&self) -> Result<Mixture<f64, MultivariateNormal<f64>>> {
        Mixture::full_normals(&self.weights, &self.means, &self.covariances)
    }
}

/// Every point in one of `count` clusters by k-means: n x K of zeros and ones.
fn clusters(white: &DMatrix<f64>, count: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    let points = white.ncols();
    let mut means = seeds(white, count, rng);
    let mut shares = DMatrix::zeros(points, count);
    for _ in 0..MEANS {
        shares.fill(0.0);
        for (j, point) in white.column_iter().enumerate() {
            let distance = |k: &usize| (point - means.column(*k)).norm_squared();
            let nearest = (0..count).min_by(|a, b| distance(a).total_cmp(&distance(b)));
            shares[(j, nearest.unwrap_or(0))] = 1.0;
        }
        let sums = matrix_product(white, &shares);
        for k in 0..count {
            let total: f64 = shares.column(k).sum();
            if total > 0.0 {
                means.set_column(k, &(sums.column(k) / total));
            }
        }
    }
    shares
}

/// Points to start from, each chosen by its squared distance from those before.
fn seeds(white: &DMatrix<f64>, count: usize, rng: &mut Xoshiro256PlusPlus) -> DMatrix<f64> {
    let points = white.ncols();
    let mut chosen = vec![rng.random_range(0..points)];
    let mut distances = vec![f64::INFINITY; points];
    while chosen.len() < count {
        let last = chosen[chosen.len() - 1];
        for (distance, point) in distances.iter_mut().zip(white.column_iter()) {
            *distance = distance.min((point - white.column(last)).norm_squared());
        }
        let mut place = distances.iter().sum::<f64>() * rng.random::<f64>();
        let next = distances.iter().position(|distance| {
            place -= distance;
            place < 0.0
        });
        chosen.push(next.unwrap_or(points - 1));
    }
    white.select_columns(&chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::{Density, Sample};
    use rand::SeedableRng;

    #[test]
    fn two_clusters_are_found() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let truth = Normals {
            weights: vec![0.25, 0.75],
            means: nalgebra::dmatrix![-1.5, 0.5; 0.0, 0.0],
            covariances: vec![
                nalgebra::dmatrix![0.05, 0.02; 0.02, 0.1],
                nalgebra::dmatrix![0.2, -0.1; -0.1, 0.3],
            ],
        };
        let base = truth.base().expect("valid");
        let data = base.sample(4000, &mut rng).expect("drawn");
        let found = Normals::fit(&data, 2, 1.0, &mut rng).expect("fits");
        let fitted = found.base().expect("valid");
        let better =
            fitted.log_prob(&data).expect("finite") - base.log_prob(&data).expect("finite");
        // Twice the gain of n points by the best of eleven parameters is chi-square with as many degrees: 36 is
        // beyond a part in ten thousand. The points of the prior take a little.
        let gain = better.sum();
        assert!((-2.0..18.0).contains(&gain), "{gain}");
        let one = Normals::fit(&data, 1, 1e-9, &mut rng).expect("fits");
        assert!((one.means.column(0) - data.column_mean()).amax() < 1e-9);
    }
}
