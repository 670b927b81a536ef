//! A flow, or a base, whose parameters stay as they are while others learn.

use nalgebra::DMatrix;

use super::{Cotangent, Direction, Flow, Motion, Packet, Space, TrainableFlow};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::ode::{Accuracy, Workspace};
use crate::parameters::{Fixed, Setting};
use crate::real::Real;

/// A flow, or a [base](crate::density::Base), that offers no parameters to a trainer: derivatives by points
/// and contexts go through it, and its own parameters keep their values.
///
/// ```
/// use liouville::nalgebra::{self, dvector};
/// use liouville::prelude::*;
///
/// let learned = EulerStep::new(field::Planar::new(dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?);
/// let chain = Chain::new().then(Frozen::new(learned.clone())).then(learned);
/// assert_eq!(chain.parameters().len(), 5);
///
/// // Of this model the flow learns, and the base does not.
/// let base = Frozen::new(StudentT::standard(2, 4.0)?);
/// let model = base.pushed_by(chain);
/// assert_eq!(model.state().parameters.len(), 5);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Frozen<F> {
    flow: F,
}

impl<F> Frozen<F> {
    /// `flow`, or a base, with its parameters as they are now.
    pub fn new(flow: F) -> Self {
        Self { flow }
    }

    /// What is inside, flow or base.
    pub fn inside(&self) -> &F {
        &self.flow
    }

    /// What is inside, to be changed.
    pub(crate) fn inside_mut(&mut self) -> &mut F {
        &mut self.flow
    }

    /// What is inside, free to learn again.
    pub fn thaw(self) -> F {
        self.flow
    }
}

impl<T: Real, F: Flow<T>> Flow<T> for Frozen<F> {
    fn dim(&self) -> usize {
        self.flow.dim()
    }

    fn context_dim(&self) -> usize {
        self.flow.context_dim()
    }

    fn check(&self) -> Result<()> {
        self.flow.check()
    }

    fn spaces(&self, direction: Direction, from: &[Space]) -> Result<Vec<Space>> {
        self.flow.spaces(direction, from)
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.flow.follow_packet(direction, packet, workspace);
    }

    fn accuracy(&self) -> Accuracy {
        self.flow.accuracy()
    }

    fn motion(&self) -> Option<&dyn Motion<T>> {
        self.flow.motion()
    }

    fn is_bounded(&self, direction: Direction) -> bool {
        self.flow.is_bounded(direction)
    }

    fn mark_outside(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.flow.mark_outside(direction, packet, workspace);
    }
}

impl<T: Real, F: TrainableFlow<T>> TrainableFlow<T> for Frozen<F> {
    type Tape = F::Tape;

    /// The parameters, which do not learn, and the fixed arrays of the flow inside.
    fn fixed(&self) -> Vec<Fixed> {
        self.flow.state().into_fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        let state = self.flow.state().taking_fixed(arrays)?;
        self.flow.set_state(&state)
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Frozen").part("flow", self.flow.describe()?))
    }

    fn settings(&self) -> Vec<Setting> {
        let inner = self.flow.settings().into_iter().map(|setting| setting.within("frozen"));
        [Setting::kind("Frozen")].into_iter().chain(inner).collect()
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        self.flow.record_packet(direction, packet, tape, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        _none: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let count = self.flow.sums_len();
        let mut unused = workspace.scratch.take(1, count);
        let sums = &mut unused.values_mut()[..count];
        self.flow.pullback_packet(direction, tape, cotangent, sums, workspace);
        workspace.scratch.give(unused);
    }

    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        self.flow.seen_contexts(contexts)
    }
}

impl<T: Real, F: Restore<T>> Restore<T> for Frozen<F> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Frozen")?;
        // What is frozen is a flow, or a base.
        let part = if source.has_part("base") { "base" } else { "flow" };
        Ok(Self::new(F::restore(&source.part(part)?)?))
    }
}
