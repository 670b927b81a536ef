//! The singular values of a matrix, with the same bits on every platform.

use nalgebra::DMatrix;

/// How often an interval is halved, at most.
const HALVINGS: usize = 200;

/// The singular values of a square matrix, the largest first; NaN if it is not finite.
///
/// Reflections make it bidiagonal, and bisection finds the eigenvalues of the tridiagonal matrix of twice
/// the size that has zeros on its diagonal and the two diagonals, interleaved, beside it: they are the
/// singular values and their negatives (Golub and Kahan 1965, Calculating the Singular Values and
/// Pseudo-Inverse of a Matrix, section 3; Demmel and Kahan 1990, Accurate Singular Values of Bidiagonal
/// Matrices, section 3.3).
pub(crate) fn singular_values(matrix: &DMatrix<f64>) -> Vec<f64> {
    let (dim, size) = (matrix.ncols(), if matrix.is_empty() { 0.0 } else { matrix.amax() });
    if matrix.iter().any(|value| !value.is_finite()) {
        return vec![f64::NAN; dim];
    }
    if size == 0.0 {
        return vec![0.0; dim];
    }
    let two = (matrix / size).bidiagonalize();
    let (diagonal, beside) = (two.diagonal(), two.off_diagonal());
    let mut squares = vec![diagonal[0] * diagonal[0]];
    for (e, d) in beside.iter().zip(diagonal.iter().skip(1)) {
        squares.extend([e * e, d * d]);
    }
    (0..dim).rev().map(|k| size * eigenvalue(&squares, dim + k)).collect()
}

/// Eigenvalue `k`, counted from the least, of the matrix whose off-diagonal has these squares; it is not
/// negative.
fn eigenvalue(squares: &[f64], k: usize) -> f64 {
    // No eigenvalue exceeds the sum of the two largest entries beside the diagonal.
    let largest = squares.iter().fold(0.0, |largest: f64, square| largest.max(*square));
    let (mut low, mut high) = (0.0, 2.0 * largest.sqrt() * (1.0 + f64::EPSILON));
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if below(squares, middle) > k {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// How many eigenvalues are less than x: the negative pivots of an elimination.
fn below(squares: &[f64], x: f64) -> usize {
    let mut pivot = -x;
    let mut count = usize::from(pivot < 0.0);
    for square in squares {
        // A pivot of zero is as good as a tiny negative one.
        let divisor = if pivot == 0.0 { -f64::MIN_POSITIVE } else { pivot };
        pivot = -x - square / divisor;
        count += usize::from(pivot < 0.0);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What nalgebra finds, by another method.
    #[test]
    fn values_are_those_of_another_method() {
        for dim in [1, 2, 3, 7, 20] {
            for scale in [1.0, 1e-150, 1e150] {
                let entry = |i: usize, j: usize| ((i * 7 + j * j * 3 + 1) as f64 * 12.9898).sin();
                let matrix = DMatrix::from_fn(dim, dim, |i, j| scale * entry(i, j));
                let mut theirs: Vec<f64> = matrix.singular_values().iter().copied().collect();
                theirs.sort_by(|a, b| b.total_cmp(a));
                for (ours, theirs_) in singular_values(&matrix).iter().zip(&theirs) {
                    assert!((ours - theirs_).abs() <= 1e-13 * theirs[0], "{ours} {theirs_}");
                }
            }
        }
    }

    #[test]
    fn diagonal_matrices_of_any_spread() {
        let diagonal = nalgebra::dvector![1e-9, -3.0, 0.0, 1e-20];
        let ours = singular_values(&DMatrix::from_diagonal(&diagonal));
        for (ours, expected) in ours.iter().zip([3.0, 1e-9, 1e-20, 0.0]) {
            assert!((ours - expected).abs() <= 1e-14 * expected + 1e-50, "{ours} {expected}");
        }
        assert_eq!(singular_values(&DMatrix::zeros(2, 2)), [0.0, 0.0]);
        assert!(singular_values(&nalgebra::dmatrix![f64::NAN])[0].is_nan());
        assert!(singular_values(&DMatrix::zeros(0, 0)).is_empty());
    }
}
