//! The formats of files, and the endings by which they go.

use std::io;
use std::path::Path;

use crate::error::{Error, Result};
use crate::files::is_safetensors;

/// How a file holds a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Text, a row a line.
    Csv,
    /// One NumPy array.
    Npy,
    /// NumPy arrays in an archive.
    Npz,
    /// Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
    /// Arrow IPC, as a file (Feather) or a stream.
    #[cfg(feature = "parquet")]
    Arrow,
}

impl Format {
    /// The format that goes by the ending of this path.
    ///
    /// # Errors
    ///
    /// If the ending is none of those in the table [above](super).
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("csv" | "tsv" | "tab" | "txt" | "dat") => Ok(Self::Csv),
            Some("npy") => Ok(Self::Npy),
            Some("npz") => Ok(Self::Npz),
            Some("parquet" | "pq") => of_parquet(),
            Some("arrow" | "arrows" | "feather" | "ipc") => of_arrow(),
            Some(packed @ ("gz" | "zst" | "bz2" | "xz" | "zip")) => Err(unknown(
                path,
                &format!("files that end in .{packed} are packed: unpack it first"),
            )),
            _ => Err(unknown(path, "its ending names no format: say it by `format`")),
        }
    }
}

/// The format of a file that is to be read, by its ending, once it is known that there may be a table in it.
pub(super) fn of_file(path: &Path) -> Result<Format> {
    if is_safetensors(path) {
        return Err(Error::format(format!(
            "{} is a model, or other arrays of safetensors, and not a table: give a table here",
            path.display()
        )));
    }
    Format::of(path).map_err(|error| match path.metadata() {
        Ok(found) if found.is_dir() => {
            Error::file(path, "read", io::Error::from(io::ErrorKind::IsADirectory))
        }
        Ok(_) => error,
        Err(cause) => Error::file(path, "read", cause),
    })
}

fn unknown(path: &Path, why: &str) -> Error {
    Error::setting(format!(
        "{}: {why}; known are .csv, .tsv, .txt, .dat, .npy, .npz, .parquet and .arrow",
        path.display()
    ))
}

#[cfg(feature = "parquet")]
fn of_parquet() -> Result<Format> {
    Ok(Format::Parquet)
}

#[cfg(feature = "parquet")]
fn of_arrow() -> Result<Format> {
    Ok(Format::Arrow)
}

#[cfg(not(feature = "parquet"))]
fn of_parquet() -> Result<Format> {
    Err(Error::setting(
        "Parquet files are read with the feature `parquet` of the crate, which is off",
    ))
}

#[cfg(not(feature = "parquet"))]
fn of_arrow() -> Result<Format> {
    Err(Error::setting(
        "Arrow files are read with the feature `parquet` of the crate, which is off",
    ))
}
