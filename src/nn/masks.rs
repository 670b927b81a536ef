//! Which weights of a masked network are zero: the degrees of its units.
//!
//! Let e_1 < e_2 < ... be the different degrees of the inputs. A hidden unit has a level l: it sees
//! the context and the inputs of the l lowest degrees. Between units, a weight is free if it leads
//! to the same level or a higher one; to an output, if all degrees that the unit sees are lower
//! than the output's.

use super::{Dense, Form, Shape};
use crate::error::{Error, Result};

/// The degrees of inputs and outputs.
#[derive(Clone, Debug)]
pub(super) struct Degrees {
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
}

impl Degrees {
    /// An error unless there is a degree for every input and output.
    pub fn check(&self, shape: &Shape) -> Result<()> {
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        if (inputs, outputs) == (shape.inputs, shape.outputs) {
            return Ok(());
        }
        Err(Error::shape(format!(
            "{inputs} and {outputs} degrees for {} inputs and {} outputs",
            shape.inputs, shape.outputs
        )))
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
        let outputs: Vec<usize> = self.outputs.iter().map(|&degree| below(degree)).collect();
        let highest = outputs.iter().copied().fold(0, usize::max);
        let [lowest, highest] = level_bounds(highest, shape.context);
        let mut free = Vec::new();
        let mut from = inputs;
        for (l, layer) in layers.iter().enumerate() {
            let last = l + 1 == layers.len();
            let hidden = hidden_levels(layer.outputs, lowest, highest);
            let to = if last { outputs.clone() } else { hidden };
            free.extend(to.iter().flat_map(|&to| from.iter().map(move |&from| from <= to)));
            free.extend(std::iter::repeat_n(true, layer.outputs));
            from = to;
        }
        free
    }
}

/// The lowest level of hidden units, and the highest, if the outputs have levels up to `outputs`.
pub(super) fn level_bounds(outputs: usize, context: usize) -> [usize; 2] {
    let lowest = usize::from(context == 0);
    [lowest, outputs.max(lowest)]
}

/// The levels of a layer's units: all from the lowest to the highest, in order and in equal shares.
pub(super) fn hidden_levels(width: usize, lowest: usize, highest: usize) -> Vec<usize> {
    let count = highest + 1 - lowest;
    (0..width).map(|k| lowest + k * count / width).collect()
}

impl Shape {
    /// Inputs and outputs of every affine map, with its name.
    pub fn affine_maps(&self) -> Vec<(String, [usize; 2])> {
        let first = self.inputs + self.context;
        let Some(&width) = self.hidden.first() else {
            return vec![("net.0".into(), [first, self.outputs])];
        };
        if self.form == Form::Plain {
            let widths = [&[first], &self.hidden[..], &[self.outputs]].concat();
            let maps = widths.windows(2).enumerate();
            return maps.map(|(l, w)| (format!("net.{}", 2 * l), [w[0], w[1]])).collect();
        }
        let blocks = (0..self.hidden.len()).flat_map(|b| {
            (0..2).map(move |i| (format!("blocks.{b}.linear_layers.{i}"), [width, width]))
        });
        let start = ("initial_layer".into(), [first, width]);
        let end = ("final_layer".into(), [width, self.outputs]);
        [start].into_iter().chain(blocks).chain([end]).collect()
    }
}
