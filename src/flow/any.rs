//! A trainable flow of any kind behind a pointer, its tape included: one type for all.

use std::any::Any;
use std::fmt;

use nalgebra::DMatrix;

use super::{Cotangent, Direction, Flow, Motion, Packet, Space, TrainableFlow};
use crate::description::{Arrays, Describe, Description};
use crate::error::Result;
use crate::ode::{Accuracy, Workspace};
use crate::parameters::{Fixed, Layout, Setting, State};
use crate::real::Real;

/// A trainable flow of any kind: what runs on this type is compiled once, and not once for every kind.
///
/// It computes what the flow inside computes, to the last bit: the pointer is followed once for a
/// packet of samples. Links of a [`Chain`](super::Chain) are such flows.
///
/// ```
/// use liouville::flow::AnyFlow;
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let planar = EulerStep::new(field::Planar::new(dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?);
/// let turning = ContinuousFlow::new(field::Linear::new(dmatrix![0.0, -1.0; 1.0, 0.0])?);
/// let x = dmatrix![0.2; 0.7];
/// for flow in [AnyFlow::new(planar.clone()), AnyFlow::new(turning)] {
///     let there = flow.forward(&x)?;
///     assert!((flow.inverse(&there.points)?.points - &x).amax() < 1e-4);
/// }
/// assert_eq!(AnyFlow::new(planar.clone()).forward(&x)?.points, planar.forward(&x)?.points);
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct AnyFlow<T: Real>(Box<dyn Erased<T>>);

/// What a recorded packet keeps: the tape of whatever flow recorded it.
#[derive(Default)]
pub struct AnyTape(Option<Box<dyn Any + Send>>);

impl<T: Real> AnyFlow<T> {
    /// The flow behind a pointer; one that is behind a pointer already stays as it is.
    pub fn new<F>(flow: F) -> Self
    where
        F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        match (&flow as &dyn Any).downcast_ref::<Self>() {
            Some(same) => same.clone(),
            None => Self(Box::new(flow)),
        }
    }

    /// The flow inside, if it is of this type.
    pub fn get<F: 'static>(&self) -> Option<&F> {
        self.0.inside().downcast_ref()
    }
}

impl<T: Real> Describe<T> for AnyFlow<T> {
    fn description(&self) -> Result<Description> {
        self.0.describe()
    }

    fn arrays(&self) -> Result<Arrays> {
        Arrays::of_state(&self.0.state())
    }
}

impl<T: Real> Clone for AnyFlow<T> {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl<T: Real> fmt::Debug for AnyFlow<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyFlow({})", self.0.name())
    }
}

impl<T: Real> Flow<T> for AnyFlow<T> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn context_dim(&self) -> usize {
        self.0.context_dim()
    }

    fn check(&self) -> Result<()> {
        self.0.check()
    }

    fn spaces(&self, direction: Direction, from: &[Space]) -> Result<Vec<Space>> {
        self.0.spaces(direction, from)
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.0.follow_packet(direction, packet, workspace);
    }

    fn accuracy(&self) -> Accuracy {
        self.0.accuracy()
    }

    fn motion(&self) -> Option<&dyn Motion<T>> {
        self.0.motion()
    }

    fn is_bounded(&self, direction: Direction) -> bool {
        self.0.is_bounded(direction)
    }

    fn mark_outside(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.0.mark_outside(direction, packet, workspace);
    }
}

impl<T: Real> TrainableFlow<T> for AnyFlow<T> {
    type Tape = AnyTape;

    fn layout(&self) -> Layout {
        self.0.layout()
    }

    fn parameters(&self) -> Vec<T> {
        self.0.parameters()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.0.set_parameters(values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.0.fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.0.set_fixed(arrays)
    }

    fn settings(&self) -> Vec<Setting> {
        self.0.settings()
    }

    fn describe(&self) -> Result<Description> {
        self.0.describe()
    }

    fn state(&self) -> State<T> {
        self.0.state()
    }

    fn set_state(&mut self, state: &State<T>) -> Result<()> {
        self.0.set_state(state)
    }

    fn sums_len(&self) -> usize {
        self.0.sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.0.fold(sums, gradient)
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut AnyTape,
        workspace: &mut Workspace<T>,
    ) {
        self.0.record(direction, packet, tape, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut AnyTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        self.0.pullback(direction, tape, cotangent, sums, workspace);
    }

    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        self.0.initialise(direction, points, context)
    }

    fn is_fresh(&self) -> bool {
        self.0.is_fresh()
    }

    fn prepare(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        self.0.prepare(direction, points, context)
    }

    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        self.0.seen_contexts(contexts)
    }
}

/// A trainable flow whatever its tape.
trait Erased<T: Real>: Flow<T> {
    fn name(&self) -> &'static str;
    fn inside(&self) -> &dyn Any;
    fn boxed(&self) -> Box<dyn Erased<T>>;
    fn layout(&self) -> Layout;
    fn parameters(&self) -> Vec<T>;
    fn set_parameters(&mut self, values: &[T]) -> Result<()>;
    fn fixed(&self) -> Vec<Fixed>;
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()>;
    fn settings(&self) -> Vec<Setting>;
    fn describe(&self) -> Result<Description>;
    fn state(&self) -> State<T>;
    fn set_state(&mut self, state: &State<T>) -> Result<()>;
    fn sums_len(&self) -> usize;
    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()>;
    fn record(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut AnyTape,
        workspace: &mut Workspace<T>,
    );
    fn pullback(
        &self,
        direction: Direction,
        tape: &mut AnyTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    );
    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()>;
    fn is_fresh(&self) -> bool;
    fn prepare(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()>;
    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>>;
}

impl<T: Real, F: TrainableFlow<T, Tape: 'static> + Clone + 'static> Erased<T> for F {
    fn name(&self) -> &'static str {
        std::any::type_name::<F>()
    }

    fn inside(&self) -> &dyn Any {
        self
    }

    fn boxed(&self) -> Box<dyn Erased<T>> {
        Box::new(self.clone())
    }

    fn layout(&self) -> Layout {
        TrainableFlow::layout(self)
    }

    fn parameters(&self) -> Vec<T> {
        TrainableFlow::parameters(self)
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        TrainableFlow::set_parameters(self, values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        TrainableFlow::fixed(self)
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        TrainableFlow::set_fixed(self, arrays)
    }

    fn settings(&self) -> Vec<Setting> {
        TrainableFlow::settings(self)
    }

    fn describe(&self) -> Result<Description> {
        TrainableFlow::describe(self)
    }

    fn state(&self) -> State<T> {
        TrainableFlow::state(self)
    }

    fn set_state(&mut self, state: &State<T>) -> Result<()> {
        TrainableFlow::set_state(self, state)
    }

    fn sums_len(&self) -> usize {
        TrainableFlow::sums_len(self)
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        TrainableFlow::fold(self, sums, gradient)
    }

    fn record(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut AnyTape,
        workspace: &mut Workspace<T>,
    ) {
        if !tape.0.as_ref().is_some_and(|tape| tape.is::<F::Tape>()) {
            tape.0 = Some(Box::new(F::Tape::default()));
        }
        if let Some(tape) = tape.0.as_mut().and_then(|tape| tape.downcast_mut()) {
            self.record_packet(direction, packet, tape, workspace);
        }
    }

    fn pullback(
        &self,
        direction: Direction,
        tape: &mut AnyTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        // Of another type is only a tape that this flow never recorded: nothing comes back.
        if let Some(tape) = tape.0.as_mut().and_then(|tape| tape.downcast_mut()) {
            self.pullback_packet(direction, tape, cotangent, sums, workspace);
        }
    }

    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        TrainableFlow::initialise(self, direction, points, context)
    }

    fn is_fresh(&self) -> bool {
        TrainableFlow::is_fresh(self)
    }

    fn prepare(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        TrainableFlow::prepare(self, direction, points, context)
    }

    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        TrainableFlow::seen_contexts(self, contexts)
    }
}
