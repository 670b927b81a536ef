//! The names of layers: each is a field and a way of following it.
//!
//! | layer | field | way |
//! | --- | --- | --- |
//! | [`Planar`] | u tanh(w'x + b) | one Euler step |
//! | [`Radial`] | β (x - x₀) / (α + r) | one Euler step |
//! | [`Sylvester`] | Q R tanh(R̃ Q'x + b) | one Euler step |
//! | [`Residual`] | a network that contracts | one Euler step |
//! | [`ActNorm`] | s x + b, coordinate by coordinate | closed form |
//! | [`LinearFlow`] | A x + b | closed form |
//! | [`Rotation`] | S x with a skew matrix | closed form |
//! | [`AffineCoupling`] | da/dt = 0, db/dt = s(a) b + t(a) | closed form |
//! | [`RealNvpCoupling`] | the same, its shift measured behind the scaling | closed form |
//! | [`AdditiveCoupling`] | da/dt = 0, db/dt = t(a) | closed form |
//! | [`SplineCoupling`] | straight lines to a rational-quadratic spline of b | closed form |
//!
//! Autoregressive layers move each coordinate by an increasing map that those before it choose:
//!
//! | layer | map of each coordinate | fast direction |
//! | --- | --- | --- |
//! | [`Maf`] | (z - t) e⁻ˢ | data to base |
//! | [`Iaf`] | its inverse | base to data |
//! | [`SplineMaf`] | rational-quadratic spline | data to base |
//! | [`SplineIaf`] | its inverse | base to data |
//!
//! The same fields followed all the way by [`ContinuousFlow`](super::ContinuousFlow) are their
//! continuous counterparts.

use super::transformer::{Affine, BaseAffine, ScaleShift, Shift, Spline};
use super::{Autoregressive, ClosedForm, Coupling, EulerStep, Inverted};
use crate::field;

/// The planar layer of Rezende and Mohamed 2015, x + u tanh(w'x + b).
///
/// ```
/// use liouville::flow::layers::Planar;
/// use liouville::nalgebra::{self, dvector};
/// use liouville::prelude::*;
///
/// let field = field::Planar::new(dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?;
/// let layer: Planar<f64> = EulerStep::new(field.clone());
/// let continuous = ContinuousFlow::new(field);
/// assert_eq!(layer.dim(), continuous.dim());
/// # Ok::<(), liouville::Error>(())
/// ```
pub type Planar<T> = EulerStep<field::Planar<T>>;

/// The radial layer of Rezende and Mohamed 2015.
pub type Radial<T> = EulerStep<field::Radial<T>>;

/// The Sylvester layer of van den Berg et al. 2018, a planar layer of several directions.
pub type Sylvester<T> = EulerStep<field::Sylvester<T>>;

/// The residual layer of Behrmann et al. 2019, x + g(x) with a network g of Lipschitz constant below
/// one.
pub type Residual<T> = EulerStep<field::Mlp<T>>;

/// The affine coupling, the exact time-one flow of [`field::AffineCoupling`]: with a the coordinates
/// that are kept, b goes to eˢ b + t (eˢ - 1) / s, where s and t are made of a by a network.
///
/// ```
/// use liouville::flow::layers::AffineCoupling;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let layers =
///     Chain::new().try_repeat(8, |i| AffineCoupling::alternating(3, i, [64, 64], &mut rng))?;
/// let model = StandardNormal::new(3).pushed_by(layers);
/// let samples: Samples<f32> = model.sample(100, &mut rng)?;
/// assert!(model.log_prob(&samples)?.iter().all(|value| value.is_finite()));
/// # Ok::<(), liouville::Error>(())
/// ```
pub type AffineCoupling<T> = Coupling<T, Affine>;

/// The affine coupling of RealNVP (Dinh et al. 2017): b goes to eˢ b + t.
pub type RealNvpCoupling<T> = Coupling<T, ScaleShift>;

/// The additive coupling of NICE (Dinh et al. 2015): b goes to b + t, and volumes are kept.
pub type AdditiveCoupling<T> = Coupling<T, Shift>;

/// The coupling with rational-quadratic splines of Durkan et al. 2019 (RQ-NSF (C)): each coordinate
/// that moves goes through a [`Spline`], evaluated from data to base.
///
/// nflows divides the raw widths and heights by the square root of the width of a residual network:
/// divide the rows of the last layer that make them, to use parameters from there.
///
/// ```
/// use liouville::columns::Mask;
/// use liouville::flow::layers::SplineCoupling;
/// use liouville::flow::transformer::Spline;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let builder = SplineCoupling::new(Mask::halves(4, 0)?).hidden([32]).residual();
/// let layer: SplineCoupling<f64> = builder.transformer(Spline::new(10, 3.0)?).build(&mut rng)?;
/// assert!(layer.forward(&dmatrix![0.2; 0.7; -1.0; 9.0])?.log_det[0].is_finite());
/// # Ok::<(), liouville::Error>(())
/// ```
pub type SplineCoupling<T> = Coupling<T, Spline>;

/// The masked autoregressive flow of Papamakarios et al. 2017, with the map z = eˢ x + t of each
/// coordinate: fast densities. Its s and t belong to the direction from data to base, in which it
/// trains better ([`BaseAffine`] says why); those of the paper's x = eˢ z + t are had by
/// `transformer(ScaleShift::default())`.
///
/// ```
/// use liouville::flow::autoregressive::Order;
/// use liouville::flow::layers::Maf;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let layers = Chain::new().try_repeat(5, |i| {
///     let order = if i % 2 == 0 { Order::Natural } else { Order::Reversed };
///     Maf::new(3).order(order).hidden([32, 32]).build(&mut rng)
/// })?;
/// let model = StandardNormal::new(3).pushed_by(layers);
/// let samples: Samples<f32> = model.sample(100, &mut rng)?;
/// assert!(model.log_prob(&samples)?.iter().all(|value| value.is_finite()));
/// # Ok::<(), liouville::Error>(())
/// ```
pub type Maf<T> = Autoregressive<T, BaseAffine>;

/// The inverse autoregressive flow of Kingma et al. 2016, [`Maf`] the other way round: fast samples.
///
/// ```
/// use liouville::flow::layers::{Iaf, Maf};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let flow: Iaf<f64> = Inverted::new(Maf::new(3).hidden([32, 32]).build(&mut rng)?);
/// assert_eq!(flow.dim(), 3);
/// # Ok::<(), liouville::Error>(())
/// ```
pub type Iaf<T> = Inverted<Maf<T>>;

/// The masked autoregressive flow with rational-quadratic splines of Durkan et al. 2019.
pub type SplineMaf<T> = Autoregressive<T, Spline>;

/// The inverse autoregressive flow with rational-quadratic splines: [`SplineMaf`] the other way round.
pub type SplineIaf<T> = Inverted<SplineMaf<T>>;
/// Activation normalisation (Kingma and Dhariwal 2018, Glow, section 3.1): every coordinate is scaled
/// and shifted, and begins with mean 0 and variance 1 on the base side once
/// [`initialise`](super::TrainableFlow::initialise) has seen data.
///
/// ```
/// use liouville::flow::layers::ActNorm;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let mut layer: ActNorm<f64> = ActNorm::new(field::DiagonalAffine::zero(1)?);
/// layer.initialise(Direction::Inverse, &dmatrix![1.0, 5.0], None)?;
/// let base = layer.inverse(&dmatrix![1.0, 5.0])?;
/// assert!((base.points - dmatrix![-1.0, 1.0]).amax() < 1e-15);
/// # Ok::<(), liouville::Error>(())
/// ```
pub type ActNorm<T> = ClosedForm<field::DiagonalAffine<T>>;

/// The linear flow exp(A) x + m, with ln det = tr A.
pub type LinearFlow<T> = ClosedForm<field::Linear<T>>;

/// The rotation exp(S), S skew: it mixes coordinates and keeps volumes.
pub type Rotation<T> = ClosedForm<field::Skew<T>>;
