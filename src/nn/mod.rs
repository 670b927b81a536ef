//! Networks that give parameters to other maps: conditioners, plain, residual or masked.
//!
//! | file | what |
//! | --- | --- |
//! | `builder` | sizes, form and activation; where parameters start |
//! | `fixed` | what makes a network what it is besides its parameters |
//! | `masks` | which weights of an autoregressive network are zero |
//! | `shape` | sizes, and the affine maps that they make |
//! | `forward` | from inputs to outputs |
//! | `reverse` | what an evaluation keeps; the pullback |
//! | `stages` | a masked network one level after the other |
//! | `tangent` | products with the Jacobian, and their pullback |

mod builder;
mod fixed;
mod forward;
mod masks;
mod reverse;
mod shape;
mod stages;
mod tangent;

use crate::columns::{Rows, RowsMut};
use crate::error::{Error, Result};
use crate::kernels::Weights;
use crate::outcome::shown;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

use masks::Degrees;
use shape::{Dense, Shape};

pub use builder::NetworkBuilder;
pub use reverse::NetworkTape;
pub(crate) use stages::{Stages, Walk};
pub use tangent::{Products, TangentTape};

/// A feed-forward network from points and contexts to outputs, on blocks of columns.
///
/// Plain, it is W_L s(... s(W_1 \[x, c\] + b_1) ...) + b_L with an [`Activation`](crate::kernels::Activation) s, and its
/// parameters are named as PyTorch names those of a `Sequential`: `net.0.weight` \[out, in\],
/// `net.0.bias`, `net.2.weight`, .... Residual, it is the network of Durkan et al. 2019 (Neural
/// Spline Flows, appendix B.1): a first affine map, then for every hidden layer a block
/// u + W'' s(W' s(u) + b') + b'', and a last affine map, named `initial_layer`,
/// `blocks.0.linear_layers.0`, ..., `final_layer` as in nflows. Masked, the outputs see only some
/// of the inputs (Germain et al. 2015, MADE); the context is seen by all.
///
/// ```
/// use liouville::columns::{Block, Scratch};
/// use liouville::nn::{Input, Network};
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let network: Network<f64> = Network::new(3, 2).hidden([16, 16]).build(&mut rng)?;
/// let (x, none) = (Block::new(3, 5), Block::new(0, 5));
/// let mut outputs = Block::new(2, 5);
/// let input = Input { x: x.view(), context: none.view() };
/// network.forward(input, outputs.view_mut(), &mut Scratch::new());
/// assert!(outputs.values().iter().all(|value| value.is_finite()));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network<T> {
    shape: Shape,
    layers: Vec<Dense>,
    values: Parameters<T>,
    /// The degrees of a masked network.
    degrees: Option<Degrees>,
    /// Whether each parameter may differ from zero; empty if all may.
    free: Vec<bool>,
}

/// What a network reads: each lane is one sample.
#[derive(Clone, Copy)]
pub struct Input<'a, T> {
    /// The points, or those coordinates that are read: as many rows as the network has inputs.
    pub x: Rows<'a, T>,
    /// The contexts; may have no rows.
    pub context: Rows<'a, T>,
}

/// Where the pullback of a network adds.
pub struct Pulled<'a, T> {
    /// The cotangents of the points, added to.
    pub x: RowsMut<'a, T>,
    /// The cotangents of the contexts, added to.
    pub context: RowsMut<'a, T>,
    /// Sums for the parameters, added to; [`Network::fold`] turns them into a gradient.
    pub sums: &'a mut [T],
}

// For one scalar only, so that `Network::new(2, 4)` needs no annotation; the builder builds either.
impl Network<f32> {
    /// A builder for a network from `inputs` coordinates to `outputs` numbers, of either scalar.
    #[expect(clippy::new_ret_no_self, reason = "a network has sizes to choose before it exists")]
    pub fn new(inputs: usize, outputs: usize) -> NetworkBuilder {
        NetworkBuilder::new(inputs, outputs)
    }

    /// A builder for a network of which each output sees only the inputs of lower degree than its
    /// own, and the context: one degree per input and per output.
    ///
    /// With the degrees 1, 2, ..., d of d coordinates on both sides, output i depends on the
    /// coordinates before i (Germain et al. 2015, MADE: Masked Autoencoder for Distribution
    /// Estimation, equations 8 and 9).
    ///
    /// ```
    /// use liouville::nn::Network;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// // Three coordinates, and two numbers for each.
    /// let builder = Network::masked([1, 2, 3], [1, 1, 2, 2, 3, 3]);
    /// let network: Network<f32> = builder.hidden([32, 32]).build(&mut rng)?;
    /// assert_eq!(network.outputs(), 6);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn masked(
        inputs: impl IntoIterator<Item = usize>,
        outputs: impl IntoIterator<Item = usize>,
    ) -> NetworkBuilder {
        NetworkBuilder::masked(inputs.into_iter().collect(), outputs.into_iter().collect())
    }
}

impl<T: Real> Network<T> {
    /// The number of coordinates that are read.
    pub fn inputs(&self) -> usize {
        self.shape.inputs
    }

    /// The number of context values that are read.
    pub fn context_dim(&self) -> usize {
        self.shape.context
    }

    /// The number of outputs.
    pub fn outputs(&self) -> usize {
        self.shape.outputs
    }

    /// The names, shapes and places of the parameters.
    pub fn layout(&self) -> &Layout {
        self.values.layout()
    }

    /// The parameters with their names, shapes and places.
    pub fn held(&self) -> &Parameters<T> {
        &self.values
    }

    /// The parameters, flat. Masked weights are exactly zero.
    pub fn parameters(&self) -> &[T] {
        &self.values
    }

    /// Replaces all parameters, but masked weights, which stay zero.
    ///
    /// # Errors
    ///
    /// If there are more values than parameters or fewer, or one is NaN or infinite; the network is
    /// then unchanged.
    pub fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.set(values)?;
        self.apply_mask();
        Ok(())
    }

    /// The same network with this bias of the last layer: one number per output.
    ///
    /// # Errors
    ///
    /// If there are not as many numbers as outputs, or one is NaN or infinite.
    pub fn with_last_bias(mut self, bias: &[T]) -> Result<Self> {
        let outputs = self.shape.outputs;
        if bias.len() != outputs {
            return Err(Error::shape(format!(
                "{} of the last layer for {}: give one for each",
                shown::count(bias.len(), "value"),
                shown::count(outputs, "output")
            )));
        }
        let mut values = self.values.to_vec();
        if let Some(last) = self.layers.last() {
            values[last.bias.clone()].copy_from_slice(bias);
        }
        self.values.set(&values)?;
        Ok(self)
    }

    /// The length of the sums that pullbacks add to: the number of parameters.
    pub fn sums_len(&self) -> usize {
        self.values.len()
    }

    /// Turns sums over many pullbacks into the gradient by the parameters (added to `gradient`);
    /// masked weights have none.
    ///
    /// # Errors
    ///
    /// If `sums` or `gradient` has not as many values as there are parameters.
    pub fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.values.check_fold(sums, self.sums_len(), gradient)?;
        for (i, (total, sum)) in gradient.iter_mut().zip(sums).enumerate() {
            if self.free.get(i).copied().unwrap_or(true) {
                *total += *sum;
            }
        }
        Ok(())
    }

    /// Sets masked weights to zero.
    fn apply_mask(&mut self) {
        let values = self.values.values_mut().iter_mut();
        for (value, _) in values.zip(&self.free).filter(|(_, free)| !**free) {
            *value = T::zero();
        }
    }

    fn weight(&self, layer: usize) -> Weights<'_, T> {
        let layer = &self.layers[layer];
        Weights::new(&self.values[layer.weight.clone()], layer.outputs, layer.inputs)
    }

    fn bias(&self, layer: usize) -> &[T] {
        &self.values[self.layers[layer].bias.clone()]
    }

    /// The columns of the first weight that multiply the points, and those that multiply the
    /// context.
    fn first_weights(&self) -> [Weights<'_, T>; 2] {
        let (weight, inputs) = (self.weight(0), self.shape.inputs);
        [weight.columns(0, inputs), weight.columns(inputs, weight.cols)]
    }
}
