//! A table a few rows at a time.

use std::path::PathBuf;

use super::intake::Intake;
use super::named::Table;
use super::source::{Source, within};
use crate::error::Result;
use crate::heading::Heading;

/// Tables of a given number of rows each, the last one perhaps shorter; made by
/// [`Reader::chunks`](super::Reader::chunks). After an error nothing follows.
pub struct Chunks<'a> {
    name: PathBuf,
    source: Box<dyn Source + 'a>,
    intake: Intake,
    columns: Vec<Heading>,
    rows: usize,
    left_out: usize,
    begun: bool,
    ended: bool,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(
        name: PathBuf,
        source: Box<dyn Source + 'a>,
        intake: Intake,
        columns: Vec<Heading>,
        rows: usize,
    ) -> Self {
        Self { name, source, intake, columns, rows, left_out: 0, begun: false, ended: false }
    }

    /// The names and units of the columns of every chunk.
    pub fn headings(&self) -> &[Heading] {
        &self.columns
    }

    /// How many rows were left out so far, because a value was missing.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    fn read(&mut self) -> Result<Option<Table>> {
        self.ended = !self.source.fill(&mut self.intake, self.rows)?;
        let table = within(&self.name, self.intake.take(&self.columns, self.ended))?;
        self.left_out += table.left_out();
        let follows = !self.begun || table.rows() > 0;
        self.begun = true;
        Ok(follows.then_some(table))
    }
}

impl Iterator for Chunks<'_> {
    type Item = Result<Table>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read();
        self.ended |= read.is_err();
        read.transpose()
    }
}
