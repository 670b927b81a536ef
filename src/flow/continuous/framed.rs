//! Packets on their way through a flow that has a frame: into it before the solve, and out of it behind.

use nalgebra::DMatrix;

use super::super::{Cotangent, Direction, Packet, Track};
use super::framing::mark_overflow;
use super::{ContinuousFlow, Frame};
use crate::error::{Error, Result};
use crate::ode::Workspace;
use crate::real::Real;

/// The frame of a flow.
impl<F, S> ContinuousFlow<F, S> {
    /// The same flow, with its field in this frame.
    pub fn framed(mut self, frame: Frame) -> Self {
        self.frame = Some(frame);
        self
    }

    /// The frame, if there is one.
    pub fn frame(&self) -> Option<&Frame> {
        self.frame.as_ref()
    }

    /// Data and contexts as the field sees them; `None` without a frame.
    ///
    /// # Errors
    ///
    /// If they do not fit the frame.
    pub fn inside<T: Real>(
        &self,
        points: &DMatrix<T>,
        contexts: &DMatrix<T>,
    ) -> Result<Option<[DMatrix<T>; 2]>> {
        self.check_frame([points.nrows(), contexts.nrows()])?;
        let inside = |frame: &Frame| [frame.inside(points), frame.contexts_inside(contexts)];
        Ok(self.frame.as_ref().map(inside))
    }

    /// An error unless the frame fits a field of these sizes.
    pub(super) fn check_frame(&self, [dim, context_dim]: [usize; 2]) -> Result<()> {
        let Some(frame) = &self.frame else { return Ok(()) };
        if [frame.dim(), frame.contexts.len()] == [dim, context_dim] {
            return Ok(());
        }
        Err(Error::shape(format!(
            "the frame has {} coordinates and {} context rows, the field {dim} and {context_dim}: fit it to data of these sizes",
            frame.dim(),
            frame.contexts.len()
        )))
    }

    /// Takes data into the frame.
    pub(super) fn enter<T: Real>(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        if let (Some(frame), Direction::Inverse) = (&self.frame, direction) {
            frame.enter(packet.points.view_mut(), &mut workspace.scratch);
            mark_overflow(&packet.points, self.span.to, &mut packet.outcomes);
        }
    }

    /// Takes points out of the frame to the data, and counts what it does to volumes in either direction.
    pub(super) fn leave<T: Real>(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        let Some(frame) = &self.frame else { return };
        let mut log_det = T::of(frame.log_det());
        match direction {
            Direction::Inverse => log_det = -log_det,
            Direction::Forward => {
                frame.leave(packet.points.view_mut(), &mut workspace.scratch);
                mark_overflow(&packet.points, self.span.to, &mut packet.outcomes);
            }
        }
        if packet.track == Track::LogDet {
            packet.log_det.values_mut().iter_mut().for_each(|value| *value += log_det);
        }
    }

    /// Takes the cotangents of what left the frame into it.
    pub(super) fn pull_exit<T: Real>(
        &self,
        direction: Direction,
        cotangent: &mut Cotangent<T>,
        workspace: &mut Workspace<T>,
    ) {
        if let (Some(frame), Direction::Forward) = (&self.frame, direction) {
            frame.pull_exit(cotangent.points.view_mut(), &mut workspace.scratch);
        }
    }

    /// Takes the cotangents of what entered the frame out of it.
    pub(super) fn pull_entry<T: Real>(
        &self,
        direction: Direction,
        cotangent: &mut Cotangent<T>,
        workspace: &mut Workspace<T>,
    ) {
        if let (Some(frame), Direction::Inverse) = (&self.frame, direction) {
            frame.pull_entry(cotangent.points.view_mut(), &mut workspace.scratch);
        }
    }
}
