//! One link of a chain: a trainable flow behind a pointer, learning or frozen.

use std::any::Any;

use nalgebra::DMatrix;

use super::super::{Cotangent, Direction, Flow, Packet, TrainableFlow};
use crate::error::Result;
use crate::ode::Workspace;
use crate::parameters::{Fixed, Layout, State};
use crate::real::Real;

/// A tape of any type.
pub(super) type AnyTape = Box<dyn Any + Send>;

/// A trainable flow behind a pointer, whatever its tape.
pub(super) trait Link<T: Real>: Flow<T> {
    fn layout(&self) -> Layout;
    fn parameters(&self) -> Vec<T>;
    fn set_parameters(&mut self, values: &[T]) -> Result<()>;
    fn state(&self) -> State<T>;
    fn set_state(&mut self, state: &State<T>) -> Result<()>;
    fn sums_len(&self) -> usize;
    fn fold(&self, sums: &[T], gradient: &mut [T]);
    fn new_tape(&self) -> AnyTape;
    fn record(
        &self,
        way: Direction,
        packet: &mut Packet<T>,
        tape: &mut AnyTape,
        w: &mut Workspace<T>,
    );
    fn pullback(
        &self,
        way: Direction,
        tape: &mut AnyTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    );
    fn initialise(
        &mut self,
        way: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()>;
    fn boxed(&self) -> Box<dyn Link<T>>;
}

impl<T: Real, F: TrainableFlow<T, Tape: 'static> + Clone + 'static> Link<T> for F {
    fn layout(&self) -> Layout {
        TrainableFlow::layout(self)
    }

    fn parameters(&self) -> Vec<T> {
        TrainableFlow::parameters(self)
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        TrainableFlow::set_parameters(self, values)
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

    fn fold(&self, sums: &[T], gradient: &mut [T]) {
        TrainableFlow::fold(self, sums, gradient);
    }

    fn new_tape(&self) -> AnyTape {
        Box::new(F::Tape::default())
    }

    fn record(
        &self,
        way: Direction,
        packet: &mut Packet<T>,
        tape: &mut AnyTape,
        w: &mut Workspace<T>,
    ) {
        if !(**tape).is::<F::Tape>() {
            *tape = self.new_tape();
        }
        if let Some(tape) = (**tape).downcast_mut() {
            self.record_packet(way, packet, tape, w);
        }
    }

    fn pullback(
        &self,
        way: Direction,
        tape: &mut AnyTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        // Of another type is only a tape that this link never recorded: nothing comes back.
        if let Some(tape) = (**tape).downcast_mut() {
            self.pullback_packet(way, tape, cotangent, sums, workspace);
        }
    }

    fn initialise(
        &mut self,
        way: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        TrainableFlow::initialise(self, way, points, context)
    }

    fn boxed(&self) -> Box<dyn Link<T>> {
        Box::new(self.clone())
    }
}

/// A link in its place.
pub(super) struct Place<T: Real> {
    pub link: Box<dyn Link<T>>,
    parameters: usize,
    /// Whether its parameters stay as they are.
    pub frozen: bool,
}

impl<T: Real> Clone for Place<T> {
    fn clone(&self) -> Self {
        Self { link: self.link.boxed(), ..*self }
    }
}

impl<T: Real> Place<T> {
    /// A link that learns.
    pub fn new(link: Box<dyn Link<T>>) -> Self {
        let parameters = link.layout().len();
        Self { link, parameters, frozen: false }
    }

    /// The number of parameters that can learn.
    pub fn parameter_count(&self) -> usize {
        if self.frozen { 0 } else { self.parameters }
    }

    /// The arrays that do not learn; all of them, if the link is frozen.
    pub fn fixed(&self) -> Vec<Fixed> {
        let state = self.link.state();
        if self.frozen { state.into_fixed() } else { state.fixed }
    }

    /// Replaces them by arrays that fit.
    pub fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        let state = self.link.state();
        let state = match self.frozen {
            true => state.with_fixed(arrays),
            false => State { fixed: arrays.to_vec(), ..state },
        };
        self.link.set_state(&state)
    }

    /// The length of the sums for the parameters that can learn.
    pub fn sums_len(&self) -> usize {
        if self.frozen { 0 } else { self.link.sums_len() }
    }

    /// The pullback of the link; a frozen one adds to no sums.
    pub fn pullback(
        &self,
        way: Direction,
        tape: &mut AnyTape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        if !self.frozen {
            return self.link.pullback(way, tape, cotangent, sums, workspace);
        }
        let count = self.link.sums_len();
        let mut unused = workspace.scratch.take(1, count);
        unused.fill(T::zero());
        let sums = &mut unused.values_mut()[..count];
        self.link.pullback(way, tape, cotangent, sums, workspace);
        workspace.scratch.give(unused);
    }
}

/// Runs `work` with a context of no rows if the link reads none.
pub(super) fn with_context<T: Real>(
    link: &dyn Link<T>,
    packet: &mut Packet<T>,
    work: impl FnOnce(&mut Packet<T>),
) {
    if link.context_dim() > 0 {
        return work(packet);
    }
    let kept = std::mem::take(&mut packet.context);
    packet.context.reshape(0, packet.points.lanes());
    work(packet);
    packet.context = kept;
}
