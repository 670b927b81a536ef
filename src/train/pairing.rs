//! How the noise of flow matching is paired with the data.

use nalgebra::DMatrix;
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;

use crate::real::Real;

/// Which sample of the base goes with which sample of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pairing {
    /// Any with any.
    #[default]
    Independent,
    /// Within each mini-batch, the pairing of least total squared distance (Tong et al. 2024,
    /// Improving and generalizing flow-based generative models with minibatch optimal transport,
    /// section 3.3): straighter paths, and fewer steps when the flow is followed. Costs the cube of
    /// the batch size; best with batches of up to about 256.
    OptimalTransport,
}

impl Pairing {
    /// For every column of `data`, the column of `noise` that goes with it.
    pub fn pair<T: Real>(&self, noise: &DMatrix<T>, data: &DMatrix<T>) -> Vec<usize> {
        let identity = || (0..data.ncols()).collect();
        if *self == Self::Independent || data.ncols() == 0 {
            return identity();
        }
        let distance = |i: usize, j: usize| -> f64 {
            (0..data.nrows()).map(|k| (data[(k, i)] - noise[(k, j)]).wide().powi(2)).sum()
        };
        let n = data.ncols();
        let costs: Vec<f64> = (0..n * n).map(|k| distance(k / n, k % n)).collect();
        let largest = costs.iter().copied().fold(0.0, f64::max);
        if !(largest > 0.0 && largest.is_finite()) {
            return identity();
        }
        // The assignment is solved in whole numbers; 2^40 steps are finer than any pairing can feel.
        let scale = (1u64 << 40) as f64 / largest;
        let whole = costs.iter().map(|cost| (cost * scale).round() as i64).collect();
        match Matrix::from_vec(n, n, whole) {
            Ok(costs) => kuhn_munkres_min(&costs).1,
            Err(_) => identity(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_the_best_pairing_keeps_the_order() {
        let noise = nalgebra::dmatrix![0.3, -2.0, 1.5, 0.9];
        let data = nalgebra::dmatrix![10.0, 14.0, 11.0, 13.0];
        let pairs = Pairing::OptimalTransport.pair(&noise, &data);
        assert_eq!(pairs, [1, 2, 0, 3]);
    }
}
