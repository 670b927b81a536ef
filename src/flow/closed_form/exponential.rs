//! The exponential of a matrix by scaling and squaring, and its reverse pass.

use crate::real::portable::log2;
use nalgebra::DMatrix;

use crate::kernels::matrix_product;

/// The coefficients of the diagonal Padé approximant of degree 13 (Higham 2005, The Scaling and
/// Squaring Method for the Matrix Exponential Revisited, equation 2.2).
const PADE: [f64; 14] = [
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
];

/// The norm up to which the approximant is exact to rounding (table 2.3 of the same).
const REACH: f64 = 5.371920351148152;

/// The largest sum of absolute values in a column.
fn norm(a: &DMatrix<f64>) -> f64 {
    a.column_iter().map(|column| column.iter().map(|x| x.abs()).sum()).fold(0.0, f64::max)
}

/// exp(A); NaN everywhere if A is not finite.
pub(super) fn exponential(a: &DMatrix<f64>) -> DMatrix<f64> {
    let n = a.nrows();
    let size = norm(a);
    if !size.is_finite() || a.iter().any(|x| x.is_nan()) {
        return DMatrix::from_element(n, n, f64::NAN);
    }
    let squarings = log2(size / REACH).ceil().max(0.0) as i32;
    let a = a * 0.5f64.powi(squarings);
    let [odd, even] = pade(&a);
    let quotient = (&even - &odd).lu().solve(&(even + odd));
    let mut result = quotient.unwrap_or_else(|| DMatrix::from_element(n, n, f64::NAN));
    for _ in 0..squarings {
        result = matrix_product(&result, &result);
    }
    result
}

/// The odd and the even part of the numerator.
fn pade(a: &DMatrix<f64>) -> [DMatrix<f64>; 2] {
    let a2 = matrix_product(a, a);
    let a4 = matrix_product(&a2, &a2);
    let a6 = matrix_product(&a4, &a2);
    let one = DMatrix::identity(a.nrows(), a.nrows());
    [1, 0].map(|k| {
        let b = |i: usize| PADE[i + k];
        let high = matrix_product(&a6, &(&a6 * b(12) + &a4 * b(10) + &a2 * b(8)));
        let all = high + &a6 * b(6) + &a4 * b(4) + &a2 * b(2) + &one * b(0);
        if k == 1 { matrix_product(a, &all) } else { all }
    })
}

/// The cotangent of A, from the cotangent B of exp(A): the derivative of the exponential at A' in
/// the direction B, which is the upper right block of exp(\[A' B; 0 A'\]) (Higham 2008, Functions of
/// Matrices, theorem 3.6 and section 3.2).
pub(super) fn pull_exponential(a: &DMatrix<f64>, bar: &DMatrix<f64>) -> DMatrix<f64> {
    let n = a.nrows();
    // Of the size of A, so that the squarings do not depend on that of B.
    let size = bar.amax() / norm(a).max(1.0);
    if size == 0.0 {
        return DMatrix::zeros(n, n);
    }
    let mut both = DMatrix::zeros(2 * n, 2 * n);
    let turned = a.transpose();
    both.view_mut((0, 0), (n, n)).copy_from(&turned);
    both.view_mut((n, n), (n, n)).copy_from(&turned);
    both.view_mut((0, n), (n, n)).copy_from(&(bar / size));
    exponential(&both).view((0, n), (n, n)) * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_of_known_matrices() {
        let diagonal = DMatrix::from_diagonal(&nalgebra::dvector![-30.0, 0.0, 1e-9, 3.0]);
        let ours = exponential(&diagonal);
        for (i, x) in [-30.0f64, 0.0, 1e-9, 3.0].into_iter().enumerate() {
            assert!((ours[(i, i)] / x.exp() - 1.0).abs() < 1e-13, "{x}");
        }
        let turn = exponential(&nalgebra::dmatrix![0.0, -100.0; 100.0, 0.0]);
        assert!((turn[(1, 0)] - 100f64.sin()).abs() < 1e-12);
        let nilpotent = exponential(&nalgebra::dmatrix![0.0, 7.0; 0.0, 0.0]);
        assert_eq!(nilpotent, nalgebra::dmatrix![1.0, 7.0; 0.0, 1.0]);
        assert!(exponential(&nalgebra::dmatrix![f64::NAN]).iter().all(|x| x.is_nan()));
        assert!(exponential(&nalgebra::dmatrix![f64::INFINITY]).iter().all(|x| x.is_nan()));
    }
}
