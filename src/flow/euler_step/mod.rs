//! One explicit Euler step of a field, x + f(x), as an invertible layer.
//!
//! | file | what |
//! | --- | --- |
//! | `planar` | the step of a planar field: a scalar equation to be inverted |
//! | `radial` | the step of a radial field: a quadratic equation to be inverted |
//! | `residual` | the step of a network that contracts: a fixed point to be inverted |
//! | `train` | the reverse pass, in both directions |

mod planar;
mod radial;
mod residual;
mod train;

use super::root::Report;
use super::{Direction, Flow, Packet, Track};
use crate::columns::{Block, RowsMut, Scratch};
use crate::field::{At, Cotangents, Pulled, TrainableField};
use crate::ode::Workspace;
use crate::outcome::{Failure, Outcome, Reason};
use crate::real::Real;

pub use train::EulerStepTape;

/// A field whose explicit Euler step x + f(x) can be inverted, with the determinant of I + J by
/// the field's structure.
///
/// The step exists for every field of the kind, but is invertible for some parameters only.
/// [`constrained`](StepInvertible::constrained) moves the parameters there; the other methods are
/// asked of constrained fields alone.
pub trait StepInvertible<T: Real>: TrainableField<T> + Clone {
    /// The field of the same kind whose step is taken instead, so that any parameters will do.
    fn constrained(&self) -> Self;

    /// Turns a gradient by the parameters of the constrained field into one by those of `self`.
    fn pull_constraint(&self, gradient: &mut [T]);

    /// Writes f(x) (dim rows) and ln |det(I + J(x))|, one value per lane.
    fn step(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        log_det: &mut [T],
        scratch: &mut Scratch<T>,
    );

    /// Solves x + f(x) = y for `x`, with y in `at.x`; reports lanes without a solution, and the
    /// evaluations that its search took.
    fn undo(&self, at: At<'_, T>, x: RowsMut<'_, T>, report: Report<'_>, scratch: &mut Scratch<T>);

    /// Pulls the cotangents of f(x) and of ln |det(I + J(x))| (the single row of
    /// `cotangents.traces`) back to point, context and parameters.
    fn pull_step(
        &self,
        at: At<'_, T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    );

    /// Solves (I + J(x))' λ = c, with c in `cotangent` before and λ after.
    fn solve_transposed(&self, at: At<'_, T>, cotangent: RowsMut<'_, T>, scratch: &mut Scratch<T>);
}

/// One explicit Euler step of a field from t = 0 to t = 1: x + f(0, x).
///
/// The step of a [planar](crate::field::Planar) field is the planar layer of Rezende and Mohamed
/// 2015 (Variational Inference with Normalizing Flows, section 4.1), that of a
/// [radial](crate::field::Radial) field their radial layer, and that of a
/// [network](crate::field::Mlp) the residual layer of Behrmann et al. 2019. The log-determinant
/// ln |det(I + J)| follows from the field's structure; the inverse solves x + f(x) = y to rounding.
///
/// Parameters are free: the step is that of [`constrained`](EulerStep::constrained), the field with
/// its parameters moved to where the step is invertible. Gradients are by the free parameters.
///
/// ```
/// use liouville::prelude::*;
/// use nalgebra::{dmatrix, dvector};
///
/// let layer = EulerStep::new(field::Planar::new(dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?);
/// let there = layer.forward(&dmatrix![0.2; 0.7])?;
/// let back = layer.inverse(&there.points)?;
/// assert!((back.points - dmatrix![0.2; 0.7]).amax() < 1e-14);
/// assert!((back.log_det[0] + there.log_det[0]).abs() < 1e-14);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct EulerStep<F> {
    field: F,
    constrained: F,
}

impl<F> EulerStep<F> {
    /// The layer with the parameters of `field`.
    pub fn new<T: Real>(field: F) -> Self
    where
        F: StepInvertible<T>,
    {
        let constrained = field.constrained();
        Self { field, constrained }
    }

    /// The field that holds the free parameters.
    pub fn field(&self) -> &F {
        &self.field
    }

    /// The field whose step is taken.
    pub fn constrained(&self) -> &F {
        &self.constrained
    }
}

impl<T: Real, F: StepInvertible<T>> Flow<T> for EulerStep<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn context_dim(&self) -> usize {
        self.field.context_dim()
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        let mut times = workspace.scratch.take(1, packet.len());
        times.fill(T::zero());
        match direction {
            Direction::Forward => self.forward_packet(&times, packet, &mut workspace.scratch),
            Direction::Inverse => self.inverse_packet(&times, packet, &mut workspace.scratch),
        }
        workspace.scratch.give(times);
        for effort in &mut packet.efforts {
            effort.evaluations += 1;
        }
        mark_overflow(packet);
    }
}

impl<F> EulerStep<F> {
    /// x + f(x).
    fn forward_packet<T: Real>(
        &self,
        times: &Block<T>,
        packet: &mut Packet<T>,
        scratch: &mut Scratch<T>,
    ) where
        F: StepInvertible<T>,
    {
        let mut velocity = scratch.take(packet.points.rows(), packet.len());
        let at = at_start(times, packet);
        match packet.track {
            Track::Points => self.constrained.velocity(at, velocity.view_mut(), scratch),
            Track::LogDet => {
                let mut log_det = scratch.take(1, packet.len());
                self.constrained.step(at, velocity.view_mut(), log_det.values_mut(), scratch);
                add(log_det.values(), packet.log_det.values_mut());
                scratch.give(log_det);
            }
        }
        add(velocity.values(), packet.points.values_mut());
        scratch.give(velocity);
    }

    /// The x of x + f(x) = y.
    fn inverse_packet<T: Real>(
        &self,
        times: &Block<T>,
        packet: &mut Packet<T>,
        scratch: &mut Scratch<T>,
    ) where
        F: StepInvertible<T>,
    {
        let mut start = scratch.take(packet.points.rows(), packet.len());
        let at = At { t: times.row(0), x: packet.points.view(), context: packet.context.view() };
        let report = Report { outcomes: &mut packet.outcomes, efforts: &mut packet.efforts };
        self.constrained.undo(at, start.view_mut(), report, scratch);
        packet.points.values_mut().copy_from_slice(start.values());
        if packet.track == Track::LogDet {
            let mut log_det = scratch.take(1, packet.len());
            let at = at_start(times, packet);
            self.constrained.step(at, start.view_mut(), log_det.values_mut(), scratch);
            for (sum, value) in packet.log_det.values_mut().iter_mut().zip(log_det.values()) {
                *sum -= *value;
            }
            scratch.give(log_det);
        }
        scratch.give(start);
    }
}

/// The points of a packet at t = 0.
fn at_start<'a, T: Real>(times: &'a Block<T>, packet: &'a Packet<T>) -> At<'a, T> {
    At { t: times.row(0), x: packet.points.view(), context: packet.context.view() }
}

/// sum += value, element by element.
fn add<T: Real>(values: &[T], sums: &mut [T]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += *value;
    }
}

/// Marks the columns that ended as NaN or infinite.
pub(super) fn mark_overflow<T: Real>(packet: &mut Packet<T>) {
    for lane in 0..packet.len() {
        let rows = 0..packet.points.rows();
        let finite = rows.map(|i| packet.points.row(i)[lane]).all(|value| value.is_finite());
        if packet.outcomes[lane].arrived() && !(finite && packet.log_det.row(0)[lane].is_finite()) {
            let reason = Reason::NonFiniteVelocity;
            packet.outcomes[lane] = Outcome::Failed(Failure { reason, t: 0.0, step: 1.0 });
        }
    }
}
