//! The judgement of held-out samples.

use nalgebra::DMatrix;

use super::blame::{Asked, culprit, infinite, place};
use super::{Loss, MiniBatch, Objective, Pool, Trainable};
use crate::error::Result;
use crate::real::Real;

/// The seed of the random part of every check, so that checks can be compared.
const SEED: u64 = 0x5eed;

/// The number of groups by which the error of a difference of losses is found.
const GROUPS: usize = 20;

/// Samples that are held out, with their contexts.
pub(super) struct HeldOut<T: Real> {
    /// Their columns of the data.
    columns: Vec<usize>,
    samples: [DMatrix<T>; 2],
}

impl<T: Real> HeldOut<T> {
    pub fn new(data: [&DMatrix<T>; 2], columns: Vec<usize>) -> Self {
        let samples = data.map(|matrix| matrix.select_columns(&columns));
        Self { columns, samples }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Their loss by the parameters that the model has now.
    pub fn judge<M, O>(&self, objective: &O, model: &M, pool: &Pool<T, O::Memory>) -> Result<Loss>
    where
        M: Trainable<T>,
        O: Objective<T, M>,
    {
        judge(objective, model, pool, self.samples.each_ref(), &self.columns)
    }

    /// By how much other parameters lower the loss, from the first to the second, and the standard error of
    /// that over groups of samples. The model then has the second.
    pub fn gain<M, O>(
        &self,
        objective: &O,
        model: &mut M,
        pool: &Pool<T, O::Memory>,
        parameters: [&[T]; 2],
    ) -> Result<[f64; 2]>
    where
        M: Trainable<T>,
        O: Objective<T, M>,
    {
        let mut losses = [Vec::new(), Vec::new()];
        let size = self.len().div_ceil(GROUPS).max(1);
        for (losses, parameters) in losses.iter_mut().zip(parameters) {
            model.set_parameters(parameters)?;
            for start in (0..self.len()).step_by(size) {
                let range = start..(start + size).min(self.len());
                let some = self
                    .samples
                    .each_ref()
                    .map(|all| all.columns_range(range.clone()).into_owned());
                let columns = &self.columns[range.clone()];
                let loss = judge(objective, model, pool, some.each_ref(), columns)?;
                losses.push((loss.value, range.len() as f64));
            }
        }
        Ok(fall(&losses))
    }
}

/// The mean fall of losses of groups, each with its number of samples, and its standard error.
fn fall([before, after]: &[Vec<(f64, f64)>; 2]) -> [f64; 2] {
    let falls: Vec<(f64, f64)> =
        before.iter().zip(after).map(|((before, n), (after, _))| (before - after, *n)).collect();
    let count: f64 = falls.iter().map(|(_, n)| n).sum();
    let mean = falls.iter().map(|(fall, n)| fall * n).sum::<f64>() / count;
    let groups = falls.len() as f64;
    if groups < 2.0 {
        return [mean, f64::INFINITY];
    }
    // Of groups of n samples, the mean differs from the whole's with a variance in inverse proportion to n.
    let squares: f64 = falls.iter().map(|(fall, n)| n * (fall - mean).powi(2)).sum();
    [mean, (squares / (groups - 1.0) / count).sqrt()]
}

/// The loss of held-out samples, of which these are the columns in the data.
fn judge<T, M, O>(
    objective: &O,
    model: &M,
    pool: &Pool<T, O::Memory>,
    [points, contexts]: [&DMatrix<T>; 2],
    columns: &[usize],
) -> Result<Loss>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
{
    let batch = MiniBatch { points, contexts, seed: SEED, accuracy: None };
    let loss = objective
        .loss(model, batch, pool)
        .map_err(|error| error.renumbered("the data, held out", |slot| place(columns, slot)))?;
    if loss.value.is_finite() {
        return Ok(loss);
    }
    let found = culprit(objective, model, batch, pool, Asked::Loss);
    Err(infinite(&format!("the held-out loss is {}", loss.value), found, columns))
}
