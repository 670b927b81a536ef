//! Rows as they come in from a file: collected, and sifted where values are missing.

use nalgebra::DMatrix;

use super::missing::{Gaps, Words};
use super::named::Table;
use super::place::{Counted, Places};
use crate::error::{Error, Result};
use crate::heading::Heading;

/// Rows on their way from a file into a table.
pub(super) struct Intake {
    width: usize,
    values: Vec<f64>,
    places: Places,
    words: Words,
    policy: Gaps,
    /// Rows that came before those at hand.
    earlier: usize,
    /// Rows with missing values among those at hand, and among the earlier.
    gaps: [usize; 2],
    first: Option<String>,
}

impl Intake {
    pub(super) fn new(width: usize, counted: Counted, words: Words, policy: Gaps) -> Self {
        let places = Places::new(counted);
        let (values, gaps) = (Vec::new(), [0, 0]);
        Self { width, values, places, words, policy, earlier: 0, gaps, first: None }
    }

    /// The number of rows at hand.
    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    pub(super) fn words(&self) -> &Words {
        &self.words
    }

    /// Room for one more row.
    pub(super) fn begin_row(&mut self) -> Result<()> {
        self.values.try_reserve(self.width).map_err(|_| {
            let bytes = self.values.len().saturating_add(self.width).saturating_mul(16);
            Error::memory(format!(
                "no memory for {} rows of {} columns ({} MB): read in chunks",
                self.rows() + 1,
                self.width,
                bytes >> 20
            ))
        })
    }

    /// The next number of a row; NaN for a missing one.
    pub(super) fn push(&mut self, value: f64) {
        self.values.push(self.words.number(value));
    }

    /// Ends a row that is number `number` of the file; `said` is what stands in column `k` of it.
    pub(super) fn end_row(&mut self, number: u64, said: impl FnOnce(usize) -> String) {
        let start = self.values.len() - self.width;
        let gap = self.values[start..].iter().position(|value| !value.is_finite());
        match gap {
            Some(column) if self.policy != Gaps::Kept => {
                self.values.truncate(start);
                self.gaps[0] += 1;
                let place = self.places.counted().at(number);
                self.first.get_or_insert_with(|| format!("{place}, {}", said(column)));
            }
            _ => self.places.push(number),
        }
    }

    /// The rows at hand as a table; `all` says that none will follow.
    pub(super) fn take(&mut self, columns: &[Heading], all: bool) -> Result<Table> {
        let (rows, [gaps, before]) = (self.rows(), self.gaps);
        let seen = self.earlier + rows + gaps + before;
        if self.policy == Gaps::Refused && gaps > 0 {
            return Err(self.refusal(seen, all));
        }
        if all && self.earlier + rows == 0 {
            return Err(match seen {
                0 => Error::empty("there is no row"),
                1 => Error::empty("the only row has missing or infinite values"),
                _ => Error::empty(format!("all {seen} rows have missing or infinite values")),
            });
        }
        let none = Places::new(self.places.counted());
        let places = std::mem::replace(&mut self.places, none);
        let matrix = DMatrix::from_vec(self.width, rows, std::mem::take(&mut self.values));
        self.earlier += rows;
        self.gaps = [0, before + gaps];
        Ok(Table { columns: columns.to_vec(), matrix, places, left_out: gaps })
    }

    fn refusal(&self, seen: usize, all: bool) -> Error {
        let (gaps, of) = (self.gaps[0], if all { "" } else { "the first " });
        let first = self.first.as_deref().unwrap_or("nowhere");
        let (has, values) = if gaps == 1 { ("has a", "value") } else { ("have", "values") };
        Error::non_finite(format!(
            "{gaps} of {of}{seen} rows {has} missing or infinite {values}, first at {first}: leave such \
             rows out by `leave_out_missing`, or columns by `columns` or `except`"
        ))
    }
}
