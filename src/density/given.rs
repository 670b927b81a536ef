//! A conditional distribution at a context.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::{Base, Density, Pushforward, Sample, Samples};
use crate::error::Result;
use crate::flow::Flow;
use crate::real::Real;

/// A pushforward with its context fixed; made by [`Pushforward::given`].
#[derive(Debug, Clone)]
pub struct Given<'a, B, F, T: Real> {
    family: &'a Pushforward<B, F>,
    context: DMatrix<T>,
}

impl<'a, B, F, T: Real> Given<'a, B, F, T> {
    pub(super) fn new(family: &'a Pushforward<B, F>, context: DMatrix<T>) -> Self {
        Self { family, context }
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Density<T> for Given<'_, B, F, T> {
    fn dim(&self) -> usize {
        self.family.flow().dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        self.family.evaluate(points, Some(&self.context))?.none_failed()
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Sample<T> for Given<'_, B, F, T> {
    type Drawn = Samples<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Samples<T>> {
        self.family.sample_detailed(count, Some(&self.context), rng)?.some_arrived()
    }
}
