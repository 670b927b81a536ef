//! A matrix of samples whose coordinates have names.

use std::fmt;

use nalgebra::{DMatrix, DVector};

use super::naming::{distinct, there};
use super::place::{Place, Places};
use crate::error::{Error, Result};
use crate::heading::Heading;

/// Columns of numbers with names, and perhaps with units.
///
/// Inside it is the dim x n matrix of the rest of the crate, in which samples are columns: a row of the table
/// is contiguous. A table may hold NaN and infinities, such as log-densities of points outside a support; what
/// is read from a file has none unless it was [asked for](super::Reader::keep_missing).
///
/// ```
/// use liouville::nalgebra::dmatrix;
/// use liouville::table::{Heading, Table};
///
/// let table = Table::from_columns([("mass", vec![1.0, 2.0, 4.0]), ("age", vec![30.0, 20.0, 10.0])])?;
/// assert_eq!(table.matrix(), &dmatrix![1.0, 2.0, 4.0; 30.0, 20.0, 10.0]);
///
/// let same = Table::new([Heading::new("mass").in_unit("kg"), "age".into()], table.matrix().clone())?;
/// assert_eq!(same.headings()[0].to_string(), "mass [kg]");
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub(super) columns: Vec<Heading>,
    pub(super) matrix: DMatrix<f64>,
    pub(super) places: Places,
    pub(super) left_out: usize,
}

impl Table {
    /// The rows of a dim x n matrix under names: samples are the columns of the matrix.
    ///
    /// # Errors
    ///
    /// If there are not as many names as the matrix has rows, or two of them are the same.
    pub fn new(
        columns: impl IntoIterator<Item = impl Into<Heading>>,
        matrix: DMatrix<f64>,
    ) -> Result<Self> {
        let columns = distinct(columns.into_iter().map(Into::into).collect())?;
        if columns.len() != matrix.nrows() {
            let (named, dim) = (columns.len(), matrix.nrows());
            return Err(Error::shape(format!(
                "{named} names for a matrix of dimension {dim}: samples are its columns"
            )));
        }
        let places = Places::of_rows(matrix.ncols());
        Ok(Self { columns, matrix, places, left_out: 0 })
    }

    /// A table of columns, each with its name.
    ///
    /// # Errors
    ///
    /// If columns have different lengths or the same name.
    pub fn from_columns(
        columns: impl IntoIterator<Item = (impl Into<Heading>, impl AsRef<[f64]>)>,
    ) -> Result<Self> {
        let (columns, values): (Vec<Heading>, Vec<_>) =
            columns.into_iter().map(|(column, values)| (column.into(), values)).unzip();
        let rows = values.first().map_or(0, |values| values.as_ref().len());
        for (column, values) in columns.iter().zip(&values) {
            let length = values.as_ref().len();
            if length != rows {
                return Err(Error::shape(format!(
                    "column {:?} has {length} values and column {:?} has {rows}",
                    column.name(),
                    columns[0].name()
                )));
            }
        }
        let matrix = DMatrix::from_fn(columns.len(), rows, |i, j| values[i].as_ref()[j]);
        Self::new(columns, matrix)
    }

    /// A table of rows that lie one after the other, as in a C-ordered array of n rows.
    ///
    /// # Errors
    ///
    /// If the last row is not whole, or two names are the same.
    pub fn from_rows(
        columns: impl IntoIterator<Item = impl Into<Heading>>,
        values: Vec<f64>,
    ) -> Result<Self> {
        let columns: Vec<Heading> = columns.into_iter().map(Into::into).collect();
        let (dim, count) = (columns.len().max(1), values.len());
        if !count.is_multiple_of(dim) {
            return Err(Error::shape(format!("{count} values are no rows of {dim} columns")));
        }
        Self::new(columns, DMatrix::from_vec(dim, count / dim, values))
    }

    /// The number of rows, which are samples.
    pub fn rows(&self) -> usize {
        self.matrix.ncols()
    }

    /// The number of columns, which is the dimension of a sample.
    pub fn dim(&self) -> usize {
        self.matrix.nrows()
    }

    /// The names and units of the columns.
    pub fn headings(&self) -> &[Heading] {
        &self.columns
    }

    /// The names of the columns.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(Heading::name)
    }

    /// The samples: dim x n, without a copy.
    pub fn matrix(&self) -> &DMatrix<f64> {
        &self.matrix
    }

    /// The samples: dim x n, without a copy.
    pub fn into_matrix(self) -> DMatrix<f64> {
        self.matrix
    }

    /// The numbers of one row. Panics, as a slice does, if there are not as many.
    pub fn row(&self, row: usize) -> &[f64] {
        let dim = self.dim();
        &self.matrix.as_slice()[row * dim..][..dim]
    }

    /// The place of a column among all.
    ///
    /// # Errors
    ///
    /// If no column has this name; the error names those that there are.
    pub fn place_of(&self, name: &str) -> Result<usize> {
        self.columns.iter().position(|column| column.name() == name).ok_or_else(|| {
            let there = there(self.names());
            Error::setting(format!("no column is called {name:?}; {there}"))
        })
    }

    /// The numbers of one column.
    ///
    /// # Errors
    ///
    /// If no column has this name.
    pub fn column(&self, name: &str) -> Result<DVector<f64>> {
        self.place_of(name).map(|place| self.matrix.row(place).transpose())
    }

    /// Where a row stood in its file: rows that were left out, blank lines and the header count.
    pub fn place(&self, row: usize) -> Place {
        self.places.at(row)
    }

    /// How many rows of the file were [left out](super::Reader::leave_out_missing).
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Nothing, if every number is finite.
    ///
    /// # Errors
    ///
    /// If there is a NaN or an infinity: the error names the first with its place and column.
    pub fn all_finite(&self) -> Result<()> {
        let values = self.matrix.as_slice();
        let Some(place) = values.iter().position(|value| !value.is_finite()) else { return Ok(()) };
        let (row, column) = (place / self.dim(), self.columns[place % self.dim()].name());
        let (at, value) = (self.place(row), values[place]);
        Err(Error::non_finite(format!("{at}, column {column:?}: {value} is not finite")))
    }
}

/// How many rows there are, of which columns.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (rows, dim) = (self.rows(), self.dim());
        write!(f, "{rows} row{} of {dim} column{}: ", plural(rows), plural(dim))?;
        for (place, column) in self.columns.iter().enumerate() {
            write!(f, "{}{column}", if place == 0 { "" } else { ", " })?;
        }
        match self.left_out {
            0 => Ok(()),
            left => write!(f, " ({left} row{} left out)", plural(left)),
        }
    }
}
