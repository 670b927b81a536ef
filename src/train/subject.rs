//! What a run is of: data, objective, settings and model, as far as a checkpoint must fit them.

use nalgebra::DMatrix;

use super::{Choices, Objective, Optimizer, Trainable, Trainer};
use crate::error::{Error, Result};
use crate::ode::Accuracy;
use crate::parameters::Layout;
use crate::real::Real;
use crate::trace::mix;

/// What a run is of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    /// How accurate the model is by itself.
    pub accuracy: Accuracy,
    /// The rows of the data, their columns, and the rows of the contexts.
    pub shape: [usize; 3],
    /// A number that tells other data apart.
    pub digest: u64,
    /// Another one that tells divisions of them apart that were not drawn, into samples to learn from and to judge by.
    pub divided: Option<u64>,
    pub choices: Choices,
    /// Whether the model starts as it is.
    pub keep_start: bool,
    /// The objective and the optimiser, with their settings.
    pub objective: String,
    pub optimizer: String,
}

impl Subject {
    pub fn of<T, M, O, P>(
        trainer: &Trainer<O, P>,
        model: &M,
        [data, contexts]: [&DMatrix<T>; 2],
        choices: Choices,
    ) -> Self
    where
        T: Real,
        M: Trainable<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        let Trainer { objective, optimizer, settings } = trainer;
        Self {
            accuracy: model.accuracy(),
            shape: [data.nrows(), data.ncols(), contexts.nrows()],
            digest: digest([data, contexts]),
            divided: None,
            choices,
            keep_start: settings.keep_start,
            objective: format!("{objective:?}"),
            optimizer: format!("{optimizer:?}"),
        }
    }

    /// An error unless a run of `own` can go on where this one stood, as far as it is known before the model is
    /// touched.
    pub fn check_like(&self, own: &Self) -> Result<()> {
        if self.shape != own.shape {
            let [there, here] = [self, own].map(|subject| {
                let [rows, columns, contexts] = subject.shape;
                format!("{rows} x {columns} with {contexts} rows of contexts")
            });
            return Err(Error::shape(format!(
                "the data of the checkpoint are {there}, and these are {here}: give the same"
            )));
        }
        if self.digest != own.digest {
            return Err(Error::setting(
                "the data are as many as those of the checkpoint, but not the same or not in the same order: give the same, or start from the parameters of the checkpoint by `fit`",
            ));
        }
        if self.divided != own.divided {
            return Err(Error::setting(
                "the checkpoint is of a run that judges by other samples, as a member of an ensemble does, or a run to which they were given: go on by the call that began it",
            ));
        }
        self.check_settings(own)
    }

    fn check_settings(&self, own: &Self) -> Result<()> {
        let named = |subject: &Self| {
            let mut all = vec![
                ("accuracy of the model", format!("{:?}", subject.accuracy)),
                ("start", format!("as it is: {}", subject.keep_start)),
                ("objective", subject.objective.clone()),
                ("optimiser", subject.optimizer.clone()),
            ];
            all.extend(subject.choices.named());
            all
        };
        let pairs = named(self).into_iter().zip(named(own));
        match pairs.into_iter().find(|(there, here)| there != here) {
            Some(((what, there), (_, here))) => Err(Error::setting(format!(
                "the {what} of the checkpoint is {there}, and here it is {here}: make the trainer the same way"
            ))),
            None => Ok(()),
        }
    }
}

/// A number that depends on every bit of the data.
fn digest<T: Real>(data: [&DMatrix<T>; 2]) -> u64 {
    let values = data.into_iter().flat_map(|matrix| matrix.iter());
    values.fold(0, |state, value| mix(state, value.wide().to_bits()))
}

/// An error unless the model has the parameters, and is otherwise the model, of a checkpoint.
pub(super) fn check_layout(there: &Layout, here: &Layout) -> Result<()> {
    let ([all, own], [print, own_print]) =
        ([there, here].map(Layout::entries), [there, here].map(Layout::fingerprint));
    if let Some((there, here)) = all.iter().zip(own).find(|(there, here)| there != here) {
        return Err(Error::shape(format!(
            "the checkpoint has `{}` {:?} where the model has `{}` {:?}: give a model made the same way",
            there.name, there.shape, here.name, here.shape
        )));
    }
    if all.len() != own.len() {
        return Err(Error::shape(format!(
            "the checkpoint has {} arrays of parameters, and the model {}: give a model made the same way",
            all.len(),
            own.len()
        )));
    }
    if print != own_print {
        return Err(Error::setting(
            "the model has other fixed arrays or settings than that of the checkpoint, such as masks, permutations, bounds or a frame: give a model made the same way, from the same seed",
        ));
    }
    Ok(())
}
