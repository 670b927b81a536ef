//! Bijectors between free coordinates and constrained ones, and the flow that applies a list of them.
//!
//! | file | what |
//! | --- | --- |
//! | `resolution` | whether a scalar can resolve an interval |
//! | `constrain` | the flow: one bijector after another, each on coordinates of its own |
//! | `scalar` | increasing or decreasing maps of one coordinate: positive, bounded, in an interval |
//! | `kinds` | bijectors by the names of their kinds |
//! | `ordered` | coordinates that increase |
//! | `simplex` | probabilities that add up to one |
//! | `correlation` | Cholesky factors of correlation matrices |

mod constrain;
mod correlation;
mod kinds;
mod ordered;
mod resolution;
mod scalar;
mod simplex;

use std::fmt::Debug;

use super::Space;
use crate::description::Description;
use crate::outcome::{Failure, Outcome, Reason};
use crate::real::Real;

pub use constrain::{Constrain, ConstrainTape};
pub use correlation::{Correlation, correlation};
pub use ordered::{Ordered, ordered};
pub use scalar::{Each, Line, ScalarMap, above, below, free, interval, positive, softplus};
pub use simplex::{Simplex, simplex};

/// How far a sample may come back from where it was after its constrained coordinates are rounded, in its
/// free coordinates (the root of the sum of squares) and in its log-determinant. Beside a base whose
/// logarithm slopes by no more than four at the free coordinates, that keeps log-densities within 0.01.
pub(super) const LOST: f64 = 2e-3;

/// What becomes of a sample with a coordinate that the scalar cannot hold.
pub(super) fn saturated(coordinate: usize) -> Outcome {
    Outcome::Failed(Failure { reason: Reason::Saturated { coordinate }, t: 0.0, step: 0.0 })
}

/// The coordinate that lies outside the support of a bijector, counted from its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outside(pub usize);

/// A smooth invertible map without parameters, from free coordinates (any real numbers) to as many
/// constrained ones; it moves one sample at a time and computes in `f64`, whatever the scalar.
///
/// Where a constrained coordinate would round onto the boundary of the support, which is open, it is
/// put on the nearest number inside; and where rounding changes the log-density, [`Constrain`] reports the
/// column as [saturated](crate::outcome::Reason::Saturated).
pub trait Bijector<T: Real>: Debug + Send + Sync {
    /// The number of coordinates, the same on both sides.
    fn dim(&self) -> usize;

    /// An error if the scalar cannot resolve the support. By default it can.
    ///
    /// # Errors
    ///
    /// If not.
    fn check(&self) -> crate::error::Result<()> {
        Ok(())
    }

    /// Replaces free coordinates by constrained ones; returns ln |det| of the Jacobian.
    fn forward(&self, x: &mut [T]) -> f64;

    /// Replaces constrained coordinates by free ones; returns ln |det| of the Jacobian of this
    /// direction.
    ///
    /// # Errors
    ///
    /// If a coordinate lies outside the support. The coordinates are then unspecified.
    fn inverse(&self, y: &mut [T]) -> Result<f64, Outside>;

    /// From cotangents of the constrained coordinates and of the forward log-determinant to those
    /// of the free coordinates `x`.
    fn pull(&self, x: &[T], cotangent: &mut [T], log_det: f64);

    /// Solves J' λ = c with J the forward Jacobian at the free coordinates `x`; c is in `cotangent`
    /// before, λ after.
    fn solve_transposed(&self, x: &[T], cotangent: &mut [T]);

    /// Where each constrained coordinate lives. By default they must fit to one another.
    fn support(&self) -> Vec<Space> {
        vec![Space::Joint; self.dim()]
    }

    /// Whether coordinates stay as they are, angles included. By default no.
    fn is_identity(&self) -> bool {
        false
    }

    /// What the bijector is, as it can be [made again](crate::description::Restore) from.
    ///
    /// # Errors
    ///
    /// If it does not say so, which is the default.
    fn describe(&self) -> crate::error::Result<Description> {
        Err(Description::none_of::<Self>("bijector"))
    }

    /// The same bijector in a box of its own.
    fn boxed(&self) -> Box<dyn Bijector<T>>;
}

/// The number of type T nearest to `value` inside the open interval from `low` to `high`.
fn inside<T: Real>(value: f64, low: f64, high: f64) -> T {
    let gap = |bound: f64| (bound.abs() * T::EPSILON).max(T::SMALLEST);
    let rounded = T::of(value);
    if rounded.wide() <= low {
        T::of(low + gap(low))
    } else if rounded.wide() >= high && high.is_finite() {
        T::of(high - gap(high))
    } else {
        rounded
    }
}
