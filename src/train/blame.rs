//! Which sample makes a loss infinite.

use std::ops::Range;

use nalgebra::DMatrix;

use super::{MiniBatch, Objective, Pool, Trainable};
use crate::error::Error;
use crate::outcome::{Failure, Outcome, Reason};
use crate::real::Real;

/// What a loss is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Its value.
    Loss,
    /// Its value and its gradient.
    Gradient,
}

/// The place in the mini-batch of a sample that alone makes the loss fail, or itself or its gradient
/// infinite, and why; `None` if only several together do.
///
/// Halves of the batch are tried, and halves of these: about twice the work of the whole.
pub(super) fn culprit<T, M, O>(
    objective: &O,
    model: &M,
    batch: MiniBatch<'_, T>,
    pool: &Pool<T, O::Memory>,
    asked: Asked,
) -> Option<(usize, String)>
where
    T: Real,
    M: Trainable<T>,
    O: Objective<T, M>,
{
    let trial = Trial { objective, model, batch, pool, asked };
    let mut range = 0..batch.points.ncols();
    while range.len() > 1 {
        let middle = range.start + range.len() / 2;
        let halves = [range.start..middle, middle..range.end];
        range = halves.into_iter().find(|half| trial.complaint(half.clone()).is_some())?;
    }
    trial.complaint(range.clone()).map(|why| (range.start, why))
}

/// The column of the data at a place in a mini-batch.
pub(super) fn place(columns: &[usize], slot: usize) -> usize {
    columns.get(slot).copied().unwrap_or(slot)
}

/// An error that names the sample which made a loss infinite, if one did.
pub(super) fn infinite(what: &str, culprit: Option<(usize, String)>, columns: &[usize]) -> Error {
    let Some((slot, why)) = culprit else {
        return Error::training(format!("{what}, by several samples together"));
    };
    let column = place(columns, slot);
    let failure = Failure { reason: Reason::Overflow, t: 0.0, step: 0.0 };
    Error::training(format!("{what}, by column {column} of the data: {why}"))
        .naming(vec![(column, Outcome::Failed(failure))])
}

struct Trial<'a, T: Real, M, O: Objective<T, M>> {
    objective: &'a O,
    model: &'a M,
    batch: MiniBatch<'a, T>,
    pool: &'a Pool<T, O::Memory>,
    asked: Asked,
}

impl<T: Real, M: Trainable<T>, O: Objective<T, M>> Trial<'_, T, M, O> {
    /// What is wrong with the loss of some of the samples; `None` if nothing is.
    fn complaint(&self, range: Range<usize>) -> Option<String> {
        let part = |matrix: &DMatrix<T>| matrix.columns_range(range.clone()).into_owned();
        let (points, contexts) = (part(self.batch.points), part(self.batch.contexts));
        let batch = MiniBatch { points: &points, contexts: &contexts, ..self.batch };
        let (loss, gradient) = match self.asked {
            Asked::Loss => (self.objective.loss(self.model, batch, self.pool), Vec::new()),
            Asked::Gradient => {
                let mut gradient = vec![T::zero(); self.model.layout().len()];
                let loss = self.objective.gradient(self.model, batch, self.pool, &mut gradient);
                (loss, gradient)
            }
        };
        let loss = match loss {
            Err(error) => return Some(error.to_string()),
            Ok(loss) => loss,
        };
        if !loss.value.is_finite() {
            let explained = self.model.explain(&points, &contexts);
            return Some(explained.unwrap_or_else(|| format!("its loss is {}", loss.value)));
        }
        if !loss.penalty.is_finite() {
            return Some(format!("its loss is {}, and its penalty {}", loss.value, loss.penalty));
        }
        let infinite = gradient.iter().any(|value| !value.is_finite());
        infinite.then(|| format!("its loss is {}, and the gradient of it infinite", loss.value))
    }
}
