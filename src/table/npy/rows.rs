//! Rows of an array that lie one after the other.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::super::input::Input;
use super::super::intake::Intake;
use super::super::place::Counted;
use super::super::source::{Source, read, within};
use super::extent::{Extent, wrong_length};
use super::header::Field;
use crate::error::Result;

/// About as many bytes are read at once.
const BLOCK: u64 = 1 << 17;

/// An array that is being read row by row.
pub(super) struct Rows<'a> {
    name: PathBuf,
    input: Input<'a>,
    extent: Extent,
    fields: Vec<Field>,
    names: Vec<String>,
    /// Whole rows that were read, and how much of them was taken.
    block: Vec<u8>,
    taken: usize,
    /// The number of the next row.
    next: u64,
}

impl<'a> Rows<'a> {
    /// An array whose first row was read before.
    pub(super) fn new(
        name: &Path,
        first: Vec<u8>,
        input: Input<'a>,
        extent: Extent,
        fields: Vec<Field>,
    ) -> Self {
        let names = fields.iter().map(|field| field.name.clone()).collect();
        Self { name: name.into(), input, extent, fields, names, block: first, taken: 0, next: 0 }
    }

    /// Reads the next rows; false behind the last.
    fn refill(&mut self) -> Result<bool> {
        let Extent { rows, row, .. } = self.extent;
        let wanted = (BLOCK / row).clamp(1, rows - self.next.min(rows - 1)) * row;
        let done = self.next == rows;
        self.block.clear();
        self.taken = 0;
        // Behind the last row one byte more would be one too many.
        let limit = if done { 1 } else { wanted };
        read(&self.name, self.input.by_ref().take(limit).read_to_end(&mut self.block))?;
        let (got, before) = (self.block.len() as u64, self.next * row);
        match (done, got == limit) {
            (false, true) => Ok(true),
            (true, false) => Ok(false),
            _ => within(&self.name, Err(wrong_length(self.extent, before + got))),
        }
    }
}

impl Source for Rows<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn counted(&self) -> Counted {
        Counted::Rows
    }

    fn fill(&mut self, intake: &mut Intake, rows: usize) -> Result<bool> {
        let size = self.extent.row as usize;
        while intake.rows() < rows {
            if self.taken == self.block.len() && !self.refill()? {
                return Ok(false);
            }
            let row = &self.block[self.taken..][..size];
            intake.begin_row()?;
            self.fields.iter().for_each(|field| intake.push(field.number.value(&row[field.at..])));
            let said = |k: usize| {
                let value = self.fields[k].number.value(&row[self.fields[k].at..]);
                format!("column {:?} ({value})", self.names[k])
            };
            intake.end_row(self.next, said);
            self.taken += size;
            self.next += 1;
        }
        Ok(true)
    }
}
