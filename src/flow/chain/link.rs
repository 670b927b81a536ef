//! One link of a chain in its place: a flow of any kind, learning or frozen.

use super::super::{AnyFlow, AnyTape, Cotangent, Direction, Flow, Packet, TrainableFlow};
use crate::error::Result;
use crate::ode::Workspace;
use crate::parameters::{Fixed, State};
use crate::real::Real;

/// A link in its place.
#[derive(Clone)]
pub(super) struct Place<T: Real> {
    pub link: AnyFlow<T>,
    parameters: usize,
    /// Whether its parameters stay as they are.
    pub frozen: bool,
}

impl<T: Real> Place<T> {
    /// A link that learns.
    pub fn new(link: AnyFlow<T>) -> Self {
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
            true => state.taking_fixed(arrays)?,
            false => State { fixed: arrays.to_vec(), ..state },
        };
        self.link.set_state(&state)
    }

    /// Whether it has something to be initialised, and may be.
    pub fn is_fresh(&self) -> bool {
        !self.frozen && self.link.is_fresh()
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
            return self.link.pullback_packet(way, tape, cotangent, sums, workspace);
        }
        let count = self.link.sums_len();
        let mut unused = workspace.scratch.take(1, count);
        unused.fill(T::zero());
        let sums = &mut unused.values_mut()[..count];
        self.link.pullback_packet(way, tape, cotangent, sums, workspace);
        workspace.scratch.give(unused);
    }
}

/// Runs `work` with a context of no rows if the link reads none.
pub(super) fn with_context<T: Real>(
    link: &AnyFlow<T>,
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
