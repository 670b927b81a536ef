//! Some of a table's columns or rows, and tables side by side.

use nalgebra::DMatrix;

use super::named::Table;
use super::naming::distinct;
use crate::error::{Error, Result};
use crate::heading::Heading;

impl Table {
    /// These columns, in this order.
    ///
    /// # Errors
    ///
    /// If there is no column of one of these names, or none is asked for.
    pub fn select(&self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        self.at_places(&self.places_of(names)?)
    }

    /// All columns but these.
    ///
    /// # Errors
    ///
    /// If there is no column of one of these names, or none is left.
    pub fn without(&self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        let gone = self.places_of(names)?;
        let kept: Vec<usize> = (0..self.dim()).filter(|place| !gone.contains(place)).collect();
        self.at_places(&kept)
    }

    /// Takes these columns out: contexts, weights, labels. The table keeps the others.
    ///
    /// ```
    /// use liouville::table::Table;
    ///
    /// let mut table = Table::from_rows(["x", "weight", "y"], vec![1.0, 0.5, 2.0, 3.0, 0.7, 4.0])?;
    /// let weights = table.split_off(["weight"])?;
    /// assert_eq!(weights.matrix().as_slice(), [0.5, 0.7]);
    /// assert_eq!(table.matrix().as_slice(), [1.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no column of one of these names, or none would be left on one of the two sides.
    pub fn split_off(&mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        let names: Vec<_> = names.into_iter().collect();
        let chosen = self.select(&names)?;
        *self = self.without(&names)?;
        Ok(chosen)
    }

    /// These rows, in this order; a row may be asked for more than once.
    ///
    /// # Errors
    ///
    /// If there are not as many rows.
    pub fn select_rows(&self, rows: impl IntoIterator<Item = usize>) -> Result<Self> {
        let rows: Vec<usize> = rows.into_iter().collect();
        if let Some(row) = rows.iter().find(|&&row| row >= self.rows()) {
            return Err(Error::shape(format!("no row {row} in a table of {} rows", self.rows())));
        }
        let columns = self.columns.clone();
        let matrix = self.matrix.select_columns(&rows);
        Ok(Self { columns, matrix, places: self.places.of(&rows), left_out: self.left_out })
    }

    /// The columns of both tables, row by row.
    ///
    /// # Errors
    ///
    /// If the tables have different numbers of rows, or columns of the same name.
    pub fn beside(&self, other: &Self) -> Result<Self> {
        let (rows, others) = (self.rows(), other.rows());
        if rows != others {
            return Err(Error::shape(format!("{rows} rows beside {others}")));
        }
        let columns = distinct([&self.columns[..], &other.columns[..]].concat())?;
        let mut matrix = DMatrix::zeros(columns.len(), rows);
        matrix.rows_mut(0, self.dim()).copy_from(&self.matrix);
        matrix.rows_mut(self.dim(), other.dim()).copy_from(&other.matrix);
        let (places, left_out) = (self.places.clone(), self.left_out);
        Ok(Self { columns, matrix, places, left_out })
    }

    /// The same table with one column more, such as log-densities.
    ///
    /// # Errors
    ///
    /// If there is not one value a row, or the name is taken.
    pub fn with(&self, column: impl Into<Heading>, values: impl AsRef<[f64]>) -> Result<Self> {
        let column = column.into();
        let matrix = DMatrix::from_row_slice(1, values.as_ref().len(), values.as_ref());
        self.beside(&Self::new([column], matrix)?)
    }

    /// The same table with these units, by the names of columns.
    ///
    /// # Errors
    ///
    /// If there is no column of one of these names.
    pub fn with_units(
        mut self,
        units: impl IntoIterator<Item = (impl AsRef<str>, impl Into<String>)>,
    ) -> Result<Self> {
        for (name, unit) in units {
            let place = self.place_of(name.as_ref())?;
            self.columns[place] = self.columns[place].clone().in_unit(unit);
        }
        Ok(self)
    }

    fn places_of(&self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Vec<usize>> {
        names.into_iter().map(|name| self.place_of(name.as_ref())).collect()
    }

    fn at_places(&self, places: &[usize]) -> Result<Self> {
        let columns = distinct(places.iter().map(|&place| self.columns[place].clone()).collect())?;
        let matrix = self.matrix.select_rows(places);
        let (places, left_out) = (self.places.clone(), self.left_out);
        Ok(Self { columns, matrix, places, left_out })
    }
}
