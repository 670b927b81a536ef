//! The standard normal distribution, the usual base.

use std::f64::consts::TAU;

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::dimension::declared;
use super::{Base, Product, draw_columns, log_prob_checked};
use crate::columns::{Rows, RowsMut};
use crate::density::{Density, Pushforward, Sample};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::kernels::sum_of_products;
use crate::real::portable::ln;
use crate::real::{Normal, Real};

/// The standard normal distribution in `dim` dimensions,
///
/// p(x) = (2π)^(-dim/2) exp(-|x|²/2).
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
///
/// let normal = StandardNormal::new(3);
/// let log_p = normal.log_prob(&DMatrix::<f64>::zeros(3, 1))?;
/// assert!((log_p[0] + 1.5 * std::f64::consts::TAU.ln()).abs() < 1e-12);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardNormal {
    dim: usize,
}

impl StandardNormal {
    /// The distribution in `dim` dimensions.
    pub fn new(dim: usize) -> Self {
        Self { dim }
    }

    /// The distribution that a flow makes of this one.
    pub fn pushed_by<F>(self, flow: F) -> Pushforward<Self, F> {
        Pushforward::new(self, flow)
    }

    /// The distribution of these coordinates and, behind them, those of another base, independent.
    pub fn beside<B>(self, other: B) -> Product<Self, B> {
        Product::new(self, other)
    }
}

impl<T: Real> Density<T> for StandardNormal {
    fn dim(&self) -> usize {
        self.dim
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        log_prob_checked(self, points)
    }
}

impl<T: Real> Sample<T> for StandardNormal {
    type Drawn = DMatrix<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        draw_columns(self, count, rng)
    }
}

impl<T: Real> Base<T> for StandardNormal {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        // What is there joins the squares, and is itself again when they are halved.
        log_prob.iter_mut().for_each(|value| *value *= T::of(-2.0));
        sum_of_products(points, points, log_prob);
        let normalisation = T::of(0.5 * self.dim as f64 * ln(TAU));
        for value in log_prob {
            *value = -*value * T::of(0.5) - normalisation;
        }
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        column.iter_mut().for_each(|value| *value = T::of(rng.sample(Normal)));
    }

    fn score_rows(&self, points: Rows<'_, T>, mut score: RowsMut<'_, T>) {
        for (score, x) in score.values_mut().iter_mut().zip(points.values()) {
            *score = -*x;
        }
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        Some(vec![[0.0, 1.0]; self.dim])
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("StandardNormal").with("dim", self.dim))
    }
}

impl<T: Real> Restore<T> for StandardNormal {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("StandardNormal")?;
        Ok(Self::new(declared(source)?))
    }
}
