//! Vector fields: velocities, products with their Jacobian, and divergences, on blocks of columns.
//!
//! | file | field |
//! | --- | --- |
//! | `linear` | A x + b |
//! | `diagonal` | s x + b, coordinate by coordinate |
//! | `skew` | S x with a skew matrix |
//! | `planar` | u tanh(w'x + b) |
//! | `radial` | beta (x - x0) / (alpha + distance to x0) |
//! | `coupling/` | zero for some coordinates, s b + t for the others, by a network of the former |
//! | `sum` | the sum of two fields |
//! | `sylvester/` | Q R tanh(R~ Q'x + b) |
//! | `any` | a trainable field of any kind behind a pointer |
//! | `closure`, `dyn_closure` | whatever a user writes, differentiated by dual numbers |
//! | `columns` | a field at a matrix of points |
//! | `law`, `both` | what a closure is a function of; closures compiled over both kinds of numbers |
//! | `number/` | the number that closures are differentiated twice by |
//! | `recorded` | the reverse pass of closures |
//! | `tangents` | exact traces through unit tangents, for fields without a formula |
//! | `neural/` | a multilayer perceptron of (x, t, context), plain or gated |

mod any;
mod both;
mod closure;
mod columns;
mod coupling;
mod diagonal;
mod dyn_closure;
mod law;
mod linear;
pub mod neural;
mod number;
mod planar;
mod radial;
mod recorded;
mod skew;
mod sum;
mod sylvester;
mod tangents;

use nalgebra::DMatrix;

use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::description::Description;
use crate::error::Result;
use crate::kernels::{multiply, sum_of_products};
use crate::ode::Sharpness;
use crate::parameters::{self, Fixed, Layout, Parameters, Setting};
use crate::real::Real;

pub use any::{AnyField, AnyFieldTape};
pub use both::{autonomous, autonomous_dyn, conditional, time_dependent, time_dependent_dyn};
pub use closure::{Closure, autonomous, conditional, time_dependent};
pub use coupling::{AffineCoupling, AffineCouplingTape};
pub use diagonal::DiagonalAffine;
pub use dyn_closure::{Dual, DynClosure, autonomous_dyn, time_dependent_dyn};
pub use law::{Autonomous, Conditional, DynLaw, Law, TimeDependent};
pub use linear::Linear;
pub use neural::{Gated, GatedBuilder, Mlp, MlpBuilder};
pub use number::Number;
pub use planar::{Planar, PlanarTape};
pub use radial::Radial;
pub use skew::Skew;
pub use sum::{Sum, SumTape};
pub use sylvester::{Sylvester, SylvesterTape};
pub use tangents::{divergence_by_tangents, unit_tangents};

pub(crate) use tangents::{SLICE, pull_trace_in_slices};

/// Where a field is evaluated: each lane is one sample with its own time, point and context.
#[derive(Clone, Copy)]
pub struct At<'a, T> {
    /// The time of each lane.
    pub t: &'a [T],
    /// The points: dim rows.
    pub x: Rows<'a, T>,
    /// The contexts: context_dim rows, none for an unconditional field.
    pub context: Rows<'a, T>,
}

impl<T: Real> At<'_, T> {
    /// The number of lanes, padding included.
    pub fn lanes(&self) -> usize {
        self.t.len()
    }
}

/// A velocity field dx/dt = f(t, x, context), evaluated on blocks of columns.
///
/// One method does the work, [`velocity`](VectorField::velocity); [`jvp`](VectorField::jvp) gives
/// it derivatives, and the exact divergence follows from them unless the field's structure makes it
/// cheaper. Lanes must not influence one another: lane `j` of the output depends on lane `j` of the
/// input alone.
pub trait VectorField<T: Real>: Send + Sync {
    /// The dimension of the space.
    fn dim(&self) -> usize;

    /// The number of context values that each sample carries.
    fn context_dim(&self) -> usize {
        0
    }

    /// Writes f(t, x, context) into `velocity` (dim rows).
    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>);

    /// Writes the velocity, and J u for every tangent.
    ///
    /// `tangents` and `products` have dim rows and k x lanes lanes: tangent `i` of lane `j` is in
    /// lane `i * lanes + j`.
    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    );

    /// Writes the velocity, and the exact trace of the Jacobian of each lane.
    ///
    /// By default through dim tangents, sixteen at a time.
    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        divergence_by_tangents(self, at, velocity, divergence, scratch);
    }

    /// The velocities at the columns of `points` (dim x n), all at time t.
    ///
    /// ```
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
    /// let velocity = pendulum.at(0.0, &dmatrix![0.0f64, 1.0; 2.0, 3.0])?;
    /// assert_eq!(velocity, dmatrix![2.0, 3.0; 0.0, -1f64.sin()]);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the points have another number of rows or no column, the time is not finite, or the field reads a
    /// context. That a velocity is not finite is no error.
    fn at(&self, t: f64, points: &DMatrix<T>) -> Result<DMatrix<T>> {
        columns::velocities(self, t, points, None)
    }

    /// The velocities at time t under a context: one column for each point, or one for all.
    ///
    /// # Errors
    ///
    /// As [`at`](VectorField::at), and if the context has another shape.
    fn at_given(&self, t: f64, points: &DMatrix<T>, context: &DMatrix<T>) -> Result<DMatrix<T>> {
        columns::velocities(self, t, points, Some(context))
    }

    /// How suddenly the field can change along a trajectory, if its structure says so; steps are then as
    /// long as their error allows, up to what this bound vouches for. By default nothing is known, and
    /// [`ode::Adaptive`](crate::ode::Adaptive) keeps steps to an eighth of the span.
    fn sharpness(&self) -> Option<Sharpness> {
        None
    }

    /// By how much rounding may change the velocity of a coordinate, beyond what goes with the
    /// coordinate's own size: for an output of a network, a rounding of the numbers that it is summed from.
    /// Near a fixed point at zero nothing else is left of a velocity, and steps are not made shorter for
    /// its sake. Default: nothing.
    fn rounding(&self, _coordinate: usize) -> f64 {
        0.0
    }

    /// What [`divergence`](VectorField::divergence) costs, in evaluations of the velocity.
    fn divergence_cost(&self) -> f64 {
        1.0 + self.dim() as f64
    }
}

impl<T: Real, F: VectorField<T> + ?Sized> VectorField<T> for Box<F> {
    fn dim(&self) -> usize {
        (**self).dim()
    }

    fn context_dim(&self) -> usize {
        (**self).context_dim()
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        (**self).velocity(at, velocity, scratch);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        (**self).jvp(at, tangents, velocity, products, scratch);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        (**self).divergence(at, velocity, divergence, scratch);
    }

    fn sharpness(&self) -> Option<Sharpness> {
        (**self).sharpness()
    }

    fn rounding(&self, coordinate: usize) -> f64 {
        (**self).rounding(coordinate)
    }

    fn divergence_cost(&self) -> f64 {
        (**self).divergence_cost()
    }
}

/// How the Jacobian enters a recorded evaluation.
#[derive(Clone, Copy)]
pub enum Traced<'a, T> {
    /// Not at all: the velocity only.
    Velocity,
    /// The exact trace of the Jacobian.
    Exact,
    /// u' J u for given probes u (dim rows, k x lanes lanes, laid out as in [`VectorField::jvp`]).
    Probes(Rows<'a, T>),
    /// J u itself for given tangents u, laid out as for probes; the traces are then these products:
    /// dim rows of as many lanes as the tangents have.
    Products(Rows<'a, T>),
}

impl<T: Real> Traced<'_, T> {
    /// The number of trace rows that come out: none, one, one per probe, or dim.
    pub fn rows(&self, lanes: usize) -> usize {
        match self {
            Self::Velocity => 0,
            Self::Exact => 1,
            Self::Probes(probes) => probes.lanes() / lanes,
            Self::Products(tangents) => tangents.rows(),
        }
    }
}

/// The cotangents that come back to a recorded evaluation.
#[derive(Clone, Copy)]
pub struct Cotangents<'a, T> {
    /// The derivative of the objective by the velocity: dim rows.
    pub velocity: Rows<'a, T>,
    /// The derivative of the objective by each trace row: as many rows as [`Traced::rows`], laid out
    /// as the traces.
    pub traces: Rows<'a, T>,
}

/// Where a pullback writes.
pub struct Pulled<'a, T> {
    /// The derivative of the objective by the points: dim rows, overwritten.
    pub x: RowsMut<'a, T>,
    /// The derivative of the objective by the contexts: context_dim rows, overwritten.
    pub context: RowsMut<'a, T>,
    /// Sums for the parameters, added to; [`TrainableField::fold`] turns them into a gradient.
    pub sums: &'a mut [T],
}

/// A field with parameters and a reverse pass.
///
/// An evaluation is [recorded](TrainableField::record) on a tape and later
/// [pulled back](TrainableField::pullback): from the derivatives of an objective by velocity and
/// traces to those by points, contexts and parameters.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no gradients",
    note = "a closure has them if it is made by `field::autonomous!` or its like, or made `differentiable`"
)]
pub trait TrainableField<T: Real>: VectorField<T> {
    /// What one evaluation keeps for its reverse pass.
    type Tape: Default + Send;

    /// The parameters with their names, shapes and places.
    fn held(&self) -> &Parameters<T>;

    /// The names, shapes and places of the parameters.
    fn layout(&self) -> &Layout {
        self.held().layout()
    }

    /// The parameters, flat. What else makes the field what it is are [fixed
    /// arrays](TrainableField::fixed) and [settings](TrainableField::settings).
    fn parameters(&self) -> &[T] {
        self.held()
    }

    /// Replaces all parameters.
    ///
    /// # Errors
    ///
    /// If there are more values than parameters or fewer, or one is NaN or infinite
    /// ([`Layout::check`]); the model is then unchanged.
    fn set_parameters(&mut self, values: &[T]) -> Result<()>;

    /// The arrays beside the parameters that make the field what it is and do not learn, such as a mask.
    /// By default there are none.
    fn fixed(&self) -> Vec<Fixed> {
        Vec::new()
    }

    /// Replaces the fixed arrays. Parameters that mean something else then are to be set as well.
    ///
    /// # Errors
    ///
    /// Unless there are the same arrays as in [`fixed`](TrainableField::fixed), each with values that it
    /// may have.
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&[], arrays)
    }

    /// What the field must have in common with another of which it takes parameters and fixed arrays. By
    /// default the name of its type.
    fn settings(&self) -> Vec<Setting> {
        vec![Setting::kind_of::<Self>()]
    }

    /// What the field is besides its arrays, as it can be [made again](crate::description::Restore) from.
    ///
    /// # Errors
    ///
    /// If it does not say so, which is the default.
    fn describe(&self) -> Result<Description> {
        Err(Description::none_of::<Self>("field"))
    }

    /// Whether the parameters are still those that the field was drawn with, as the starts of networks are: it
    /// has not learnt, nor was it given any. By default it was given them.
    fn is_fresh(&self) -> bool {
        false
    }

    /// The length of the parameter sums that pullbacks add to; at least the number of parameters.
    fn sums_len(&self) -> usize {
        self.layout().len()
    }

    /// The length of the sums if velocities alone are pulled back, without any trace: sums of this
    /// length do for such pullbacks and for [`fold`](TrainableField::fold).
    fn velocity_sums_len(&self) -> usize {
        self.sums_len()
    }

    /// Turns sums over many pullbacks into the gradient by the parameters (added to `gradient`).
    ///
    /// # Errors
    ///
    /// If `sums` or `gradient` has another length than that; the gradient is then unchanged.
    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.held().check_fold(sums, self.sums_len(), gradient)?;
        for (total, sum) in gradient.iter_mut().zip(sums) {
            *total += *sum;
        }
        Ok(())
    }

    /// Evaluates velocity and traces, and keeps on `tape` what the pullback needs. By default nothing,
    /// which is for fields with the tape `()`, whose pullback computes what it needs anew.
    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        velocity: RowsMut<'_, T>,
        traces: RowsMut<'_, T>,
        tape: &mut Self::Tape,
        scratch: &mut Scratch<T>,
    ) {
        let _ = tape;
        evaluate(self, at, traced, velocity, traces, scratch);
    }

    /// Pulls cotangents back through the evaluation on `tape`, which was recorded at the same place.
    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &Self::Tape,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    );
}

/// Evaluates velocity and traces of any field, without keeping anything.
pub fn evaluate<T: Real, F: VectorField<T> + ?Sized>(
    field: &F,
    at: At<'_, T>,
    traced: Traced<'_, T>,
    velocity: RowsMut<'_, T>,
    mut traces: RowsMut<'_, T>,
    scratch: &mut Scratch<T>,
) {
    match traced {
        Traced::Velocity => field.velocity(at, velocity, scratch),
        Traced::Exact => field.divergence(at, velocity, traces.row_mut(0), scratch),
        Traced::Probes(probes) => {
            let mut products = scratch.take(field.dim(), probes.lanes());
            field.jvp(at, probes, velocity, products.view_mut(), scratch);
            let traces = traces.values_mut();
            traces.fill(T::zero());
            sum_of_products(probes, products.view(), traces);
            scratch.give(products);
        }
        Traced::Products(tangents) => field.jvp(at, tangents, velocity, traces, scratch),
    }
}

/// The Euclidean length of a vector.
pub(crate) fn length<T: Real>(values: &[T]) -> f64 {
    values.iter().map(|value| value.wide() * value.wide()).sum::<f64>().sqrt()
}

/// The cotangents of the products J u that those of the traces u'J u stand for: each probe times
/// the cotangent of its trace.
pub(crate) fn product_cotangents<T: Real>(
    probes: Rows<'_, T>,
    traces: Rows<'_, T>,
    scratch: &mut Scratch<T>,
) -> Block<T> {
    let mut bars = scratch.take(probes.rows(), probes.lanes());
    for i in 0..probes.rows() {
        multiply(probes.row(i), traces.values(), bars.row_mut(i));
    }
    bars
}

/// Adds to `sums[i]` the inner product of row `i` with `other`, lane by lane in order.
pub(crate) fn add_row_products<T: Real>(rows: Rows<'_, T>, other: &[T], sums: &mut [T]) {
    for (i, sum) in sums.iter_mut().enumerate() {
        for (a, b) in rows.row(i).iter().zip(other) {
            *sum += *a * *b;
        }
    }
}
