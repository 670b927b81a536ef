//! The judgement of held-out samples.

use nalgebra::DMatrix;

use super::blame::{Asked, culprit, infinite, place};
use super::{Loss, MiniBatch, Objective, Pool, Trainable};
use crate::error::{Error, Result};
use crate::real::Real;

/// The seed of the random part of every check, so that checks can be compared.
const SEED: u64 = 0x5eed;

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

    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Their loss by the parameters that the model has now.
    pub fn judge<M, O>(&self, objective: &O, model: &M, pool: &Pool<T, O::Memory>) -> Result<Loss>
    where
        M: Trainable<T>,
        O: Objective<T, M>,
    {
        let [points, contexts] = &self.samples;
        let batch = MiniBatch { points, contexts, seed: SEED, accuracy: None };
        let loss = objective.loss(model, batch, pool).map_err(|error| {
            error.renumbered("the data, held out", |slot| place(&self.columns, slot))
        })?;
        if loss.value.is_finite() {
            return Ok(loss);
        }
        let found = culprit(objective, model, batch, pool, Asked::Loss);
        Err(infinite(&format!("the held-out loss is {}", loss.value), found, &self.columns))
    }
}

/// The number of samples to hold out, leaving at least one to train on.
pub(super) fn held_out_count(share: f64, samples: usize) -> Result<usize> {
    if share == 0.0 {
        return Ok(0);
    }
    let count = ((samples as f64 * share).round() as usize).max(1);
    if count >= samples {
        return Err(Error::empty(format!(
            "{count} of {samples} samples held out leave none to train on: hold out a smaller share, or none, or give more samples"
        )));
    }
    Ok(count)
}
