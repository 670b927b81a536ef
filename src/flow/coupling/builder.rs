//! How a coupling is put together.

use rand::Rng;

use super::super::transformer::Transformer;
use super::Coupling;
use crate::columns::Mask;
use crate::error::Result;
use crate::kernels::Activation;
use crate::nn::{Network, NetworkBuilder};
use crate::real::Real;

/// The choices of a coupling before its parameters exist; made by [`Coupling::new`].
#[derive(Clone, Debug)]
pub struct CouplingBuilder<R> {
    mask: Mask,
    network: NetworkBuilder,
    transformer: R,
}

// For one scalar only, so that `AffineCoupling::new(mask)` needs no annotation; the builder builds
// either.
impl<R: Default> Coupling<f32, R> {
    /// A builder for a coupling of either scalar that moves the coordinates of `mask`.
    ///
    /// ```
    /// use liouville::columns::Mask;
    /// use liouville::flow::layers::AffineCoupling;
    /// use liouville::flow::transformer::Affine;
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let layer: AffineCoupling<f64> = AffineCoupling::new(Mask::random(6, &mut rng)?)
    ///     .context(2)
    ///     .hidden([32, 32])
    ///     .activation(Activation::Silu)
    ///     .residual()
    ///     .transformer(Affine::new(1.0)?)
    ///     .build(&mut rng)?;
    /// assert_eq!(layer.context_dim(), 2);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    #[expect(clippy::new_ret_no_self, reason = "a network has sizes to choose before it exists")]
    pub fn new(mask: Mask) -> CouplingBuilder<R> {
        let network = Network::new(mask.kept().len(), 1).last_scale(0.0);
        CouplingBuilder { mask, network, transformer: R::default() }
    }
}

impl<T: Real, R: Transformer<T> + Default> Coupling<T, R> {
    /// Moves every other coordinate, those of odd index in layers of even index and the others in
    /// layers of odd index, by a plain network with hidden layers of these widths.
    ///
    /// # Errors
    ///
    /// If `dim` is less than two, or a width is zero.
    pub fn alternating<G: Rng + ?Sized>(
        dim: usize,
        layer: usize,
        hidden: impl IntoIterator<Item = usize>,
        rng: &mut G,
    ) -> Result<Self> {
        Self::of_mask(Mask::alternating(dim, layer)?, hidden, rng)
    }

    /// Moves the second half of the coordinates in layers of even index and the first in layers of
    /// odd index, by a plain network with hidden layers of these widths. A little faster than
    /// [`alternating`](Coupling::alternating).
    ///
    /// # Errors
    ///
    /// If `dim` is less than two, or a width is zero.
    pub fn halves<G: Rng + ?Sized>(
        dim: usize,
        layer: usize,
        hidden: impl IntoIterator<Item = usize>,
        rng: &mut G,
    ) -> Result<Self> {
        Self::of_mask(Mask::halves(dim, layer)?, hidden, rng)
    }

    fn of_mask<G: Rng + ?Sized>(
        mask: Mask,
        hidden: impl IntoIterator<Item = usize>,
        rng: &mut G,
    ) -> Result<Self> {
        Coupling::<f32, R>::new(mask).hidden(hidden).build(rng)
    }
}

impl<R> CouplingBuilder<R> {
    /// The widths of the network's hidden layers. Default: two of 64.
    pub fn hidden(mut self, widths: impl IntoIterator<Item = usize>) -> Self {
        self.network = self.network.hidden(widths);
        self
    }

    /// The network's activation. Default: [`Activation::Relu`].
    pub fn activation(mut self, activation: Activation) -> Self {
        self.network = self.network.activation(activation);
        self
    }

    /// The number of context values of each sample. Default: none.
    pub fn context(mut self, dim: usize) -> Self {
        self.network = self.network.context(dim);
        self
    }

    /// A residual network, with a block instead of every hidden layer; all must have one width.
    pub fn residual(mut self) -> Self {
        self.network = self.network.residual();
        self
    }

    /// How much smaller than PyTorch's default the last weights of the network start. Default: zero, so
    /// that the layer starts as the identity, or as what is nearest to it; one starts as most other
    /// libraries do, which in few dimensions may train faster.
    pub fn last_scale(mut self, scale: f64) -> Self {
        self.network = self.network.last_scale(scale);
        self
    }

    /// The map of each moved coordinate, if another than the default of its kind.
    pub fn transformer<S>(self, transformer: S) -> CouplingBuilder<S> {
        CouplingBuilder { mask: self.mask, network: self.network, transformer }
    }

    /// Draws the initial parameters of the network; its last layer starts where the transformer is
    /// the identity.
    ///
    /// # Errors
    ///
    /// If a width is zero, or the widths of residual blocks differ.
    pub fn build<T: Real, G: Rng + ?Sized>(&self, rng: &mut G) -> Result<Coupling<T, R>>
    where
        R: Transformer<T>,
    {
        let moved = self.mask.moved().len();
        let mut identity = vec![T::zero(); self.transformer.parameters()];
        self.transformer.identity(&mut identity);
        let builder = self.network.clone().outputs(moved * identity.len());
        let network = builder.build(rng)?.with_last_bias(&identity.repeat(moved))?;
        Coupling::from_network(self.mask.clone(), network, self.transformer.clone())
    }
}
