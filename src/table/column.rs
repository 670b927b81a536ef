//! What a column is called, and what it is measured in.

use std::collections::HashSet;
use std::fmt;

use crate::error::{Error, Result};

/// The name of a column, and its unit if it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub(super) name: String,
    pub(super) unit: Option<String>,
}

impl Column {
    /// A column without a unit.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), unit: None }
    }

    /// The same column, measured in this unit.
    pub fn in_unit(self, unit: impl Into<String>) -> Self {
        Self { unit: Some(unit.into()), ..self }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is measured in.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// The name, and the unit in brackets: for people and the axes of pictures.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            None => f.write_str(&self.name),
            Some(unit) => write!(f, "{} [{unit}]", self.name),
        }
    }
}

/// Columns with names of their own, none of them empty, or an error.
pub(super) fn distinct(columns: Vec<Column>) -> Result<Vec<Column>> {
    if columns.is_empty() {
        return Err(Error::shape("a table needs at least one column"));
    }
    if let Some(place) = columns.iter().position(|column| column.name.trim().is_empty()) {
        return Err(Error::setting(format!("column {place} has no name")));
    }
    let mut seen = HashSet::new();
    match columns.iter().find(|column| !seen.insert(column.name.as_str())) {
        None => Ok(columns),
        Some(twice) => {
            Err(Error::setting(format!("two columns are called {:?}: rename one", twice.name)))
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
