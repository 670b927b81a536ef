//! Closures written once, and compiled over both kinds of numbers.

/// As [`autonomous`](fn@crate::field::autonomous), with gradients: the closure is compiled over dual numbers and over
/// numbers that are differentiated twice, so that the field is [trainable](crate::field::TrainableField).
///
/// The dimension comes first. What the closure captures is taken twice, and so is to be a reference or `Copy`.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// // A pendulum carries what a network has made of the base.
/// let friction = 0.1;
/// let pendulum = field::autonomous!(2, move |x| [x[1], -x[0].sin() - x[1] * friction]);
/// let mut rng = StdRng::seed_from_u64(1);
/// let network: Mlp<f64> = Mlp::new(2).hidden([8]).build(&mut rng)?;
/// let chain = Chain::new().then(ContinuousFlow::new(network)).then(ContinuousFlow::new(pendulum));
/// let mut model = StandardNormal::new(2).pushed_by(chain);
/// let data: DMatrix<f64> = data::two_moons(0.1).sample(200, &mut rng)?;
/// Trainer::maximum_likelihood().steps(3).quiet().fit(&mut model, &data, &mut rng)?;
/// # Ok::<(), liouville::Error>(())
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __autonomous {
    ($dim:expr, $function:expr $(,)?) => {
        $crate::field::autonomous::<{ $dim }, _>($function).differentiable($function)
    };
}

/// As [`time_dependent`](fn@crate::field::time_dependent), with gradients: see
/// [`autonomous!`](macro@crate::field::autonomous).
///
/// ```
/// use liouville::prelude::*;
///
/// let swelling = field::time_dependent!(1, |t, x| [x[0] * t.cos()]);
/// let flow = ContinuousFlow::new(swelling);
/// # let _: Chain<f64> = Chain::new().then(flow);
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __time_dependent {
    ($dim:expr, $function:expr $(,)?) => {
        $crate::field::time_dependent::<{ $dim }, _>($function).differentiable($function)
    };
}

/// As [`conditional`](fn@crate::field::conditional), with gradients: see
/// [`autonomous!`](macro@crate::field::autonomous). Dimension and number of context values come first.
///
/// ```
/// use liouville::prelude::*;
///
/// let decay = field::conditional!(1, 1, |_, x, rate| [-x[0] * rate[0]]);
/// let flow = ContinuousFlow::new(decay);
/// # let _: Chain<f64> = Chain::new().then(flow);
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __conditional {
    ($dim:expr, $context:expr, $function:expr $(,)?) => {
        $crate::field::conditional::<{ $dim }, { $context }, _>($function).differentiable($function)
    };
}

/// As [`autonomous_dyn`](fn@crate::field::autonomous_dyn), with gradients: see
/// [`autonomous!`](macro@crate::field::autonomous).
///
/// ```
/// use liouville::prelude::*;
///
/// let springs = field::autonomous_dyn!(10, |x, out| {
///     (0..10).for_each(|i| out[i] = x[(i + 1) % 10] - x[i] * 2.0);
/// });
/// let flow = ContinuousFlow::new(springs);
/// # let _: Chain<f64> = Chain::new().then(flow);
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __autonomous_dyn {
    ($dim:expr, $function:expr $(,)?) => {
        $crate::field::autonomous_dyn($dim, $function).differentiable($function)
    };
}

/// As [`time_dependent_dyn`](fn@crate::field::time_dependent_dyn), with gradients: see
/// [`autonomous!`](macro@crate::field::autonomous).
///
/// ```
/// use liouville::prelude::*;
///
/// let opening = field::time_dependent_dyn!(3, |t, x, out| {
///     (0..3).for_each(|i| out[i] = x[i] * t.sqrt());
/// });
/// let flow = ContinuousFlow::new(opening);
/// # let _: Chain<f64> = Chain::new().then(flow);
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __time_dependent_dyn {
    ($dim:expr, $function:expr $(,)?) => {
        $crate::field::time_dependent_dyn($dim, $function).differentiable($function)
    };
}

#[doc(inline)]
pub use super::super::__autonomous as autonomous;
#[doc(inline)]
pub use super::super::__autonomous_dyn as autonomous_dyn;
#[doc(inline)]
pub use super::super::__conditional as conditional;
#[doc(inline)]
pub use super::super::__time_dependent as time_dependent;
#[doc(inline)]
pub use super::super::__time_dependent_dyn as time_dependent_dyn;
