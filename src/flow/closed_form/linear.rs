//! The time-one maps of linear and of skew fields, by the exponential of their matrix.

use nalgebra::{DMatrix, DVector};

use super::exponential::{exponential, pull_exponential};
use super::{AffineMap, ConstantMap, Solvable};
use crate::field::{Linear, Skew, VectorField};
use crate::real::Real;

/// The unit of an offset that is large: the exponential of a matrix is exact in parts of its largest entry.
fn unit<T: Real>(field: &Linear<T>) -> f64 {
    field.parts().1.iter().fold(1.0, |most: f64, b| most.max(b.wide().abs()))
}

/// \[A b/u; 0 0\], whose exponential is \[M m/u; 0 1\] for the time-one map M x + m of A x + b.
fn generator<T: Real>(field: &Linear<T>) -> DMatrix<f64> {
    let (dim, unit) = (field.dim(), unit(field));
    let (a, b) = field.parts();
    DMatrix::from_fn(dim + 1, dim + 1, |i, j| match (i, j) {
        (i, _) if i == dim => 0.0,
        (i, j) if j == dim => b[i].wide() / unit,
        (i, j) => a[i * dim + j].wide(),
    })
}

/// Matrix and shift in \[M m/u; 0 1\].
fn split(map: &DMatrix<f64>, unit: f64) -> (DMatrix<f64>, DVector<f64>) {
    let dim = map.nrows() - 1;
    (map.view((0, 0), (dim, dim)).into_owned(), map.view((0, dim), (dim, 1)).column(0) * unit)
}

/// exp(A) x + m, with ln det = tr A.
impl<T: Real> Solvable for Linear<T> {
    type Scalar = T;
    type Map = AffineMap<T>;

    fn solve(&self) -> AffineMap<T> {
        let (generator, unit) = (generator(self), unit(self));
        let forward = split(&exponential(&generator), unit);
        let inverse = split(&exponential(&-&generator), unit);
        AffineMap::new(forward, inverse, generator.trace())
    }

    fn fold_map(&self, map: &AffineMap<T>, sums: &[T], gradient: &mut [T]) {
        let (dim, unit) = (self.dim(), unit(self));
        let (entries, log_det) = sums.split_at(map.entries());
        let bar = DMatrix::from_fn(dim + 1, dim + 1, |i, j| match (i, j) {
            (i, _) if i == dim => 0.0,
            (i, j) if j == dim => entries[dim * dim + i].wide() * unit,
            (i, j) => entries[i * dim + j].wide(),
        });
        let pulled = pull_exponential(&generator(self), &bar);
        for i in 0..dim {
            for j in 0..dim {
                gradient[i * dim + j] += T::of(pulled[(i, j)]);
            }
            gradient[i * dim + i] += log_det[0];
            gradient[dim * dim + i] += T::of(pulled[(i, dim)] / unit);
        }
    }
}

/// The rotation exp(S), whose inverse is its transpose.
impl<T: Real> Solvable for Skew<T> {
    type Scalar = T;
    type Map = AffineMap<T>;

    fn solve(&self) -> AffineMap<T> {
        let rotation = exponential(&self.matrix().map(|value| value.wide()));
        let (inverse, still) = (rotation.transpose(), DVector::zeros(self.dim()));
        AffineMap::new((rotation, still.clone()), (inverse, still), 0.0)
    }

    /// The inverse is not computed from the map but is its transpose, which on rotations is the same.
    fn fold_map(&self, _: &AffineMap<T>, sums: &[T], gradient: &mut [T]) {
        let dim = self.dim();
        let bar = DMatrix::from_fn(dim, dim, |i, j| sums[i * dim + j].wide());
        let pulled = pull_exponential(&self.matrix().map(|value| value.wide()), &bar);
        let entries: Vec<T> = pulled.transpose().iter().map(|&value| T::of(value)).collect();
        Self::add_angles(dim, &entries, gradient);
    }
}
