//! A model as a description with arrays, and back.

use super::members::{Members, Own};
use super::preparation::Preparation;
use super::{Model, as_many};
use crate::columns::Moments;
use crate::description::{Arrays, Description, Restore, Source};
use crate::error::Result;
use crate::flow::{AnyFlow, TrainableFlow};
use crate::heading::Heading;
use crate::parameters::Fixed;
use crate::real::Real;

/// The names of parts, which stand in front of those of their arrays.
const DENSITY: &str = "density";
const PREPARATION: &str = "preparation";

impl Model {
    /// What the model is besides its arrays.
    ///
    /// # Errors
    ///
    /// If a part of it does not describe itself.
    pub fn description(&self) -> Result<Description> {
        let words = |columns: &[Heading], word: fn(&Heading) -> &str| {
            columns.iter().map(|column| word(column).to_string()).collect::<Vec<_>>()
        };
        fn unit(column: &Heading) -> &str {
            column.unit().unwrap_or("")
        }
        let notes = self.notes.iter().fold(Description::new("Notes"), |notes, (name, value)| {
            notes.with(name, value.clone())
        });
        let model = Description::new("Model")
            .with("columns", words(&self.columns, Heading::name))
            .with("units", words(&self.columns, unit))
            .with("contexts", words(&self.contexts, Heading::name))
            .with("context_units", words(&self.contexts, unit))
            .with("whole", self.preparation.whole())
            .part("notes", notes)
            .part(DENSITY, self.members.description()?);
        match self.preparation.flow() {
            Some(flow) => Ok(model.part(PREPARATION, flow.describe()?)),
            None => Ok(model),
        }
    }

    /// The arrays of the model.
    ///
    /// # Errors
    ///
    /// If two arrays of one part have one name.
    pub fn arrays(&self) -> Result<Arrays> {
        let mut arrays = Arrays::new();
        arrays.add_part(DENSITY, self.members.arrays()?)?;
        if let Some(flow) = self.preparation.flow() {
            arrays.add_part(PREPARATION, Arrays::of_state(&flow.state())?)?;
        }
        let moments = self.preparation.contexts();
        if !moments.is_empty() {
            let row =
                |name: &str, of: fn(&Moments) -> f64| Fixed::row(name, moments.iter().map(of));
            arrays.add_fixed(row("contexts.mean", |moments| moments.mean))?;
            arrays.add_fixed(row("contexts.deviation", |moments| moments.deviation))?;
        }
        Ok(arrays)
    }

    /// The model that is described, whose members compute with the scalar `T`.
    ///
    /// # Errors
    ///
    /// If something is missing, or does not fit.
    pub fn restore<T: Real>(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Model")?;
        let members = Own::<T>::restore(&source.part_within(DENSITY, DENSITY)?)?;
        members.members().iter().try_for_each(|member| member.spaces().map(|_| ()))?;
        let spaces = Members::spaces(&members)?;
        let (dim, context_dim) = (Members::dim(&members), Members::context_dim(&members));
        let columns = named(source, ["columns", "units"], dim)?;
        let contexts = named(source, ["contexts", "context_units"], context_dim)?;
        let mut preparation = Preparation::none().rounding(source.counts("whole")?, dim)?;
        if source.has_part(PREPARATION) {
            let flow = AnyFlow::restore(&source.part_within(PREPARATION, PREPARATION)?)?;
            preparation = preparation.behind(flow, &spaces)?;
        }
        if source.has_array("contexts.mean") {
            let [means, deviations] =
                [source.fixed("contexts.mean")?, source.fixed("contexts.deviation")?];
            as_many("means", means.values.len(), "contexts", context_dim)?;
            as_many("deviations", deviations.values.len(), "contexts", context_dim)?;
            let pairs = means.values.into_iter().zip(deviations.values);
            let moments = pairs.map(|(mean, deviation)| Moments { mean, deviation });
            preparation = preparation.standardising_contexts(moments.collect())?;
        }
        let notes = source.part("notes")?.description().settings().to_vec();
        let model = Self { members: Box::new(members), preparation, columns, contexts, notes };
        model.check_names()
    }
}

/// Columns by the names of their settings.
fn named(source: &Source<'_>, [names, units]: [&str; 2], count: usize) -> Result<Vec<Heading>> {
    let (names, units) = (source.words(names)?, source.words(units)?);
    as_many("names", names.len(), "columns", count)?;
    as_many("units", units.len(), "columns", count)?;
    Ok(names.into_iter().zip(units).map(|(name, unit)| Heading::new(name).in_unit(unit)).collect())
}
