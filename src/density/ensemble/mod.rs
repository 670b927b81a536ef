//! An ensemble: the mixture of several models of the same data.
//!
//! | file | what |
//! | --- | --- |
//! | `mix` | one column: densities mixed, and how far the members are apart |
//! | `evaluate` | log-densities and scores with all that is known about them |
//! | `draw` | samples of the mixture, and the mixture at a context |

mod draw;
mod evaluate;
mod mix;

use nalgebra::{DMatrix, DVector};

use super::Density;
use crate::error::{Error, Result};
use crate::real::Real;
use crate::real::portable::ln;

pub use evaluate::Mixed;

/// The density p(x) = Σ wₖ pₖ(x) of several models of the same data, by default their mean.
///
/// The mean of K densities has at least the mean of their log-densities everywhere (Jensen's inequality), so
/// that an ensemble is never worse on any data than its members are on average; where they err
/// independently it is better by about half the variance of their log-densities. It is smoother than its
/// members, too: what one of them learnt by heart the others do not know. How far the members are apart,
/// the [`spread`](Ensemble::spread), is an error bar of a model where there are few data.
///
/// [`Trainer::ensemble`](crate::train::Trainer::ensemble) trains one; any densities of one dimension can be
/// put together:
///
/// ```
/// use liouville::density::Ensemble;
/// use liouville::flow::layers::ActNorm;
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let normal = |mean: f64| {
///     let shift = field::DiagonalAffine::new(dvector![0.0], dvector![mean])?;
///     Ok::<_, liouville::Error>(StandardNormal::new(1).pushed_by(ActNorm::new(shift)))
/// };
/// let both = Ensemble::new(vec![normal(-1.0)?, normal(1.0)?])?;
/// // Halfway the two agree: the density is that of either, a deviation from its middle.
/// let log_p = both.log_prob(&dmatrix![0.0])?;
/// assert!((log_p[0] + 0.5 + 0.5 * std::f64::consts::TAU.ln()).abs() < 1e-14);
/// assert_eq!(both.spread(&dmatrix![0.0])?[0], 0.0);
/// // Elsewhere they do not: log-densities of -2 and 0 beside the same constant.
/// assert!((both.spread(&dmatrix![1.0])?[0] - 2f64.sqrt()).abs() < 1e-14);
/// let drawn = both.sample(1000, &mut StdRng::seed_from_u64(1))?;
/// assert_eq!(drawn.ncols(), 1000);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ensemble<M> {
    members: Vec<M>,
    weights: Vec<f64>,
    log_weights: Vec<f64>,
}

impl<M> Ensemble<M> {
    /// The mean of the densities of these members.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn new(members: Vec<M>) -> Result<Self> {
        let weights = vec![1.0; members.len()];
        Self::weighted(members, weights)
    }

    /// The mean of the densities of these members, with a weight for each; the weights are divided by their
    /// sum.
    ///
    /// # Errors
    ///
    /// If there is no member, there are not as many weights as members, or a weight is not a positive number.
    pub fn weighted(members: Vec<M>, weights: Vec<f64>) -> Result<Self> {
        if members.is_empty() {
            return Err(Error::empty("an ensemble needs at least one member"));
        }
        if weights.len() != members.len() {
            return Err(Error::shape(format!(
                "{} weights for {} members of an ensemble: give one for each",
                weights.len(),
                members.len()
            )));
        }
        let positive = |weight: &f64| *weight > 0.0 && weight.is_finite();
        if let Some(k) = weights.iter().position(|weight| !positive(weight)) {
            return Err(Error::setting(format!(
                "member {k} of the ensemble has weight {}: give a positive number, or leave the member out",
                weights[k]
            )));
        }
        // Divided by the largest first, so that no sum overflows.
        let most = weights.iter().copied().fold(0.0, f64::max);
        let total: f64 = weights.iter().map(|weight| weight / most).sum();
        let weights: Vec<f64> = weights.iter().map(|weight| weight / most / total).collect();
        let log_weights = weights.iter().map(|weight| ln(*weight)).collect();
        Ok(Self { members, weights, log_weights })
    }

    /// A single member, which is its own mean.
    pub fn alone(member: M) -> Self {
        Self { members: vec![member], weights: vec![1.0], log_weights: vec![0.0] }
    }

    /// The same weights for what `change` makes of the members.
    pub fn map<N>(self, change: impl FnMut(M) -> N) -> Ensemble<N> {
        let Self { members, weights, log_weights } = self;
        Ensemble { members: members.into_iter().map(change).collect(), weights, log_weights }
    }

    /// The members with weights that add up to one as they are, but for rounding.
    pub(super) fn of_shares(members: Vec<M>, shares: Vec<f64>) -> Result<Self> {
        let total: f64 = shares.iter().sum();
        let sound = Self::weighted(members, shares.clone())?;
        if (total - 1.0).abs() > 1e-12 {
            return Ok(sound);
        }
        let log_weights = shares.iter().map(|weight| ln(*weight)).collect();
        Ok(Self { weights: shares, log_weights, ..sound })
    }

    /// The members.
    pub fn members(&self) -> &[M] {
        &self.members
    }

    /// The weight of each member; their sum is one.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The members, without the ensemble.
    pub fn into_members(self) -> Vec<M> {
        self.members
    }

    /// The log-density of every column by each member: members x n.
    fn by_member<T: Real>(&self, points: &DMatrix<T>) -> Result<DMatrix<T>>
    where
        M: Density<T>,
    {
        let mut all = DMatrix::zeros(self.members.len(), points.ncols());
        for (k, member) in self.members.iter().enumerate() {
            let found = member.log_prob(points).map_err(|error| self.blaming(error, &[k]))?;
            all.set_row(k, &found.transpose());
        }
        Ok(all)
    }

    /// How far the log-densities of the members are apart in each column, in nats: their standard deviation,
    /// with K - 1 degrees of freedom. It is the error of one member as far as it comes from where training
    /// began and from which rows it saw; the mixture errs less. What all members have in common, as too
    /// few layers, does not show in it. NaN for a single member, and infinite where some of the members call the
    /// point impossible and others do not.
    ///
    /// # Errors
    ///
    /// As [`Density::log_prob`].
    pub fn spread<T: Real>(&self, points: &DMatrix<T>) -> Result<DVector<T>>
    where
        M: Density<T>,
    {
        let all = self.by_member(points)?;
        let spreads = columns(&all).map(|column| T::of(mix::spread(column, &self.weights)));
        Ok(DVector::from_iterator(points.ncols(), spreads))
    }

    /// An error that says in which members it arose.
    fn blaming(&self, error: Error, members: &[usize]) -> Error {
        in_members(error, members, self.members.len())
    }
}

/// An error that says in which of all members it arose.
fn in_members(error: Error, members: &[usize], all: usize) -> Error {
    let names: Vec<String> = members.iter().map(usize::to_string).collect();
    error.during(match members {
        [one] => format!("member {one} of an ensemble of {all}"),
        _ => format!("members {} of an ensemble of {all}", names.join(", ")),
    })
}

/// What every member says of each column.
fn columns<T: Real>(all: &DMatrix<T>) -> impl Iterator<Item = &[T]> {
    all.as_slice().chunks(all.nrows().max(1))
}

impl<T: Real, M: Density<T>> Density<T> for Ensemble<M> {
    fn dim(&self) -> usize {
        self.members[0].dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        let all = self.by_member(points)?;
        let mixed = columns(&all).map(|column| T::of(mix::log_mean(column, &self.log_weights)));
        Ok(DVector::from_iterator(points.ncols(), mixed))
    }
}
