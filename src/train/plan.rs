//! What is decided before the first step, by settings, model and data.

use nalgebra::DMatrix;

use super::choices::Choices;
use super::defaults::{Defaults, Kind, Task};
use super::honesty::Tolerances;
use super::{Objective, Optimizer, Trainable, Trainer, Warning, scales};
use crate::error::Result;
use crate::ode::Accuracy;
use crate::real::Real;

/// Which samples a run is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// A share of the data, as told or as usual.
    Share,
    /// So many that were given.
    Given(usize),
    /// So many of a fold, by which a member of an ensemble is judged.
    Fold(usize),
}

/// What a run goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub task: Task,
    pub defaults: Defaults,
    pub choices: Choices,
    pub tolerances: Tolerances,
}

impl Plan {
    /// As told, or as usual.
    pub fn of<T, M, O, P>(
        trainer: &Trainer<O, P>,
        model: &M,
        [data, contexts]: [&DMatrix<T>; 2],
        judged: Judged,
    ) -> Result<Self>
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        let (dim, rows) = data.shape();
        let own = trainer.objective.follows().then(|| model.accuracy());
        // Deviations that outliers make are no measure of noise.
        let outlier = |one: &Warning| matches!(one, Warning::Outlier { .. });
        let warnings = scales::warnings(model, [data, contexts]);
        let free = model.takes_noise() && !warnings.iter().any(outlier);
        let task = Task { dim, rows, context_dim: contexts.nrows(), free, kind: kind(own) };
        let (defaults, held_out) = match judged {
            Judged::Share => (Defaults::of(task), None),
            Judged::Given(count) => (Defaults::of(task), Some(count)),
            Judged::Fold(count) => (Defaults::of_member(task), Some(count)),
        };
        let rate = trainer.optimizer.learning_rate(&task);
        let choices = Choices::of(&trainer.settings, &defaults, task, rate, held_out)?;
        Ok(Self { task, defaults, choices, tolerances: Tolerances::new(choices.tolerance, own) })
    }
}

/// What a step costs, where losses are computed this accurately by the model, or not by following it.
fn kind(own: Option<Accuracy>) -> Kind {
    match own {
        None => Kind::Matched,
        Some(Accuracy::Rounding) => Kind::Closed,
        Some(_) => Kind::Solved,
    }
}
