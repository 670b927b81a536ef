//! Fields that a user writes once, over dual numbers of a fixed dimension.

use nalgebra::Const;
use num_dual::{Derivative, DualSVec64};

use super::{At, VectorField};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::real::Real;

/// A field written as a function of (t, x, context) over dual numbers.
///
/// Made by [`autonomous`], [`time_dependent`] and [`conditional`]. The function is evaluated in
/// `f64`, whatever the scalar of the columns; one evaluation over dual numbers with N parts gives
/// the whole Jacobian, so that the divergence and its products are exact.
///
/// Functions such as `sin` and `exp` of dual numbers are those of the platform's C library, whose last
/// bits are its own: numbers of such a field are the same on any number of threads, but not on every
/// platform.
#[derive(Clone, Copy, Debug)]
pub struct Closure<F, const N: usize, const C: usize> {
    function: F,
}

/// dx/dt = f(x): a field in N dimensions that does not depend on time.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let flow = ContinuousFlow::new(pendulum).tolerance(1e-9);
/// let start = dmatrix![0.5f64; 0.0];
/// let moved = flow.forward(&start)?;
/// assert!(moved.log_det[0].abs() < 1e-9); // a Hamiltonian field keeps volumes
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn autonomous<const N: usize, F>(
    function: F,
) -> Closure<
    impl Fn(DualSVec64<N>, [DualSVec64<N>; N], [DualSVec64<N>; 0]) -> [DualSVec64<N>; N]
    + Send
    + Sync
    + Clone,
    N,
    0,
>
where
    F: Fn([DualSVec64<N>; N]) -> [DualSVec64<N>; N] + Send + Sync + Clone,
{
    Closure { function: move |_, x, _| function(x) }
}

/// dx/dt = f(t, x): a field in N dimensions.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let swelling = field::time_dependent::<1, _>(|t, x| [x[0] * t.cos()]);
/// let moved = ContinuousFlow::new(swelling).tolerance(1e-10).forward(&dmatrix![1.0])?;
/// assert!((moved.points[0] - 1f64.sin().exp()).abs() < 1e-8);
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn time_dependent<const N: usize, F>(
    function: F,
) -> Closure<
    impl Fn(DualSVec64<N>, [DualSVec64<N>; N], [DualSVec64<N>; 0]) -> [DualSVec64<N>; N]
    + Send
    + Sync
    + Clone,
    N,
    0,
>
where
    F: Fn(DualSVec64<N>, [DualSVec64<N>; N]) -> [DualSVec64<N>; N] + Send + Sync + Clone,
{
    Closure { function: move |t, x, _| function(t, x) }
}

/// dx/dt = f(t, x, context): a field in N dimensions that C context values steer.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let decay = field::conditional::<1, 1, _>(|_, x, rate| [-x[0] * rate[0]]);
/// let flow = ContinuousFlow::new(decay).tolerance(1e-10);
/// let (points, rates) = (dmatrix![1.0f64, 1.0], dmatrix![0.5, 2.0]);
/// let moved = flow.follow(Direction::Forward, &points, Some(&rates))?;
/// assert!((moved.log_det[1] + 2.0).abs() < 1e-8);
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn conditional<const N: usize, const C: usize, F>(function: F) -> Closure<F, N, C>
where
    F: Fn(DualSVec64<N>, [DualSVec64<N>; N], [DualSVec64<N>; C]) -> [DualSVec64<N>; N]
        + Send
        + Sync
        + Clone,
{
    Closure { function }
}

impl<F, const N: usize, const C: usize> Closure<F, N, C>
where
    F: Fn(DualSVec64<N>, [DualSVec64<N>; N], [DualSVec64<N>; C]) -> [DualSVec64<N>; N],
{
    /// The function at one lane, with or without derivatives by the coordinates.
    fn at_lane<T: Real>(&self, at: At<'_, T>, lane: usize, derive: bool) -> [DualSVec64<N>; N] {
        let constant = |value: T| DualSVec64::<N>::from_re(value.wide());
        let x = std::array::from_fn(|i| {
            let mut x = constant(at.x.row(i)[lane]);
            if derive {
                x.eps = Derivative::derivative_generic(Const::<N>, Const::<1>, i);
            }
            x
        });
        let context = std::array::from_fn(|i| constant(at.context.row(i)[lane]));
        (self.function)(constant(at.t[lane]), x, context)
    }
}

/// The derivatives of one component by all coordinates.
fn gradient<const N: usize>(component: &DualSVec64<N>) -> nalgebra::SVector<f64, N> {
    component.eps.unwrap_generic(Const::<N>, Const::<1>)
}

impl<T: Real, F, const N: usize, const C: usize> VectorField<T> for Closure<F, N, C>
where
    F: Fn(DualSVec64<N>, [DualSVec64<N>; N], [DualSVec64<N>; C]) -> [DualSVec64<N>; N]
        + Send
        + Sync,
{
    fn dim(&self) -> usize {
        N
    }

    fn context_dim(&self) -> usize {
        C
    }

    fn velocity(&self, at: At<'_, T>, mut velocity: RowsMut<'_, T>, _: &mut Scratch<T>) {
        for lane in 0..at.lanes() {
            for (i, f) in self.at_lane(at, lane, false).iter().enumerate() {
                velocity.row_mut(i)[lane] = T::of(f.re);
            }
        }
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        mut velocity: RowsMut<'_, T>,
        mut products: RowsMut<'_, T>,
        _: &mut Scratch<T>,
    ) {
        let lanes = at.lanes();
        for lane in 0..lanes {
            for (i, f) in self.at_lane(at, lane, true).iter().enumerate() {
                velocity.row_mut(i)[lane] = T::of(f.re);
                let row = gradient(f);
                for tangent in (lane..tangents.lanes()).step_by(lanes) {
                    let product: f64 =
                        (0..N).map(|k| row[k] * tangents.row(k)[tangent].wide()).sum();
                    products.row_mut(i)[tangent] = T::of(product);
                }
            }
        }
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        mut velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        _: &mut Scratch<T>,
    ) {
        for (lane, trace) in divergence.iter_mut().enumerate() {
            let components = self.at_lane(at, lane, true);
            let mut sum = 0.0;
            for (i, f) in components.iter().enumerate() {
                velocity.row_mut(i)[lane] = T::of(f.re);
                sum += gradient(f)[i];
            }
            *trace = T::of(sum);
        }
    }

    /// One evaluation gives the whole Jacobian.
    fn divergence_cost(&self) -> f64 {
        1.0 + 0.12 * N as f64
    }
}
