//! The exact trace of a field with up to two hidden layers, as a contraction of constant matrices.
//!
//! Let d_l be the slopes of the activations of hidden layer l, and A the columns of the first
//! weight that multiply x. Then the trace of the Jacobian is
//!
//! - without hidden layers, tr A;
//! - with one, c'd_1, where c_i = Σ_k A_ik W_ki for the last weight W;
//! - with two, d_2'M d_1, where M = V ∘ (A W)' for the middle weight V and the last weight W.
//!
//! M depends on the parameters alone. The price of the trace is one product of M with the slopes,
//! whatever the dimension. Its derivative by the parameters needs only the sum of d_2 d_1' over
//! all samples, weighted with the cotangents, which is folded into the gradient once.

use super::Mlp;
use crate::kernels::Weights;
use crate::real::Real;

/// The constant of the trace: tr A, c, or M; empty for deeper networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Contraction<T> {
    pub(super) values: Vec<T>,
}

impl<T: Real> Mlp<T> {
    /// The number of values of the constant, none if the network is deeper than two hidden layers.
    pub(super) fn contraction_len(&self) -> usize {
        match self.hidden() {
            [] => 1,
            [first] => *first,
            [first, second] => first * second,
            _ => 0,
        }
    }

    /// M, second x first hidden width.
    pub(super) fn contraction_matrix(&self) -> Weights<'_, T> {
        let (first, second) = (self.hidden()[0], self.hidden()[1]);
        Weights::new(&self.contraction.values, second, first)
    }

    /// Computes the constant anew; to be called whenever the parameters change.
    pub(super) fn contract(&mut self) {
        let mut values = std::mem::take(&mut self.contraction.values);
        values.resize(self.contraction_len(), T::zero());
        match self.depth() {
            0 => values[0] = trace(self.weight_of_x()),
            1 => {
                for (i, c) in values.iter_mut().enumerate() {
                    *c = self.round_trip(i, i);
                }
            }
            2 => {
                let middle = &self.values[self.layers[1].weight.clone()];
                let width = self.hidden()[0];
                for (index, (m, v)) in values.iter_mut().zip(middle).enumerate() {
                    *m = *v * self.round_trip(index % width, index / width);
                }
            }
            _ => {}
        }
        self.contraction.values = values;
    }

    /// (A W)_ij: from unit `j` of the last hidden layer through space to unit `i` of the first.
    fn round_trip(&self, i: usize, j: usize) -> T {
        let (a, w) = (self.weight_of_x(), self.weight(self.depth()));
        let start = i * a.row_stride;
        let row = &a.data[start..start + self.shape.dim];
        let column = w.data[j..].iter().step_by(w.row_stride);
        row.iter().zip(column).fold(T::zero(), |sum, (&a, &w)| sum + a * w)
    }

    /// Adds the gradient that the sums over samples stand for: Σ τ̄, Σ τ̄ d_1, or Σ τ̄ d_2 d_1'.
    pub(super) fn fold_contraction(&self, sums: &[T], gradient: &mut [T]) {
        match self.depth() {
            0 => {
                let weight = &mut gradient[self.layers[0].weight.clone()];
                for entry in weight.iter_mut().step_by(self.layers[0].inputs + 1).take(self.shape.dim) {
                    *entry += sums[0];
                }
            }
            1 => {
                for (i, sum) in sums.iter().enumerate() {
                    self.fold_round_trip(i, i, *sum, gradient);
                }
            }
            2 => {
                let (width, middle) = (self.hidden()[0], self.layers[1].weight.clone());
                for (index, sum) in sums.iter().enumerate() {
                    let (i, j) = (index % width, index / width);
                    gradient[middle.start + index] += *sum * self.round_trip(i, j);
                    let weight = self.values[middle.start + index];
                    self.fold_round_trip(i, j, *sum * weight, gradient);
                }
            }
            _ => {}
        }
    }

    /// Adds `cotangent` times the derivative of (A W)_ij.
    fn fold_round_trip(&self, i: usize, j: usize, cotangent: T, gradient: &mut [T]) {
        let (first, last) = (&self.layers[0], &self.layers[self.depth()]);
        for k in 0..self.shape.dim {
            let a = first.weight.start + i * first.inputs + k;
            let w = last.weight.start + k * last.inputs + j;
            gradient[a] += cotangent * self.values[w];
            gradient[w] += cotangent * self.values[a];
        }
    }
}

/// The trace of a square matrix.
fn trace<T: Real>(a: Weights<'_, T>) -> T {
    let diagonal = a.data.iter().step_by(a.row_stride + 1).take(a.cols);
    diagonal.fold(T::zero(), |sum, &value| sum + value)
}
