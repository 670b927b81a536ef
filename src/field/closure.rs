//! Fields that a user writes once, over dual numbers of a fixed dimension.

use nalgebra::Const;
use num_dual::{Derivative, DualSVec64};

use super::law::{Autonomous, Conditional, Law, TimeDependent, agree};
use super::number::{Number, Record};
use super::recorded::{Identity, pull_lanes};
use super::{At, Cotangents, Pulled, Traced, TrainableField, VectorField};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::error::Result;
use crate::parameters::{Layout, Parameters, Setting};
use crate::real::Real;

/// A field written as a function of (t, x, context) over dual numbers.
///
/// Made by [`autonomous`](fn@super::autonomous), [`time_dependent`](fn@super::time_dependent) and
/// [`conditional`](fn@super::conditional). The function is evaluated in
/// `f64`, whatever the scalar of the columns; one evaluation over dual numbers with N parts gives
/// the whole Jacobian, so that the divergence and its products are exact.
///
/// Functions such as `sin` and `exp` of dual numbers are those of the platform's C library, whose last
/// bits are its own: numbers of such a field are the same on any number of threads, but not on every
/// platform.
///
/// # Gradients
///
/// Scores, and training of what stands beside the field, need derivatives of the divergence, too. For these the
/// function is evaluated over another number, a [`Number`], which a closure of Rust cannot take as well: so it is
/// written for both, by the macros of the same names or by `differentiable`. The field is then
/// [trainable](TrainableField) without parameters of its own: its flow stands in a
/// [chain](crate::flow::Chain) beside flows that learn, has a [score](crate::density::Pushforward::score), and
/// adds to a network in a [sum](super::Sum). All derivatives are exact. It cannot be saved.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let logistic = field::autonomous!(1, |x| [x[0] * (-x[0] + 1.0)]);
/// let density = UniformBox::new(dvector![0.1f64], dvector![0.9])?
///     .pushed_by(ContinuousFlow::new(logistic).tolerance(1e-10));
/// let found = density.score(&dmatrix![0.5], None)?;
/// // z = x / (x + e (1 - x)), so that p is as e / (x + e (1 - x))².
/// let e = 1f64.exp();
/// assert!((found.score[0] - 2.0 * (e - 1.0) / (0.5 + 0.5 * e)).abs() < 1e-7);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Closure<F, const N: usize, const C: usize, G = ()> {
    function: F,
    /// The same over numbers that are differentiated twice.
    again: G,
    identity: Identity,
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
pub fn autonomous<const N: usize, F>(function: F) -> Closure<Autonomous<F>, N, 0>
where
    F: Fn([DualSVec64<N>; N]) -> [DualSVec64<N>; N] + Send + Sync + Clone,
{
    Closure::new(Autonomous(function))
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
pub fn time_dependent<const N: usize, F>(function: F) -> Closure<TimeDependent<F>, N, 0>
where
    F: Fn(DualSVec64<N>, [DualSVec64<N>; N]) -> [DualSVec64<N>; N] + Send + Sync + Clone,
{
    Closure::new(TimeDependent(function))
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
pub fn conditional<const N: usize, const C: usize, F>(function: F) -> Closure<Conditional<F>, N, C>
where
    F: Fn(DualSVec64<N>, [DualSVec64<N>; N], [DualSVec64<N>; C]) -> [DualSVec64<N>; N]
        + Send
        + Sync
        + Clone,
{
    Closure::new(Conditional(function))
}

impl<F, const N: usize, const C: usize> Closure<F, N, C> {
    fn new(function: F) -> Self {
        Self { function, again: (), identity: Identity::new() }
    }

    fn with<G>(self, again: G) -> Closure<F, N, C, G> {
        Closure { function: self.function, again, identity: self.identity }
    }
}

impl<F, const N: usize> Closure<Autonomous<F>, N, 0> {
    /// The same field with the function over numbers that are differentiated twice, which makes it
    /// [trainable](TrainableField). Where it is written in one place, [`autonomous!`](macro@super::autonomous)
    /// does the same; where it captures what cannot be copied, or is generic, this does:
    ///
    /// ```
    /// use liouville::prelude::*;
    ///
    /// fn pendulum<D: DualNum<f64> + Copy>(x: [D; 2]) -> [D; 2] {
    ///     [x[1], -x[0].sin()]
    /// }
    ///
    /// let field = field::autonomous::<2, _>(pendulum).differentiable(pendulum);
    /// let chain: Chain<f64> = Chain::new().then(ContinuousFlow::new(field));
    /// assert!(chain.parameters().is_empty());
    /// ```
    ///
    /// Both are to be the same function: where they differ by more than a rounding, gradients are NaN.
    pub fn differentiable<G>(self, again: G) -> Closure<Autonomous<F>, N, 0, Autonomous<G>>
    where
        G: Fn([Number; N]) -> [Number; N] + Send + Sync + Clone,
    {
        self.with(Autonomous(again))
    }
}

impl<F, const N: usize> Closure<TimeDependent<F>, N, 0> {
    /// The same field with the function over numbers that are differentiated twice: as for
    /// [`autonomous`](fn@super::autonomous) fields.
    pub fn differentiable<G>(self, again: G) -> Closure<TimeDependent<F>, N, 0, TimeDependent<G>>
    where
        G: Fn(Number, [Number; N]) -> [Number; N] + Send + Sync + Clone,
    {
        self.with(TimeDependent(again))
    }
}

impl<F, const N: usize, const C: usize> Closure<Conditional<F>, N, C> {
    /// The same field with the function over numbers that are differentiated twice: as for
    /// [`autonomous`](fn@super::autonomous) fields.
    pub fn differentiable<G>(self, again: G) -> Closure<Conditional<F>, N, C, Conditional<G>>
    where
        G: Fn(Number, [Number; N], [Number; C]) -> [Number; N] + Send + Sync + Clone,
    {
        self.with(Conditional(again))
    }
}

impl<F, G, const N: usize, const C: usize> Closure<F, N, C, G>
where
    F: Law<DualSVec64<N>, N, C>,
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
        self.function.apply(constant(at.t[lane]), x, context)
    }
}

impl<F, G, const N: usize, const C: usize> Closure<F, N, C, G>
where
    F: Law<DualSVec64<N>, N, C>,
    G: Law<Number, N, C>,
{
    /// Notes what the function does at one lane to coordinates and contexts.
    fn note<T: Real>(&self, at: At<'_, T>, lane: usize, record: &mut Record) {
        let first = record.open(N + C);
        let variable = |value: T, i: usize| Number::noted(value.wide(), first.variable(i));
        let x = std::array::from_fn(|i| variable(at.x.row(i)[lane], i));
        let context = std::array::from_fn(|i| variable(at.context.row(i)[lane], N + i));
        let found = self.again.apply(Number::constant(at.t[lane].wide()), x, context);
        record.close();
        let values = self.at_lane(at, lane, false);
        Number::hand_in(&found, record, agree(values.iter().map(|f| f.re), &found));
    }
}

/// The derivatives of one component by all coordinates.
fn gradient<const N: usize>(component: &DualSVec64<N>) -> nalgebra::SVector<f64, N> {
    component.eps.unwrap_generic(Const::<N>, Const::<1>)
}

impl<T: Real, F, G, const N: usize, const C: usize> VectorField<T> for Closure<F, N, C, G>
where
    F: Law<DualSVec64<N>, N, C>,
    G: Send + Sync,
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

impl<T: Real, F, G, const N: usize, const C: usize> TrainableField<T> for Closure<F, N, C, G>
where
    F: Law<DualSVec64<N>, N, C>,
    G: Law<Number, N, C>,
{
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
