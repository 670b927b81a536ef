//! A flow the other way round.

use nalgebra::DMatrix;

use super::{Cotangent, Direction, Flow, Packet, Space, TrainableFlow};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::ode::{Accuracy, Workspace};
use crate::parameters::{Fixed, Layout, Setting};
use crate::real::Real;

/// A flow the other way round: its forward direction is the inverse of the flow inside.
///
/// Which direction is cheap often differs: put a flow into this to have the cheap one where it
/// is needed.
#[derive(Debug, Clone)]
pub struct Inverted<F> {
    flow: F,
}

impl<F> Inverted<F> {
    /// The inverse of `flow`.
    pub fn new(flow: F) -> Self {
        Self { flow }
    }

    /// The flow inside.
    pub fn flow(&self) -> &F {
        &self.flow
    }
}

impl<T: Real, F: Flow<T>> Flow<T> for Inverted<F> {
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
        self.flow.spaces(direction.reversed(), from)
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.flow.follow_packet(direction.reversed(), packet, workspace);
    }

    fn accuracy(&self) -> Accuracy {
        self.flow.accuracy()
    }

    fn is_bounded(&self, direction: Direction) -> bool {
        self.flow.is_bounded(direction.reversed())
    }

    fn mark_outside(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.flow.mark_outside(direction.reversed(), packet, workspace);
    }
}

impl<T: Real, F: TrainableFlow<T>> TrainableFlow<T> for Inverted<F> {
    type Tape = F::Tape;

    fn layout(&self) -> Layout {
        self.flow.layout().beside(&self.fixed(), &self.settings())
    }

    fn parameters(&self) -> Vec<T> {
        self.flow.parameters()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.flow.set_parameters(values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.flow.fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.flow.set_fixed(arrays)
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Inverted").part("flow", self.flow.describe()?))
    }

    fn settings(&self) -> Vec<Setting> {
        let inner = self.flow.settings().into_iter().map(|setting| setting.within("inverted"));
        [Setting::kind("Inverted")].into_iter().chain(inner).collect()
    }

    fn sums_len(&self) -> usize {
        self.flow.sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.flow.fold(sums, gradient)
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        self.flow.record_packet(direction.reversed(), packet, tape, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        self.flow.pullback_packet(direction.reversed(), tape, cotangent, sums, workspace);
    }

    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        self.flow.initialise(direction.reversed(), points, context)
    }

    fn is_fresh(&self) -> bool {
        self.flow.is_fresh()
    }

    fn prepare(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        self.flow.prepare(direction.reversed(), points, context)
    }

    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        self.flow.seen_contexts(contexts)
    }
}

impl<T: Real, F: Restore<T>> Restore<T> for Inverted<F> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Inverted")?;
        Ok(Self::new(F::restore(&source.part("flow")?)?))
    }
}
