//! Samples of an ensemble, and the mixture at a context.

use nalgebra::{DMatrix, DVector};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use super::super::{Base, Density, Given, Pushforward, Sample, Samples, room_for};
use super::Ensemble;
use crate::error::Result;
use crate::flow::{Contexts, Flow};
use crate::outcome::{Effort, Outcome};
use crate::real::Real;

impl<B, F> Ensemble<Pushforward<B, F>> {
    /// Draws samples of the mixture for a context, if there is one: a member for every sample, by the weights,
    /// and then from that member, each with random numbers of its own. That all of them fail is no error here.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, `count` is zero or too large for memory, or a setting is out of range.
    pub fn sample_detailed<T: Real, R: Rng + ?Sized>(
        &self,
        count: usize,
        context: Option<&DMatrix<T>>,
        rng: &mut R,
    ) -> Result<Samples<T>>
    where
        B: Base<T>,
        F: Flow<T>,
    {
        let flow = self.members[0].flow();
        Contexts::new(flow.context_dim(), count, context)?;
        let dim = flow.dim();
        let mut points = room_for::<T>(dim, count)?;
        points.resize(dim * count, T::of(f64::NAN));
        let mut points = DMatrix::from_vec(dim, count, points);
        let mut outcomes = vec![Outcome::Arrived; count];
        let mut efforts = vec![Effort::default(); count];
        let mut choice = Xoshiro256PlusPlus::from_rng(rng);
        let chosen: Vec<usize> = (0..count).map(|_| self.choose(choice.random())).collect();
        for (k, member) in self.members.iter().enumerate() {
            // Every member has its own stream, whether it is chosen or not.
            let mut stream = Xoshiro256PlusPlus::from_rng(rng);
            let places: Vec<usize> = (0..count).filter(|&j| chosen[j] == k).collect();
            if places.is_empty() {
                continue;
            }
            let context = context.map(|context| match context.ncols() {
                1 => context.clone(),
                _ => context.select_columns(&places),
            });
            let drawn = member
                .sample_detailed(places.len(), context.as_ref(), &mut stream)
                .map_err(|error| self.blaming(error, &[k]))?;
            for (from, &to) in places.iter().enumerate() {
                points.set_column(to, &drawn.column(from));
                outcomes[to] = drawn.outcomes()[from];
                efforts[to] = drawn.efforts()[from];
            }
        }
        Ok(Samples::gathered(points, outcomes, efforts))
    }

    /// The member for a number between zero and one.
    fn choose(&self, mut place: f64) -> usize {
        let last = self.weights.len() - 1;
        for (k, weight) in self.weights[..last].iter().enumerate() {
            if place < *weight {
                return k;
            }
            place -= weight;
        }
        last
    }

    /// The same mixture with its context fixed: `context` has one column for all samples, or one for each.
    ///
    /// Its weights do not depend on the context: p(x | c) = Σ wₖ pₖ(x | c).
    pub fn given<T: Real>(&self, context: DMatrix<T>) -> Given<'_, Self, T> {
        Given::new(self, context)
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Sample<T> for Ensemble<Pushforward<B, F>> {
    type Drawn = Samples<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Samples<T>> {
        self.sample_detailed(count, None, rng)?.some_arrived()
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Density<T> for Given<'_, Ensemble<Pushforward<B, F>>, T> {
    fn dim(&self) -> usize {
        self.family().members[0].flow().dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        self.family().evaluate(points, Some(self.context()))?.none_failed()
    }
}

impl<T: Real, B: Base<T>, F: Flow<T>> Sample<T> for Given<'_, Ensemble<Pushforward<B, F>>, T> {
    type Drawn = Samples<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Samples<T>> {
        self.family().sample_detailed(count, Some(self.context()), rng)?.some_arrived()
    }
}
