//! A snapshot: what a model is like in the middle of training.

use nalgebra::DMatrix;

use super::{StepReport, Trainable};
use crate::density::{Base, Pushforward};
use crate::diagnose::{
    Step, Summary, jacobians_where, relative_errors, singular_values, usual_step,
};
use crate::error::Result;
use crate::flow::{Direction, Track, TrainableFlow, transport};
use crate::real::Real;

/// How many samples a snapshot looks at.
pub(super) const SAMPLES: usize = 64;
/// How many samples' Jacobians a snapshot takes.
const JACOBIANS: usize = 8;

/// What a model is like after some steps of training, on the first 64 samples of the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snapshot {
    /// The number of steps taken.
    pub step: usize,
    /// The loss of the last mini-batch, before the step.
    pub loss: f64,
    /// The global norm of its gradient, before clipping.
    pub gradient_norm: f64,
    /// The log-determinants of the samples, from the data to the base, in nats.
    pub log_det: Summary,
    /// The largest error of a sample after there and back, relative to 1 + its largest coordinate.
    pub inverse_error: f64,
    /// The median condition number of the Jacobian from the data to the base, of eight samples, but those
    /// beside which the flow fails; NaN if none is left.
    pub condition: f64,
    /// How many of the samples failed, or lie outside the support; they are left out.
    pub failed: usize,
}

impl Snapshot {
    /// The names of the numbers of [`row`](Snapshot::row).
    pub const COLUMNS: [&'static str; 10] = [
        "step",
        "loss",
        "gradient_norm",
        "log_det_mean",
        "log_det_deviation",
        "log_det_least",
        "log_det_most",
        "inverse_error",
        "condition",
        "failed",
    ];

    /// All numbers, for a table.
    pub fn row(&self) -> [f64; 10] {
        let Summary { mean, deviation, least, most, .. } = self.log_det;
        [
            self.step as f64,
            self.loss,
            self.gradient_norm,
            mean,
            deviation,
            least,
            most,
            self.inverse_error,
            self.condition,
            self.failed as f64,
        ]
    }
}

/// A model that snapshots can be taken of.
pub trait Observed<T: Real>: Trainable<T> {
    /// Looks at the model, without changing it, on some samples with their contexts.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, or a setting is out of range.
    fn observe(
        &self,
        step: usize,
        report: &StepReport,
        samples: [&DMatrix<T>; 2],
    ) -> Result<Snapshot>;
}

impl<T: Real, B: Base<T>, F: TrainableFlow<T>> Observed<T> for Pushforward<B, F> {
    fn observe(
        &self,
        step: usize,
        report: &StepReport,
        [points, contexts]: [&DMatrix<T>; 2],
    ) -> Result<Snapshot> {
        let flow = self.flow();
        let context = (contexts.nrows() > 0).then_some(contexts);
        let there = flow.follow(Direction::Inverse, points, context)?;
        let back = transport(flow, Direction::Forward, &there.points, context, Track::Points)?;
        let errors = relative_errors(&back.points, points);
        let failed = there.outcomes.iter().filter(|outcome| !outcome.arrived()).count();
        let few = points.columns(0, points.ncols().min(JACOBIANS)).into_owned();
        let reads = context.map(|context| context.columns(0, few.ncols()).into_owned());
        let near = Step::of(usual_step::<T>());
        let found = jacobians_where(flow, Direction::Inverse, &few, reads.as_ref(), near)?;
        let ratio = |matrix: &DMatrix<f64>| {
            let values = singular_values(matrix);
            values[0] / values[values.len() - 1]
        };
        let ratios: Vec<f64> = found.iter().flatten().map(ratio).collect();
        let condition = Summary::of(&ratios).median;
        let log_det: Vec<f64> = there.log_det.iter().map(|value| value.wide()).collect();
        Ok(Snapshot {
            step,
            loss: report.loss,
            gradient_norm: report.gradient_norm,
            log_det: Summary::of(&log_det),
            inverse_error: Summary::of(&errors).most,
            condition,
            failed,
        })
    }
}
