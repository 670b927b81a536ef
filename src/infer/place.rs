//! Where the normal density of a target lies: the map from white coordinates to free ones.

use nalgebra::{DMatrix, DVector};

use crate::flow::continuous::Frame;

/// u = m + S w by a frame, one point at a time.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub frame: Frame,
    mean: DVector<f64>,
    matrix: DMatrix<f64>,
    /// R^(-1/2).
    inverse: DMatrix<f64>,
}

impl Place {
    pub fn new(frame: Frame) -> Self {
        let deviation = DMatrix::from_diagonal(&DVector::from_vec(frame.deviation()));
        let matrix = deviation * frame.root();
        let dim = frame.dim();
        // A frame's root is positive definite.
        let inverse =
            frame.root().clone().try_inverse().unwrap_or_else(|| DMatrix::identity(dim, dim));
        Self { mean: DVector::from_vec(frame.mean()), matrix, inverse, frame }
    }

    /// Free coordinates of white ones.
    pub fn at(&self, white: &[f64]) -> Vec<f64> {
        let moved = &self.matrix * DVector::from_column_slice(white) + &self.mean;
        moved.as_slice().to_vec()
    }

    /// From a gradient by free coordinates to that by white ones.
    pub fn pull(&self, gradient: &[f64]) -> Vec<f64> {
        self.matrix.tr_mul(&DVector::from_column_slice(gradient)).as_slice().to_vec()
    }

    /// A covariance of free coordinates as one of white ones.
    pub fn whiten(&self, covariance: &DMatrix<f64>) -> DMatrix<f64> {
        let units = self.frame.deviation();
        let scaled = DMatrix::from_fn(units.len(), units.len(), |i, j| {
            covariance[(i, j)] / (units[i] * units[j])
        });
        let turned = self.inverse.clone() * scaled * &self.inverse;
        (&turned + turned.transpose()) * 0.5
    }

    pub fn log_det(&self) -> f64 {
        self.frame.log_det()
    }
}
