//! The flow of a vector field by integration; the one place where field and solver meet.
//!
//! | file | what |
//! | --- | --- |
//! | `frame`, `correlation` | means, deviations and correlations, in which the field moves points; their fit |
//! | `framing`, `framed` | points and cotangents, and packets, on their way into a frame and out of it |
//! | `augmented` | a point together with its log-determinant and its penalties |
//! | `equations` | their equations, forward and back |
//! | `gradient` | how the gradient is taken |
//! | `integrands` | what penalties are made of along the way |
//! | `motion` | velocities and log-determinants anywhere on the way |
//! | `penalties` | kinetic energy and size of the Jacobian: their weights |
//! | `restore` | a continuous flow from its description |
//! | `steps` | the accepted steps of every column |
//! | `train` | the reverse pass of the flow, plain and with penalties |
//! | `trajectory` | points at several times along the way |
//! | `whitening` | a frame as a flow of its own |

mod augmented;
mod correlation;
mod equations;
mod frame;
mod framed;
mod framing;
mod gradient;
mod integrands;
mod motion;
mod penalties;
mod restore;
mod steps;
mod train;
mod trajectory;
mod whitening;

use super::{Direction, Flow, Motion, Packet, Track};
use crate::columns::Block;
use crate::error::Result;
use crate::field::VectorField;
use crate::ode::{Accuracy, Adaptive, Batch, ErrorControlled, Solver, Span, Workspace, automatic};
use crate::real::Real;
use crate::trace::{Outset, Trace};
use augmented::Augmented;

pub use frame::Frame;
pub use gradient::Gradient;
pub use penalties::Penalties;
pub use steps::ColumnSteps;
pub use train::{ContinuousTape, Penalised};
pub use trajectory::Trajectory;
pub use whitening::Whitening;

/// The flow of a vector field: dx/dt = f(t, x, context) from t = 0 (base) to t = 1 (data).
///
/// A flow may have a [`Frame`]: the field then moves points in coordinates that the data have been whitened
/// to, and times, tolerances, penalties and sharpness are about these. Training gives one to a flow of
/// a network that has not learnt yet ([`Frame`] says how it is fitted); without it, and for fields that are
/// given, the field moves points as they are.
///
/// The log-determinant obeys d ln|det| / dt = tr ∂f/∂x (Chen et al. 2018, Neural Ordinary
/// Differential Equations, Theorem 1), and is integrated beside the points under the same error
/// control. The four questions of a continuous flow are four words:
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let swirl = field::autonomous::<2, _>(|x| [x[1] - x[0], -x[0] - x[1]]);
/// let flow = ContinuousFlow::new(swirl)
///     .trace(Trace::Exact)
///     .solver(dopri5())
///     .tolerance(1e-8);
/// let moved = flow.forward(&dmatrix![1.0f64; 0.0])?;
/// assert!((moved.log_det[0] + 2.0).abs() < 1e-7);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ContinuousFlow<F, S = Adaptive> {
    field: F,
    solver: S,
    trace: Trace,
    span: Span,
    gradient: Gradient,
    frame: Option<Frame>,
}

impl<F> ContinuousFlow<F> {
    /// The flow of `field` from t = 0 to t = 1, with [`automatic`] at tolerance 1e-5 and
    /// [`Trace::Auto`].
    pub fn new(field: F) -> Self {
        let span = Span { from: 0.0, to: 1.0 };
        let (trace, gradient) = (Trace::Auto, Gradient::Discrete);
        Self { field, solver: automatic(), trace, span, gradient, frame: None }
    }
}

impl<F, S> ContinuousFlow<F, S> {
    /// How the divergence is taken. Default: [`Trace::Auto`], exact in every evaluation; an estimator
    /// that is named here estimates in training and in evaluation.
    pub fn trace(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }

    /// How the field is integrated. Brings its own tolerance.
    pub fn solver<U>(self, solver: U) -> ContinuousFlow<F, U> {
        let Self { field, trace, span, gradient, frame, .. } = self;
        ContinuousFlow { field, solver, trace, span, gradient, frame }
    }

    /// How the gradient is taken. Default: [`Gradient::Discrete`], exact for the computed numbers.
    pub fn gradient(mut self, gradient: Gradient) -> Self {
        self.gradient = gradient;
        self
    }

    /// The time of the base and the time of the data. Default: 0 and 1.
    pub fn span(mut self, base: f64, data: f64) -> Self {
        self.span = Span { from: base, to: data };
        self
    }

    /// The times of base and data.
    pub fn times(&self) -> Span {
        self.span
    }

    /// The field.
    pub fn field(&self) -> &F {
        &self.field
    }

    /// The field, to be changed.
    pub fn field_mut(&mut self) -> &mut F {
        &mut self.field
    }

    /// The span in a direction.
    fn directed(&self, direction: Direction) -> Span {
        match direction {
            Direction::Forward => self.span,
            Direction::Inverse => self.span.reversed(),
        }
    }
}

impl<F, S: ErrorControlled> ContinuousFlow<F, S> {
    /// The tolerance of the solver, relative and absolute alike. Under a [`Frame`] points are measured in it:
    /// a tolerance of 1e-5 is then 1e-5 deviations of the data, whatever their unit.
    pub fn tolerance(self, tolerance: f64) -> Self {
        self.tolerances(tolerance, tolerance)
    }

    /// The longest step of the solver, in units of time, for fields that do something sudden;
    /// [`Adaptive`] says what is found without it.
    pub fn longest_step(mut self, step: f64) -> Self {
        self.solver.set_longest_step(step);
        self
    }

    /// The relative and the absolute tolerance of the solver.
    pub fn tolerances(mut self, relative: f64, absolute: f64) -> Self {
        self.solver.set_tolerance(relative, absolute);
        self
    }
}

impl<T: Real, F: VectorField<T>, S: Solver<T>> Flow<T> for ContinuousFlow<F, S> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn context_dim(&self) -> usize {
        self.field.context_dim()
    }

    fn check(&self) -> Result<()> {
        self.check_along(self.span)
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.enter(direction, packet, workspace);
        self.follow_span(self.directed(direction), packet, workspace);
        self.leave(direction, packet, workspace);
    }

    fn accuracy(&self) -> Accuracy {
        Solver::<T>::accuracy(&self.solver)
    }

    fn motion(&self) -> Option<&dyn Motion<T>> {
        Some(self)
    }
}

impl<F, S> ContinuousFlow<F, S> {
    /// An error if a setting is out of range, or the scalar cannot resolve the times of the span.
    fn check_along<T: Real>(&self, span: Span) -> Result<()>
    where
        F: VectorField<T>,
        S: Solver<T>,
    {
        self.check_frame([self.field.dim(), self.field.context_dim()])?;
        self.trace.check()?;
        if let Gradient::Adjoint(solver) = &self.gradient {
            let checked = Solver::<T>::check(solver, span);
            checked.map_err(|error| error.during("the adjoint's solver"))?;
        }
        self.solver.check(span)
    }

    /// Moves a packet along any span.
    fn follow_span<T: Real>(&self, span: Span, packet: &mut Packet<T>, workspace: &mut Workspace<T>)
    where
        F: VectorField<T>,
        S: Solver<T>,
    {
        let rhs = self.augmented(packet.track, packet.noise);
        let mut state = workspace.scratch.take(rhs.state_rows(), packet.len());
        let mut carried = workspace.scratch.take(rhs.carried_rows(), packet.len());
        self.pack(&rhs, span, packet, &mut state, &mut carried, workspace);
        let batch = Batch {
            state: &mut state,
            carried: carried.view(),
            outcomes: &mut packet.outcomes,
            efforts: &mut packet.efforts,
        };
        match packet.accuracy {
            None => self.solver.solve(&rhs, span, batch, workspace),
            Some(accuracy) => self.solver.at(accuracy).solve(&rhs, span, batch, workspace),
        }
        self.unpack(&rhs, packet, &state);
        workspace.scratch.give(carried);
        workspace.scratch.give(state);
    }

    /// The equations to be solved, in evaluation or with noise in training.
    fn augmented<T: Real>(&self, track: Track, noise: Option<u64>) -> Augmented<'_, F>
    where
        F: VectorField<T>,
    {
        let estimator = match noise {
            None => self.trace.estimator(&self.field),
            Some(_) => self.trace.estimator_in_training(&self.field),
        };
        match track {
            Track::Points => Augmented::points(&self.field),
            Track::LogDet => Augmented::log_det(&self.field, estimator),
        }
    }

    /// Writes points and zero integrals into `state`, probes and contexts into `carried`.
    fn pack<T: Real>(
        &self,
        rhs: &Augmented<'_, F>,
        span: Span,
        packet: &mut Packet<T>,
        state: &mut Block<T>,
        carried: &mut Block<T>,
        workspace: &mut Workspace<T>,
    ) where
        F: VectorField<T>,
    {
        let (mut points, mut traces) = state.view_mut().split_at(packet.points.rows());
        points.values_mut().copy_from_slice(packet.points.values());
        traces.values_mut().fill(T::zero());
        let (probes, mut context) = carried.view_mut().split_at(rhs.probe_rows::<T>());
        context.values_mut().copy_from_slice(packet.context.values());
        if let Some(frame) = &self.frame {
            frame.enter_contexts(context);
        }
        if let Some(prober) = rhs.prober() {
            let outset = Outset {
                points: packet.points.view(),
                context: packet.context.view(),
                span,
                samples: packet.len(),
                key: &|lane| packet.key(prober.seed(), lane),
            };
            prober.draw(&self.field, outset, probes, &mut workspace.scratch);
            for effort in &mut packet.efforts {
                effort.evaluations += prober.evaluations_ahead();
            }
        }
    }

    /// Takes points, log-determinants and their variance out of `state`.
    fn unpack<T: Real>(&self, rhs: &Augmented<'_, F>, packet: &mut Packet<T>, state: &Block<T>)
    where
        F: VectorField<T>,
    {
        let dim = packet.points.rows();
        packet.points.values_mut().copy_from_slice(state.view().range(0, dim).values());
        if rhs.trace_rows() == 0 {
            return;
        }
        let traces = state.view().range(dim, dim + rhs.trace_rows());
        let Some(estimator) = rhs.estimator() else {
            let sums = packet.log_det.values_mut()[..packet.outcomes.len()].iter_mut();
            sums.zip(traces.row(0)).for_each(|(sum, value)| *sum += *value);
            return;
        };
        packet.mark_estimated(estimator.estimate());
        for lane in 0..packet.len() {
            let (estimate, variance) = estimator.judge(|p| traces.row(p)[lane].wide(), dim);
            packet.log_det.row_mut(0)[lane] += T::of(estimate);
            packet.variance.row_mut(0)[lane] += T::of(variance);
        }
    }
}
