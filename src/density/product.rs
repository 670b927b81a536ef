//! Two independent bases, the coordinates of one behind those of the other.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::rows::log_prob_checked;
use super::{Base, Density, Pushforward, Sample};
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

    /// Column by column, so that the first samples do not depend on how many there are.
    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        let mut values = super::room_for(self.dim(), count)?;
        for _ in 0..count {
            values.extend_from_slice(self.first.sample(1, rng)?.as_slice());
            values.extend_from_slice(self.second.sample(1, rng)?.as_slice());
        }
        Ok(DMatrix::from_vec(self.dim(), count, values))
    }
}

impl<T: Real, A: Base<T>, B: Base<T>> Base<T> for Product<A, B> {
    fn log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        let (place, rows) = (self.first.dim(), points.rows());
        self.first.log_prob_rows(points.range(0, place), log_prob);
        let mut second = vec![T::zero(); log_prob.len()];
        self.second.log_prob_rows(points.range(place, rows), &mut second);
        log_prob.iter_mut().zip(second).for_each(|(sum, value)| *sum += value);
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
