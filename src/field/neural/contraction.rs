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
use crate::columns::{Block, Rows};
use crate::kernels::{Start, Weights, product};
use crate::real::Real;

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

    /// tr A, c, or M; computed when it is first asked for after the parameters changed.
    pub(super) fn contraction(&self) -> &[T] {
        self.contraction.get_or_init(|| self.contract())
    }

    /// M, second x first hidden width.
    pub(super) fn contraction_matrix(&self) -> Weights<'_, T> {
        let (first, second) = (self.hidden()[0], self.hidden()[1]);
        Weights::new(self.contraction(), second, first)
    }

    fn contract(&self) -> Vec<T> {
        match self.depth() {
            0 => vec![trace(self.weight_of_x())],
            1 => {
                let (a, w) = (self.weight_of_x(), self.weight(1));
                let term = |i: usize, k: usize| {
                    a.data[i * a.row_stride + k] * w.data[k * w.row_stride + i]
                };
                let sum = |i: usize| (0..self.shape.dim).fold(T::zero(), |sum, k| sum + term(i, k));
                (0..self.hidden()[0]).map(sum).collect()
            }
            2 => {
                let middle = &self.values[self.layers[1].weight.clone()];
                let trips = self.round_trips();
                let rows = middle.chunks_exact(self.hidden()[0]).enumerate();
                rows.flat_map(|(j, row)| row.iter().zip(trips.row(j)).map(|(v, trip)| *v * *trip))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// (A W)': from a unit of the last hidden layer (a row) through space to one of the first.
    fn round_trips(&self) -> Block<T> {
        let (first, second) = (self.hidden()[0], self.hidden()[1]);
        let a = block_of(self.weight_of_x().transposed());
        let mut trips = Block::new(second, first);
        product(self.weight(2).transposed(), a.view(), Start::Zero, trips.view_mut());
        trips
    }

    /// Adds the gradient that the sums over samples stand for: Σ τ̄, Σ τ̄ d_1, or Σ τ̄ d_2 d_1'.
    pub(super) fn fold_contraction(&self, sums: &[T], gradient: &mut [T]) {
        if sums.iter().all(|sum| *sum == T::zero()) {
            return;
        }
        let (dim, first, last) = (self.shape.dim, &self.layers[0], &self.layers[self.depth()]);
        match self.depth() {
            0 => {
                for i in 0..dim {
                    gradient[first.weight.start + i * (first.inputs + 1)] += sums[0];
                }
            }
            1 => {
                for (i, sum) in sums.iter().enumerate() {
                    for k in 0..dim {
                        let a = first.weight.start + i * first.inputs + k;
                        let w = last.weight.start + k * last.inputs + i;
                        gradient[a] += *sum * self.values[w];
                        gradient[w] += *sum * self.values[a];
                    }
                }
            }
            2 => self.fold_matrix(sums, gradient),
            _ => {}
        }
    }

    /// M = V ∘ P with P = (A W)': V̄ = G ∘ P, P̄ = G ∘ V, and through P to A and W.
    fn fold_matrix(&self, sums: &[T], gradient: &mut [T]) {
        let (width, height) = (self.hidden()[0], self.hidden()[1]);
        let (dim, middle) = (self.shape.dim, self.layers[1].weight.clone());
        let trips = self.round_trips();
        let mut trips_bar = Block::new(height, width);
        for j in 0..height {
            let row = j * width..(j + 1) * width;
            let v = &self.values[middle.start + row.start..middle.start + row.end];
            let v_bar = &mut gradient[middle.start + row.start..middle.start + row.end];
            let bars = trips_bar.row_mut(j).iter_mut();
            for ((bar, g), ((v, v_bar), trip)) in
                bars.zip(&sums[row]).zip(v.iter().zip(v_bar).zip(trips.row(j)))
            {
                *v_bar += *g * *trip;
                *bar = *g * *v;
            }
        }
        // P = W'A': the cotangent of A' is W P̄, that of W is A'P̄'.
        let mut a_bar = Block::new(dim, width);
        product(self.weight(2), trips_bar.view(), Start::Zero, a_bar.view_mut());
        let turned = transposed(trips_bar.view(), width);
        let mut w_bar = Block::new(dim, height);
        product(self.weight_of_x().transposed(), turned.view(), Start::Zero, w_bar.view_mut());
        let (first, last) = (&self.layers[0], &self.layers[2]);
        for k in 0..dim {
            for (i, bar) in a_bar.row(k)[..width].iter().enumerate() {
                gradient[first.weight.start + i * first.inputs + k] += *bar;
            }
            let row = last.weight.start + k * last.inputs;
            for (total, bar) in gradient[row..row + height].iter_mut().zip(w_bar.row(k)) {
                *total += *bar;
            }
        }
    }
}

/// A matrix as rows of lanes, padded with zeros.
fn block_of<T: Real>(a: Weights<'_, T>) -> Block<T> {
    let mut block = Block::new(a.rows, a.cols);
    for i in 0..a.rows {
        for (j, value) in block.row_mut(i)[..a.cols].iter_mut().enumerate() {
            *value = a.data[i * a.row_stride + j * a.col_stride];
        }
    }
    block
}

/// The first `columns` lanes as rows.
fn transposed<T: Real>(rows: Rows<'_, T>, columns: usize) -> Block<T> {
    let mut block = Block::new(columns, rows.rows());
    for j in 0..rows.rows() {
        for (i, value) in rows.row(j)[..columns].iter().enumerate() {
            block.row_mut(i)[j] = *value;
        }
    }
    block
}

/// The trace of a square matrix.
fn trace<T: Real>(a: Weights<'_, T>) -> T {
    let diagonal = a.data.iter().step_by(a.row_stride + 1).take(a.cols);
    diagonal.fold(T::zero(), |sum, &value| sum + value)
}
