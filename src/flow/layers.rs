//! The names of layers: each is a field and a way of following it.
//!
//! | layer | field | way |
//! | --- | --- | --- |
//! | [`Planar`] | u tanh(w'x + b) | one Euler step |
//! | [`Radial`] | β (x - x₀) / (α + r) | one Euler step |
//! | [`Residual`] | a network that contracts | one Euler step |
//!
//! The same fields followed all the way by [`ContinuousFlow`](super::ContinuousFlow) are their
//! continuous counterparts.

use super::EulerStep;
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
