//! Orthonormal columns from Householder reflections, and the reverse pass.

use nalgebra::{DMatrix, DVector};

/// Y becomes H Y with the reflection H = I - 2 v v' / v'v; a vector that is as good as zero leaves
/// everything where it is.
fn reflect(v: &DVector<f64>, y: &mut DMatrix<f64>) {
    if let Some(scale) = scale(v) {
        let along = y.tr_mul(v) * scale;
        *y -= v * along.transpose();
    }
}

/// 2 / v'v.
fn scale(v: &DVector<f64>) -> Option<f64> {
    let square = v.norm_squared();
    (square > f64::MIN_POSITIVE && square.is_finite()).then(|| 2.0 / square)
}

/// The matrix E of the first unit vectors, then H_m E, H_{m-1} H_m E, ..., and last H_1 ... H_m E.
fn stages(vectors: &DMatrix<f64>) -> Vec<DMatrix<f64>> {
    let mut y = DMatrix::identity(vectors.nrows(), vectors.ncols());
    let mut stages = vec![y.clone()];
    for v in vectors.column_iter().rev() {
        reflect(&v.into_owned(), &mut y);
        stages.push(y.clone());
    }
    stages
}

/// Q = H_1 ... H_m E, whose m columns are orthonormal; column k of `vectors` (dim x m) is that of H_k.
/// Every matrix of orthonormal columns is such a product, up to the signs of the columns.
pub(super) fn orthonormal(vectors: &DMatrix<f64>) -> DMatrix<f64> {
    stages(vectors).pop().unwrap_or_default()
}

/// The cotangents of the vectors, from those of Q. With Y' = H Y, n = v'v and t = Y'v:
/// v̄ = -2 / n (Ȳ' t + Y Ȳ''v) + 4 / n² (v'Ȳ' t) v, and Ȳ = H Ȳ'.
pub(super) fn pull_orthonormal(vectors: &DMatrix<f64>, mut bar: DMatrix<f64>) -> DMatrix<f64> {
    let mut pulled = DMatrix::zeros(vectors.nrows(), vectors.ncols());
    let mut stages = stages(vectors);
    stages.pop();
    for k in 0..vectors.ncols() {
        let v = vectors.column(k).into_owned();
        let Some(y) = stages.pop() else { break };
        if let Some(scale) = scale(&v) {
            let t = y.tr_mul(&v);
            let pushed = &bar * &t;
            let along = scale * v.dot(&pushed);
            let by_v = (pushed + &y * bar.tr_mul(&v)) * -scale + &v * (scale * along);
            pulled.column_mut(k).copy_from(&by_v);
        }
        reflect(&v, &mut bar);
    }
    pulled
}
