//! Where a row of a table stood in its file.

use std::fmt;

/// Where a row stood: the line of a text, counted from one, or the row of an array, counted from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line of a text, from one on, the header included.
    Line(u64),
    /// A row of an array or of a table in memory, from zero on.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// What the rows of a file are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Lines,
    Rows,
}

impl Counted {
    /// The place with this number.
    pub(super) fn at(self, number: u64) -> Place {
        match self {
            Self::Lines => Place::Line(number),
            Self::Rows => Place::Row(number),
        }
    }
}

/// The places of all rows, as stretches in which one follows the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Places {
    counted: Counted,
    rows: usize,
    /// The first row of a stretch, and its number.
    stretches: Vec<(usize, u64)>,
}

impl Places {
    pub(super) fn new(counted: Counted) -> Self {
        Self { counted, rows: 0, stretches: Vec::new() }
    }

    /// Rows that are where they are.
    pub(super) fn of_rows(rows: usize) -> Self {
        Self { counted: Counted::Rows, rows, stretches: vec![(0, 0)] }
    }

    pub(super) fn counted(&self) -> Counted {
        self.counted
    }

    pub(super) fn push(&mut self, number: u64) {
        let follows = self
            .stretches
            .last()
            .is_some_and(|&(first, start)| start + (self.rows - first) as u64 == number);
        if !follows {
            self.stretches.push((self.rows, number));
        }
        self.rows += 1;
    }

    /// The number of a row.
    fn number(&self, row: usize) -> u64 {
        let after = self.stretches.partition_point(|&(first, _)| first <= row);
        match after.checked_sub(1).map(|last| self.stretches[last]) {
            Some((first, start)) => start + (row - first) as u64,
            None => row as u64,
        }
    }

    pub(super) fn at(&self, row: usize) -> Place {
        self.counted.at(self.number(row))
    }

    /// The places of some of the rows.
    pub(super) fn of(&self, rows: &[usize]) -> Self {
        let mut places = Self::new(self.counted);
        rows.iter().for_each(|&row| places.push(self.number(row)));
        places
    }
}
