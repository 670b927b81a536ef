//! What columns may be called, and how their names stand in a sentence.

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::heading::Heading;

/// Columns with names of their own, none of them empty, or an error.
pub(super) fn distinct(columns: Vec<Heading>) -> Result<Vec<Heading>> {
    if columns.is_empty() {
        return Err(Error::shape("a table needs at least one column"));
    }
    if let Some(place) = columns.iter().position(|column| column.name().trim().is_empty()) {
        return Err(Error::setting(format!("column {place} has no name")));
    }
    let mut seen = HashSet::new();
    match columns.iter().find(|column| !seen.insert(column.name())) {
        None => Ok(columns),
        Some(twice) => {
            Err(Error::setting(format!("two columns are called {:?}: rename one", twice.name())))
        }
    }
}

/// "x0", "x1", ...: columns that nobody has named.
pub(super) fn unnamed(count: usize) -> Vec<String> {
    (0..count).map(unnamed_at).collect()
}

/// What column `place` is called if nobody has named it.
pub(super) fn unnamed_at(place: usize) -> String {
    format!("x{place}")
}

/// `there are "a" and "b"`: what could have been named.
pub(super) fn there<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let are = if names.len() == 1 { "is" } else { "are" };
    format!("there {are} {}", quoted(names))
}

/// `"a", "b" and 3 more`: names for a sentence.
pub(super) fn quoted<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<_> = names.take(SHOWN).map(|name| format!("{name:?}")).collect();
    match (more, shown.split_last()) {
        (0, Some((last, rest))) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        (0, _) => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}
