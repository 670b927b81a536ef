//! The usual stacks of layers, with the defaults of their papers where those serve.

use nalgebra::DVector;
use rand::{Rng, RngExt};

use super::autoregressive::{Autoregressive, Order, usual_widths};
use super::layers::{ActNorm, RealNvpCoupling};
use super::transformer::{BaseAffine, Spline, Transformer};
use super::{Chain, Coupling, EulerStep, InvertibleLinear};
use crate::columns::Mask;
use crate::error::{Error, Result};
use crate::field::{DiagonalAffine, Planar};
use crate::kernels::Activation;
use crate::real::Real;

/// The kinds of stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    RealNvp,
    Glow,
    SplineCoupling,
    SplineAutoregressive,
    Maf,
    Planar,
}

/// The choices of a stack of layers before its parameters exist; it is built as a [`Chain`].
///
/// | stack | layers, from base to data | defaults |
/// | --- | --- | --- |
/// | [`real_nvp`](Stack::real_nvp) | affine couplings of alternating coordinates | 10 layers, hidden 100, 100 |
/// | [`glow`](Stack::glow) | affine coupling, linear layer, activation normalisation, over and over | 8 steps, hidden 64, 64 |
/// | [`spline_coupling`](Stack::spline_coupling) | spline coupling, linear layer, over and over | 10 steps, two residual blocks of 64, 8 bins in ±3 |
/// | [`spline_autoregressive`](Stack::spline_autoregressive) | spline autoregressive, linear layer, over and over | the same, or as wide as twice the dimension |
/// | [`maf`](Stack::maf) | autoregressive layers, the order turned from one to the next | 5 layers, hidden 100, 100, or twice the dimension |
/// | [`planar`](Stack::planar) | planar layers | 16 layers |
///
/// Layers start as the identity, and planar layers close to it; linear layers as random rotations in
/// Glow, and as random permutations between splines, so that splines meet the coordinates of the data
/// (on ten features of MAGIC that is 0.8 nats better after a thousand steps). The papers' residual blocks
/// for large tables are 256 wide; 64 cost a seventh, and on MAGIC's 15,000 samples they overfit less.
/// Activation normalisation waits for data:
/// [`Pushforward::initialise`](crate::density::Pushforward::initialise).
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let data: DMatrix<f32> = data::two_moons(0.1).sample(500, &mut rng)?;
/// let stack = Stack::glow(2).layers(3).hidden([16, 16]).build(&mut rng)?;
/// let mut model = StandardNormal::new(2).pushed_by(stack);
/// model.initialise(&data, None)?;
/// Trainer::maximum_likelihood().steps(10).quiet().fit(&mut model, &data, &mut rng)?;
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stack {
    kind: Kind,
    dim: usize,
    layers: usize,
    hidden: Option<Vec<usize>>,
    activation: Option<Activation>,
    context: usize,
    spline: Option<Spline>,
}

impl Stack {
    fn new(kind: Kind, dim: usize, layers: usize) -> Self {
        Self { kind, dim, layers, hidden: None, activation: None, context: 0, spline: None }
    }

    /// RealNVP (Dinh et al. 2017) in the sizes of Papamakarios et al. 2017, section 4.2: affine
    /// couplings that move odd and even coordinates in turn.
    pub fn real_nvp(dim: usize) -> Self {
        Self::new(Kind::RealNvp, dim, 10)
    }

    /// The steps of Glow (Kingma and Dhariwal 2018, section 3) for vectors: activation
    /// normalisation, an invertible linear layer, and an affine coupling.
    pub fn glow(dim: usize) -> Self {
        Self::new(Kind::Glow, dim, 8)
    }

    /// RQ-NSF (C) of Durkan et al. 2019: spline couplings with a linear layer between them.
    pub fn spline_coupling(dim: usize) -> Self {
        Self::new(Kind::SplineCoupling, dim, 10)
    }

    /// RQ-NSF (AR) of Durkan et al. 2019: spline autoregressive layers with a linear layer between
    /// them.
    pub fn spline_autoregressive(dim: usize) -> Self {
        Self::new(Kind::SplineAutoregressive, dim, 10)
    }

    /// The masked autoregressive flow of Papamakarios et al. 2017, MAF (5), without batch
    /// normalisation.
    pub fn maf(dim: usize) -> Self {
        Self::new(Kind::Maf, dim, 5)
    }

    /// Planar layers (Rezende and Mohamed 2015).
    pub fn planar(dim: usize) -> Self {
        Self::new(Kind::Planar, dim, 16)
    }

    /// The number of layers, or of steps where a step has several.
    pub fn layers(mut self, count: usize) -> Self {
        self.layers = count;
        self
    }

    /// The widths of the networks' hidden layers; for splines, of their residual blocks, which must
    /// have one width. Autoregressive layers need at least the dimension, less one without a context.
    pub fn hidden(mut self, widths: impl IntoIterator<Item = usize>) -> Self {
        self.hidden = Some(widths.into_iter().collect());
        self
    }

    /// The networks' activation. Default: [`Activation::Relu`].
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = Some(activation);
        self
    }

    /// The number of context values of each sample, which every network reads. Default: none.
    pub fn context(mut self, dim: usize) -> Self {
        self.context = dim;
        self
    }

    /// The splines of a spline stack.
    pub fn spline(mut self, spline: Spline) -> Self {
        self.spline = Some(spline);
        self
    }

    /// Draws the initial parameters.
    ///
    /// # Errors
    ///
    /// If there is no layer, a width is zero or too small for an autoregressive layer, couplings have fewer than two coordinates, or a choice
    /// was made that this kind of stack has no use for.
    pub fn build<T: Real, G: Rng + ?Sized>(&self, rng: &mut G) -> Result<Chain<T>> {
        self.check()?;
        (0..self.layers).try_fold(Chain::new(), |chain, i| match self.kind {
            Kind::RealNvp => Ok(chain.then(self.affine_coupling::<T, G>(i, rng)?)),
            Kind::Glow => {
                let chain = chain.then(self.affine_coupling::<T, G>(i, rng)?);
                let chain = chain.then(InvertibleLinear::random(self.dim, rng)?);
                Ok(chain.then(ActNorm::new(DiagonalAffine::zero(self.dim)?)))
            }
            Kind::SplineCoupling => {
                let chain = chain.then(self.spline_layer::<T, G>(i, rng)?);
                Ok(chain.then(InvertibleLinear::shuffled(self.dim, rng)?))
            }
            Kind::SplineAutoregressive => {
                let chain = chain.then(self.autoregressive::<T, _, G>(i, self.splines()?, rng)?);
                Ok(chain.then(InvertibleLinear::shuffled(self.dim, rng)?))
            }
            Kind::Maf => Ok(chain.then(self.autoregressive(i, BaseAffine::default(), rng)?)),
            Kind::Planar => Ok(chain.then(self.planar_layer(rng)?)),
        })
    }

    fn check(&self) -> Result<()> {
        if self.layers == 0 {
            return Err(Error::setting("a stack of no layers does nothing: give one or more"));
        }
        let splines = matches!(self.kind, Kind::SplineCoupling | Kind::SplineAutoregressive);
        let networks = self.kind != Kind::Planar;
        if splines && self.spline.is_some_and(|spline| spline.is_circular()) {
            return Err(Error::setting(
                "the linear layers of a stack do not keep angles: make a chain of couplings with circular splines and of permutations",
            ));
        }
        let idle = [
            ("hidden layers", self.hidden.is_some() && !networks),
            ("activation", self.activation.is_some() && !networks),
            ("context", self.context > 0 && !networks),
            ("splines", self.spline.is_some() && !splines),
        ];
        match idle.iter().find(|(_, idle)| *idle) {
            Some((what, _)) => Err(Error::setting(format!(
                "this stack has no use for {what}: leave the choice out, or take another stack"
            ))),
            None => Ok(()),
        }
    }

    fn widths(&self, default: &[usize]) -> Vec<usize> {
        self.hidden.clone().unwrap_or_else(|| default.to_vec())
    }

    fn activation_or_relu(&self) -> Activation {
        self.activation.unwrap_or(Activation::Relu)
    }

    fn splines(&self) -> Result<Spline> {
        self.spline.map_or_else(|| Spline::new(8, 3.0), Ok)
    }

    fn affine_coupling<T: Real, G: Rng + ?Sized>(
        &self,
        layer: usize,
        rng: &mut G,
    ) -> Result<RealNvpCoupling<T>> {
        let default = if self.kind == Kind::Glow { [64, 64] } else { [100, 100] };
        RealNvpCoupling::new(Mask::alternating(self.dim, layer)?)
            .hidden(self.widths(&default))
            .activation(self.activation_or_relu())
            .context(self.context)
            .build(rng)
    }

    fn spline_layer<T: Real, G: Rng + ?Sized>(
        &self,
        layer: usize,
        rng: &mut G,
    ) -> Result<Coupling<T, Spline>> {
        Coupling::<f32, Spline>::new(Mask::alternating(self.dim, layer)?)
            .hidden(self.widths(&[64, 64]))
            .residual()
            .activation(self.activation_or_relu())
            .context(self.context)
            .transformer(self.splines()?)
            .build(rng)
    }

    fn autoregressive<T: Real, R: Transformer<T> + Default, G: Rng + ?Sized>(
        &self,
        layer: usize,
        transformer: R,
        rng: &mut G,
    ) -> Result<Autoregressive<T, R>> {
        let turned = self.kind == Kind::Maf && layer % 2 == 1;
        let builder = Autoregressive::<f32, R>::new(self.dim)
            .order(if turned { Order::Reversed } else { Order::Natural })
            .activation(self.activation_or_relu())
            .context(self.context)
            .transformer(transformer);
        match self.kind {
            Kind::Maf => builder.hidden(self.widths(&usual_widths(100, self.dim))).build(rng),
            _ => builder.hidden(self.widths(&usual_widths(64, self.dim))).residual().build(rng),
        }
    }

    /// Weights of order one along, small steps across.
    fn planar_layer<T: Real, G: Rng + ?Sized>(&self, rng: &mut G) -> Result<EulerStep<Planar<T>>> {
        let mut draw = |bound: f64| {
            DVector::from_fn(self.dim, |_, _| T::of(bound * rng.random_range(-1.0..1.0)))
        };
        let (u, w) = (draw(0.1), draw((3.0 / self.dim.max(1) as f64).sqrt()));
        Planar::new(u, w, T::of(rng.random_range(-1.0..1.0))).map(EulerStep::new)
    }
}
