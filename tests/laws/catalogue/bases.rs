//! Every base of the crate, and bases made of others.

use liouville::density::{AnyBase, Product};
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};

use super::random;

/// What runs over every base.
pub trait BaseVisitor<T: Real> {
    fn visit<B: Base<T> + Clone + 'static>(&mut self, name: &str, base: B);
}

/// Every kind of base, of parameters of ordinary size.
pub fn visit_bases<T: Real>(seed: u64, visitor: &mut impl BaseVisitor<T>) {
    visitor.visit("standard normal", StandardNormal::new(2));
    visitor.visit("uniform circle", UniformCircle::new(2));
    for dim in [1, 2, 3] {
        visitor.visit(&format!("diagonal normal in {dim}"), diagonal::<T>(seed, dim));
        visitor.visit(&format!("normal in {dim}"), full::<T>(seed, dim));
        visitor.visit(&format!("student in {dim}"), student::<T>(seed, dim));
        visitor.visit(&format!("box in {dim}"), uniform::<T>(seed, dim));
        visitor.visit(&format!("mixture of normals in {dim}"), normals::<T>(seed, dim));
        visitor.visit(&format!("mixture of full normals in {dim}"), full_normals::<T>(seed, dim));
    }
    visitor.visit("frozen normal", Frozen::new(full::<T>(seed, 2)));
    visitor.visit("mixture of tails", mixed_tails::<T>(seed));
    visitor.visit("mixture of any", mixed_kinds::<T>(seed));
    visitor.visit("mixture of boxes", boxes::<T>(seed));
    visitor.visit("angle and number", UniformCircle::new(1).beside(diagonal::<T>(seed, 1)));
    visitor.visit("box and tails", uniform::<T>(seed, 1).beside(student::<T>(seed + 1, 1)));
    let half = Frozen::new(student::<T>(seed, 1)).beside(normals::<T>(seed, 1));
    visitor.visit("frozen tails and mixture", half);
    visitor.visit("nested product", nested::<T>(seed));
}

fn column<T: Real>(dim: usize, mut next: impl FnMut() -> f64) -> DVector<T> {
    DVector::from_fn(dim, |_, _| T::of(next()))
}

pub fn diagonal<T: Real>(seed: u64, dim: usize) -> DiagonalNormal<T> {
    let mut next = random(seed);
    let means = column(dim, || 2.0 * next());
    let deviations = column(dim, || next().exp());
    DiagonalNormal::new(means, deviations).expect("finite and positive")
}

pub fn full<T: Real>(seed: u64, dim: usize) -> MultivariateNormal<T> {
    let mut next = random(seed);
    let mean = column(dim, || 2.0 * next());
    let a = DMatrix::from_fn(dim, dim, |i, j| next() + f64::from(u8::from(i == j)));
    let covariance = &a * a.transpose() + DMatrix::identity(dim, dim) * 0.2;
    MultivariateNormal::new(mean, &covariance.map(T::of)).expect("positive definite")
}

/// Degrees of freedom from 1 to 30.
pub fn student<T: Real>(seed: u64, dim: usize) -> StudentT<T> {
    let mut next = random(seed);
    let locations = column(dim, || 2.0 * next());
    let scales = column(dim, || next().exp());
    let degrees = column(dim, || 5.5 * (1.7 * next()).exp());
    StudentT::new(locations, scales, degrees).expect("finite and positive")
}

pub fn uniform<T: Real>(seed: u64, dim: usize) -> UniformBox<T> {
    let mut next = random(seed);
    let low: DVector<T> = column(dim, || 2.0 * next());
    let high = low.map(|low| T::of(low.wide() + 2.0 * next().exp()));
    UniformBox::new(low, high).expect("in order")
}

pub fn normals<T: Real>(seed: u64, dim: usize) -> Mixture<T, DiagonalNormal<T>> {
    let mut next = random(seed);
    let weights = [(); 3].map(|()| T::of(next().exp()));
    let means = DMatrix::from_fn(dim, 3, |_, _| T::of(2.0 * next()));
    let deviations = DMatrix::from_fn(dim, 3, |_, _| T::of(next().exp()));
    Mixture::normals(&weights, &means, &deviations).expect("finite and positive")
}

fn full_normals<T: Real>(seed: u64, dim: usize) -> Mixture<T, MultivariateNormal<T>> {
    let components = (0..2).map(|k| full(seed + k, dim)).collect();
    Mixture::new(&[T::of(0.4), T::of(0.6)], components).expect("of one dimension")
}

fn mixed_tails<T: Real>(seed: u64) -> Mixture<T, StudentT<T>> {
    let components = (0..2).map(|k| student(seed + k, 2)).collect();
    Mixture::new(&[T::of(0.3), T::of(0.7)], components).expect("of one dimension")
}

fn mixed_kinds<T: Real>(seed: u64) -> Mixture<T, AnyBase<T>> {
    let components =
        vec![AnyBase::new(diagonal::<T>(seed, 2)), AnyBase::new(student::<T>(seed + 1, 2))];
    Mixture::new(&[T::of(2.0), T::of(3.0)], components).expect("of one dimension")
}

fn boxes<T: Real>(seed: u64) -> Mixture<T, UniformBox<T>> {
    let one = uniform::<T>(seed, 2);
    Mixture::new(&[T::of(1.0), T::of(3.0)], vec![one.clone(), one]).expect("the same bounds")
}

fn nested<T: Real>(seed: u64) -> Product<Product<DiagonalNormal<T>, UniformBox<T>>, StudentT<T>> {
    diagonal(seed, 1).beside(uniform(seed, 1)).beside(student(seed, 1))
}
