//! Fields that a user writes once, over dual numbers, in a dimension known only at run time.

use std::cell::RefCell;

use nalgebra::{Const, SVector};
use num_dual::{Derivative, DualSVec64};

use super::{At, VectorField};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::real::Real;

/// The number that a field of run-time dimension is written over: a value, and its derivative along one
/// direction, or none where it is a constant.
///
/// Time is a constant, and so are coordinates that do not move along the direction: what has an infinite
/// derivative there, such as √t at t = 0, enters no derivative.
pub type Dual = DualSVec64<1>;

/// A field of run-time dimension, written as a function that fills in dx/dt over dual numbers.
///
/// Made by [`autonomous_dyn`] and [`time_dependent_dyn`]. The function is evaluated in `f64`, once
/// for a velocity or one Jacobian product, dim times for an exact divergence.
#[derive(Clone, Copy, Debug)]
pub struct DynClosure<F> {
    dim: usize,
    function: F,
}

/// dx/dt = f(x) in `dim` dimensions: `f(x, out)` fills in `out`.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
///
/// // A ring of springs.
/// let ring = field::autonomous_dyn(10, |x, out| {
///     for i in 0..10 {
///         out[i] = x[(i + 1) % 10] + x[(i + 9) % 10] - x[i] * 2.0;
///     }
/// });
/// let moved = ContinuousFlow::new(ring).forward(&DMatrix::from_element(10, 3, 0.1f64))?;
/// assert!((moved.log_det[0] + 20.0).abs() < 1e-4);
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn autonomous_dyn<F>(
    dim: usize,
    function: F,
) -> DynClosure<impl Fn(Dual, &[Dual], &mut [Dual]) + Send + Sync + Clone>
where
    F: Fn(&[Dual], &mut [Dual]) + Send + Sync + Clone,
{
    DynClosure { dim, function: move |_: Dual, x: &[Dual], out: &mut [Dual]| function(x, out) }
}

/// dx/dt = f(t, x) in `dim` dimensions: `f(t, x, out)` fills in `out`.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
///
/// // x' = √t x, whose derivative by time is infinite at the start, and does not matter.
/// let opening = field::time_dependent_dyn(3, |t, x, out| {
///     let rate = t.sqrt();
///     out.iter_mut().zip(x).for_each(|(out, x)| *out = *x * rate);
/// });
/// let moved = ContinuousFlow::new(opening).forward(&DMatrix::from_element(3, 1, 0.5f64))?;
/// assert!((moved.log_det[0] - 2.0).abs() < 1e-3);
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn time_dependent_dyn<F>(dim: usize, function: F) -> DynClosure<F>
where
    F: Fn(Dual, &[Dual], &mut [Dual]) + Send + Sync + Clone,
{
    DynClosure { dim, function }
}

/// A number that moves at this rate along the direction.
fn along(value: f64, rate: f64) -> Dual {
    let constant = Derivative::none();
    Dual::new(value, if rate == 0.0 { constant } else { Derivative::some(SVector::from([rate])) })
}

thread_local! {
    /// Arguments and results of one evaluation; taken while in use, so that fields may nest.
    static BUFFER: RefCell<Vec<Dual>> = const { RefCell::new(Vec::new()) };
}

impl<F: Fn(Dual, &[Dual], &mut [Dual])> DynClosure<F> {
    /// Runs `work` with room for a point and a velocity.
    fn with_buffers(&self, work: impl FnOnce(&mut [Dual], &mut [Dual])) {
        let mut buffer = BUFFER.take();
        buffer.clear();
        buffer.resize(2 * self.dim, Dual::from_re(0.0));
        let (x, out) = buffer.split_at_mut(self.dim);
        work(x, out);
        BUFFER.set(buffer);
    }

    /// Evaluates one lane; `x` holds the point and, in its dual parts, a tangent.
    fn evaluate<T: Real>(&self, t: T, x: &[Dual], out: &mut [Dual]) {
        out.fill(Dual::from_re(0.0));
        (self.function)(Dual::from_re(t.wide()), x, out);
    }
}

impl<T: Real, F> VectorField<T> for DynClosure<F>
where
    F: Fn(Dual, &[Dual], &mut [Dual]) + Send + Sync,
{
    fn dim(&self) -> usize {
        self.dim
    }

    fn velocity(&self, at: At<'_, T>, mut velocity: RowsMut<'_, T>, _: &mut Scratch<T>) {
        self.with_buffers(|x, out| {
            for lane in 0..at.lanes() {
                for (i, x) in x.iter_mut().enumerate() {
                    *x = Dual::from_re(at.x.row(i)[lane].wide());
                }
                self.evaluate(at.t[lane], x, out);
                for (i, f) in out.iter().enumerate() {
                    velocity.row_mut(i)[lane] = T::of(f.re);
                }
            }
        });
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
        self.with_buffers(|x, out| {
            for tangent in 0..tangents.lanes() {
                let lane = tangent % lanes;
                for (i, x) in x.iter_mut().enumerate() {
                    *x = along(at.x.row(i)[lane].wide(), tangents.row(i)[tangent].wide());
                }
                self.evaluate(at.t[lane], x, out);
                for (i, f) in out.iter().enumerate() {
                    velocity.row_mut(i)[lane] = T::of(f.re);
                    products.row_mut(i)[tangent] =
                        T::of(f.eps.unwrap_generic(Const::<1>, Const::<1>)[0]);
                }
            }
        });
    }

    /// An evaluation for each dimension; the velocity comes with them.
    fn divergence_cost(&self) -> f64 {
        self.dim as f64
    }
}
