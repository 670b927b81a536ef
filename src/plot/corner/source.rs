//! Samples by coordinate, with names and units: what a corner plot is made of.

use nalgebra::DMatrix;

use crate::density::Samples;
use crate::error::{Error, Result};
use crate::heading::Heading;
use crate::outcome::shown;
use crate::plot::weighing::{Weights, weighed};
use crate::real::Real;
#[cfg(feature = "table")]
use crate::table::Table;

/// Samples of some dimensions, coordinate by coordinate, with what is known of their names and units.
///
/// It is made from a matrix (dim x n), from [`Samples`] that a model drew, or from a table.
#[derive(Debug, Clone)]
pub struct SampleSet {
    rows: Vec<Vec<f64>>,
    names: Vec<String>,
    /// The columns that are kept, of how many.
    kept: Vec<usize>,
    given: usize,
    /// The first coordinate that is finite nowhere.
    nowhere: Option<usize>,
    weights: Result<Weights>,
}

impl SampleSet {
    /// Of the columns of a matrix, those whose numbers are all finite.
    fn of<T: Real>(matrix: &DMatrix<T>, names: Vec<String>) -> Self {
        let dim = matrix.nrows();
        let mut rows = vec![Vec::with_capacity(matrix.ncols()); dim];
        let mut kept = Vec::with_capacity(matrix.ncols());
        for (place, column) in matrix.as_slice().chunks_exact(dim.max(1)).enumerate() {
            if column.iter().all(|value| value.is_finite()) {
                kept.push(place);
                for (row, value) in rows.iter_mut().zip(column) {
                    row.push(value.wide());
                }
            }
        }
        let finite = |i: &usize| matrix.row(*i).iter().any(|value| value.is_finite());
        let nowhere = if kept.is_empty() { (0..dim).find(|i| !finite(i)) } else { None };
        Self { rows, names, kept, given: matrix.ncols(), nowhere, weights: Ok(Weights::Equal) }
    }

    /// The samples with weights, one for each column that was given; those that weigh nothing are left out.
    pub(super) fn weighed(&mut self, weights: &[f64]) {
        self.weights = weighed(weights, self.given, &self.kept).map(|(weights, places)| {
            if places.len() < self.kept.len() {
                let those = |row: &Vec<f64>| places.iter().map(|k| row[*k]).collect();
                self.rows = self.rows.iter().map(those).collect();
            }
            weights
        });
    }

    /// The weights of the samples; none that are not as they must be after [`check`](Self::check).
    pub(super) fn weights(&self) -> Weights {
        self.weights.clone().unwrap_or(Weights::Equal)
    }

    /// The number of coordinates.
    pub(super) fn dim(&self) -> usize {
        self.rows.len()
    }

    /// The number of samples.
    pub(super) fn count(&self) -> usize {
        self.rows.first().map_or(0, Vec::len)
    }

    /// How many samples were given.
    pub(super) fn given(&self) -> usize {
        self.given
    }

    /// How many samples had a number that is not finite.
    pub(super) fn lost(&self) -> usize {
        self.given - self.kept.len()
    }

    /// The numbers of a coordinate.
    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.rows[i]
    }

    /// The name of a coordinate, with its unit in brackets; x₁, x₂, ... where none is known.
    pub(super) fn name(&self, i: usize) -> String {
        self.names.get(i).cloned().unwrap_or_else(|| format!("x{}", lowered(i + 1)))
    }

    /// An error unless there is something to draw.
    pub(super) fn check(&self, label: &str) -> Result<()> {
        let of = if label.is_empty() { String::new() } else { format!(" of {label}") };
        if let Err(error) = &self.weights {
            return Err(error.clone());
        }
        if self.dim() == 0 || self.given == 0 {
            return Err(Error::empty(format!(
                "the samples{of} are {} x {}: give a row or more, and a column for each sample",
                self.dim(),
                self.given
            )));
        }
        if let Some(i) = self.nowhere {
            return Err(Error::non_finite(format!(
                "none of the {}{of} is finite in row {i}, {}: leave this coordinate out, or give others",
                shown::count(self.lost(), "sample"),
                self.name(i)
            )));
        }
        if self.count() == 0 {
            return Err(Error::non_finite(format!(
                "none of the {}{of} is finite in every coordinate: give others",
                shown::count(self.lost(), "sample")
            )));
        }
        Ok(())
    }
}

/// A number in lowered digits.
fn lowered(number: usize) -> String {
    let digit = |c: char| c.to_digit(10).and_then(|d| char::from_u32(0x2080 + d)).unwrap_or(c);
    number.to_string().chars().map(digit).collect()
}

/// A name with its unit in brackets.
pub(super) fn with_unit(column: &Heading) -> String {
    match column.unit() {
        None => column.name().to_string(),
        Some(unit) => format!("{} [{unit}]", column.name()),
    }
}

impl<T: Real> From<&DMatrix<T>> for SampleSet {
    fn from(matrix: &DMatrix<T>) -> Self {
        Self::of(matrix, Vec::new())
    }
}

impl<T: Real> From<DMatrix<T>> for SampleSet {
    fn from(matrix: DMatrix<T>) -> Self {
        Self::of(&matrix, Vec::new())
    }
}

impl<T: Real> From<&Samples<T>> for SampleSet {
    fn from(samples: &Samples<T>) -> Self {
        Self::of(samples.as_ref(), Vec::new())
    }
}

impl<T: Real> From<Samples<T>> for SampleSet {
    fn from(samples: Samples<T>) -> Self {
        Self::of(samples.as_ref(), Vec::new())
    }
}

#[cfg(feature = "table")]
impl From<&Table> for SampleSet {
    fn from(table: &Table) -> Self {
        Self::of(table.matrix(), table.headings().iter().map(with_unit).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::dmatrix;

    #[test]
    fn columns_that_are_not_finite_are_counted_and_left_out() {
        let set = SampleSet::from(&dmatrix![1.0, f64::NAN, 3.0; 4.0, 5.0, f64::INFINITY]);
        assert_eq!((set.row(0), set.row(1), set.lost()), (&[1.0][..], &[4.0][..], 2));
        assert_eq!([set.name(0), set.name(11)], ["x₁", "x₁₂"]);
        assert!(SampleSet::from(&dmatrix![f64::NAN]).check("data").unwrap_err().is_non_finite());
        assert!(SampleSet::from(&DMatrix::<f64>::zeros(2, 0)).check("").unwrap_err().is_empty());
        assert!(SampleSet::from(&DMatrix::<f64>::zeros(0, 2)).check("").unwrap_err().is_empty());
    }

    #[cfg(feature = "table")]
    #[test]
    fn tables_bring_their_names_and_units() {
        let table = Table::reader_of("mass [kg],age\n1,2\n".as_bytes()).read().expect("a table");
        let set = SampleSet::from(&table);
        assert_eq!(set.name(0), with_unit(&table.headings()[0]));
        assert_eq!(set.name(1), "age");
    }
}
