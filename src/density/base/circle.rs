//! The uniform distribution of angles, the base on the circle.

use std::f64::consts::{PI, TAU};

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::dimension::declared;
use super::{Base, Product, draw_columns, log_prob_checked};
use crate::columns::{Rows, RowsMut};
use crate::density::{Density, Pushforward, Sample};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::flow::Space;
use crate::real::Real;
use crate::real::portable::ln;

/// The uniform distribution of `dim` angles from -π to π,
///
/// p(x) = (2π)^(-dim),
///
/// for any angles: two that differ by 2π are one. It is the base of flows on the circle, such as those of
/// [`Spline::circular`](crate::flow::transformer::Spline::circular); beside other coordinates it is a part
/// of a [`Product`].
///
/// ```
/// use liouville::flow::layers::SplineMaf;
/// use liouville::flow::transformer::Spline;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let builder = SplineMaf::new(2).hidden([8]).transformer(Spline::circular(8)?);
/// let flow: SplineMaf<f64> = builder.build(&mut rng)?;
/// assert!(StandardNormal::new(2).pushed_by(flow.clone()).sample(3, &mut rng).is_err());
/// let model = UniformCircle::new(2).pushed_by(flow);
/// let angles: Samples<f64> = model.sample(100, &mut rng)?;
/// let pi = std::f64::consts::PI;
/// assert!(angles.iter().all(|angle| (-pi..pi).contains(angle)));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UniformCircle {
    dim: usize,
}

impl UniformCircle {
    /// The distribution of `dim` angles.
    pub fn new(dim: usize) -> Self {
        Self { dim }
    }

    /// The distribution that a flow makes of this one.
    pub fn pushed_by<F>(self, flow: F) -> Pushforward<Self, F> {
        Pushforward::new(self, flow)
    }

    /// The distribution of these angles and, behind them, the coordinates of another base, independent.
    pub fn beside<B>(self, other: B) -> Product<Self, B> {
        Product::new(self, other)
    }
}

impl<T: Real> Density<T> for UniformCircle {
    fn dim(&self) -> usize {
        self.dim
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        log_prob_checked(self, points)
    }
}

impl<T: Real> Sample<T> for UniformCircle {
    type Drawn = DMatrix<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        draw_columns(self, count, rng)
    }
}

impl<T: Real> Base<T> for UniformCircle {
    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        let end = T::of(PI);
        for value in column {
            let angle = T::of(rng.random_range(-PI..PI));
            // The end, to which a number next to it may be rounded, is the start.
            *value = if angle < end { angle } else { -end };
        }
    }

    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        let normalisation = T::of(self.dim as f64 * ln(TAU));
        log_prob.iter_mut().for_each(|value| *value -= normalisation);
        // Zero times anything finite is zero; what is not stays NaN.
        for i in 0..points.rows() {
            for (value, x) in log_prob.iter_mut().zip(points.row(i)) {
                *value += T::zero() * *x;
            }
        }
    }

    fn score_rows(&self, _: Rows<'_, T>, mut score: RowsMut<'_, T>) {
        score.values_mut().fill(T::zero());
    }

    fn spaces(&self) -> Vec<Space> {
        vec![Space::Circle; self.dim]
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("UniformCircle").with("dim", self.dim))
    }
}

impl<T: Real> Restore<T> for UniformCircle {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("UniformCircle")?;
        Ok(Self::new(declared(source)?))
    }
}
