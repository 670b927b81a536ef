//! What every reader of a format gives: names, and rows a few at a time.

use std::path::Path;

use super::choice::{Choice, Header};
use super::input::unread;
use super::intake::Intake;
use super::missing::Words;
use super::naming::unnamed_at;
use super::place::Counted;
use crate::error::{Error, Result};
pub(super) use crate::files::within;

/// What a reader is told of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) header: Header,
    pub(super) names: Option<Vec<String>>,
    pub(super) choice: Choice,
    pub(super) delimiter: Option<u8>,
    pub(super) array: Option<String>,
    pub(super) words: Words,
}

/// The rows of a file, in order.
pub(super) trait Source {
    /// The names of the chosen columns.
    fn names(&self) -> &[String];

    /// What rows are counted in.
    fn counted(&self) -> Counted;

    /// Takes rows until `rows` are at hand; false if there are no more.
    fn fill(&mut self, intake: &mut Intake, rows: usize) -> Result<bool>;
}

/// The names that were given in place of those in the file, if any were; those that are empty in the file go
/// by their place.
pub(super) fn named(found: Vec<String>, asked: &Asked) -> Result<Vec<String>> {
    let called = |(place, name): (usize, String)| match name.trim().is_empty() {
        true => unnamed_at(place),
        false => name,
    };
    match &asked.names {
        None => Ok(found.into_iter().enumerate().map(called).collect()),
        Some(names) if names.iter().any(|name| name.trim().is_empty()) => {
            Err(Error::setting("a name that was given is empty"))
        }
        Some(names) if names.len() == found.len() => Ok(names.clone()),
        Some(names) => Err(Error::shape(format!(
            "{} given, and there {}",
            match names.len() {
                1 => "1 name was".to_string(),
                count => format!("{count} names were"),
            },
            match found.len() {
                1 => "is 1 column".to_string(),
                count => format!("are {count} columns"),
            }
        ))),
    }
}

/// What reading gave, with an error that names the file.
pub(super) fn read<T>(name: &Path, result: std::io::Result<T>) -> Result<T> {
    result.map_err(|cause| unread(name, cause))
}
