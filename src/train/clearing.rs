//! What removes the checkpoints of a run that is over.

use std::fs;
use std::io;
use std::path::Path;

use super::checkpoints::{Checkpoints, SUBJECT, entries, steps_of};
use super::keeper::remove;
use crate::error::{Error, Result};

/// What the names of folders within the folder begin with, before a number.
const WITHIN: [&str; 2] = ["member-", "part-"];

impl Checkpoints {
    /// Removes the checkpoints, for when what they are of is safe: files of other names stay, and so does a folder
    /// that holds some.
    ///
    /// # Errors
    ///
    /// If a folder cannot be read, or a file not removed. Where there is no folder, there is nothing to do.
    pub fn clear(&self) -> Result<()> {
        clear(&self.folder)
    }

    /// Whether there is any checkpoint, those of members and parts counted.
    #[cfg(any(feature = "table", test))]
    pub(crate) fn is_begun(&self) -> Result<bool> {
        holds(&self.folder)
    }
}

/// Whether the name is that of a folder of a member or a part.
fn is_within(name: &str) -> bool {
    let digits = WITHIN.iter().find_map(|start| name.strip_prefix(start));
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The name of a file without what is put around it while it is written.
fn written(name: &str) -> &str {
    let unfinished = name.strip_prefix('.').and_then(|name| name.rsplit_once('.'));
    unfinished.map_or(name, |(name, _)| name)
}

fn clear(folder: &Path) -> Result<()> {
    for (name, path) in entries(folder)? {
        if is_within(&name) && path.is_dir() {
            clear(&path)?;
        } else if steps_of(written(&name)).is_some() {
            remove(&path)?;
        }
    }
    // Last, so that what is left of an interrupted removal is still known.
    remove(&folder.join(SUBJECT))?;
    match fs::remove_dir(folder) {
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
            ) =>
        {
            Err(Error::file(folder, "remove", error))
        }
        _ => Ok(()),
    }
}

#[cfg(any(feature = "table", test))]
fn holds(folder: &Path) -> Result<bool> {
    for (name, path) in entries(folder)? {
        if steps_of(&name).is_some() || (is_within(&name) && path.is_dir() && holds(&path)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_run_writes_is_removed() {
        let folder = std::env::temp_dir().join(format!("liouville-{}-clear", std::process::id()));
        let plan = Checkpoints::to(&folder);
        assert!(plan.clear().is_ok() && !plan.is_begun().expect("no folder"));
        let within = folder.join("part-1").join("member-0");
        fs::create_dir_all(&within).expect("folders");
        fs::write(folder.join(SUBJECT), "").expect("written");
        assert!(!plan.is_begun().expect("readable"));
        for name in ["step-00000010.safetensors", ".step-00000020.safetensors.x1Y2z3"] {
            fs::write(within.join(name), "").expect("written");
        }
        assert!(plan.is_begun().expect("readable"));
        fs::create_dir_all(folder.join("member-x")).expect("a folder");
        fs::write(folder.join("notes.txt"), "mine").expect("written");
        plan.clear().expect("removed");
        let left = entries(&folder).expect("there");
        let mut left: Vec<_> = left.into_iter().map(|(name, _)| name).collect();
        left.sort();
        assert_eq!(left, ["member-x", "notes.txt"]);
        fs::remove_dir_all(&folder).expect("removed");
        fs::create_dir_all(&within).expect("folders");
        plan.clear().expect("removed");
        assert!(!folder.exists());
    }
}
