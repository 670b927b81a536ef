//! An affine map by a matrix and a shift, with its inverse by another.

use nalgebra::{DMatrix, DVector};

use super::super::Direction;
use super::constant::ConstantMap;
use crate::columns::{Rows, RowsMut, Scratch};
use crate::kernels::{Start, Weights, outer, product, row_sums};
use crate::real::Real;

/// y = M x + m, and x = N y + n with N = M⁻¹ and n = -N m.
///
/// The entries are those of M, row after row, and of m.
#[derive(Debug, Clone)]
pub struct AffineMap<T> {
    dim: usize,
    forward: Half<T>,
    inverse: Half<T>,
    log_det: T,
    /// The Frobenius norms of M and of N, and the largest entry of m and of n in size.
    sizes: [[f64; 2]; 2],
}

/// One direction.
#[derive(Debug, Clone)]
struct Half<T> {
    matrix: Vec<T>,
    shift: Vec<T>,
}

impl<T: Real> Half<T> {
    fn new((matrix, shift): (DMatrix<f64>, DVector<f64>)) -> Self {
        Self {
            matrix: matrix.transpose().iter().map(|&value| T::of(value)).collect(),
            shift: shift.iter().map(|&value| T::of(value)).collect(),
        }
    }
}

impl<T: Real> AffineMap<T> {
    /// The map with matrix and shift of both directions, and ln |det M|.
    pub(super) fn new(
        forward: (DMatrix<f64>, DVector<f64>),
        inverse: (DMatrix<f64>, DVector<f64>),
        log_det: f64,
    ) -> Self {
        let dim = forward.0.nrows();
        let size = |half: &(DMatrix<f64>, DVector<f64>)| [half.0.norm(), half.1.amax()];
        let sizes = [size(&forward), size(&inverse)];
        let (forward, inverse) = (Half::new(forward), Half::new(inverse));
        Self { dim, forward, inverse, log_det: T::of(log_det), sizes }
    }

    fn half(&self, direction: Direction) -> &Half<T> {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Inverse => &self.inverse,
        }
    }

    fn weights(&self, direction: Direction) -> Weights<'_, T> {
        Weights::new(&self.half(direction).matrix, self.dim, self.dim)
    }
}

impl<T: Real> ConstantMap<T> for AffineMap<T> {
    fn log_det(&self) -> T {
        self.log_det
    }

    fn entries(&self) -> usize {
        self.dim * (self.dim + 1)
    }

    fn apply(&self, direction: Direction, points: Rows<'_, T>, out: RowsMut<'_, T>) {
        let start = Start::Bias(&self.half(direction).shift);
        product(self.weights(direction), points, start, out);
    }

    /// Roundings of the terms of M x + m, and of the terms of N y + n, as if they were random.
    fn blur(&self, x: f64, y: f64) -> f64 {
        let [[forward, shift], [inverse, behind]] = self.sizes;
        inverse * (forward * x + shift + y) + behind
    }

    fn blends(&self) -> bool {
        true
    }

    fn pull(&self, direction: Direction, bars: Rows<'_, T>, out: RowsMut<'_, T>) {
        product(self.weights(direction).transposed(), bars, Start::Zero, out);
    }

    fn add_entries(
        &self,
        bars: Rows<'_, T>,
        start: Rows<'_, T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (matrix, shift) = sums.split_at_mut(self.dim * self.dim);
        outer(bars, start, matrix, self.dim, scratch);
        row_sums(bars, shift);
    }
}
