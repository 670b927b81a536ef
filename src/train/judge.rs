//! The judgement of samples: what their loss is by the parameters that a model has now.

use std::ops::Range;

use nalgebra::DMatrix;

use super::blame::{Asked, culprit, infinite, place};
use super::{Loss, MiniBatch, Objective, Pool, Trainable};
use crate::error::Result;
use crate::real::Real;

/// The seed of the random part of every judgement, so that they can be compared.
const SEED: u64 = 0x5eed;
/// The number of groups by which the error of a difference of losses is found.
const GROUPS: usize = 20;

/// What judges.
pub(super) struct Judge<'a, T: Real, M, O: Objective<T, M>> {
    pub objective: &'a O,
    pub model: &'a M,
    pub pool: &'a Pool<T, O::Memory>,
    /// How accurately; `None` as the model does by itself.
    pub accuracy: Option<f64>,
}

impl<T: Real, M, O: Objective<T, M>> Clone for Judge<'_, T, M, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real, M, O: Objective<T, M>> Copy for Judge<'_, T, M, O> {}

/// Samples that are judged, with their contexts.
pub(super) struct Panel<T: Real> {
    /// Whether they are held out.
    held_out: bool,
    /// Their columns of the data.
    columns: Vec<usize>,
    samples: [DMatrix<T>; 2],
}

impl<T: Real> Panel<T> {
    pub fn new(held_out: bool, data: [&DMatrix<T>; 2], columns: &[usize]) -> Self {
        let samples = data.map(|matrix| matrix.select_columns(columns));
        Self { held_out, columns: columns.to_vec(), samples }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Some of them.
    fn part(&self, range: Range<usize>) -> Self {
        let samples = self.samples.each_ref();
        let samples = samples.map(|all| all.columns_range(range.clone()).into_owned());
        Self { held_out: self.held_out, columns: self.columns[range].to_vec(), samples }
    }
}

impl<T, M, O> Judge<'_, T, M, O>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
{
    /// The same at another accuracy.
    pub fn at(self, accuracy: Option<f64>) -> Self {
        Self { accuracy, ..self }
    }

    /// The mean loss of some samples, which is finite.
    pub fn loss(&self, panel: &Panel<T>) -> Result<Loss> {
        let Self { objective, model, pool, accuracy } = *self;
        let [points, contexts] = &panel.samples;
        let batch = MiniBatch { points, contexts, seed: SEED, accuracy };
        let [whole, what] = match panel.held_out {
            true => ["the data, held out", "held-out loss"],
            false => ["the data", "loss"],
        };
        let loss = objective
            .loss(model, batch, pool)
            .map_err(|error| error.renumbered(whole, |slot| place(&panel.columns, slot)))?;
        if loss.value.is_finite() {
            return Ok(loss);
        }
        let found = culprit(objective, model, batch, pool, Asked::Loss);
        Err(infinite(&format!("the {what} is {}", loss.value), found, &panel.columns))
    }

    /// The mean negative log-likelihood of some samples, where the loss does not tell how good a model is.
    pub fn likelihood(&self, panel: &Panel<T>) -> Result<Option<f64>> {
        let Self { objective, model, accuracy, .. } = *self;
        let [points, contexts] = &panel.samples;
        objective.likelihood(model, MiniBatch { points, contexts, seed: SEED, accuracy })
    }

    /// What models are judged by.
    fn merit(&self, panel: &Panel<T>) -> Result<f64> {
        match self.likelihood(panel)? {
            Some(likelihood) => Ok(likelihood),
            None => self.loss(panel).map(|loss| loss.value),
        }
    }

    /// The mean loss of the samples of several panels.
    pub fn mean(&self, panels: &[&Panel<T>]) -> Result<Loss> {
        let count: usize = panels.iter().map(|panel| panel.len()).sum();
        let mut total = Loss::default();
        for panel in panels.iter().filter(|panel| panel.len() > 0) {
            let loss = self.loss(panel)?;
            let share = panel.len() as f64 / count as f64;
            total.value += share * loss.value;
            total.effort += loss.effort;
        }
        Ok(total)
    }

    /// The mean merits of groups of the samples.
    pub fn groups(&self, panels: &[&Panel<T>]) -> Result<Vec<Group>> {
        let count: usize = panels.iter().map(|panel| panel.len()).sum();
        let size = count.div_ceil(GROUPS).max(1);
        let mut groups = Vec::new();
        for panel in panels {
            for start in (0..panel.len()).step_by(size) {
                let part = panel.part(start..(start + size).min(panel.len()));
                groups.push(Group { loss: self.merit(&part)?, samples: part.len() });
            }
        }
        Ok(groups)
    }
}

/// Some samples, and their mean loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Group {
    pub loss: f64,
    pub samples: usize,
}

/// By how much the losses of groups fell on the whole, and the standard error of that.
pub(super) fn fall(before: &[Group], after: &[Group]) -> [f64; 2] {
    let falls: Vec<[f64; 2]> = before
        .iter()
        .zip(after)
        .map(|(before, after)| [before.loss - after.loss, before.samples as f64])
        .collect();
    let count: f64 = falls.iter().map(|[_, samples]| samples).sum();
    let mean = falls.iter().map(|[fall, samples]| fall * samples).sum::<f64>() / count;
    if falls.len() < 2 {
        return [mean, f64::INFINITY];
    }
    // The mean of n samples has a variance in inverse proportion to n.
    let squares: f64 = falls.iter().map(|[fall, samples]| samples * (fall - mean).powi(2)).sum();
    [mean, (squares / (falls.len() - 1) as f64 / count).sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_fall_is_that_of_its_mean() {
        let groups = |losses: &[f64], samples: usize| -> Vec<Group> {
            losses.iter().map(|&loss| Group { loss, samples }).collect()
        };
        let (before, after) = (groups(&[1.0, 2.0, 4.0, 3.0], 7), groups(&[0.0; 4], 7));
        let [mean, error] = fall(&before, &after);
        // The variance of 1, 2, 4, 3 is 5/3, that of the mean of four a quarter of it.
        assert!((mean - 2.5).abs() < 1e-12 && (error - (5.0f64 / 12.0).sqrt()).abs() < 1e-12);
        assert_eq!(fall(&before[..1], &after[..1]), [1.0, f64::INFINITY]);
        assert_eq!(fall(&before, &before), [0.0, 0.0]);
    }
}
