//! The names of layers: each is a field and a way of following it.
//!
//! | layer | field | way |
//! | --- | --- | --- |
//! | [`Planar`] | u tanh(w'x + b) | one Euler step |
//! | [`Radial`] | β (x - x₀) / (α + r) | one Euler step |
//! | [`Residual`] | a network that contracts | one Euler step |
//! | [`AffineCoupling`] | da/dt = 0, db/dt = s(a) b + t(a) | closed form |
//! | [`RealNvpCoupling`] | the same, its shift measured behind the scaling | closed form |
//! | [`AdditiveCoupling`] | da/dt = 0, db/dt = t(a) | closed form |
//!
//! The same fields followed all the way by [`ContinuousFlow`](super::ContinuousFlow) are their
//! continuous counterparts.

use super::transformer::{Affine, ScaleShift, Shift};
use super::{Coupling, EulerStep};
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

/// The affine coupling, the exact time-one flow of [`field::AffineCoupling`]: with a the coordinates
/// that are kept, b goes to eˢ b + t (eˢ - 1) / s, where s and t are made of a by a network.
///
/// ```
/// use liouville::flow::layers::AffineCoupling;
/// use liouville::prelude::*;
/// use rand::SeedableRng;
///
/// let mut rng = rand::rngs::StdRng::seed_from_u64(1);
/// let layers =
///     Chain::new().try_repeat(8, |i| AffineCoupling::alternating(3, i, [64, 64], &mut rng))?;
/// let model = StandardNormal::new(3).pushed_by(layers);
/// let samples: nalgebra::DMatrix<f32> = model.sample(100, &mut rng)?;
/// assert!(model.log_prob(&samples)?.iter().all(|value| value.is_finite()));
/// # Ok::<(), liouville::Error>(())
/// ```
pub type AffineCoupling<T> = Coupling<T, Affine>;

/// The affine coupling of RealNVP (Dinh et al. 2017): b goes to eˢ b + t.
pub type RealNvpCoupling<T> = Coupling<T, ScaleShift>;

/// The additive coupling of NICE (Dinh et al. 2015): b goes to b + t, and volumes are kept.
pub type AdditiveCoupling<T> = Coupling<T, Shift>;
