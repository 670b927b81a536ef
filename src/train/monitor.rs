//! Training with a callback that is shown a snapshot every so many steps.

use std::ops::ControlFlow;
use std::path::Path;

use nalgebra::DMatrix;
use rand::Rng;

use super::run::Watch;
use super::snapshot::SAMPLES;
use super::{Muon, Objective, Observed, Optimizer, Report, Snapshot, StepReport, Trainer};
use crate::error::{Error, Result};
use crate::real::Real;

/// A training run whose model is shown to a callback; made by [`Trainer::monitor`].
///
/// The callback says whether to go on. Watching changes nothing: the trained parameters have the same
/// bits with and without it, and the samples that are looked at are always the same.
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
/// let mut watched = Trainer::maximum_likelihood().steps(50).quiet().monitor(5, |snapshot| {
///     println!("{:4} {:8.4} {:8.1}", snapshot.step, snapshot.loss, snapshot.condition);
///     if snapshot.step < 20 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
/// });
/// let report = watched.fit(&mut model, &data, &mut rng)?;
/// assert_eq!((report.steps.len(), report.stop), (20, Stop::Asked));
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct Monitored<O, P = Muon, C = fn(&Snapshot) -> ControlFlow<()>> {
    trainer: Trainer<O, P>,
    every: usize,
    callback: C,
}

impl<O, P> Trainer<O, P> {
    /// Shows a callback what becomes of the model, every so many steps: losses, log-determinants,
    /// errors and condition numbers. See [`Monitored`].
    pub fn monitor<C>(self, every: usize, callback: C) -> Monitored<O, P, C>
    where
        C: FnMut(&Snapshot) -> ControlFlow<()>,
    {
        Monitored { trainer: self, every, callback }
    }
}

impl<O, P, C> Monitored<O, P, C>
where
    C: FnMut(&Snapshot) -> ControlFlow<()>,
{
    /// As [`Trainer::fit`].
    ///
    /// # Errors
    ///
    /// As [`Trainer::fit`], and if snapshots are zero steps apart.
    pub fn fit<T, M, R>(&mut self, model: &mut M, data: &DMatrix<T>, rng: &mut R) -> Result<Report>
    where
        T: Real,
        M: Observed<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        self.fit_given(model, data, &DMatrix::zeros(0, data.ncols()), rng)
    }

    /// As [`Trainer::fit_given`].
    ///
    /// # Errors
    ///
    /// As [`fit`](Monitored::fit).
    pub fn fit_given<T, M, R>(
        &mut self,
        model: &mut M,
        data: &DMatrix<T>,
        contexts: &DMatrix<T>,
        rng: &mut R,
    ) -> Result<Report>
    where
        T: Real,
        M: Observed<T>,
        O: Objective<T, M>,
        P: Optimizer<T>,
        R: Rng + ?Sized,
    {
        if self.every == 0 {
            return Err(Error::setting("snapshots must be at least one step apart"));
        }
        let some =
            |matrix: &DMatrix<T>| matrix.columns(0, matrix.ncols().min(SAMPLES)).into_owned();
        let mut watch = Watching {
            every: self.every,
            callback: &mut self.callback,
            samples: [some(data), some(contexts)],
        };
        self.trainer.fit_watched(model, [data, contexts], rng, &mut watch)
    }
}

/// The callback with the samples that it is shown.
struct Watching<'a, T: Real, C> {
    every: usize,
    callback: &'a mut C,
    samples: [DMatrix<T>; 2],
}

impl<T, M, C> Watch<M> for Watching<'_, T, C>
where
    T: Real,
    M: Observed<T>,
    C: FnMut(&Snapshot) -> ControlFlow<()>,
{
    fn after(&mut self, done: usize, step: &StepReport, model: &M) -> Result<ControlFlow<()>> {
        if !done.is_multiple_of(self.every) {
            return Ok(ControlFlow::Continue(()));
        }
        let snapshot = model.observe(done, step, self.samples.each_ref())?;
        Ok((self.callback)(&snapshot))
    }
}

/// Keeps every snapshot.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
/// use liouville::train::Recorder;
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let data: DMatrix<f64> = data::two_moons(0.1).sample(500, &mut rng)?;
/// let field = Mlp::new(2).hidden([8, 8]).build(&mut rng)?;
/// let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
/// let mut recorder = Recorder::new();
/// let trainer = Trainer::maximum_likelihood().steps(20).quiet();
/// trainer.monitor(5, recorder.record()).fit(&mut model, &data, &mut rng)?;
/// let (steps, condition) = recorder.curve(|snapshot| snapshot.condition);
/// assert_eq!((steps, condition.len()), (vec![5.0, 10.0, 15.0, 20.0], 4));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recorder {
    /// The snapshots, in order.
    pub snapshots: Vec<Snapshot>,
}

impl Recorder {
    /// No snapshots yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The callback that keeps every snapshot and always goes on.
    pub fn record(&mut self) -> impl FnMut(&Snapshot) -> ControlFlow<()> {
        move |snapshot: &Snapshot| {
            self.snapshots.push(*snapshot);
            ControlFlow::Continue(())
        }
    }

    /// The numbers of steps beside any curve over them.
    pub fn curve(&self, value: impl Fn(&Snapshot) -> f64) -> (Vec<f64>, Vec<f64>) {
        self.snapshots.iter().map(|snapshot| (snapshot.step as f64, value(snapshot))).unzip()
    }

    /// All snapshots as a table with a line of names.
    pub fn table(&self) -> String {
        let mut text = Snapshot::COLUMNS.join(",") + "\n";
        for snapshot in &self.snapshots {
            let numbers = snapshot.row().map(|value| value.to_string());
            text += &(numbers.join(",") + "\n");
        }
        text
    }

    /// Writes [`table`](Recorder::table) to a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        std::fs::write(path, self.table()).map_err(|cause| Error::file(path, "write", cause))
    }
}
