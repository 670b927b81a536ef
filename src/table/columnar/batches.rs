//! Rows of tables that come in batches of columns.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::super::intake::Intake;
use super::super::naming::quoted;
use super::super::place::Counted;
use super::super::source::{Asked, Source, named, within};
use super::values::{is_number, numbers};
use crate::error::{Error, Result};

/// What gives batches of columns, or why it cannot.
type Given<'a> = Box<dyn Iterator<Item = Result<RecordBatch>> + 'a>;

/// A table that is being read batch by batch.
pub(super) struct Batches<'a> {
    name: PathBuf,
    given: Given<'a>,
    /// The places of the chosen columns in a batch, and their names.
    chosen: Vec<usize>,
    names: Vec<String>,
    /// The columns of the batch at hand, their length, and the next row of it.
    columns: Vec<Vec<f64>>,
    held: usize,
    at: usize,
    next: u64,
}

impl<'a> Batches<'a> {
    pub(super) fn new(
        name: &Path,
        given: Given<'a>,
        chosen: Vec<usize>,
        names: Vec<String>,
    ) -> Self {
        let (name, columns, held, at, next) = (name.into(), Vec::new(), 0, 0, 0);
        Self { name, given, chosen, names, columns, held, at, next }
    }

    /// Takes the next batch; false if there is none.
    fn refill(&mut self) -> Result<bool> {
        let Some(batch) = guarded(|| self.given.next())? else { return Ok(false) };
        let batch = batch?;
        let columns = self.chosen.iter().map(|&place| {
            batch.columns().get(place).and_then(numbers).filter(|one| one.len() == batch.num_rows())
        });
        let columns: Option<Vec<_>> = columns.collect();
        self.columns = columns.ok_or_else(|| Error::format("has a batch without its columns"))?;
        (self.held, self.at) = (batch.num_rows(), 0);
        Ok(true)
    }
}

impl Source for Batches<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn counted(&self) -> Counted {
        Counted::Rows
    }

    fn fill(&mut self, intake: &mut Intake, rows: usize) -> Result<bool> {
        while intake.rows() < rows {
            if self.at == self.held {
                let refilled = self.refill();
                if !within(&self.name, refilled)? {
                    return Ok(false);
                }
                continue;
            }
            let at = self.at;
            intake.begin_row()?;
            self.columns.iter().for_each(|column| intake.push(column[at]));
            intake.end_row(self.next, |k| {
                format!("column {:?} ({})", self.names[k], self.columns[k][at])
            });
            self.at += 1;
            self.next += 1;
        }
        Ok(true)
    }
}

/// The places of the chosen columns, all of which hold numbers, and their names.
pub(super) fn chosen(schema: &Schema, asked: &Asked) -> Result<(Vec<usize>, Vec<String>)> {
    let found = schema.fields().iter().map(|field| field.name().clone()).collect();
    let names = named(found, asked)?;
    let chosen = asked.choice.of(&names)?;
    let texts: Vec<usize> = chosen
        .iter()
        .copied()
        .filter(|&place| !is_number(schema.field(place).data_type()))
        .collect();
    if let Some(&first) = texts.first() {
        let (name, kind) = (&names[first], schema.field(first).data_type());
        let all = quoted(texts.iter().map(|&place| names[place].as_str()));
        return Err(Error::format(format!(
            "column {name:?} does not hold numbers but {kind}: choose columns of numbers by `columns`, or \
             leave out {all} by `except`"
        )));
    }
    let called = chosen.iter().map(|&place| names[place].clone()).collect();
    Ok((chosen, called))
}

/// What a reader of others gives. One that stops at a damaged file gives an error, too.
pub(super) fn guarded<T>(read: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|cause| {
        let text = said(&*cause);
        Error::format(format!("is damaged: {text}"))
    })
}

fn said(cause: &(dyn Any + Send)) -> &str {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("its reader stopped")
}

pub(super) fn damaged(cause: impl std::fmt::Display) -> Error {
    Error::format(format!("is damaged, or not read: {cause}"))
}
