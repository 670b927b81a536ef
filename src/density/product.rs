//! Two independent bases, the coordinates of one behind those of the other.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::rows::log_prob_checked;
use super::{Base, Density, Pushforward, Sample, draw_columns};
use crate::columns::{Rows, RowsMut};
use crate::error::Result;
use crate::flow::Space;
use crate::real::Real;

/// The distribution of the coordinates of one base and, behind them, those of another, independent of each
/// other: p(x, y) = p(x) q(y).
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// // An angle, and two normal coordinates.
/// let base = UniformCircle::new(1).beside(StandardNormal::new(2));
/// let log_p = base.log_prob(&dmatrix![3.0f64; 0.0; 0.0])?;
/// assert!((log_p[0] + 2.0 * std::f64::consts::TAU.ln()).abs() < 1e-14);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product<A, B> {
    first: A,
    second: B,
}

impl<A, B> Product<A, B> {
    /// The coordinates of `first`, then those of `second`.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }

    /// The distribution that a flow makes of this one.
    pub fn pushed_by<F>(self, flow: F) -> Pushforward<Self, F> {
        Pushforward::new(self, flow)
    }

    /// The distribution of these coordinates and, behind them, those of another base.
    pub fn beside<C>(self, other: C) -> Product<Self, C> {
        Product::new(self, other)
    }
}

impl<T: Real, A: Base<T>, B: Base<T>> Density<T> for Product<A, B> {
    fn dim(&self) -> usize {
        self.first.dim() + self.second.dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        log_prob_checked(self, points)
    }
}

impl<T: Real, A: Base<T>, B: Base<T>> Sample<T> for Product<A, B> {
    type Drawn = DMatrix<T>;

    /// Column by column, in each the coordinates of the first base before those of the second.
    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        draw_columns(self, count, rng)
    }
}

impl<T: Real, A: Base<T>, B: Base<T>> Base<T> for Product<A, B> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        let (place, rows) = (self.first.dim(), points.rows());
        self.first.add_log_prob_rows(points.range(0, place), log_prob);
        self.second.add_log_prob_rows(points.range(place, rows), log_prob);
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        let (first, second) = column.split_at_mut(self.first.dim());
        self.first.draw(first, rng);
        self.second.draw(second, rng);
    }

    fn score_rows(&self, points: Rows<'_, T>, score: RowsMut<'_, T>) {
        let (place, rows) = (self.first.dim(), points.rows());
        let (first, second) = score.split_at(place);
        self.first.score_rows(points.range(0, place), first);
        self.second.score_rows(points.range(place, rows), second);
    }

    fn spaces(&self) -> Vec<Space> {
        [self.first.spaces(), self.second.spaces()].concat()
    }
}
