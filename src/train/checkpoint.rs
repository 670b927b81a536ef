//! A run in the middle: all that it needs to go on, as a value.

use super::guard::Guard;
use super::honesty::Tolerances;
use super::stages::Stages;
use super::state::State;
use super::subject::Subject;
use super::{Check, Report, Stop};
use crate::parameters::{Fixed, Layout};
use crate::real::Real;

/// All that a run needs to go on from where it stood: [`Trainer::resume`](super::Trainer::resume) gives the
/// parameters that it would have had without an interruption, bit for bit.
///
/// Taken by [`View::checkpoint`](super::View::checkpoint). Random numbers come from a seed and the number of
/// the step alone, so that no state of a generator belongs to it.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let data: DMatrix<f64> = data::two_moons(0.1).sample(300, &mut StdRng::seed_from_u64(1))?;
/// let field = Mlp::new(2).hidden([8, 8]).build(&mut StdRng::seed_from_u64(2))?;
/// let untrained = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
/// let trainer = Trainer::maximum_likelihood().steps(30).quiet();
///
/// let (mut model, mut kept) = (untrained.clone(), None);
/// trainer.monitor(13).fit(&mut model, &data, &mut StdRng::seed_from_u64(3), |view| {
///     kept = Some(view.checkpoint());
///     ControlFlow::Continue(())
/// })?;
/// let checkpoint = kept.expect("taken after 13 and 26 steps");
/// assert_eq!(checkpoint.steps(), 26);
///
/// let mut resumed = untrained;
/// trainer.resume(&checkpoint, &mut resumed, &data)?;
/// assert_eq!(resumed.log_prob(&data)?, model.log_prob(&data)?);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint<T> {
    pub(super) layout: Layout,
    pub(super) subject: Subject,
    pub(super) seed: [u8; 32],
    pub(super) state: State<T, Vec<Fixed>>,
    pub(super) guard: Guard<State<T, Vec<Fixed>>>,
    pub(super) half: Option<Vec<T>>,
    pub(super) stages: Stages,
    pub(super) tolerances: Tolerances,
    pub(super) report: Report,
    /// How the run ended, if it did by itself.
    pub(super) ended: Option<Stop>,
}

impl<T: Real> Checkpoint<T> {
    /// The number of steps that were taken.
    pub fn steps(&self) -> usize {
        self.report.steps.len()
    }

    /// What all random numbers of the run come from.
    pub fn seed(&self) -> [u8; 32] {
        self.seed
    }

    /// The names, shapes and places of the parameters.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The parameters after the last step.
    pub fn parameters(&self) -> &[T] {
        &self.state.parameters
    }

    /// The parameters that would be kept now: the moving average, if there is one.
    pub fn kept(&self) -> Vec<T> {
        self.state.candidate()
    }

    /// The check that did best so far, and its parameters.
    pub fn best(&self) -> Option<(Check, &[T])> {
        self.state.best.as_ref().map(|(check, parameters)| (*check, parameters.as_slice()))
    }

    /// What the optimiser remembers.
    pub fn optimizer(&self) -> &[Fixed] {
        &self.state.optimizer
    }

    /// How the run ended, if it did by itself: to resume it then gives its parameters at once.
    pub fn ended(&self) -> Option<Stop> {
        self.ended
    }

    /// The curves so far.
    pub fn report(&self) -> &Report {
        &self.report
    }
}
