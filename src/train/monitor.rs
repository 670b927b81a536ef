//! Training with a callback that is shown the run every so many steps.

use std::ops::{ControlFlow, Deref};

use nalgebra::DMatrix;
use rand::Rng;

use super::snapshot::SAMPLES;
use super::watch::{Standing, Watch};
use super::{
    Checkpoint, Muon, Objective, Observed, Optimizer, Report, Snapshot, StepReport, Trainable,
    Trainer,
};
use crate::error::{Error, Result};
use crate::real::Real;

/// A training run that is shown to a callback; made by [`Trainer::monitor`].
///
/// The callback says whether to go on. Watching changes nothing: the trained parameters have the same
/// bits with and without it, and the samples that are looked at are always the same. Steps that are taken
/// back and taken again are shown again.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
/// use liouville::train::Stop;
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let data: DMatrix<f64> = data::two_moons(0.1).sample(500, &mut rng)?;
/// let field = Mlp::new(2).hidden([8, 8]).build(&mut rng)?;
/// let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
/// let trainer = Trainer::maximum_likelihood().steps(50).quiet();
/// let report = trainer.monitor(5).fit(&mut model, &data, &mut rng, |view| {
///     println!("{:4} {:8.4} {:8.1}", view.step, view.loss, view.condition);
///     if view.step < 20 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
/// })?;
/// assert_eq!((report.steps.len(), report.stop), (20, Stop::Asked));
///
/// // What the model would give away now, for a picture or for a file.
/// let mut drawn = Vec::new();
/// trainer.monitor(25).fit(&mut model, &data, &mut rng, |view| {
///     let samples = view.averaged().and_then(|model| model.sample(100, &mut StdRng::seed_from_u64(2)));
///     drawn.extend(samples);
///     ControlFlow::Continue(())
/// })?;
/// assert_eq!(drawn.len(), 2);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Monitored<O, P = Muon> {
    trainer: Trainer<O, P>,
    every: usize,
}

impl<O, P> Trainer<O, P> {
    /// Shows a callback what becomes of the model, every so many steps: losses, log-determinants,
    /// errors and condition numbers, and the model itself. See [`Monitored`].
    pub fn monitor(&self, every: usize) -> Monitored<O, P>
    where
        Self: Clone,
    {
        Monitored { trainer: self.clone(), every }
    }
}

/// What a callback is shown: a [`Snapshot`], whose numbers are the view's own, and the run behind it.
pub struct View<'a, T: Real, M> {
    /// The numbers.
    pub snapshot: Snapshot,
    standing: &'a dyn Standing<T, M>,
}

impl<T: Real, M> Deref for View<'_, T, M> {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl<T: Real, M> View<'_, T, M> {
    /// The model, with the parameters of the last step.
    pub fn model(&self) -> &M {
        self.standing.model()
    }

    /// A copy of the model with the parameters that would be kept now: the moving average, if there is one.
    ///
    /// # Errors
    ///
    /// If the model does not take them.
    pub fn averaged(&self) -> Result<M>
    where
        M: Trainable<T> + Clone,
    {
        let mut model = self.standing.model().clone();
        model.set_parameters(&self.standing.kept())?;
        Ok(model)
    }

    /// The curves so far.
    pub fn report(&self) -> &Report {
        self.standing.report()
    }

    /// All that the run needs to go on from here: see [`Trainer::resume`].
    pub fn checkpoint(&self) -> Checkpoint<T> {
        self.standing.checkpoint()
    }
}

impl<O, P> Monitored<O, P> {
    /// As [`Trainer::fit`], with a callback.
    ///
    /// # Errors
    ///
    /// As [`Trainer::fit`], and if the callback is to be shown something every zero steps.
    pub fn fit<T, M, R>(
        &self,
        model: &mut M,
        data: &DMatrix<T>,
        rng: &mut R,
        callback: impl FnMut(&View<'_, T, M>) -> ControlFlow<()>,
    ) -> Result<Report>
    where
        T: Real,
        M: Observed<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        self.fit_given(model, data, &DMatrix::zeros(0, data.ncols()), rng, callback)
    }

    /// As [`Trainer::fit_given`], with a callback.
    ///
    /// # Errors
    ///
    /// As [`fit`](Monitored::fit).
    pub fn fit_given<T, M, R>(
        &self,
        model: &mut M,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
        rng: &mut R,
        callback: impl FnMut(&View<'_, T, M>) -> ControlFlow<()>,
    ) -> Result<Report>
    where
        T: Real,
        M: Observed<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        let mut watch = self.watching([data, contexts], callback)?;
        self.trainer.fit_watched(model, [data, contexts], rng, &mut watch)
    }

    /// As [`Trainer::resume`], with a callback.
    ///
    /// # Errors
    ///
    /// As [`Trainer::resume`] and [`fit`](Monitored::fit).
    pub fn resume<T, M>(
        &self,
        checkpoint: &Checkpoint<T>,
        model: &mut M,
        data: &DMatrix<T>,
        callback: impl FnMut(&View<'_, T, M>) -> ControlFlow<()>,
    ) -> Result<Report>
    where
        T: Real,
        M: Observed<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        self.resume_given(checkpoint, model, data, &DMatrix::zeros(0, data.ncols()), callback)
    }

    /// As [`Trainer::resume_given`], with a callback.
    ///
    /// # Errors
    ///
    /// As [`resume`](Monitored::resume).
    pub fn resume_given<T, M>(
        &self,
        checkpoint: &Checkpoint<T>,
        model: &mut M,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
        callback: impl FnMut(&View<'_, T, M>) -> ControlFlow<()>,
    ) -> Result<Report>
    where
        T: Real,
        M: Observed<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
    {
        let mut watch = self.watching([data, contexts], callback)?;
        self.trainer.resume_watched(checkpoint, model, [data, contexts], &mut watch)
    }

    fn watching<T: Real, C>(&self, data: [&DMatrix<T>; 2], callback: C) -> Result<Watching<T, C>> {
        if self.every == 0 {
            return Err(Error::setting("snapshots must be at least one step apart"));
        }
        let some =
            |matrix: &DMatrix<T>| matrix.columns(0, matrix.ncols().min(SAMPLES)).into_owned();
        Ok(Watching { every: self.every, callback, samples: data.map(some) })
    }
}

/// The callback with the samples that it is shown.
struct Watching<T: Real, C> {
    every: usize,
    callback: C,
    samples: [DMatrix<T>; 2],
}

impl<T, M, C> Watch<T, M> for Watching<T, C>
where
    T: Real,
    M: Observed<T>,
    C: FnMut(&View<'_, T, M>) -> ControlFlow<()>,
{
    fn after(
        &mut self,
        step: &StepReport,
        standing: &dyn Standing<T, M>,
    ) -> Result<ControlFlow<()>> {
        let done = standing.report().steps.len();
        if !done.is_multiple_of(self.every) {
            return Ok(ControlFlow::Continue(()));
        }
        let snapshot = standing.model().observe(done, step, self.samples.each_ref())?;
        Ok((self.callback)(&View { snapshot, standing }))
    }
}
