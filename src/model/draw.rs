//! Samples of a model, in the units of the table.

use nalgebra::DMatrix;
use rand::Rng;

use super::Model;
use crate::density::{Given, Sample, Samples};
use crate::error::Result;
use crate::flow::{Direction, Track, transport};
use crate::outcome::{Effort, Outcome};

impl Model {
    /// Draws samples for a context (one column for all, or one for each), if there is one; that all of them
    /// fail is no error here.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, `count` is zero or too large for memory, or a setting is out of range.
    pub fn sample_detailed<R: Rng + ?Sized>(
        &self,
        count: usize,
        context: Option<&DMatrix<f64>>,
        rng: &mut R,
    ) -> Result<Samples<f64>> {
        let context = context.map(|context| self.prepare_contexts(context)).transpose()?;
        // A reference to a generator is one, and has a size.
        let mut rng = rng;
        let (mut points, mut outcomes) = self.members.sample(count, context.as_ref(), &mut rng)?;
        if let Some(flow) = self.preparation.flow() {
            let moved = transport(flow, Direction::Forward, &points, None, Track::Points)?;
            for (outcome, found) in outcomes.iter_mut().zip(moved.outcomes) {
                if outcome.arrived() {
                    *outcome = found;
                }
            }
            points = moved.points;
        }
        let rows = points.as_mut_slice().chunks_exact_mut(self.dim().max(1));
        for (row, outcome) in rows.zip(&outcomes) {
            match outcome {
                Outcome::Arrived => self.preparation.leave(row),
                _ => row.fill(f64::NAN),
            }
        }
        Ok(Samples::gathered(points, outcomes, vec![Effort::default(); count]))
    }

    /// Draws samples.
    ///
    /// # Errors
    ///
    /// As [`sample_detailed`](Model::sample_detailed), and if not a single one arrives.
    pub fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Samples<f64>> {
        self.sample_detailed(count, None, rng)?.some_arrived()
    }
}

impl Sample<f64> for Model {
    type Drawn = Samples<f64>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Samples<f64>> {
        Model::sample(self, count, rng)
    }
}

impl Sample<f64> for Given<'_, Model, f64> {
    type Drawn = Samples<f64>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<Samples<f64>> {
        self.family().sample_detailed(count, Some(self.context()), rng)?.some_arrived()
    }
}
