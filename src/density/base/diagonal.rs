//! The normal distribution of independent coordinates, each with its own mean and deviation.

use std::f64::consts::TAU;

use nalgebra::DVector;
use rand::{Rng, RngExt};

use super::Base;
use super::lanes::{Lane, add, add_totals, groups, load, store, weighed};
use super::positive::{exponentials, logarithms, same_count};
use super::words::words;
use crate::columns::{LANES, Rows, RowsMut};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::parameters::{Layout, Parameters};
use crate::real::portable::ln;
use crate::real::{Normal, Real};

/// The normal distribution with means m and deviations s of independent coordinates,
///
/// log p(x) = -Σ (x_i - m_i)² / (2 s_i²) - Σ ln s_i - dim/2 ln 2π.
///
/// Its parameters are `mean` \[dim\] and `log_scale` \[dim\], the logarithms of the deviations, so that any
/// step of training leads to a distribution. Frozen, they stay as they are given.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let base = DiagonalNormal::new(dvector![1.0, -2.0], dvector![0.5, 3.0])?;
/// let log_p = base.log_prob(&dmatrix![1.0; 1.0])?;
/// let expected = -0.5 - (0.5f64 * 3.0).ln() - std::f64::consts::TAU.ln();
/// assert!((log_p[0] - expected).abs() < 1e-14);
/// // A base that learns has parameters, and a frozen one has none.
/// assert_eq!(base.parameters().len(), 4);
/// assert!(Frozen::new(base).parameters().is_empty());
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DiagonalNormal<T> {
    dim: usize,
    values: Parameters<T>,
    deviations: Vec<f64>,
}

words!(DiagonalNormal);

impl<T: Real> DiagonalNormal<T> {
    /// The distribution of these means and standard deviations.
    ///
    /// # Errors
    ///
    /// If they are empty or differ in length, a mean is NaN or infinite, or a deviation is not positive and
    /// finite; the error names the coordinate.
    pub fn new(means: DVector<T>, deviations: DVector<T>) -> Result<Self> {
        let dim = means.len();
        same_count(dim, &[("deviations", deviations.len())])?;
        let log_scale = logarithms("deviation", deviations.as_slice())?;
        let values = [means.as_slice(), &log_scale].concat();
        Self::of_values(dim, Parameters::new(layout(dim), values)?)
    }

    fn of_values(dim: usize, values: Parameters<T>) -> Result<Self> {
        let deviations = exponentials("deviation", &values[dim..])?;
        Ok(Self { dim, values, deviations })
    }

    /// Means of 0 and deviations of 1, to learn from there.
    ///
    /// # Errors
    ///
    /// If `dim` is zero.
    pub fn standard(dim: usize) -> Result<Self> {
        Self::new(DVector::zeros(dim), DVector::repeat(dim, T::one()))
    }

    /// The means.
    pub fn means(&self) -> &[T] {
        &self.values[..self.dim]
    }

    /// The standard deviations.
    pub fn deviations(&self) -> &[f64] {
        &self.deviations
    }

    /// (x_i - m_i) / s_i of sixteen lanes.
    fn standardised(&self, points: Rows<'_, T>, i: usize, at: usize) -> Lane {
        let (mean, deviation) = (self.values[i].wide(), self.deviations[i]);
        load(points, i, at).map(|x| (x - mean) / deviation)
    }
}

fn layout(dim: usize) -> Layout {
    Layout::of([("mean", &[dim]), ("log_scale", &[dim])])
}

impl<T: Real> Base<T> for DiagonalNormal<T> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        let scales: f64 = self.values[self.dim..].iter().map(|value| value.wide()).sum();
        let constant = -scales - 0.5 * self.dim as f64 * ln(TAU);
        for at in groups(log_prob.len()) {
            let mut squares = [0.0; LANES];
            for i in 0..self.dim {
                let z = self.standardised(points, i, at);
                squares.iter_mut().zip(z).for_each(|(sum, z)| *sum += z * z);
            }
            add(&squares.map(|sum| constant - 0.5 * sum), at, log_prob);
        }
    }

    fn score_rows(&self, points: Rows<'_, T>, mut score: RowsMut<'_, T>) {
        for i in 0..self.dim {
            let deviation = self.deviations[i];
            for at in groups(points.lanes()) {
                let z = self.standardised(points, i, at);
                store(&z.map(|z| -z / deviation), at, score.row_mut(i));
            }
        }
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        let scales = self.values.iter().zip(&self.deviations);
        for (value, (mean, deviation)) in column.iter_mut().zip(scales) {
            *value = T::of(mean.wide() + deviation * rng.sample(Normal));
        }
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        let both = self.values.iter().zip(&self.deviations);
        Some(both.map(|(mean, deviation)| [mean.wide(), *deviation]).collect())
    }

    fn held(&self) -> Option<&Parameters<T>> {
        Some(&self.values)
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.layout().check(values)?;
        let deviations = exponentials("deviation", &values[self.dim..])?;
        self.deviations = deviations;
        self.values.set(values)
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("DiagonalNormal"))
    }

    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]) {
        let mut totals = vec![0.0; 2 * self.dim];
        for i in 0..self.dim {
            let (mean, deviation) = (self.values[i].wide(), self.deviations[i]);
            for (lane, weight) in weighed(weights) {
                let z = (points.row(i)[lane].wide() - mean) / deviation;
                totals[i] += weight * z / deviation;
                totals[self.dim + i] += weight * (z * z - 1.0);
            }
        }
        add_totals(&totals, sums);
    }
}

impl<T: Real> Restore<T> for DiagonalNormal<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("DiagonalNormal")?;
        let dim = source.extent("mean")?;
        Self::of_values(dim, source.held(layout(dim))?)
    }
}
