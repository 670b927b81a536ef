//! What a model reads of a table: its columns and contexts, by their names.

use nalgebra::DMatrix;

use super::Model;
use crate::error::Result;
use crate::heading::Heading;
use crate::table::Table;

/// Points and contexts of a table.
type Parts = (DMatrix<f64>, Option<DMatrix<f64>>);

impl Model {
    /// The points and contexts of a table, whatever other columns it has and in which order.
    ///
    /// # Errors
    ///
    /// If a column is missing; the error names it, and those that there are.
    pub fn parts_of(&self, table: &Table) -> Result<Parts> {
        let points = table.select(names(&self.columns))?.into_matrix();
        Ok((points, self.contexts_of(table)?))
    }

    /// The contexts of a table; `None` for a model that reads none.
    ///
    /// # Errors
    ///
    /// If one is missing.
    pub fn contexts_of(&self, table: &Table) -> Result<Option<DMatrix<f64>>> {
        if self.contexts.is_empty() {
            return Ok(None);
        }
        Ok(Some(table.select(names(&self.contexts))?.into_matrix()))
    }
}

fn names(columns: &[Heading]) -> impl Iterator<Item = &str> {
    columns.iter().map(|column| column.name())
}
