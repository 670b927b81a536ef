//! The sizes of a network, and its affine maps.

use std::ops::Range;

use crate::kernels::Activation;

/// The sizes and choices that determine a network.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub inputs: usize,
    pub context: usize,
    pub outputs: usize,
    pub hidden: Vec<usize>,
    pub activation: Activation,
    pub form: Form,
}

/// How the hidden layers are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Residual,
}

/// Where the weight and the bias of one affine map lie in the parameters.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    pub weight: Range<usize>,
    pub bias: Range<usize>,
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
