//! How a network is put together, and where its parameters start.

use rand::{Rng, RngExt};

use super::Network;
use super::masks::Degrees;
use super::shape::{Dense, Form, Shape};
use crate::description::{Description, Source};
use crate::error::{Error, Result};
use crate::kernels::Activation;
use crate::outcome::shown::number;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

/// The last layer starts this much smaller than PyTorch's default, so that what the network
/// conditions is close to what its bias alone would make of it.
const LAST_LAYER: f64 = 0.01;

/// The second affine map of a residual block starts uniform in ± this number (as in nflows), so
/// that a block starts close to the identity.
const BLOCK_END: f64 = 1e-3;

/// The choices of a network before its parameters exist; made by [`Network::new`] and
/// [`Network::masked`].
#[derive(Clone, Debug)]
pub struct NetworkBuilder {
    shape: Shape,
    degrees: Option<Degrees>,
    last_scale: f64,
}

impl NetworkBuilder {
    pub(super) fn new(inputs: usize, outputs: usize) -> Self {
        let (hidden, activation, form) = (vec![64, 64], Activation::Relu, Form::Plain);
        let shape = Shape { inputs, context: 0, outputs, hidden, activation, form };
        Self { shape, degrees: None, last_scale: LAST_LAYER }
    }

    pub(super) fn masked(inputs: Vec<usize>, outputs: Vec<usize>) -> Self {
        let builder = Self::new(inputs.len(), outputs.len());
        Self { degrees: Some(Degrees { inputs, outputs }), ..builder }
    }

    /// The number of outputs, if another than at first.
    pub fn outputs(mut self, outputs: usize) -> Self {
        self.shape.outputs = outputs;
        self
    }

    /// The widths of the hidden layers, from the input on. Default: two of 64.
    pub fn hidden(mut self, widths: impl IntoIterator<Item = usize>) -> Self {
        self.shape.hidden = widths.into_iter().collect();
        self
    }

    /// The activation between affine maps. Default: [`Activation::Relu`].
    pub fn activation(mut self, activation: Activation) -> Self {
        self.shape.activation = activation;
        self
    }

    /// The number of context values of each sample. Default: none.
    pub fn context(mut self, dim: usize) -> Self {
        self.shape.context = dim;
        self
    }

    /// A residual block instead of every hidden layer; all must have one width.
    pub fn residual(mut self) -> Self {
        self.shape.form = Form::Residual;
        self
    }

    /// How much smaller than PyTorch's default the weights and biases of the last layer start;
    /// zero sets them to zero. Default: 0.01.
    pub fn last_scale(mut self, scale: f64) -> Self {
        self.last_scale = scale;
        self
    }

    /// Draws the initial parameters: weights and biases uniform in ±1/√inputs as in PyTorch, the
    /// last layer [smaller](NetworkBuilder::last_scale), and the ends of residual blocks within
    /// ±0.001.
    ///
    /// # Errors
    ///
    /// If there is nothing to read or nothing to write, a width is zero, the widths of residual
    /// blocks differ, degrees do not fit the sizes, a hidden layer of a masked network is too narrow for
    /// each output to depend on all that it may see, or the scale of the last layer is negative or not
    /// finite.
    pub fn build<T: Real, R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Network<T>> {
        if !(self.last_scale.is_finite() && self.last_scale >= 0.0) {
            let scale = self.last_scale;
            return Err(Error::setting(format!(
                "the scale of the last layer is {}: give a finite number, zero or more",
                number(scale)
            )));
        }
        let (layout, layers) = self.arrange()?;
        let mut network = self.assemble(layers, Parameters::zeros(layout));
        for l in 0..network.layers.len() {
            let (range, bound) = (network.range(l), self.bound(l, &network.layers));
            for value in &mut network.values.values_mut()[range] {
                *value = T::of(bound * rng.random_range(-1.0..1.0));
            }
        }
        network.apply_mask();
        Ok(network)
    }

    /// Takes the parameters as they are, in the order of the layout: weight and bias of each layer,
    /// weights row-major \[out, in\]. Masked weights become zero.
    ///
    /// # Errors
    ///
    /// As [`build`](NetworkBuilder::build), and if the number of values is not that of the network,
    /// or one is NaN or infinite.
    pub fn with_parameters<T: Real>(&self, values: &[T]) -> Result<Network<T>> {
        let (layout, layers) = self.arrange()?;
        let mut network = self.assemble(layers, Parameters::new(layout, values.to_vec())?);
        network.apply_mask();
        Ok(network)
    }

    /// The bound of a layer's initial parameters.
    fn bound(&self, layer: usize, layers: &[Dense]) -> f64 {
        let default = 1.0 / (layers[layer].inputs as f64).sqrt();
        match self.shape.form {
            _ if layer + 1 == layers.len() => self.last_scale * default,
            Form::Residual if layer > 0 && layer.is_multiple_of(2) => BLOCK_END,
            _ => default,
        }
    }

    fn check(&self) -> Result<()> {
        let shape = &self.shape;
        if shape.inputs + shape.context == 0 {
            return Err(Error::setting(
                "a network without input says nothing: give it coordinates or a context",
            ));
        }
        if shape.outputs == 0 {
            return Err(Error::setting("a network without outputs says nothing: give one or more"));
        }
        if let Some(l) = shape.hidden.iter().position(|&width| width == 0) {
            return Err(Error::setting(format!(
                "hidden layer {l} has no unit: give it one or more, or leave it out"
            )));
        }
        if shape.form == Form::Residual && shape.hidden.windows(2).any(|pair| pair[0] != pair[1]) {
            let widths = &shape.hidden;
            return Err(Error::setting(format!(
                "residual blocks have one width in common, and these have {widths:?}: give all the same"
            )));
        }
        self.degrees.as_ref().map_or(Ok(()), |degrees| degrees.check(shape))
    }

    /// Names and places of all weights and biases.
    fn arrange(&self) -> Result<(Layout, Vec<Dense>)> {
        self.check()?;
        let (mut layout, mut layers) = (Layout::new(), Vec::new());
        for (name, [inputs, outputs]) in self.shape.affine_maps() {
            let weight = layout.push(format!("{name}.weight"), &[outputs, inputs]);
            let bias = layout.push(format!("{name}.bias"), &[outputs]);
            layers.push(Dense { inputs, outputs, weight, bias });
        }
        Ok((layout, layers))
    }

    /// The network of these parameters, masked ones not yet zero.
    fn assemble<T: Real>(&self, layers: Vec<Dense>, values: Parameters<T>) -> Network<T> {
        let free = self.degrees.as_ref().map(|degrees| degrees.free(&self.shape, &layers));
        Network {
            shape: self.shape.clone(),
            layers,
            values,
            degrees: self.degrees.clone(),
            free: free.unwrap_or_default(),
        }
    }
}

/// The description of a network, without its degrees.
impl<T: Real> Network<T> {
    pub(crate) fn describe(&self) -> Description {
        let Shape { inputs, context, outputs, hidden, activation, form } = &self.shape;
        Description::new("Network")
            .with("inputs", *inputs)
            .with("context_dim", *context)
            .with("outputs", *outputs)
            .with("hidden", &hidden[..])
            .with("activation", activation.word())
            .with("residual", *form == Form::Residual)
    }

    /// The network that is described, masked by degrees of inputs and outputs if there are any.
    pub(crate) fn restore_masked(
        source: &Source<'_>,
        degrees: Option<[Vec<usize>; 2]>,
    ) -> Result<Self> {
        source.check_kind("Network")?;
        let word = source.word("activation")?;
        let activation =
            Activation::named(word).ok_or_else(|| source.unknown("activation", word))?;
        let form = if source.flag("residual")? { Form::Residual } else { Form::Plain };
        let shape = Shape {
            inputs: source.count("inputs")?,
            context: source.count("context_dim")?,
            outputs: source.count("outputs")?,
            hidden: source.widths("hidden")?,
            activation,
            form,
        };
        let degrees = degrees.map(|[inputs, outputs]| Degrees { inputs, outputs });
        let builder = NetworkBuilder { shape, degrees, last_scale: LAST_LAYER };
        let (layout, layers) = builder.arrange()?;
        let mut network = builder.assemble(layers, source.held(layout)?);
        network.apply_mask();
        Ok(network)
    }

    /// The network that is described, with the degrees among its arrays.
    pub(crate) fn restore_own(source: &Source<'_>) -> Result<Self> {
        let degrees = match source.has_array("degrees.inputs") {
            true => {
                let [inputs, outputs] = ["degrees.inputs", "degrees.outputs"];
                Some([source.fixed(inputs)?.counts()?, source.fixed(outputs)?.counts()?])
            }
            false => None,
        };
        Self::restore_masked(source, degrees)
    }
}

impl<T: Real> Network<T> {
    /// Where the parameters of one layer lie.
    fn range(&self, layer: usize) -> std::ops::Range<usize> {
        self.layers[layer].weight.start..self.layers[layer].bias.end
    }
}
