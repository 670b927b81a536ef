//! Products of matrices by the kernels, for the same bits on every processor that fuses.

use nalgebra::DMatrix;

use super::product::{Start, Weights, product};
use crate::columns::Block;
use crate::real::Real;

/// A B. That of nalgebra chooses its arithmetic by the processor.
///
/// # Panics
///
/// If A has not as many columns as B has rows.
pub fn matrix_product<T: Real>(a: &DMatrix<T>, b: &DMatrix<T>) -> DMatrix<T> {
    let ((rows, depth), columns) = (a.shape(), b.ncols());
    assert!(b.nrows() == depth, "{rows} x {depth} times {} x {columns}", b.nrows());
    // The columns of a matrix are the rows of its transpose, and (A B)' = B' A'.
    let [mut left, mut out] = [depth, columns].map(|count| Block::new(count, rows));
    for (k, column) in a.column_iter().enumerate() {
        left.row_mut(k)[..rows].copy_from_slice(column.as_slice());
    }
    let weights = Weights::new(b.as_slice(), columns, depth);
    product(weights, left.view(), Start::Zero, out.view_mut());
    DMatrix::from_fn(rows, columns, |i, j| out.row(j)[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_nalgebra() {
        for (rows, depth, columns) in [(0, 3, 2), (3, 0, 2), (1, 1, 1), (17, 5, 9), (7, 33, 40)] {
            let a = DMatrix::from_fn(rows, depth, |i, j| ((3 * i + 5 * j) % 11) as f64 - 4.5);
            let b = DMatrix::from_fn(depth, columns, |i, j| ((7 * i + 2 * j) % 13) as f64 - 5.0);
            // Halves of small integers: exact in any order.
            assert_eq!(matrix_product(&a, &b), &a * &b);
        }
    }
}
