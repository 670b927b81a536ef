//! One explicit Euler step of a field, x + f(x), as an invertible layer.
//!
//! | file | what |
//! | --- | --- |
//! | `planar` | the step of a planar field: a scalar equation to be inverted |
//! | `radial` | the step of a radial field: a quadratic equation to be inverted |
//! | `sylvester` | the step of a Sylvester field: scalar equations one after the other |
//! | `residual` | the step of a network that contracts: a fixed point to be inverted |
//! | `lanes` | whole Jacobians of few lanes at a time |
//! | `series` | the log-determinant of a network's step in high dimension, estimated |
//! | `series_reverse` | the derivative of that estimate |
//! | `train` | the reverse pass, in both directions |

mod lanes;
mod planar;
mod radial;
mod residual;
mod series;
mod series_reverse;
mod sylvester;
mod train;

use super::root::Report;
use super::{Direction, Flow, Packet, Track};
use crate::columns::{Block, RowsMut, Scratch};
use crate::description::{Restore, Source};
use crate::error::Result;
use crate::field::{At, Cotangents, Mlp, Pulled, TrainableField};
use crate::ode::Workspace;
use crate::outcome::Reason;
use crate::real::Real;

use series::Draws;

pub use series::{Determinant, PowerSeries};
pub use series_reverse::Series;
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

    /// Whether constrained fields contract, so that ln det(I + J) has a power series.
    fn contracts(&self) -> bool {
        false
    }

    /// As [`pull_step`](StepInvertible::pull_step), for the log-determinant that a power series
    /// estimated; asked of fields that contract. By default the derivative is that of the exact
    /// log-determinant.
    fn pull_series(
        &self,
        at: At<'_, T>,
        series: Series<'_, T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let _ = series;
        self.pull_step(at, cotangents, pulled, scratch);
    }
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
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
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
    determinant: Determinant,
}

impl<F> EulerStep<F> {
    /// The layer with the parameters of `field`.
    pub fn new<T: Real>(field: F) -> Self
    where
        F: StepInvertible<T>,
    {
        let constrained = field.constrained();
        Self { field, constrained, determinant: Determinant::Auto }
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

impl<T: Real> EulerStep<Mlp<T>> {
    /// How the log-determinant of a residual layer is taken. Default: [`Determinant::Auto`].
    ///
    /// ```
    /// use liouville::flow::euler_step::{Determinant, PowerSeries};
    /// use liouville::nalgebra::DMatrix;
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let network: Mlp<f64> = Mlp::new(6).hidden([16]).build(&mut rng)?;
    /// let series = PowerSeries { probes: 16, ..PowerSeries::default() };
    /// let layer = EulerStep::new(network).determinant(Determinant::Series(series));
    /// let moved = layer.forward(&DMatrix::from_element(6, 1, 0.5))?;
    /// assert!(moved.standard_error.is_some());
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn determinant(mut self, determinant: Determinant) -> Self {
        self.determinant = determinant;
        self
    }
}

impl<T: Real, F: StepInvertible<T>> Flow<T> for EulerStep<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn context_dim(&self) -> usize {
        self.field.context_dim()
    }

    fn check(&self) -> Result<()> {
        self.determinant.check()
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        let rows = self.series(packet.noise).map_or(0, |series| series.probes);
        let probes = workspace.scratch.take(rows * packet.points.rows(), packet.len());
        let terms = workspace.scratch.take(rows, packet.len());
        let mut draws = Draws { probes, terms };
        self.follow_drawing(direction, packet, &mut draws, workspace);
        workspace.scratch.give(draws.terms);
        workspace.scratch.give(draws.probes);
    }
}

impl<F> EulerStep<F> {
    /// The series that estimates the log-determinant, if one does, in evaluation or with noise in
    /// training.
    fn series<T: Real>(&self, noise: Option<u64>) -> Option<PowerSeries>
    where
        F: StepInvertible<T>,
    {
        self.determinant.series(self.field.dim(), noise).filter(|_| self.field.contracts())
    }

    /// Moves a packet; if the log-determinant is estimated, the random part of the estimate is left
    /// in `draws`.
    fn follow_drawing<T: Real>(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        draws: &mut Draws<T>,
        workspace: &mut Workspace<T>,
    ) where
        F: StepInvertible<T>,
    {
        let scratch = &mut workspace.scratch;
        let mut times = scratch.take(1, packet.len());
        times.fill(T::zero());
        if let (Some(series), Track::LogDet) = (self.series(packet.noise), packet.track) {
            series.draw(packet, draws, scratch);
        }
        match direction {
            Direction::Forward => self.forward_packet(&times, packet, draws, scratch),
            Direction::Inverse => self.inverse_packet(&times, packet, draws, scratch),
        }
        scratch.give(times);
        packet.settle(Reason::NonFiniteVelocity, scratch);
    }

    /// x + f(x).
    fn forward_packet<T: Real>(
        &self,
        times: &Block<T>,
        packet: &mut Packet<T>,
        draws: &Draws<T>,
        scratch: &mut Scratch<T>,
    ) where
        F: StepInvertible<T>,
    {
        let mut velocity = scratch.take(packet.points.rows(), packet.len());
        match packet.track {
            Track::Points => {
                let at = at_start(times, packet);
                self.constrained.velocity(at, velocity.view_mut(), scratch);
            }
            Track::LogDet => self.add_log_det(1.0, times, packet, draws, &mut velocity, scratch),
        }
        add(velocity.values(), packet.points.values_mut());
        scratch.give(velocity);
    }

    /// The x of x + f(x) = y.
    fn inverse_packet<T: Real>(
        &self,
        times: &Block<T>,
        packet: &mut Packet<T>,
        draws: &Draws<T>,
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
            self.add_log_det(-1.0, times, packet, draws, &mut start, scratch);
        }
        scratch.give(start);
    }

    /// Writes f(x) into `velocity`, and adds `sign` times the log-determinant at x.
    fn add_log_det<T: Real>(
        &self,
        sign: f64,
        times: &Block<T>,
        packet: &mut Packet<T>,
        draws: &Draws<T>,
        velocity: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) where
        F: StepInvertible<T>,
    {
        let at = at_start(times, packet);
        if let Some(series) = self.series(packet.noise) {
            self.constrained.velocity(at, velocity.view_mut(), scratch);
            series.add(&self.constrained, sign, times, packet, draws, scratch);
            return;
        }
        let mut log_det = scratch.take(1, packet.len());
        self.constrained.step(at, velocity.view_mut(), log_det.values_mut(), scratch);
        for (sum, value) in packet.log_det.values_mut().iter_mut().zip(log_det.values()) {
            *sum += T::of(sign) * *value;
        }
        scratch.give(log_det);
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

/// The field of the description holds the free parameters.
impl<T: Real, F: StepInvertible<T> + Restore<T>> Restore<T> for EulerStep<F> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("EulerStep")?;
        let layer = Self::new(F::restore(&source.part("field")?)?);
        Ok(Self { determinant: Determinant::restore(&source.part("determinant")?)?, ..layer })
    }
}
