//! What a run is of: model, data, objective and settings, as far as a checkpoint must fit them.

use nalgebra::DMatrix;

use super::Choices;
use crate::error::{Error, Result};
use crate::ode::Accuracy;
use crate::parameters::Layout;
use crate::real::Real;
use crate::trace::mix;

/// What a run is of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    pub layout: Layout,
    /// How accurate the model is by itself.
    pub accuracy: Accuracy,
    /// The rows of the data, their columns, and the rows of the contexts.
    pub shape: [usize; 3],
    /// A number that tells other data apart.
    pub digest: u64,
    pub choices: Choices,
    /// The objective and the optimiser, with their settings.
    pub objective: String,
    pub optimizer: String,
}

/// A number that depends on every bit of the data.
pub(super) fn digest<T: Real>(data: [&DMatrix<T>; 2]) -> u64 {
    let values = data.into_iter().flat_map(|matrix| matrix.iter());
    values.fold(0, |state, value| mix(state, value.wide().to_bits()))
}

impl Subject {
    /// An error unless a run of `own` can go on where this one stood.
    pub fn check_like(&self, own: &Self) -> Result<()> {
        self.check_model(own)?;
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
        self.check_settings(own)
    }

    fn check_model(&self, own: &Self) -> Result<()> {
        let (there, here) = (self.layout.entries(), own.layout.entries());
        if let Some((there, here)) = there.iter().zip(here).find(|(there, here)| there != here) {
            return Err(Error::shape(format!(
                "the checkpoint has `{}` {:?} where the model has `{}` {:?}: give a model made the same way",
                there.name, there.shape, here.name, here.shape
            )));
        }
        if there.len() != here.len() {
            return Err(Error::shape(format!(
                "the checkpoint has {} arrays of parameters, and the model {}: give a model made the same way",
                there.len(),
                here.len()
            )));
        }
        if self.layout.fingerprint() != own.layout.fingerprint() {
            return Err(Error::setting(
                "the model has other fixed arrays or settings than that of the checkpoint, such as masks, permutations or bounds: give a model made the same way, from the same seed",
            ));
        }
        Ok(())
    }

    fn check_settings(&self, own: &Self) -> Result<()> {
        let named = |subject: &Self| {
            let mut all = vec![
                ("accuracy of the model", format!("{:?}", subject.accuracy)),
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
