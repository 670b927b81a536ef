//! The names of layers: each is a field and a way of following it.
//!
//! | layer | field | way |
//! | --- | --- | --- |
//! | [`Planar`] | u tanh(w'x + b) | one Euler step |
//! | [`Radial`] | β (x - x₀) / (α + r) | one Euler step |
//! | [`Residual`] | a network that contracts | one Euler step |
//!
//! Autoregressive layers move each coordinate by an increasing map that those before it choose:
//!
//! | layer | map of each coordinate | fast direction |
//! | --- | --- | --- |
//! | [`SplineMaf`] | rational-quadratic spline | data to base |
//! | [`SplineIaf`] | its inverse | base to data |
//!
//! The same fields followed all the way by [`ContinuousFlow`](super::ContinuousFlow) are their
//! continuous counterparts.

use super::autoregressive::Autoregressive;
use super::transformer::Spline;
use super::{EulerStep, Inverted};
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

/// The residual layer of Behrmann et al. 2019, x + g(x) with a network g of Lipschitz constant below
/// one.
pub type Residual<T> = EulerStep<field::Mlp<T>>;

/// The masked autoregressive flow with rational-quadratic splines of Durkan et al. 2019.
pub type SplineMaf<T> = Autoregressive<T, Spline>;

/// The inverse autoregressive flow with rational-quadratic splines: [`SplineMaf`] the other way round.
pub type SplineIaf<T> = Inverted<SplineMaf<T>>;
