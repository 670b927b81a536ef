//! Snapshots of a training run, kept.

use std::ops::ControlFlow;
use std::path::Path;

use super::{Snapshot, View};
use crate::error::{Error, Result};
use crate::real::Real;

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
/// trainer.monitor(5).fit(&mut model, &data, &mut rng, recorder.record())?;
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
    pub fn record<T: Real, M>(&mut self) -> impl FnMut(&View<'_, T, M>) -> ControlFlow<()> {
        move |view: &View<'_, T, M>| {
            self.snapshots.push(view.snapshot);
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
