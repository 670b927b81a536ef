//! The nearest semi-orthogonal matrix, roughly, by products alone.

use crate::columns::{Block, Scratch};
use crate::kernels::{Start, Weights, outer, product};
use crate::real::Real;

/// The coefficients of X, (XX')X and (XX')²X in one iteration: they bring every singular value from
/// 1e-3 to 1 into 0.7 to 1.2 within five.
const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// How often it is iterated.
const ITERATIONS: usize = 5;

/// Makes the singular values of a matrix roughly one and leaves the vectors: U V' of U S V' (Jordan et al.
/// 2024, Muon, by a quintic Newton-Schulz iteration of the matrix divided by its norm).
///
/// `x` has no more rows than lanes hold columns; padding lanes are zero and stay so. A matrix of zeros stays
/// as it is.
pub(super) fn orthogonalise<T: Real>(x: &mut Block<T>, scratch: &mut Scratch<T>) {
    let norm = x.values().iter().map(|value| value.wide() * value.wide()).sum::<f64>().sqrt();
    if !(norm > 0.0 && norm.is_finite()) {
        x.fill(T::zero());
        return;
    }
    x.values_mut().iter_mut().for_each(|value| *value = T::of(value.wide() / norm));
    let rows = x.rows();
    let mut gram = vec![T::zero(); rows * rows];
    let [mut square, mut next] = [scratch.take(rows, rows), scratch.take(rows, x.lanes())];
    for _ in 0..ITERATIONS {
        gram.fill(T::zero());
        outer(x.view(), x.view(), &mut gram, rows, scratch);
        polynomial(&mut gram, &mut square);
        product(Weights::new(&gram, rows, rows), x.view(), Start::Zero, next.view_mut());
        std::mem::swap(x, &mut next);
    }
    scratch.give(next);
    scratch.give(square);
}

/// Replaces A by a + b A + c A².
fn polynomial<T: Real>(gram: &mut [T], square: &mut Block<T>) {
    let rows = square.rows();
    let mut copy = Block::new(rows, rows);
    for i in 0..rows {
        copy.row_mut(i)[..rows].copy_from_slice(&gram[i * rows..][..rows]);
    }
    product(Weights::new(gram, rows, rows), copy.view(), Start::Zero, square.view_mut());
    let [a, b, c] = COEFFICIENTS.map(T::of);
    for i in 0..rows {
        let row = gram[i * rows..][..rows].iter_mut().zip(square.row(i));
        row.for_each(|(value, square)| *value = b * *value + c * *square);
        gram[i * rows + i] += a;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    fn try_on<T: Real>(matrix: &DMatrix<f64>) -> DMatrix<f64> {
        let (rows, columns) = matrix.shape();
        let mut x = Block::<T>::new(rows, columns);
        x.fill(T::zero());
        for i in 0..rows {
            (0..columns).for_each(|j| x.row_mut(i)[j] = T::of(matrix[(i, j)]));
        }
        orthogonalise(&mut x, &mut Scratch::new());
        DMatrix::from_fn(rows, columns, |i, j| x.row(i)[j].wide())
    }

    #[test]
    fn singular_vectors_stay_and_singular_values_come_close_to_one() {
        let mut rng = StdRng::seed_from_u64(3);
        for (rows, columns) in [(1, 1), (2, 5), (7, 7), (17, 40)] {
            let matrix = DMatrix::from_fn(rows, columns, |_, _| rng.random_range(-3.0..3.0));
            let svd = matrix.clone().svd(true, true);
            let (u, v) = (svd.u.expect("asked"), svd.v_t.expect("asked"));
            for found in [try_on::<f64>(&matrix), try_on::<f32>(&matrix)] {
                // In the frame of its singular vectors the result is diagonal.
                let inside = u.transpose() * found * v.transpose();
                for i in 0..rows {
                    for j in 0..rows {
                        let value = inside[(i, j)];
                        // A singular value far below the norm needs more than five iterations.
                        let small = svd.singular_values[i] < 0.02 * matrix.norm();
                        let right = if i == j {
                            small || (0.6..1.3).contains(&value)
                        } else {
                            value.abs() < 1e-4
                        };
                        assert!(right, "{rows} x {columns}: {value} at {i}, {j}");
                    }
                }
            }
        }
        assert_eq!(try_on::<f64>(&DMatrix::zeros(3, 4)), DMatrix::zeros(3, 4));
    }
}
