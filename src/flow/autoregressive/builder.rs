//! How an autoregressive flow is put together.

use rand::Rng;
use rand::seq::SliceRandom;

use super::super::transformer::Transformer;
use super::Autoregressive;
use crate::error::{Error, Result};
use crate::kernels::Activation;
use crate::nn::{Network, NetworkBuilder, Stages};
use crate::outcome::shown;
use crate::real::Real;

/// The order in which an autoregressive flow moves the coordinates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the first to the last.
    Natural,
    /// From the last to the first.
    Reversed,
    /// A permutation that is drawn with the parameters.
    Random,
    /// This permutation: first the coordinate of the first index, and so on.
    Given(Vec<usize>),
}

impl Order {
    /// The permutation of `dim` coordinates.
    fn draw<G: Rng + ?Sized>(&self, dim: usize, rng: &mut G) -> Result<Vec<usize>> {
        let mut order: Vec<usize> = (0..dim).collect();
        match self {
            Self::Natural => {}
            Self::Reversed => order.reverse(),
            Self::Random => order.shuffle(rng),
            Self::Given(given) => {
                let mut sorted = given.clone();
                sorted.sort_unstable();
                if sorted != order {
                    return Err(Error::setting(format!(
                        "the order {} is not one of {}: name each of 0 to {} once",
                        shown::list(given),
                        shown::count(dim, "coordinate"),
                        dim.saturating_sub(1)
                    )));
                }
                order.clone_from(given);
            }
        }
        Ok(order)
    }
}

/// The choices of an autoregressive flow before its parameters exist; made by
/// [`Autoregressive::new`].
#[derive(Clone, Debug)]
pub struct AutoregressiveBuilder<R> {
    dim: usize,
    order: Order,
    hidden: Option<Vec<usize>>,
    activation: Activation,
    context: usize,
    residual: bool,
    last_scale: f64,
    transformer: R,
}

// For one scalar only, so that `Maf::new(3)` needs no annotation; the builder builds either.
impl<R: Default> Autoregressive<f32, R> {
    /// A builder for an autoregressive flow in `dim` dimensions, of either scalar.
    ///
    /// ```
    /// use liouville::flow::autoregressive::Order;
    /// use liouville::flow::layers::SplineMaf;
    /// use liouville::flow::transformer::Spline;
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let flow: SplineMaf<f64> = SplineMaf::new(4)
    ///     .context(2)
    ///     .order(Order::Reversed)
    ///     .hidden([32, 32])
    ///     .activation(Activation::Silu)
    ///     .transformer(Spline::new(6, 4.0)?)
    ///     .build(&mut rng)?;
    /// assert_eq!(flow.order(), [3, 2, 1, 0]);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    #[expect(clippy::new_ret_no_self, reason = "a network has sizes to choose before it exists")]
    pub fn new(dim: usize) -> AutoregressiveBuilder<R> {
        AutoregressiveBuilder {
            dim,
            order: Order::Natural,
            hidden: None,
            activation: Activation::Relu,
            context: 0,
            residual: false,
            last_scale: 0.0,
            transformer: R::default(),
        }
    }
}

/// Two layers of the usual width, or of two units for every coordinate if that is more: of fewer than one
/// each, some would not depend on their neighbours.
pub(in super::super) fn usual_widths(usual: usize, dim: usize) -> Vec<usize> {
    vec![usual.max(2 * dim); 2]
}

impl<R> AutoregressiveBuilder<R> {
    /// The order in which coordinates are moved. Default: [`Order::Natural`]. Reverse it from layer
    /// to layer, so that none is always the first.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The widths of the network's hidden layers: at least the dimension, less one without a context, so
    /// that every coordinate depends on all before it. Default: two of 64, or of twice the dimension if
    /// that is more.
    pub fn hidden(mut self, widths: impl IntoIterator<Item = usize>) -> Self {
        self.hidden = Some(widths.into_iter().collect());
        self
    }

    /// The network's activation. Default: [`Activation::Relu`].
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// The number of context values of each sample. Default: none.
    pub fn context(mut self, dim: usize) -> Self {
        self.context = dim;
        self
    }

    /// A residual network, with a block instead of every hidden layer; all must have one width.
    pub fn residual(mut self) -> Self {
        self.residual = true;
        self
    }

    /// How much smaller than PyTorch's default the last weights of the network start. Default: zero, so
    /// that the layer starts as the identity, or as what is nearest to it; one starts as most other
    /// libraries do. On five sets neither trained better on all; on ten features of MAGIC the identity did.
    pub fn last_scale(mut self, scale: f64) -> Self {
        self.last_scale = scale;
        self
    }

    /// The map of each coordinate, if another than the default of its kind.
    pub fn transformer<S>(self, transformer: S) -> AutoregressiveBuilder<S> {
        AutoregressiveBuilder {
            dim: self.dim,
            order: self.order,
            hidden: self.hidden,
            activation: self.activation,
            context: self.context,
            residual: self.residual,
            last_scale: self.last_scale,
            transformer,
        }
    }

    /// Draws the order, if it is random, and the initial parameters of the network; its last layer
    /// starts where the transformer is the identity.
    ///
    /// # Errors
    ///
    /// If the dimension is zero, a width is too small for every coordinate to depend on all before it,
    /// the widths of residual blocks differ, or a given order is no permutation.
    pub fn build<T: Real, G: Rng + ?Sized>(&self, rng: &mut G) -> Result<Autoregressive<T, R>>
    where
        R: Transformer<T>,
    {
        if self.dim == 0 {
            return Err(Error::setting("a flow in dimension 0 moves nothing: give one or more"));
        }
        let order = self.order.draw(self.dim, rng)?;
        let mut identity = vec![T::zero(); self.transformer.parameters()];
        self.transformer.identity(&mut identity);
        let network = self.network(&order, identity.len()).build(rng)?;
        let network = network.with_last_bias(&identity.repeat(self.dim))?;
        let stages = Stages::new(&network, self.dim);
        Ok(Autoregressive { order, network, stages, transformer: self.transformer.clone() })
    }

    /// A network whose input `i` has the place of coordinate `i` in the order, counted from one, for
    /// its degree, and so have the `parameters` outputs of the coordinate.
    fn network(&self, order: &[usize], parameters: usize) -> NetworkBuilder {
        let degrees = degrees(order);
        let outputs = of_each(&degrees, parameters);
        let builder = Network::masked(degrees, outputs)
            .hidden(self.hidden.clone().unwrap_or_else(|| usual_widths(64, order.len())))
            .activation(self.activation)
            .context(self.context)
            .last_scale(self.last_scale);
        if self.residual { builder.residual() } else { builder }
    }
}

/// The place of every coordinate in the order, counted from one.
pub(super) fn degrees(order: &[usize]) -> Vec<usize> {
    let mut degrees = vec![0; order.len()];
    for (place, &i) in order.iter().enumerate() {
        degrees[i] = place + 1;
    }
    degrees
}

/// The degrees of as many outputs for every coordinate.
pub(super) fn of_each(degrees: &[usize], parameters: usize) -> Vec<usize> {
    degrees.iter().flat_map(|&degree| std::iter::repeat_n(degree, parameters)).collect()
}
