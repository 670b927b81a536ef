//! Rows of an array in Fortran order, whose columns lie one after the other.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::super::input::Seekable;
use super::super::intake::Intake;
use super::super::place::Counted;
use super::super::source::{Source, read};
use super::extent::Extent;
use super::header::Field;
use crate::error::Result;

/// About as many bytes are held at once.
const BLOCK: u64 = 1 << 20;

/// An array of columns that is being read row by row, as many rows of every column at once as fit a block.
pub(super) struct Turned<'a> {
    name: PathBuf,
    input: Box<dyn Seekable + 'a>,
    start: u64,
    rows: u64,
    fields: Vec<Field>,
    names: Vec<String>,
    /// Some rows of each column, one column after the other.
    block: Vec<u8>,
    /// How many rows the block has, and which is the next.
    held: usize,
    at: usize,
    /// The number of the next row.
    next: u64,
}

impl<'a> Turned<'a> {
    pub(super) fn new(
        name: &Path,
        mut input: Box<dyn Seekable + 'a>,
        extent: Extent,
        fields: Vec<Field>,
    ) -> io::Result<Self> {
        let names = fields.iter().map(|field| field.name.clone()).collect();
        let (name, start, rows) = (name.into(), input.stream_position()?, extent.rows);
        let (block, held, at, next) = (Vec::new(), 0, 0, 0);
        Ok(Self { name, input, start, rows, fields, names, block, held, at, next })
    }

    fn refill(&mut self) -> io::Result<()> {
        let size = self.size();
        let fitting = BLOCK / (size * self.fields.len()) as u64;
        let held = fitting.clamp(1, self.rows - self.next);
        self.block.clear();
        for field in &self.fields {
            // In such an array the place in a row is the number of the column times the size of a number.
            let at = self.start + field.at as u64 * self.rows + self.next * size as u64;
            self.input.seek(SeekFrom::Start(at))?;
            let wanted = held * size as u64;
            let got = self.input.by_ref().take(wanted).read_to_end(&mut self.block)?;
            if (got as u64) < wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        (self.held, self.at) = (held as usize, 0);
        Ok(())
    }

    /// The bytes of a number, of which all are of one kind.
    fn size(&self) -> usize {
        self.fields.first().map_or(1, |field| field.number.size())
    }

    fn value(&self, k: usize) -> f64 {
        let size = self.size();
        self.fields[k].number.value(&self.block[(k * self.held + self.at) * size..])
    }
}

impl Source for Turned<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn counted(&self) -> Counted {
        Counted::Rows
    }

    fn fill(&mut self, intake: &mut Intake, rows: usize) -> Result<bool> {
        while intake.rows() < rows {
            if self.next == self.rows {
                return Ok(false);
            }
            if self.at == self.held {
                let refilled = self.refill();
                read(&self.name, refilled)?;
            }
            intake.begin_row()?;
            (0..self.fields.len()).for_each(|k| intake.push(self.value(k)));
            intake
                .end_row(self.next, |k| format!("column {:?} ({})", self.names[k], self.value(k)));
            self.at += 1;
            self.next += 1;
        }
        Ok(true)
    }
}
