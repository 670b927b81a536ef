//! Checkpoints as files: where they are kept, how often one is taken, and how many stay.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What the names of files begin and end with, around the number of steps.
pub(super) const NAME: [&str; 2] = ["step-", ".safetensors"];

/// The name of the file that says what several runs together are of.
pub(crate) const SUBJECT: &str = "fit.safetensors";

/// Where checkpoints of a run are kept as files, how often one is taken, and how many stay.
///
/// Given to [`Trainer::checkpoints`](super::Trainer::checkpoints), a run writes `step-00001200.safetensors` and the
/// like into a folder of its own, each whole or not at all, so that whatever moment it is killed in, the newest file there
/// can be read. [`Trainer::resume_from`](super::Trainer::resume_from) goes on from it, and so does the same call of `fit`
/// again if it is told to by [`resuming`](Checkpoints::resuming): the model then has the parameters that the run
/// would have given it without an interruption, bit for bit. A run that ends by itself keeps a last one, from which
/// the same call gives the model at once.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
/// use liouville::train::Checkpoints;
///
/// let folder = std::env::temp_dir().join(format!("liouville-run-{}", std::process::id()));
/// let data: DMatrix<f64> = data::two_moons(0.1).sample(300, &mut StdRng::seed_from_u64(1))?;
/// let field = Mlp::new(2).hidden([8, 8]).build(&mut StdRng::seed_from_u64(2))?;
/// let untrained = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
/// let kept = Checkpoints::to(&folder).every_steps(10).keep(2).resuming();
/// let trainer = Trainer::maximum_likelihood().steps(25).quiet().checkpoints(kept);
///
/// let mut model = untrained.clone();
/// trainer.fit(&mut model, &data, &mut StdRng::seed_from_u64(3))?;
/// // As if the process had ended behind step 20: the same call goes on from there.
/// let mut again = untrained;
/// trainer.fit(&mut again, &data, &mut StdRng::seed_from_u64(3))?;
/// assert_eq!(again.log_prob(&data)?, model.log_prob(&data)?);
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoints {
    pub(crate) folder: PathBuf,
    pub(super) steps: Option<usize>,
    pub(super) minutes: Option<f64>,
    pub(super) keep: usize,
    pub(crate) earlier: Earlier,
}

/// What is done about checkpoints that are there before a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Earlier {
    Refused,
    Resumed,
    Replaced,
}

impl Checkpoints {
    /// In this folder, which is made if there is none, and belongs to one run: every five minutes, and the last two
    /// stay. A run that begins where there are checkpoints is refused unless it is told what to do about them.
    pub fn to(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self { folder, steps: None, minutes: None, keep: 2, earlier: Earlier::Refused }
    }

    /// After every so many steps.
    pub fn every_steps(self, steps: usize) -> Self {
        Self { steps: Some(steps), ..self }
    }

    /// Whenever so many minutes have passed since the last.
    pub fn every_minutes(self, minutes: f64) -> Self {
        Self { minutes: Some(minutes), ..self }
    }

    /// The last so many stay.
    pub fn keep(self, count: usize) -> Self {
        Self { keep: count, ..self }
    }

    /// `fit` goes on from the newest checkpoint in the folder, if there is one, and begins otherwise. The random
    /// numbers are those of the run that took it. If it is of a run with other data, another model or other settings,
    /// that is an error which says what differs.
    pub fn resuming(self) -> Self {
        Self { earlier: Earlier::Resumed, ..self }
    }

    /// `fit` begins anew, and removes the checkpoints that are in the folder.
    pub fn replacing(self) -> Self {
        Self { earlier: Earlier::Replaced, ..self }
    }

    /// The files in the folder, that of the fewest steps first.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read; where there is none, there are no files.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        Ok(files(&self.folder)?.into_iter().map(|(_, path)| path).collect())
    }

    /// Those of one of several runs.
    pub(super) fn member(&self, k: usize) -> Self {
        self.within(&format!("member-{k}"))
    }

    /// The same in a folder within the folder.
    pub(crate) fn within(&self, name: &str) -> Self {
        Self { folder: self.folder.join(name), ..self.clone() }
    }

    /// Makes the folder, and those that it is in.
    pub(crate) fn make_folder(&self) -> Result<()> {
        let failed = |error| Error::file(&self.folder, "make the folder", error);
        fs::create_dir_all(&self.folder).map_err(failed)
    }

    /// An error if a number is out of range.
    pub(crate) fn check(&self) -> Result<()> {
        if self.steps == Some(0) {
            return Err(Error::setting("checkpoints must be at least one step apart"));
        }
        if self.keep == 0 {
            return Err(Error::setting("at least one checkpoint has to stay: keep one or more"));
        }
        match self.minutes.filter(|minutes| !(*minutes > 0.0 && minutes.is_finite())) {
            Some(minutes) => Err(Error::setting(format!(
                "checkpoints are to be {minutes} minutes apart: give a positive number"
            ))),
            None => Ok(()),
        }
    }
}

/// The files of checkpoints in a folder with their numbers of steps, in order.
pub(super) fn files(folder: &Path) -> Result<Vec<(usize, PathBuf)>> {
    let mut found: Vec<_> = entries(folder)?
        .into_iter()
        .filter_map(|(name, path)| steps_of(&name).map(|steps| (steps, path)))
        .collect();
    found.sort();
    Ok(found)
}

/// All that is in a folder, or nothing if there is none.
pub(super) fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let failed = |error: io::Error| Error::file(folder, "read the folder", error);
    let all = match fs::read_dir(folder) {
        Ok(all) => all,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    all.map(|entry| {
        let entry = entry.map_err(failed)?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
    })
    .collect()
}

/// The number of steps in the name of a file.
pub(super) fn steps_of(name: &str) -> Option<usize> {
    let digits = name.strip_prefix(NAME[0])?.strip_suffix(NAME[1])?;
    let plain = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_by_their_steps() {
        assert_eq!(steps_of("step-00000120.safetensors"), Some(120));
        assert_eq!(steps_of("step-123456789.safetensors"), Some(123_456_789));
        for other in ["step-120.safetensors", "step-+0000120.safetensors", "step-00000120", "a"] {
            assert_eq!(steps_of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        let to = || Checkpoints::to("runs");
        for bad in [to().every_steps(0), to().every_minutes(f64::NAN), to().keep(0)] {
            assert!(bad.check().is_err_and(|error| error.is_setting()), "{bad:?}");
        }
        assert!(to().check().is_ok());
    }
}
