//! Coordinates in which a target is about one wide, and free of the bounds of its support.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::weigh::Seen;
use crate::error::Result;
use crate::flow::{Direction, Flow, Moved};

/// x = T(m + L w) with the mean m and covariance LL' of draws in free coordinates.
pub(super) struct Way<'a> {
    target: Seen<'a>,
    mean: DVector<f64>,
    factor: DMatrix<f64>,
}

impl<'a> Way<'a> {
    /// Of draws of the target.
    pub fn of(target: Seen<'a>, draws: &DMatrix<f64>) -> Result<Self> {
        let dim = draws.nrows();
        let free = free(target, draws)?;
        let mean = free.column_mean();
        let mut off = free;
        off.column_iter_mut().for_each(|mut column| column -= &mean);
        let covariance = &off * off.transpose() / off.ncols() as f64;
        // Draws that lie in a plane, or are but one, are moved a little even so.
        let least = 1e-12 * covariance.diagonal().amax().max(1e-300);
        let covariance = covariance + DMatrix::identity(dim, dim) * least;
        let diagonal = || DMatrix::from_diagonal(&covariance.diagonal().map(f64::sqrt));
        let factor = Cholesky::new(covariance.clone()).map_or_else(diagonal, |found| found.l());
        Ok(Self { target, mean, factor })
    }

    /// The coordinates of points.
    pub fn inside(&self, points: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        let mut off = free(self.target, points)?;
        off.column_iter_mut().for_each(|mut column| column -= &self.mean);
        // The factor of a Cholesky decomposition is regular.
        self.factor.solve_lower_triangular_mut(&mut off);
        Ok(off)
    }

    /// Points, and the log-determinants on the way there but for a constant; NaN for those that lie at the ends of the
    /// numbers.
    pub fn outside(&self, white: &DMatrix<f64>) -> Result<(DMatrix<f64>, Vec<f64>)> {
        let mut free = &self.factor * white;
        free.column_iter_mut().for_each(|mut column| column += &self.mean);
        let Some(support) = self.target.support else {
            return Ok((free, vec![0.0; white.ncols()]));
        };
        let Moved { points, log_det, .. } = support.follow(Direction::Forward, &free, None)?;
        Ok((points, log_det.as_slice().to_vec()))
    }

    /// ln p̃ in these coordinates, minus infinity where it cannot be computed.
    pub fn log_density(&self, white: &DMatrix<f64>) -> Result<Vec<f64>> {
        let (points, log_dets) = self.outside(white)?;
        let values = self.target.log_density(&points)?;
        let sound = |value: f64| if value.is_nan() { f64::NEG_INFINITY } else { value };
        Ok(values.iter().zip(log_dets).map(|(value, log_det)| sound(value + log_det)).collect())
    }
}

/// Points in free coordinates.
fn free(target: Seen<'_>, points: &DMatrix<f64>) -> Result<DMatrix<f64>> {
    match target.support {
        Some(support) => Ok(support.follow(Direction::Inverse, points, None)?.points),
        None => Ok(points.clone()),
    }
}
