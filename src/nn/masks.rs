//! Which weights of a masked network are zero: the degrees of its units.
//!
//! Let e_1 < e_2 < ... be the different degrees of the inputs. A hidden unit has a level l: it sees
//! the context and the inputs of the l lowest degrees. Between units, a weight is free if it leads
//! to the same level or a higher one; to an output, if all degrees that the unit sees are lower
//! than the output's.
//!
//! An output that may see the inputs of the l lowest degrees sees the highest of them through units of
//! level l alone. Every layer therefore has units of every level that outputs have, or the network is
//! refused: with fewer it would silently leave out neighbours.

use super::shape::{Dense, Shape};
use crate::error::{Error, Result};
use crate::outcome::shown;

/// The degrees of inputs and outputs.
#[derive(Clone, Debug)]
pub(super) struct Degrees {
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
}

impl Degrees {
    /// An error unless there is a degree for every input and output, and a unit of every level in every
    /// hidden layer.
    pub fn check(&self, shape: &Shape) -> Result<()> {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        if (inputs, outputs) != (shape.inputs, shape.outputs) {
            return Err(Error::shape(format!(
                "{inputs} and {outputs} degrees for {} and {}: give one for each",
                shown::count(shape.inputs, "input"),
                shown::count(shape.outputs, "output")
            )));
        }
        let least = unit_levels(self.output_levels(), shape.context).len();
        match shape.hidden.iter().position(|width| *width < least) {
            None => Ok(()),
            Some(l) => Err(Error::setting(format!(
                "hidden layer {l} of a masked network has {}, too few for its outputs to depend on all \
                 inputs that they may see: give it {least} or more",
                shown::count(shape.hidden[l], "unit")
            ))),
        }
    }

    /// The level of each output: how many of the different degrees of inputs are lower than its own.
    fn output_levels(&self) -> Vec<usize> {
        let distinct = self.distinct();
        self.outputs.iter().map(|&own| distinct.partition_point(|&other| other < own)).collect()
    }

    /// The different degrees of the inputs, from the lowest.
    fn distinct(&self) -> Vec<usize> {
        let mut distinct = self.inputs.clone();
        distinct.sort_unstable();
        distinct.dedup();
        distinct
    }

    /// Whether each parameter may differ from zero, for layers whose parameters lie one after the
    /// other.
    pub fn free(&self, shape: &Shape, layers: &[Dense]) -> Vec<bool> {
        let distinct = self.distinct();
        let below = |degree: usize| distinct.partition_point(|&other| other < degree);
        // An input's level is the lowest at which it is seen, an output's the highest that it sees.
        let inputs = self.inputs.iter().map(|&degree| below(degree) + 1);
        let inputs: Vec<usize> = inputs.chain(std::iter::repeat_n(0, shape.context)).collect();
        let outputs = self.output_levels();
        let levels = unit_levels(outputs.clone(), shape.context);
        let mut free = Vec::new();
        let mut from = inputs;
        for (l, layer) in layers.iter().enumerate() {
            let last = l + 1 == layers.len();
            let to = if last { outputs.clone() } else { hidden_levels(layer.outputs, &levels) };
            free.extend(to.iter().flat_map(|&to| from.iter().map(move |&from| from <= to)));
            free.extend(std::iter::repeat_n(true, layer.outputs));
            from = to;
        }
        free
    }
}

/// The levels of hidden units, rising: those of the outputs, without the one that sees nothing at all.
pub(super) fn unit_levels(mut outputs: Vec<usize>, context: usize) -> Vec<usize> {
    outputs.sort_unstable();
    outputs.dedup();
    outputs.retain(|level| *level > 0 || context > 0);
    // Where no output sees anything, units are idle.
    if outputs.is_empty() { vec![1] } else { outputs }
}

/// The levels of a layer's units: all levels in order and in equal shares.
pub(super) fn hidden_levels(width: usize, levels: &[usize]) -> Vec<usize> {
    (0..width).map(|k| levels[k * levels.len() / width]).collect()
}
