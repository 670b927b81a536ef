//! Fields that a user writes once, over dual numbers, in a dimension known only at run time.

use std::cell::RefCell;

use nalgebra::{Const, SVector};
use num_dual::{Derivative, DualSVec64};

use super::law::{Autonomous, DynLaw, TimeDependent, agree};
use super::number::{Number, Record};
use super::recorded::{Identity, pull_lanes};
use super::{At, Cotangents, Pulled, Traced, TrainableField, VectorField};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::error::Result;
use crate::parameters::{Layout, Parameters, Setting};
use crate::real::Real;

/// The number that a field of run-time dimension is written over: a value, and its derivative along one
/// direction, or none where it is a constant.
///
/// Time is a constant, and so are coordinates that do not move along the direction: what has an infinite
/// derivative there, such as √t at t = 0, enters no derivative.
pub type Dual = DualSVec64<1>;

/// A field of run-time dimension, written as a function that fills in dx/dt over dual numbers.
///
/// Made by [`autonomous_dyn`](fn@super::autonomous_dyn) and [`time_dependent_dyn`](fn@super::time_dependent_dyn). The function is evaluated in `f64`, once
/// for a velocity or one Jacobian product, dim times for an exact divergence.
///
/// Gradients it has as [`Closure`](super::Closure) says: by the macros
/// [`autonomous_dyn!`](macro@super::autonomous_dyn) and
/// [`time_dependent_dyn!`](macro@super::time_dependent_dyn), or by `differentiable`.
#[derive(Clone, Debug)]
pub struct DynClosure<F, G = ()> {
    dim: usize,
    function: F,
    /// The same over numbers that are differentiated twice.
    again: G,
    identity: Identity,
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
pub fn autonomous_dyn<F>(dim: usize, function: F) -> DynClosure<Autonomous<F>>
where
    F: Fn(&[Dual], &mut [Dual]) + Send + Sync + Clone,
{
    DynClosure::new(dim, Autonomous(function))
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
pub fn time_dependent_dyn<F>(dim: usize, function: F) -> DynClosure<TimeDependent<F>>
where
    F: Fn(Dual, &[Dual], &mut [Dual]) + Send + Sync + Clone,
{
    DynClosure::new(dim, TimeDependent(function))
}

impl<F> DynClosure<F> {
    fn new(dim: usize, function: F) -> Self {
        Self { dim, function, again: (), identity: Identity::new() }
    }

    fn with<G>(self, again: G) -> DynClosure<F, G> {
        DynClosure { dim: self.dim, function: self.function, again, identity: self.identity }
    }
}

impl<F> DynClosure<Autonomous<F>> {
    /// The same field with the function over numbers that are differentiated twice, which makes it
    /// [trainable](TrainableField). Both are to be the same function: where they differ by more than a rounding,
    /// gradients are NaN.
    pub fn differentiable<G>(self, again: G) -> DynClosure<Autonomous<F>, Autonomous<G>>
    where
        G: Fn(&[Number], &mut [Number]) + Send + Sync + Clone,
    {
        self.with(Autonomous(again))
    }
}

impl<F> DynClosure<TimeDependent<F>> {
    /// The same field with the function over numbers that are differentiated twice: as for
    /// [`autonomous_dyn`](fn@super::autonomous_dyn) fields.
    pub fn differentiable<G>(self, again: G) -> DynClosure<TimeDependent<F>, TimeDependent<G>>
    where
        G: Fn(Number, &[Number], &mut [Number]) + Send + Sync + Clone,
    {
        self.with(TimeDependent(again))
    }
}

/// A number that moves at this rate along the direction.
fn along(value: f64, rate: f64) -> Dual {
    let constant = Derivative::none();
    Dual::new(value, if rate == 0.0 { constant } else { Derivative::some(SVector::from([rate])) })
}

thread_local! {
    /// Arguments and results of one evaluation; taken while in use, so that fields may nest.
    static BUFFER: RefCell<Vec<Dual>> = const { RefCell::new(Vec::new()) };
    /// The same for numbers that are differentiated twice.
    static NOTED: RefCell<Vec<Number>> = const { RefCell::new(Vec::new()) };
}

impl<F: DynLaw<Dual>, G> DynClosure<F, G> {
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
        self.function.fill(Dual::from_re(t.wide()), x, out);
    }
}

impl<F: DynLaw<Dual>, G: DynLaw<Number>> DynClosure<F, G> {
    /// Notes what the function does at one lane to the coordinates.
    fn note<T: Real>(&self, at: At<'_, T>, lane: usize, record: &mut Record) {
        let mut buffer = NOTED.take();
        buffer.clear();
        buffer.resize(2 * self.dim, Number::constant(0.0));
        let (x, found) = buffer.split_at_mut(self.dim);
        let first = record.open(self.dim);
        for (i, x) in x.iter_mut().enumerate() {
            *x = Number::noted(at.x.row(i)[lane].wide(), first.variable(i));
        }
        self.again.fill(Number::constant(at.t[lane].wide()), x, found);
        record.close();
        self.with_buffers(|point, values| {
            for (to, from) in point.iter_mut().zip(x.iter()) {
                *to = Dual::from_re(from.value());
            }
            self.evaluate(at.t[lane], point, values);
            let known = agree(values.iter().map(|f| f.re), found);
            Number::hand_in(found, record, known);
        });
        NOTED.set(buffer);
    }
}

impl<T: Real, F: DynLaw<Dual>, G: Send + Sync> VectorField<T> for DynClosure<F, G> {
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

impl<T: Real, F: DynLaw<Dual>, G: DynLaw<Number>> TrainableField<T> for DynClosure<F, G> {
    type Tape = ();

    /// None.
    fn held(&self) -> &Parameters<T> {
        Parameters::none()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        Layout::new().check(values)
    }

    /// Another closure is another field, whatever it does: its state is not taken.
    fn settings(&self) -> Vec<Setting> {
        self.identity.settings::<Self>()
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        _: &(),
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        _: &mut Scratch<T>,
    ) {
        let note = |lane, record: &mut Record| self.note(at, lane, record);
        pull_lanes(traced, cotangents, pulled, note);
    }
}
