//! Densities: what can be evaluated, what can be sampled from, and what a flow makes of them.
//!
//! | file | what |
//! | --- | --- |
//! | `normal` | the standard normal base |
//! | `circle` | the uniform base of angles |
//! | `product` | two independent bases beside one another |
//! | `pushforward` | base + flow, plain and detailed calls |
//! | `score` | gradients of log-densities by points and contexts |
//! | `samples` | samples of a model, a few of which may have failed |
//! | `ensemble` | the mixture of several models of the same data |
//! | `given` | a family with its context fixed |
//! | `rows` | the log-density of a base on a matrix |

mod circle;
mod ensemble;
mod given;
mod normal;
mod product;
mod pushforward;
mod rows;
mod samples;
mod score;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use crate::columns::{Rows, RowsMut};
use crate::error::{Error, Result};
use crate::flow::Space;
use crate::outcome::shown;
use crate::real::Real;

pub use circle::UniformCircle;
pub use ensemble::{Ensemble, Mixed};
pub use given::Given;
pub use normal::StandardNormal;
pub use product::Product;
pub use pushforward::{Evaluated, Pushforward};
pub(crate) use rows::check_finite;
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

/// A simple density that a flow can start from: evaluated on blocks, with its gradient.
pub trait Base<T: Real>: Density<T> + Sample<T, Drawn = DMatrix<T>> + Send {
    /// Adds the log-density of each lane to `log_prob`; NaN for a lane that holds NaN.
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]);

    /// Writes the log-density of each lane; NaN for a lane that holds NaN.
    fn log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        log_prob.fill(T::zero());
        self.add_log_prob_rows(points, log_prob);
    }

    /// Writes the score of each lane, the gradient of the log-density by the point.
    fn score_rows(&self, points: Rows<'_, T>, score: RowsMut<'_, T>);

    /// Draws one sample into `column`, coordinate by coordinate. [`Sample::sample`] is this for one column
    /// after the other, so that neither the first samples nor what `rng` gives behind them depend on how
    /// many are drawn at once.
    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R);

    /// Where each coordinate lives, for which a flow has to be made. Default: all on the line.
    fn spaces(&self) -> Vec<Space> {
        vec![Space::Line; self.dim()]
    }
}

/// `count` columns of a base, one after the other.
fn draw_columns<T: Real, B: Base<T>, R: Rng + ?Sized>(
    base: &B,
    count: usize,
    rng: &mut R,
) -> Result<DMatrix<T>> {
    let dim = base.dim();
    let mut values = room_for(dim, count)?;
    values.resize(dim * count, T::zero());
    values.chunks_exact_mut(dim).for_each(|column| base.draw(column, rng));
    Ok(DMatrix::from_vec(dim, count, values))
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
