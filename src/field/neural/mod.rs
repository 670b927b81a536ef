//! The neural field: a multilayer perceptron of (x, t, context).
//!
//! | file | what |
//! | --- | --- |
//! | `builder` | sizes, activation, time features; initial parameters |
//! | `contraction` | the exact trace of fields with up to two hidden layers, as one product |
//! | `forward` | velocity, tangents, traces |
//! | `sharpness` | how suddenly a field can change |
//! | `tape`, `reverse` | what an evaluation keeps; the pullback |
//! | `gated/` | the same network with gates that time and context open |

mod builder;
mod contraction;
mod forward;
mod gated;
mod reverse;
mod sharpness;
mod tape;

use std::sync::OnceLock;

use crate::kernels::{Activation, Weights};
use crate::ode::Sharpness;
use crate::parameters::Parameters;
use crate::real::Real;

pub use builder::MlpBuilder;
pub use gated::{Gated, GatedBuilder, GatedTape};
pub use tape::MlpTape;

/// A multilayer perceptron as a velocity field,
///
/// f(t, x, c) = W_L s(... s(W_1 \[x, φ(t), c\] + b_1) ...) + b_L,
///
/// with any number of hidden layers. The time enters as φ(t) = t, or with `k` Fourier pairs as
/// φ(t) = (t, sin 2πt, cos 2πt, ..., sin 2πkt, cos 2πkt).
///
/// With one hidden layer the exact divergence is almost free, and with two it costs one more
/// product of hidden x hidden size, whatever the dimension; deeper networks take dim tangents.
/// The parameters are named as PyTorch names those of a `Sequential`: `net.0.weight` \[out, in\],
/// `net.0.bias`, `net.2.weight`, ....
///
/// ```
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let field: Mlp<f32> = Mlp::new(2).hidden([64, 64]).build(&mut rng)?;
/// assert_eq!(field.parameters().len(), 64 * 3 + 64 + 64 * 64 + 64 + 2 * 64 + 2);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mlp<T> {
    shape: Shape,
    layers: Vec<Layer>,
    values: Parameters<T>,
    /// The constant of the exact trace; see `contraction`.
    contraction: OnceLock<Vec<T>>,
    sharpness: OnceLock<Sharpness>,
    /// The rounding of every output.
    rounding: OnceLock<Vec<f64>>,
    /// Whether the parameters are still those that were drawn.
    fresh: bool,
}

/// The sizes and choices that determine a network.
#[derive(Clone, Debug)]
struct Shape {
    dim: usize,
    context_dim: usize,
    frequencies: usize,
    hidden: Vec<usize>,
    activation: Activation,
}

/// Where the weight and the bias of one affine map lie in the parameters.
#[derive(Clone, Debug)]
struct Layer {
    inputs: usize,
    outputs: usize,
    weight: std::ops::Range<usize>,
    bias: std::ops::Range<usize>,
}

/// Where a weight lies in the parameters: entry (i, j) at `start + i * stride + j`.
pub(crate) struct MapOfX {
    pub start: usize,
    pub rows: usize,
    pub columns: usize,
    pub stride: usize,
}

impl Shape {
    /// The number of rows that time takes in the input.
    fn time_rows(&self) -> usize {
        1 + 2 * self.frequencies
    }

    /// The number of rows that time and context take.
    fn controls(&self) -> usize {
        self.time_rows() + self.context_dim
    }

    /// The number of rows of the input.
    fn inputs(&self) -> usize {
        self.dim + self.controls()
    }
}

// For one scalar only, so that `Mlp::new(2)` needs no annotation; the builder builds either.
impl Mlp<f32> {
    /// A builder for a field in `dim` dimensions, of either scalar.
    #[expect(clippy::new_ret_no_self, reason = "a network has sizes to choose before it exists")]
    pub fn new(dim: usize) -> MlpBuilder {
        MlpBuilder::new(dim)
    }
}

impl<T: Real> Mlp<T> {
    /// Replaces the values without a check.
    pub(crate) fn put(&mut self, values: &[T]) {
        self.values.values_mut().copy_from_slice(values);
        self.forget();
    }

    /// Forgets what was derived from parameters that have been replaced.
    fn forget(&mut self) {
        self.contraction.take();
        self.sharpness.take();
        self.rounding.take();
        self.fresh = false;
    }

    /// The widths of the hidden layers.
    pub fn hidden(&self) -> &[usize] {
        &self.shape.hidden
    }

    /// The number of hidden layers.
    fn depth(&self) -> usize {
        self.shape.hidden.len()
    }

    /// The activation behind every hidden layer.
    pub(crate) fn activation(&self) -> Activation {
        self.shape.activation
    }

    /// Where the weights lie in the parameters, the first one without its columns of time and
    /// context.
    pub(crate) fn maps_of_x(&self) -> impl Iterator<Item = MapOfX> + '_ {
        self.layers.iter().enumerate().map(|(l, layer)| MapOfX {
            start: layer.weight.start,
            rows: layer.outputs,
            columns: if l == 0 { self.shape.dim } else { layer.inputs },
            stride: layer.inputs,
        })
    }

    fn weight(&self, layer: usize) -> Weights<'_, T> {
        let layer = &self.layers[layer];
        Weights::new(&self.values[layer.weight.clone()], layer.outputs, layer.inputs)
    }

    fn bias(&self, layer: usize) -> &[T] {
        &self.values[self.layers[layer].bias.clone()]
    }

    /// The columns of the first weight that multiply x.
    fn weight_of_x(&self) -> Weights<'_, T> {
        self.weight(0).columns(0, self.shape.dim)
    }
}
