//! What is printed, where tables come from, and where they go.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::table::{Format, Header, Heading, Reader, Writer};
use liouville::{Error, Result, save};
use serde_json::{Map, Value};

use super::args::Input;
use super::stop::{Done, usage};
use super::words;

/// How results are said.
#[derive(Clone, Copy)]
pub struct Out {
    pub json: bool,
    pub quiet: bool,
}

impl Out {
    /// Results: a sentence for people, or the figures as JSON.
    pub fn say(&self, words: &str, figures: Map<String, Value>) -> Done {
        let text =
            if self.json { Value::Object(figures).to_string() } else { words.trim_end().into() };
        Ok(bytes(format!("{text}\n").as_bytes())?)
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

/// The reader of a table, or of the standard input, as CSV unless it is told.
pub fn reader(path: &Path, input: &Input) -> Done<Reader<'static>> {
    check_ending(path, input)?;
    let mut reader = match (is_standard(path), input.format) {
        (true, format) => Reader::over(io::stdin().lock(), format.unwrap_or(Format::Csv)),
        (false, Some(format)) => Reader::new(path).format(format),
        (false, None) => Reader::new(path),
    };
    if let Some(delimiter) = input.delimiter {
        reader = reader.delimiter(delimiter);
    }
    if input.no_header {
        reader = reader.header(Header::Absent);
    }
    if !input.names.is_empty() {
        reader = reader.names(&input.names);
    }
    if let Some(array) = &input.array {
        reader = reader.array(array);
    }
    reader = reader.missing(&input.missing);
    Ok(if input.leave_out_missing { reader.leave_out_missing() } else { reader })
}

/// An error for a file whose ending is none of a table, though it may be one.
fn check_ending(path: &Path, input: &Input) -> Done {
    let told = is_standard(path) || input.format.is_some();
    match Format::of(path) {
        Err(error) if !told && path.is_file() && !save::is_safetensors(path) => {
            Err(usage(error.to_string()))
        }
        _ => Ok(()),
    }
}

/// Whether a file that is no model is a table: by its ending, or as text unless it is called a model.
fn is_table(path: &Path) -> bool {
    let reads = || Reader::new(path).format(Format::Csv).chunks(1).is_ok();
    let is_text = || words::model(&path.to_string_lossy()).is_err() && reads();
    !save::is_safetensors(path) && (Format::of(path).is_ok() || is_text())
}

/// A model from its file; a table in its place is called what it is.
pub fn model(path: &Path) -> Result<Model> {
    Model::load(path).map_err(|error| match !error.is_file() && is_table(path) {
        true => Error::format(format!(
            "{0} is a table, and not a model: a model comes first, and `liouville fit {0} -o MODEL` makes one",
            path.display()
        )),
        false => error,
    })
}

/// "1 row", "3 rows".
pub fn counted(count: impl Display, what: &str) -> String {
    let count = count.to_string();
    format!("{count} {what}{}", if count == "1" { "" } else { "s" })
}

/// Where rows go: a table, or lines of JSON.
pub enum Rows {
    Table(Writer<'static>),
    Lines(Vec<String>),
    /// The standard output, on which nothing stands before there is a row.
    Waiting(Vec<Heading>),
}

impl Rows {
    /// A table in a file; on the standard output CSV, or an object of JSON a row.
    pub fn to(path: Option<&PathBuf>, columns: Vec<Heading>, out: Out) -> Result<Self> {
        match path.filter(|path| !is_standard(path)) {
            Some(path) => Writer::create(path, columns).map(Self::Table),
            None if out.json => {
                let key = |column: &Heading| Value::from(column.name()).to_string();
                Ok(Self::Lines(columns.iter().map(key).collect()))
            }
            None => Ok(Self::Waiting(columns)),
        }
    }

    /// Samples are columns.
    pub fn write(&mut self, points: &DMatrix<f64>) -> Result<()> {
        if let Self::Waiting(columns) = self {
            *self = Self::Table(on_standard(std::mem::take(columns))?);
        }
        match self {
            Self::Table(writer) => writer.write(points),
            Self::Waiting(_) => Ok(()),
            Self::Lines(keys) => {
                let mut text = String::new();
                for point in points.column_iter() {
                    let pairs = keys.iter().zip(point.iter());
                    let pairs = pairs.map(|(key, value)| format!("{key}:{}", number(*value)));
                    text += &format!("{{{}}}\n", pairs.collect::<Vec<_>>().join(","));
                }
                bytes(text.as_bytes())
            }
        }
    }

    pub fn finish(self) -> Result<()> {
        match self {
            Self::Table(writer) => writer.finish(),
            Self::Waiting(columns) => on_standard(columns)?.finish(),
            Self::Lines(_) => Ok(()),
        }
    }
}

fn on_standard(columns: Vec<Heading>) -> Result<Writer<'static>> {
    Writer::csv(BufWriter::new(io::stdout().lock()), columns)
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
