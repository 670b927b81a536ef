//! The normal distribution of any mean and covariance.

use std::f64::consts::TAU;

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::Base;
use super::cholesky::{factor, row};
use super::lanes::{Lane, add, add_totals, groups, load, store, weighed};
use super::positive::{exponentials, logarithms, same_count};
use super::words::words;
use crate::columns::{LANES, Rows, RowsMut};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::parameters::{Layout, Parameters};
use crate::real::portable::ln;
use crate::real::{Normal, Real};

/// The normal distribution with mean m and covariance L L',
///
/// log p(x) = -|L⁻¹ (x - m)|² / 2 - Σ ln L_ii - dim/2 ln 2π.
///
/// Its parameters are `mean` \[dim\], `log_scale` \[dim\], the logarithms of the diagonal of the lower
/// triangular L, and `lower` \[dim (dim - 1) / 2\], what is below the diagonal, row by row: any step of training
/// leads to a distribution, and each distribution has one L. An evaluation takes dim² operations a sample.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let base = MultivariateNormal::new(dvector![1.0, 0.0], &dmatrix![2.0, 0.6; 0.6, 0.5])?;
/// let log_p = base.log_prob(&dmatrix![1.0; 0.0])?;
/// let determinant = 2.0 * 0.5 - 0.6f64 * 0.6;
/// assert!((log_p[0] + 0.5 * determinant.ln() + std::f64::consts::TAU.ln()).abs() < 1e-14);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MultivariateNormal<T> {
    dim: usize,
    values: Parameters<T>,
    /// L, packed.
    factor: Vec<f64>,
}

words!(MultivariateNormal);

impl<T: Real> MultivariateNormal<T> {
    /// The distribution of this mean and this covariance.
    ///
    /// # Errors
    ///
    /// If the mean is empty, NaN or infinite, or the covariance is not a symmetric, positive definite matrix of
    /// as many rows; the error names the coordinate.
    pub fn new(mean: DVector<T>, covariance: &DMatrix<T>) -> Result<Self> {
        let dim = mean.len();
        same_count(dim, &[("rows of a covariance", covariance.nrows())])?;
        let factor = factor(covariance)?;
        let diagonal: Vec<T> = (0..dim).map(|i| T::of(factor[row(i) + i])).collect();
        let log_scale = logarithms(SCALE, &diagonal)?;
        let lower = (0..dim).flat_map(|i| &factor[row(i)..row(i) + i]).map(|x| T::of(*x));
        let values: Vec<T> = mean.iter().copied().chain(log_scale).chain(lower).collect();
        Self::of_values(dim, Parameters::new(layout(dim), values)?)
    }

    /// A mean of zero and the covariance of independent coordinates with a variance of one, to learn from there.
    ///
    /// # Errors
    ///
    /// If `dim` is zero.
    pub fn standard(dim: usize) -> Result<Self> {
        same_count(dim, &[])?;
        Self::of_values(dim, Parameters::zeros(layout(dim)))
    }

    fn of_values(dim: usize, values: Parameters<T>) -> Result<Self> {
        let factor = unpacked(&values, dim)?;
        Ok(Self { dim, values, factor })
    }

    /// The mean.
    pub fn mean(&self) -> &[T] {
        &self.values[..self.dim]
    }

    /// The lower triangular factor L of the covariance.
    pub fn factor(&self) -> DMatrix<f64> {
        let entry = |i: usize, j: usize| if j <= i { self.factor[row(i) + j] } else { 0.0 };
        DMatrix::from_fn(self.dim, self.dim, entry)
    }

    /// The covariance.
    pub fn covariance(&self) -> DMatrix<f64> {
        let factor = self.factor();
        &factor * factor.transpose()
    }

    /// z = L⁻¹ (x - m) of sixteen lanes.
    fn whiten(&self, points: Rows<'_, T>, at: usize, z: &mut [Lane]) {
        for i in 0..self.dim {
            let (before, rest) = z.split_at_mut(i);
            let (own, mean) = (&self.factor[row(i)..=row(i) + i], self.values[i].wide());
            rest[0] = load(points, i, at).map(|x| x - mean);
            for (entry, z) in own.iter().zip(before.iter()) {
                rest[0].iter_mut().zip(z).for_each(|(rest, z)| *rest -= entry * z);
            }
            rest[0].iter_mut().for_each(|rest| *rest /= own[i]);
        }
    }

    /// y = L'⁻¹ z in place of z.
    fn whiten_again(&self, z: &mut [Lane]) {
        for i in (0..self.dim).rev() {
            let (before, rest) = z.split_at_mut(i);
            let own = &self.factor[row(i)..=row(i) + i];
            rest[0].iter_mut().for_each(|y| *y /= own[i]);
            for (entry, z) in own.iter().zip(before) {
                z.iter_mut().zip(&rest[0]).for_each(|(z, y)| *z -= entry * y);
            }
        }
    }

    /// Adds the gradient of lane `lane` of z and y, of which the others hold more.
    fn add_gradient(&self, [z, y]: [&[Lane]; 2], (lane, weight): (usize, f64), totals: &mut [f64]) {
        let (mean, rest) = totals.split_at_mut(self.dim);
        let (log_scale, lower) = rest.split_at_mut(self.dim);
        let mut lower = lower.iter_mut();
        for i in 0..self.dim {
            let pull = weight * y[i][lane];
            mean[i] += pull;
            log_scale[i] += pull * z[i][lane] * self.factor[row(i) + i] - weight;
            z[..i].iter().zip(&mut lower).for_each(|(z, total)| *total += pull * z[lane]);
        }
    }
}

const SCALE: &str = "deviation beside the coordinates before it";

/// As many of each, and the entries below the diagonal.
fn layout(dim: usize) -> Layout {
    let below = row(dim) - dim;
    Layout::of([("mean", &[dim]), ("log_scale", &[dim]), ("lower", &[below])])
}

/// The packed factor of a flat vector of parameters.
fn unpacked<T: Real>(values: &[T], dim: usize) -> Result<Vec<f64>> {
    let diagonal = exponentials(SCALE, &values[dim..2 * dim])?;
    let mut lower = values[2 * dim..].iter();
    let mut factor = Vec::with_capacity(row(dim));
    for (i, scale) in diagonal.into_iter().enumerate() {
        factor.extend(lower.by_ref().take(i).map(|value| value.wide()));
        factor.push(scale);
    }
    Ok(factor)
}

impl<T: Real> Base<T> for MultivariateNormal<T> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        let scales: f64 = self.values[self.dim..2 * self.dim].iter().map(|x| x.wide()).sum();
        let constant = -scales - 0.5 * self.dim as f64 * ln(TAU);
        let mut z = vec![[0.0; LANES]; self.dim];
        for at in groups(log_prob.len()) {
            self.whiten(points, at, &mut z);
            let mut squares = [0.0; LANES];
            for z in &z {
                squares.iter_mut().zip(z).for_each(|(sum, z)| *sum += z * z);
            }
            add(&squares.map(|sum| constant - 0.5 * sum), at, log_prob);
        }
    }

    fn score_rows(&self, points: Rows<'_, T>, mut score: RowsMut<'_, T>) {
        let mut z = vec![[0.0; LANES]; self.dim];
        for at in groups(points.lanes()) {
            self.whiten(points, at, &mut z);
            self.whiten_again(&mut z);
            for (i, y) in z.iter().enumerate() {
                store(&y.map(|y| -y), at, score.row_mut(i));
            }
        }
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        column.iter_mut().for_each(|value| *value = T::of(rng.sample(Normal)));
        // From the last on, so that what a coordinate needs is still there.
        for i in (0..self.dim).rev() {
            let own = &self.factor[row(i)..=row(i) + i];
            let terms = own.iter().zip(column.iter()).map(|(entry, z)| entry * z.wide());
            column[i] = T::of(self.values[i].wide() + terms.sum::<f64>());
        }
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        let variance = |i: usize| self.factor[row(i)..=row(i) + i].iter().map(|l| l * l).sum();
        let both = |i: usize| [self.values[i].wide(), f64::sqrt(variance(i))];
        Some((0..self.dim).map(both).collect())
    }

    fn held(&self) -> Option<&Parameters<T>> {
        Some(&self.values)
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.layout().check(values)?;
        self.factor = unpacked(values, self.dim)?;
        self.values.set(values)
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("MultivariateNormal"))
    }

    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]) {
        let [mut z, mut y] = [(); 2].map(|()| vec![[0.0; LANES]; self.dim]);
        let mut totals = vec![0.0; self.values.len()];
        for at in groups(weights.len()) {
            self.whiten(points, at, &mut z);
            y.copy_from_slice(&z);
            self.whiten_again(&mut y);
            let end = weights.len().min(at + LANES);
            for weighed in weighed(&weights[at..end]) {
                self.add_gradient([&z, &y], weighed, &mut totals);
            }
        }
        add_totals(&totals, sums);
    }
}

impl<T: Real> Restore<T> for MultivariateNormal<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("MultivariateNormal")?;
        let dim = source.extent("mean")?;
        Self::of_values(dim, source.held(layout(dim))?)
    }
}
