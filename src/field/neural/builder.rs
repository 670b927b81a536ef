//! How a neural field is put together, and where its parameters start.

use std::sync::OnceLock;

use rand::{Rng, RngExt};

use super::{Layer, Mlp, Shape};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::kernels::Activation;
use crate::outcome::shown;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

/// The first layer starts this much larger than PyTorch's default: points of the size of one then bend
/// every unit, at places of its own, and fields learn about twice as fast.
const FIRST_LAYER: f64 = 3.0;

/// The choices of a neural field before its parameters exist; made by [`Mlp::new`].
#[derive(Clone, Debug)]
pub struct MlpBuilder {
    pub(super) shape: Shape,
    first_scale: f64,
    last_scale: f64,
    told_widths: bool,
}

/// The widths of a network that was told none. Digits (64 pixels) come to 2.71 bits a pixel by 64, and to 2.53 by 128.
fn widths(dim: usize, context_dim: usize) -> Vec<usize> {
    let width = match dim {
        0..=3 if context_dim == 0 => 32,
        0..=32 => 64,
        _ => 128,
    };
    vec![width; 2]
}

impl MlpBuilder {
    pub(super) fn new(dim: usize) -> Self {
        let hidden = widths(dim, 0);
        let activation = Activation::Tanh;
        let shape = Shape { dim, context_dim: 0, frequencies: 0, hidden, activation };
        Self { shape, first_scale: FIRST_LAYER, last_scale: 0.0, told_widths: false }
    }

    /// The widths of the hidden layers, from the input on. Default: two of 32 in up to three dimensions without a
    /// context, where they learn as much as wider ones in a third of the time; two of 64 in up to 32; else of 128.
    pub fn hidden(mut self, widths: impl IntoIterator<Item = usize>) -> Self {
        self.shape.hidden = widths.into_iter().collect();
        self.told_widths = true;
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
        if !self.told_widths {
            self.shape.hidden = widths(self.shape.dim, dim);
        }
        self
    }

    /// The number of Fourier pairs sin 2πkt, cos 2πkt beside t. Default: none.
    pub fn time_frequencies(mut self, count: usize) -> Self {
        self.shape.frequencies = count;
        self
    }

    /// How much larger than PyTorch's default the weights and biases of the first layer start. Default: 3,
    /// for points and contexts of the size of one.
    pub fn first_scale(mut self, scale: f64) -> Self {
        self.first_scale = scale;
        self
    }

    /// How much smaller than PyTorch's default the weights and biases of the last layer start. Default: 0:
    /// nothing moves before training.
    pub fn last_scale(mut self, scale: f64) -> Self {
        self.last_scale = scale;
        self
    }

    /// Draws the initial parameters: weights and biases uniform in ±1/√inputs as in PyTorch, those of the
    /// first layer [larger](MlpBuilder::first_scale), those of the last layer
    /// [smaller](MlpBuilder::last_scale).
    ///
    /// # Errors
    ///
    /// If the dimension or a width is zero, or a scale is negative or not finite.
    pub fn build<T: Real, R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Mlp<T>> {
        let (layout, layers) = self.arrange()?;
        let mut parameters = Parameters::zeros(layout);
        let values = parameters.values_mut();
        for (l, layer) in layers.iter().enumerate() {
            let bound = self.bound(l, layers.len(), layer.inputs);
            for value in &mut values[layer.weight.start..layer.bias.end] {
                *value = T::of(bound * rng.random_range(-1.0..1.0));
            }
        }
        Ok(Mlp { fresh: true, ..self.assemble(layers, parameters) })
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
        let (contraction, sharpness, rounding) =
            (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let (shape, fresh) = (self.shape.clone(), false);
        Mlp { shape, layers, values, contraction, sharpness, rounding, fresh }
    }

    /// Where the initial parameters of a layer lie: in ± this number.
    pub(super) fn bound(&self, layer: usize, layers: usize, inputs: usize) -> f64 {
        let scale = match layer {
            _ if layer + 1 == layers => self.last_scale,
            0 => self.first_scale,
            _ => 1.0,
        };
        scale / (inputs as f64).sqrt()
    }

    /// An error if the dimension or a width is zero, or a scale is out of range.
    pub(super) fn check(&self) -> Result<()> {
        if self.shape.dim == 0 {
            return Err(Error::setting("a field in dimension 0 moves nothing: give one or more"));
        }
        let bad = |scale: &f64| !(scale.is_finite() && *scale >= 0.0);
        if let Some(scale) = [self.first_scale, self.last_scale].into_iter().find(bad) {
            return Err(Error::setting(format!(
                "the scale of a layer is {}: give a finite number, zero or more",
                shown::number(scale)
            )));
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

/// The sizes and choices in a description.
impl Shape {
    pub(super) fn describe(&self, kind: &str) -> Description {
        Description::new(kind)
            .with("dim", self.dim)
            .with("context_dim", self.context_dim)
            .with("time_frequencies", self.frequencies)
            .with("hidden", &self.hidden[..])
            .with("activation", self.activation.word())
    }
}

impl MlpBuilder {
    /// The builder that makes what is described.
    pub(super) fn described(source: &Source<'_>) -> Result<Self> {
        let word = source.word("activation")?;
        let activation =
            Activation::named(word).ok_or_else(|| source.unknown("activation", word))?;
        let shape = Shape {
            dim: source.count("dim")?,
            context_dim: source.count("context_dim")?,
            frequencies: source.count("time_frequencies")?,
            hidden: source.widths("hidden")?,
            activation,
        };
        Ok(Self { shape, ..Self::new(1) })
    }
}

impl<T: Real> Restore<T> for Mlp<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Mlp")?;
        let builder = MlpBuilder::described(source)?;
        let (layout, layers) = builder.arrange()?;
        Ok(builder.assemble(layers, source.held(layout)?))
    }
}
