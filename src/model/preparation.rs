//! From the units of the table to what the members see, and back: flows in `f64`, moments of contexts, and
//! whole numbers.

use super::whole;
use crate::columns::Moments;
use crate::error::{Error, Result};
use crate::flow::{AnyFlow, Direction, Flow, Space};

/// What stands between a table and the members of a model.
#[derive(Debug, Clone)]
pub(super) struct Preparation {
    flow: Option<AnyFlow<f64>>,
    contexts: Vec<Moments>,
    whole: Vec<usize>,
}

impl Preparation {
    pub fn none() -> Self {
        Self { flow: None, contexts: Vec::new(), whole: Vec::new() }
    }

    pub fn flow(&self) -> Option<&AnyFlow<f64>> {
        self.flow.as_ref()
    }

    pub fn contexts(&self) -> &[Moments] {
        &self.contexts
    }

    pub fn whole(&self) -> &[usize] {
        &self.whole
    }

    /// Behind members that make points of these spaces.
    pub fn behind(self, flow: AnyFlow<f64>, made: &[Space]) -> Result<Self> {
        flow.check()?;
        let dim = made.len();
        if (flow.dim(), flow.context_dim()) != (dim, 0) {
            return Err(Error::shape(format!(
                "what prepares the data has {} coordinates and reads {} contexts, the model has {dim}: give a flow of as many, without contexts",
                flow.dim(),
                flow.context_dim()
            )));
        }
        let fits = flow.spaces(Direction::Forward, made);
        fits.map_err(|error| error.during("what prepares the data does not fit the model"))?;
        Ok(Self { flow: Some(flow), ..self })
    }

    pub fn standardising_contexts(self, contexts: Vec<Moments>) -> Result<Self> {
        let sound = |moments: &Moments| {
            moments.mean.is_finite() && moments.deviation.is_finite() && moments.deviation > 0.0
        };
        match contexts.iter().position(|moments| !sound(moments)) {
            Some(k) => Err(Error::setting(format!(
                "the mean of context {k} is {}, its deviation {}: give finite numbers, the deviation above zero",
                contexts[k].mean, contexts[k].deviation
            ))),
            None => Ok(Self { contexts, ..self }),
        }
    }

    pub fn rounding(self, whole: Vec<usize>, dim: usize) -> Result<Self> {
        match whole.iter().find(|&&place| place >= dim) {
            Some(place) => Err(Error::setting(format!(
                "column {place} is to hold whole numbers, and the model has {dim} columns: name one of them"
            ))),
            None => Ok(Self { whole, ..self }),
        }
    }

    /// What one row of the table becomes before it goes through the flow; the column that is not whole, if
    /// one should be.
    pub fn enter(&self, row: &mut [f64]) -> std::result::Result<(), usize> {
        whole::add_noise(&self.whole, row)
    }

    /// What one row becomes behind the flow.
    pub fn leave(&self, row: &mut [f64]) {
        self.whole.iter().for_each(|&place| row[place] = row[place].floor());
    }
}
