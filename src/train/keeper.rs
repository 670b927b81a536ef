//! What writes, finds and removes the files of checkpoints.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::Checkpoint;
use super::checkpoints::{Checkpoints, Earlier, NAME, entries, files, steps_of};
use crate::error::{Error, Result};
use crate::real::Real;
use crate::save::Save;

/// How often a checkpoint is taken unless it is told, in minutes.
const USUAL: f64 = 5.0;

/// The checkpoint from which a run that begins is to go on.
pub(super) fn earlier<T: Real>(plan: &Checkpoints) -> Result<Option<Checkpoint<T>>> {
    let found = files(&plan.folder)?;
    let Some((_, newest)) = found.last() else { return Ok(None) };
    match plan.earlier {
        Earlier::Resumed => Checkpoint::newest(&plan.folder),
        Earlier::Replaced => found.iter().try_for_each(|(_, path)| remove(path)).map(|()| None),
        Earlier::Refused => Err(Error::setting(format!(
            "there are checkpoints of an earlier run, such as {}: go on from them by `Checkpoints::resuming`, remove them by `replacing`, or give another folder",
            newest.display()
        ))),
    }
}

impl<T: Real> Checkpoint<T> {
    /// The checkpoint of the most steps in a folder of [`Checkpoints`]; of those that can be read, if some are damaged:
    /// from an earlier one the run is the same. `None` if there is none.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read, or there are checkpoints, and none can be read.
    pub fn newest(folder: impl AsRef<Path>) -> Result<Option<Self>> {
        let mut first = None;
        for (_, path) in files(folder.as_ref())?.iter().rev() {
            match Self::load(path) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(None), Err)
    }

    /// The checkpoint of a file, or the newest of a folder.
    pub(super) fn at(place: &Path) -> Result<Self> {
        if !place.is_dir() {
            return Self::load(place);
        }
        Self::newest(place)?.ok_or_else(|| {
            Error::file(place, "resume from", "the folder holds no checkpoint: begin by `fit`")
        })
    }
}

/// Removes a file, which may be gone already.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file(path, "remove", error))
        }
        _ => Ok(()),
    }
}

/// What keeps the checkpoints of one run.
pub(super) struct Keeper {
    plan: Checkpoints,
    /// When the last was taken.
    last: Instant,
}

impl Keeper {
    /// Makes the folder, and clears away what a process left that was killed while it wrote.
    pub fn new(plan: &Checkpoints) -> Result<Self> {
        plan.make_folder()?;
        for (name, path) in entries(&plan.folder)? {
            let unfinished = name.strip_prefix('.').and_then(|name| name.rsplit_once('.'));
            if unfinished.is_some_and(|(name, _)| steps_of(name).is_some()) {
                remove(&path)?;
            }
        }
        Ok(Self { plan: plan.clone(), last: Instant::now() })
    }

    /// Whether a checkpoint is to be taken after so many steps.
    pub fn is_due(&self, steps: usize) -> bool {
        let Checkpoints { steps: every, minutes, .. } = &self.plan;
        let minutes = minutes.or(every.is_none().then_some(USUAL));
        let passed = self.last.elapsed().as_secs_f64() / 60.0;
        every.is_some_and(|every| steps.is_multiple_of(every))
            || minutes.is_some_and(|minutes| passed >= minutes)
    }

    /// Writes a checkpoint, then removes those that are too many, and those of steps that were taken back.
    pub fn keep<T: Real>(&mut self, checkpoint: &Checkpoint<T>) -> Result<()> {
        let Checkpoints { folder, keep, .. } = &self.plan;
        let steps = checkpoint.steps();
        let [start, end] = NAME;
        checkpoint.save(folder.join(format!("{start}{steps:08}{end}")))?;
        self.last = Instant::now();
        let (kept, later): (Vec<_>, Vec<_>) =
            files(folder)?.into_iter().partition(|(own, _)| *own <= steps);
        let many = kept.len().saturating_sub(*keep);
        later.iter().chain(&kept[..many]).try_for_each(|(_, path)| remove(path))
    }
}
