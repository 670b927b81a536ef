//! Base + flow, and ensembles of them, as descriptions with arrays.

use super::{Base, Ensemble, Pushforward};
use crate::description::{Arrays, Describe, Description, Restore, Source};
use crate::error::Result;
use crate::flow::TrainableFlow;
use crate::real::Real;

impl<T: Real, B: Base<T>, F: TrainableFlow<T>> Describe<T> for Pushforward<B, F> {
    fn description(&self) -> Result<Description> {
        let (base, flow) = (self.base().describe()?, self.flow().describe()?);
        Ok(Description::new("Pushforward").part("base", base).part("flow", flow))
    }

    fn arrays(&self) -> Result<Arrays> {
        Arrays::of_state(&self.state())
    }
}

impl<T: Real, B: Restore<T>, F: Restore<T>> Restore<T> for Pushforward<B, F> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Pushforward")?;
        let base = B::restore(&source.part_within("base", "base")?);
        let base = base.map_err(|error| error.during("the base"))?;
        Ok(Self::new(base, F::restore(&source.part("flow")?)?))
    }
}

impl<T: Real, M: Describe<T>> Describe<T> for Ensemble<M> {
    fn description(&self) -> Result<Description> {
        let ensemble = Description::new("Ensemble").with("weights", self.weights());
        self.members().iter().enumerate().try_fold(ensemble, |ensemble, (k, member)| {
            Ok(ensemble.part(&k.to_string(), member.description()?))
        })
    }

    fn arrays(&self) -> Result<Arrays> {
        let mut arrays = Arrays::new();
        for (k, member) in self.members().iter().enumerate() {
            arrays.add_part(&k.to_string(), member.arrays()?)?;
        }
        Ok(arrays)
    }
}

/// Weights keep their bits: they are not divided by their sum again.
impl<T: Real, M: Restore<T>> Restore<T> for Ensemble<M> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Ensemble")?;
        let members = source.parts().enumerate().map(|(k, part)| {
            M::restore(&part).map_err(|error| error.during(format!("member {k} of the ensemble")))
        });
        Self::of_shares(members.collect::<Result<_>>()?, source.numbers("weights")?)
    }
}
