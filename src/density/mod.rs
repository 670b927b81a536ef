//! Densities: what can be evaluated, what can be sampled from, and what a flow makes of them.
//!
//! | file | what |
//! | --- | --- |
//! | `base` | bases: normal, Student, uniform, on the circle, mixtures, products, of any kind |
//! | `described` | models as descriptions with arrays |
//! | `pushforward` | base + flow, plain and detailed calls |
//! | `score` | gradients of log-densities by points and contexts |
//! | `samples` | samples of a model, a few of which may have failed |
//! | `ensemble` | the mixture of several models of the same data |
//! | `evolving` | densities and places at any time between base and data |
//! | `given` | a family with its context fixed |
//! | `whole` | the parameters of base and flow as those of one model |

mod base;
mod described;
mod ensemble;
mod evolving;
mod given;
mod pushforward;
mod samples;
mod score;
mod whole;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

pub use base::{
    AnyBase, Base, DiagonalNormal, Mixture, MultivariateNormal, Product, StandardNormal, StudentT,
    UniformBox, UniformCircle,
};
pub(crate) use base::{check_finite, mark_lanes_outside};
pub use ensemble::{Ensemble, Mixed};
pub(crate) use evolving::brought;
pub use evolving::{Evolving, Moving};
pub use given::Given;
pub use pushforward::{Evaluated, Pushforward};
pub use samples::Samples;
pub use score::Scored;

/// A normalised probability density on R^dim, or on a product of lines and circles.
pub trait Density<T: Real>: Sync {
    /// The dimension of the space.
    fn dim(&self) -> usize;

    /// The log-density of every column of `points` (dim x n), in nats. Where the density is zero, as
    /// outside the support of a flow, it is minus infinity.
    ///
    /// # Errors
    ///
    /// If the shape does not fit, there is no column, a value is NaN or infinite, or a column's
    /// log-density cannot be computed; the error names the columns.
    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>>;
}

/// A distribution that independent samples can be drawn from.
pub trait Sample<T: Real> {
    /// What is drawn: a matrix where every sample arrives, [`Samples`] where some may fail.
    type Drawn;

    /// Draws `count` samples, one per column. The first k of n samples do not depend on n.
    ///
    /// # Errors
    ///
    /// If `count` is zero, there is not enough memory for so many, or not a single one arrives. Of a few
    /// that fail among others [`Samples::failed`] tells.
    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Self::Drawn>;
}

/// Room for `count` columns of `dim` values, or an error that says how much is missing.
pub(crate) fn room_for<T: Real>(dim: usize, count: usize) -> Result<Vec<T>> {
    if dim == 0 {
        return Err(Error::setting("in dimension 0 there is nothing to draw: give one or more"));
    }
    if count == 0 {
        return Err(Error::empty("asked for zero samples: ask for at least one"));
    }
    let refused = || {
        Error::memory(format!(
            "{} of dimension {dim} do not fit into memory as {}: draw fewer at a time",
            shown::count(count, "sample"),
            T::NAME
        ))
    };
    let len = dim.checked_mul(count).ok_or_else(refused)?;
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|_| refused())?;
    Ok(values)
}
