//! Bytes to and from files, whole or not at all.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::files::WholeFile;

/// Writes beside the place, syncs, and renames: what was there before is there until then.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes).map_err(|error| Error::file(path, "write", error))?;
    file.commit()
}

/// All bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| Error::file(path, "read", error);
    let kind = fs::metadata(path).map_err(failed)?;
    if !kind.is_file() {
        return Err(Error::file(path, "read", "it is no file: a model is read from one"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}
