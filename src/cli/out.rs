//! What is printed, where tables come from, and where they go.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use liouville::table::{Column, Format, Header, Reader, Writer};
use liouville::{Error, Result};
use serde_json::{Map, Value};

use super::args::Input;

/// How results are said.
#[derive(Clone, Copy)]
pub struct Out {
    pub json: bool,
    pub quiet: bool,
}

impl Out {
    /// Results: a sentence for people, or the figures as JSON.
    pub fn say(&self, words: &str, figures: Map<String, Value>) -> Result<()> {
        match self.json {
            true => bytes(format!("{}\n", Value::Object(figures)).as_bytes()),
            false => bytes(format!("{}\n", words.trim_end()).as_bytes()),
        }
    }

    /// Something on the way, to the standard error.
    pub fn note(&self, words: &str) {
        if !self.quiet && !self.json {
            eprintln!("{words}");
        }
    }
}

/// A number as JSON: what is not finite, as a word.
pub fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number)
}

/// Pairs as an object.
pub fn object<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// Bytes to the standard output, all of them.
pub fn bytes(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|error| Error::file(Path::new("the standard output"), "write", error))
}

/// Whether a path means the standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// The reader of a table, or of the standard input as CSV.
pub fn reader(path: &Path, input: &Input) -> Result<Reader<'static>> {
    let mut reader = match is_standard(path) {
        true => Reader::over(io::stdin().lock(), Format::Csv),
        false => Reader::new(path),
    };
    if let Some(delimiter) = input.delimiter {
        let delimiter = u8::try_from(delimiter).ok().filter(u8::is_ascii).ok_or_else(|| {
            Error::setting(format!("the delimiter `{delimiter}` is no ASCII character"))
        })?;
        reader = reader.delimiter(delimiter);
    }
    if input.no_header {
        reader = reader.header(Header::Absent);
    }
    reader = reader.missing(&input.missing);
    Ok(if input.leave_out_missing { reader.leave_out_missing() } else { reader })
}

/// The writer of a table, or of CSV to the standard output.
pub fn writer(path: Option<&PathBuf>, columns: Vec<Column>) -> Result<Writer<'static>> {
    match path.filter(|path| !is_standard(path)) {
        Some(path) => Writer::create(path, columns),
        None => Writer::csv(BufWriter::new(io::stdout().lock()), columns),
    }
}

/// An error unless a file can be written there that is none of those that are read: asked before any work.
pub fn check_output(output: &Path, inputs: &[&Path]) -> Result<()> {
    let same = |input: &&&Path| {
        let places = [output, **input].map(std::fs::canonicalize);
        matches!(places, [Ok(a), Ok(b)] if a == b && a.is_file())
    };
    if let Some(input) = inputs.iter().find(same) {
        let cause = format!("it is read, too: give another name than {}", input.display());
        return Err(Error::file(output, "write", cause));
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if output.is_dir() || is_standard(output) {
        return Err(Error::file(output, "write", "give the name of a file".to_string()));
    }
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Error::file(output, "write", format!("{} is no folder", folder.display()))),
        Err(cause) => Err(Error::file(output, "write", cause)),
    }
}
