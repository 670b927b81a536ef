//! How a neural field is put together, and where its parameters start.

use std::sync::OnceLock;

use rand::{Rng, RngExt};

use super::{Layer, Mlp, Shape};
use crate::error::{Error, Result};
use crate::kernels::Activation;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

/// The last layer starts this much smaller than PyTorch's default, so that the velocities of an
/// untrained field are small and its flow is close to the identity.
pub(super) const LAST_LAYER: f64 = 0.01;

/// The choices of a neural field before its parameters exist; made by [`Mlp::new`].
#[derive(Clone, Debug)]
pub struct MlpBuilder {
    pub(super) shape: Shape,
}

impl MlpBuilder {
    pub(super) fn new(dim: usize) -> Self {
        let hidden = vec![64, 64];
        let activation = Activation::Tanh;
        Self { shape: Shape { dim, context_dim: 0, frequencies: 0, hidden, activation } }
    }

    /// The widths of the hidden layers, from the input on. Default: two of 64.
    pub fn hidden(mut self, widths: impl IntoIterator<Item = usize>) -> Self {
        self.shape.hidden = widths.into_iter().collect();
        self
    }

    /// The activation of every hidden layer. Default: tanh.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.shape.activation = activation;
        self
    }

    /// The number of context values of each sample. Default: none.
    pub fn context(mut self, dim: usize) -> Self {
        self.shape.context_dim = dim;
        self
    }

    /// The number of Fourier pairs sin 2πkt, cos 2πkt beside t. Default: none.
    pub fn time_frequencies(mut self, count: usize) -> Self {
        self.shape.frequencies = count;
        self
    }

    /// Draws the initial parameters: weights and biases uniform in ±1/√inputs as in PyTorch, the
    /// last layer a hundred times smaller.
    ///
    /// # Errors
    ///
    /// If the dimension or a width is zero.
    pub fn build<T: Real, R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Mlp<T>> {
        let (layout, layers) = self.arrange()?;
        let mut parameters = Parameters::zeros(layout);
        let values = parameters.values_mut();
        for (l, layer) in layers.iter().enumerate() {
            let last = if l + 1 == layers.len() { LAST_LAYER } else { 1.0 };
            let bound = last / (layer.inputs as f64).sqrt();
            for value in &mut values[layer.weight.start..layer.bias.end] {
                *value = T::of(rng.random_range(-bound..bound));
            }
        }
        Ok(self.assemble(layers, parameters))
    }

    /// Takes the parameters as they are, in the order of the layout: weight and bias of each layer,
    /// weights row-major \[out, in\].
    ///
    /// # Errors
    ///
    /// If the number of values is not that of the network, or one is NaN or infinite.
    pub fn with_parameters<T: Real>(&self, values: Vec<T>) -> Result<Mlp<T>> {
        let (layout, layers) = self.arrange()?;
        Ok(self.assemble(layers, Parameters::new(layout, values)?))
    }

    pub(super) fn assemble<T: Real>(&self, layers: Vec<Layer>, values: Parameters<T>) -> Mlp<T> {
        let (contraction, sharpness) = (OnceLock::new(), OnceLock::new());
        Mlp { shape: self.shape.clone(), layers, values, contraction, sharpness }
    }

    /// An error if the dimension or a width is zero.
    pub(super) fn check(&self) -> Result<()> {
        if self.shape.dim == 0 {
            return Err(Error::setting("a field needs at least one dimension"));
        }
        match self.shape.hidden.iter().position(|&width| width == 0) {
            Some(l) => Err(Error::setting(format!(
                "hidden layer {l} has no unit: give it one or more, or leave it out"
            ))),
            None => Ok(()),
        }
    }

    /// Names and places of all weights and biases.
    fn arrange(&self) -> Result<(Layout, Vec<Layer>)> {
        self.check()?;
        let shape = &self.shape;
        let mut layout = Layout::new();
        let mut layers = Vec::new();
        let mut inputs = shape.inputs();
        for (l, &outputs) in shape.hidden.iter().chain([&shape.dim]).enumerate() {
            let weight = layout.push(format!("net.{}.weight", 2 * l), &[outputs, inputs]);
            let bias = layout.push(format!("net.{}.bias", 2 * l), &[outputs]);
            layers.push(Layer { inputs, outputs, weight, bias });
            inputs = outputs;
        }
        Ok((layout, layers))
    }
}
