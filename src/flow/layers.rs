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
//!
//! The same fields followed all the way by [`ContinuousFlow`](super::ContinuousFlow) are their
//! continuous counterparts.

use super::{ClosedForm, EulerStep};
use crate::field;

/// The planar layer of Rezende and Mohamed 2015, x + u tanh(w'x + b).
///
/// ```
/// use liouville::flow::layers::Planar;
/// use liouville::prelude::*;
/// use nalgebra::dvector;
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

/// Activation normalisation (Kingma and Dhariwal 2018, Glow, section 3.1): every coordinate is scaled
/// and shifted, and begins with mean 0 and variance 1 on the base side once
/// [`initialise`](super::TrainableFlow::initialise) has seen data.
///
/// ```
/// use liouville::flow::layers::ActNorm;
/// use liouville::prelude::*;
/// use nalgebra::dmatrix;
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
