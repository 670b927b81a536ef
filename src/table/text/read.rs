//! Rows of a text, with the lines on which they stand.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader};

use super::super::choice::Header;
use super::super::input::{Input, unread};
use super::super::intake::Intake;
use super::super::missing::Words;
use super::super::naming::{quoted, unnamed};
use super::super::place::Counted;
use super::super::source::{Asked, Source, named, read, within};
use super::cell::{divided, number, shown, with_comma};
use super::first::{delimiter, head, is_data, reader, text};
use super::lines::Lines;
use crate::error::{Error, Result};

/// A text that is being read.
pub(in super::super) struct Text<'a> {
    name: PathBuf,
    rows: Rows<'a>,
    delimiter: u8,
    /// The number of cells that a row has.
    width: usize,
    /// The places of the chosen columns in a row, and their names.
    chosen: Vec<usize>,
    names: Vec<String>,
}

impl<'a> Text<'a> {
    pub(in super::super) fn open(name: &Path, mut input: Input<'a>, asked: &Asked) -> Result<Self> {
        let head = within(name, text(read(name, head(&mut input))?))?;
        let delimiter = asked.delimiter.unwrap_or_else(|| delimiter(&head));
        let mut rows = Rows::new(reader(Lines::new(head, input), delimiter));
        let names = rows.begin(asked).map_err(|cause| from_csv(name, cause))?;
        let chosen = names.and_then(|found| chosen(found, asked));
        let (width, chosen, names) = within(name, chosen)?;
        Ok(Self { name: name.into(), rows, delimiter, width, chosen, names })
    }

    fn row(&mut self, intake: &mut Intake) -> Result<()> {
        let row = &self.rows.row;
        let (cells, width) = (row.len(), self.width);
        if cells != width && !(cells == width + 1 && ends_empty(row)) {
            return Err(self.ragged());
        }
        intake.begin_row()?;
        for (k, &place) in self.chosen.iter().enumerate() {
            match number(&row[place]) {
                Some(value) => intake.push(value),
                None if intake.words().contain(&row[place]) => intake.push(f64::NAN),
                None => return Err(self.no_number(k, intake.words())),
            }
        }
        let said =
            |k: usize| format!("column {:?} ({})", self.names[k], shown(&row[self.chosen[k]]));
        intake.end_row(self.rows.line, said);
        Ok(())
    }

    fn ragged(&self) -> Error {
        let (line, cells, width) = (self.rows.line, self.rows.row.len(), self.width);
        Error::format(format!(
            "line {line} has {cells} cells, the first row {width}, separated by {:?}: a cell that holds the \
             separator belongs in quotes, and another separator is set by `delimiter`",
            char::from(self.delimiter)
        ))
    }

    fn no_number(&self, k: usize, words: &Words) -> Error {
        let (row, line) = (&self.rows.row, self.rows.line);
        let cell = &row[self.chosen[k]];
        let is_text = |&(place, _): &(&usize, _)| {
            number(&row[*place]).is_none() && !words.contain(&row[*place])
        };
        let texts: Vec<&str> = self
            .chosen
            .iter()
            .zip(&self.names)
            .filter(is_text)
            .map(|(_, name)| name.as_str())
            .collect();
        let advice = match (with_comma(cell), divided(cell)) {
            (Some(_), _) => "write a decimal point for the comma".to_string(),
            (None, true) => {
                let separator = char::from(self.delimiter);
                format!(
                    "cells are separated by {separator:?}: another separator is set by `delimiter`"
                )
            }
            (None, false) => format!(
                "choose columns of numbers by `columns`, leave out {} by `except`, or say by `missing` \
                 that such a word is no value",
                quoted(texts.into_iter())
            ),
        };
        let name = &self.names[k];
        Error::format(format!(
            "line {line}, column {name:?}: {} is no number; {advice}",
            shown(cell)
        ))
    }
}

impl Source for Text<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn counted(&self) -> Counted {
        Counted::Lines
    }

    fn fill(&mut self, intake: &mut Intake, rows: usize) -> Result<bool> {
        while intake.rows() < rows {
            if !self.rows.advance().map_err(|cause| from_csv(&self.name, cause))? {
                return Ok(false);
            }
            let taken = self.row(intake);
            within(&self.name, taken)?;
        }
        Ok(true)
    }
}

/// The width of rows, the chosen places, and the names of these columns.
fn chosen(found: Vec<String>, asked: &Asked) -> Result<(usize, Vec<usize>, Vec<String>)> {
    let names = named(found, asked)?;
    let chosen = asked.choice.of(&names)?;
    let called = chosen.iter().map(|&place| names[place].clone()).collect();
    Ok((names.len(), chosen, called))
}

/// Rows of cells with their lines.
struct Rows<'a> {
    reader: Reader<Lines<'a>>,
    /// Rows that were read and not taken.
    ahead: VecDeque<(ByteRecord, u64)>,
    row: ByteRecord,
    line: u64,
}

impl<'a> Rows<'a> {
    fn new(reader: Reader<Lines<'a>>) -> Self {
        Self { reader, ahead: VecDeque::new(), row: ByteRecord::new(), line: 0 }
    }

    /// Looks at the first two rows, and gives the names of columns.
    fn begin(&mut self, asked: &Asked) -> csv::Result<Result<Vec<String>>> {
        if !self.read()? {
            return Ok(Err(Error::empty("there is no row")));
        }
        let has_names = match asked.header {
            Header::Found => !is_data(&self.row, &asked.words),
            Header::Present => true,
            Header::Absent => false,
        };
        let first = (self.row.clone(), self.line);
        let second = self.read()?.then(|| (self.row.clone(), self.line));
        // A separator at the end of every row begins no column.
        let ended =
            ends_empty(&first.0) && second.as_ref().is_none_or(|second| ends_empty(&second.0));
        let width = first.0.len() - usize::from(ended);
        let names = match has_names {
            true => names(&first.0, width, asked.names.is_some()),
            false => Ok(unnamed(width)),
        };
        self.ahead.extend((!has_names).then_some(first).into_iter().chain(second));
        Ok(names)
    }

    /// Goes to the next row; false if there is none.
    fn advance(&mut self) -> csv::Result<bool> {
        match self.ahead.pop_front() {
            None => self.read(),
            Some(row) => {
                (self.row, self.line) = row;
                Ok(true)
            }
        }
    }

    /// Reads the next row that is not blank.
    fn read(&mut self) -> csv::Result<bool> {
        loop {
            let before = self.reader.position().line();
            if !self.reader.read_byte_record(&mut self.row)? {
                return Ok(false);
            }
            self.reader.get_mut().row_ended();
            self.closed()?;
            let after = self.reader.position().line();
            self.line = match after - before {
                1 => before,
                _ => (after - 1).saturating_sub(breaks(&self.row)),
            };
            let blank = self.row.len() == 1
                && !self.row[0].is_empty()
                && self.row[0].trim_ascii().is_empty();
            if !blank {
                return Ok(true);
            }
        }
    }

    /// An error if the row goes to the end of the text because of a quote that has no partner.
    fn closed(&self) -> csv::Result<()> {
        if self.row.as_slice().last() != Some(&b'\n') {
            return Ok(());
        }
        let at = self.reader.position();
        if !self.reader.get_ref().over_without_quote(at.byte()) {
            return Ok(());
        }
        let line = at.line().saturating_sub(breaks(&self.row));
        let what = format!("line {line}: a quote is not closed");
        Err(io::Error::new(io::ErrorKind::InvalidData, what).into())
    }
}

/// The line breaks within the cells of a row.
fn breaks(row: &ByteRecord) -> u64 {
    row.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Whether the last of several cells is empty.
fn ends_empty(row: &ByteRecord) -> bool {
    row.len() > 1 && row[row.len() - 1].trim_ascii().is_empty()
}

/// The names in a first row.
fn names(row: &ByteRecord, width: usize, replaced: bool) -> Result<Vec<String>> {
    let name = |(place, cell): (usize, &[u8])| match std::str::from_utf8(cell.trim_ascii()) {
        Ok(name) => Ok(name.to_string()),
        Err(_) if replaced => Ok(String::new()),
        Err(_) => Err(Error::format(format!(
            "the name of column {place}, {}, is not UTF-8: save the file as UTF-8, or give names by `names`",
            shown(cell)
        ))),
    };
    row.iter().take(width).enumerate().map(name).collect()
}

fn from_csv(name: &Path, cause: csv::Error) -> Error {
    let text = cause.to_string();
    match cause.into_kind() {
        csv::ErrorKind::Io(cause) => unread(name, cause),
        _ => Error::format(text).during(name.display()),
    }
}
