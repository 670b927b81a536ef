//! A conditional distribution at a context.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::{Base, Density, Pushforward, Sample, Samples};
use crate::error::Result;
use crate::flow::Flow;
use crate::real::Real;

/// A conditional family with its context fixed; made by [`Pushforward::given`] and
/// [`Ensemble::given`](super::Ensemble::given).
#[derive(Debug, Clone)]
pub struct Given<'a, M, T: Real> {
    family: &'a M,
    context: DMatrix<T>,
}

impl<'a, M, T: Real> Given<'a, M, T> {
    pub(crate) fn new(family: &'a M, context: DMatrix<T>) -> Self {
        Self { family, context }
    }

    /// The family.
    pub fn family(&self) -> &'a M {
        self.family
    }

    /// The context.
    pub fn context(&self) -> &DMatrix<T> {
        &self.context
    }
}

impl<B, F> Pushforward<B, F> {
    /// The same distribution with its context fixed: `context` has one column for all samples, or
    /// one for each.
    ///
    /// ```
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let shift = field::conditional::<1, 1, _>(|_, _, context| [context[0]]);
    /// let family = StandardNormal::new(1).pushed_by(ContinuousFlow::new(shift));
    /// let at_two = family.given(dmatrix![2.0]);
    /// let log_p = at_two.log_prob(&dmatrix![2.0])?;
    /// assert!((log_p[0] + 0.5 * std::f64::consts::TAU.ln()).abs() < 1e-6);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn given<T: Real>(&self, context: DMatrix<T>) -> Given<'_, Self, T> {
        Given::new(self, context)
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Density<T> for Given<'_, Pushforward<B, F>, T> {
    fn dim(&self) -> usize {
        self.family.flow().dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        self.family.evaluate(points, Some(&self.context))?.none_failed()
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Sample<T> for Given<'_, Pushforward<B, F>, T> {
    type Drawn = Samples<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Samples<T>> {
        self.family.sample_detailed(count, Some(&self.context), rng)?.some_arrived()
    }
}
