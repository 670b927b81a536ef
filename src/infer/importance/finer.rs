//! A flow that is followed more accurately than it says itself.

use crate::error::Result;
use crate::flow::{Direction, Flow, Packet, Space};
use crate::ode::{Accuracy, Workspace};
use crate::real::Real;

/// A flow that integrates to another tolerance, if there is one, and is the same otherwise.
pub(in crate::infer) struct Finer<'a, F: ?Sized> {
    pub flow: &'a F,
    pub accuracy: Option<f64>,
}

impl<T: Real, F: Flow<T> + ?Sized> Flow<T> for Finer<'_, F> {
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
        packet.accuracy = self.accuracy.or(packet.accuracy);
        self.flow.follow_packet(direction, packet, workspace);
    }

    fn accuracy(&self) -> Accuracy {
        self.accuracy.map_or(self.flow.accuracy(), Accuracy::Tolerance)
    }

    fn is_bounded(&self, direction: Direction) -> bool {
        self.flow.is_bounded(direction)
    }
}
