//! A normal density in free coordinates.

use std::f64::consts::TAU;

use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::Target;
use super::free::Free;
use crate::error::Result;
use crate::flow::continuous::Frame;
use crate::real::Normal;
use crate::real::portable::ln;

/// A normal density in free coordinates.
#[derive(Debug, Clone)]
pub(super) struct Gaussian {
    pub mean: DVector<f64>,
    pub covariance: DMatrix<f64>,
}

impl Gaussian {
    pub fn standard(dim: usize) -> Self {
        Self { mean: DVector::zeros(dim), covariance: DMatrix::identity(dim, dim) }
    }

    /// The frame x = m + D R^(1/2) z of the same moments.
    pub fn frame(&self) -> Result<Frame> {
        let deviation: Vec<f64> = self.covariance.diagonal().iter().map(|v| v.sqrt()).collect();
        let correlation = DMatrix::from_fn(self.mean.len(), self.mean.len(), |i, j| match i == j {
            true => 1.0,
            false => self.covariance[(i, j)] / (deviation[i] * deviation[j]),
        });
        let spectrum = SymmetricEigen::new(correlation);
        let roots = spectrum.eigenvalues.map(|value| value.max(1e-14).sqrt());
        let root = &spectrum.eigenvectors
            * DMatrix::from_diagonal(&roots)
            * spectrum.eigenvectors.transpose();
        let symmetric = (&root + root.transpose()) * 0.5;
        Frame::new(self.mean.as_slice(), &deviation, symmetric)
    }

    pub fn draws(&self, count: usize, rng: &mut ChaCha8Rng) -> Option<DMatrix<f64>> {
        let factor = Cholesky::new(self.covariance.clone())?;
        let white = DMatrix::from_fn(self.mean.len(), count, |_, _| rng.sample(Normal));
        let mut draws = factor.l() * white;
        draws.column_iter_mut().for_each(|mut column| column += &self.mean);
        Some(draws)
    }

    /// The evidence lower bound of p̃^β by so many draws; minus infinity if the target is not finite at one.
    pub fn bound<Q: Target + ?Sized>(
        &self,
        target: &Free<'_, Q>,
        power: f64,
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> f64 {
        let (Some(draws), Some(factor)) =
            (self.draws(count, rng), Cholesky::new(self.covariance.clone()))
        else {
            return f64::NEG_INFINITY;
        };
        let values = draws.column_iter().map(|u| target.value(u.clone_owned().as_slice()));
        let mean = values.sum::<f64>() * power / count as f64;
        let log_det = factor.l_dirty().diagonal().iter().map(|value| ln(*value)).sum::<f64>();
        let entropy = 0.5 * self.mean.len() as f64 * (1.0 + ln(TAU)) + log_det;
        let bound = mean + entropy;
        if bound.is_nan() { f64::NEG_INFINITY } else { bound }
    }
}
