//! Maps with a constant Jacobian: how a packet follows one, and how cotangents come back.

use std::fmt::Debug;

use super::super::{Cotangent, Direction, Packet};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::kernels::row_sums;
use crate::ode::Workspace;
use crate::outcome::Reason;
use crate::real::Real;

/// An invertible map with a constant Jacobian, x to y forward and y to x inverse.
pub trait ConstantMap<T: Real>: Clone + Debug + Send + Sync {
    /// ln |det| of the Jacobian of the forward direction.
    fn log_det(&self) -> T;

    /// The number of entries that the map is made of and that have cotangents.
    fn entries(&self) -> usize;

    /// Writes where `points` go.
    fn apply(&self, direction: Direction, points: Rows<'_, T>, out: RowsMut<'_, T>);

    /// Writes the transposed Jacobian of a direction times `bars`.
    fn pull(&self, direction: Direction, bars: Rows<'_, T>, out: RowsMut<'_, T>);

    /// Adds to the cotangents of the entries of the forward map, from cotangents `bars` of y, for
    /// points `start` at x.
    fn add_entries(
        &self,
        bars: Rows<'_, T>,
        start: Rows<'_, T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    );
}

/// What a recorded packet keeps: its points at t = 0, whichever way they went.
#[derive(Default)]
pub struct StartTape<T> {
    start: Block<T>,
}

impl<T: Real> StartTape<T> {
    fn keep(&mut self, packet: &Packet<T>) {
        self.start.copy_from(packet.points.view());
    }
}

/// Moves a packet.
pub(super) fn follow<T: Real, M: ConstantMap<T>>(
    map: &M,
    direction: Direction,
    packet: &mut Packet<T>,
    workspace: &mut Workspace<T>,
) {
    let mut out = workspace.scratch.take(packet.points.rows(), packet.len());
    map.apply(direction, packet.points.view(), out.view_mut());
    packet.points.values_mut().copy_from_slice(out.values());
    workspace.scratch.give(out);
    let log_det = match direction {
        Direction::Forward => map.log_det(),
        Direction::Inverse => -map.log_det(),
    };
    packet.log_det.values_mut().iter_mut().for_each(|sum| *sum += log_det);
    packet.settle(Reason::Overflow, &mut workspace.scratch);
}

/// Moves a packet and keeps where it is at t = 0.
pub(super) fn record<T: Real, M: ConstantMap<T>>(
    map: &M,
    direction: Direction,
    packet: &mut Packet<T>,
    tape: &mut StartTape<T>,
    workspace: &mut Workspace<T>,
) {
    if direction == Direction::Forward {
        tape.keep(packet);
    }
    follow(map, direction, packet, workspace);
    if direction == Direction::Inverse {
        tape.keep(packet);
    }
}

/// Pulls cotangents back, and adds those of the entries and of the log-determinant to `sums`.
///
/// With y = M x + m: x̄ = M'ȳ, M̄ = ȳ x' and m̄ = ȳ. The other way round, x = M⁻¹ (y - m) has
/// ȳ = M'⁻¹ x̄, and its entries receive -ȳ x' and -ȳ.
pub(super) fn pullback<T: Real, M: ConstantMap<T>>(
    map: &M,
    direction: Direction,
    tape: &StartTape<T>,
    cotangent: &mut Cotangent<T>,
    sums: &mut [T],
    workspace: &mut Workspace<T>,
) {
    let scratch = &mut workspace.scratch;
    let (entries, log_det) = sums.split_at_mut(map.entries());
    let mut out = scratch.take(cotangent.points.rows(), cotangent.points.lanes());
    let mut total = [T::zero()];
    row_sums(cotangent.log_det.view(), &mut total);
    map.pull(direction, cotangent.points.view(), out.view_mut());
    match direction {
        Direction::Forward => {
            map.add_entries(cotangent.points.view(), tape.start.view(), entries, scratch);
            cotangent.points.values_mut().copy_from_slice(out.values());
            log_det[0] += total[0];
        }
        Direction::Inverse => {
            cotangent.points.values_mut().copy_from_slice(out.values());
            out.values_mut().iter_mut().for_each(|bar| *bar = -*bar);
            map.add_entries(out.view(), tape.start.view(), entries, scratch);
            log_det[0] -= total[0];
        }
    }
    scratch.give(out);
}
