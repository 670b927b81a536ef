//! What is looked at before the first step: data and contexts, named as they were given.

use nalgebra::DMatrix;

use super::Trainable;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::real::Real;

/// An error unless data and contexts fit the model, are finite, and lie within the model's support.
pub(super) fn check_data<T: Real>(
    model: &impl Trainable<T>,
    [data, contexts]: [&DMatrix<T>; 2],
) -> Result<()> {
    if data.ncols() == 0 {
        return Err(Error::empty("there is no sample to train on: give data with a column each"));
    }
    check_shapes([model.dim(), model.context_dim()], [data, contexts])?;
    for (what, matrix) in [("data", data), ("contexts", contexts)] {
        if let Some(i) = matrix.iter().position(|value| !value.is_finite()) {
            let (row, column, value) = (i % matrix.nrows(), i / matrix.nrows(), matrix[i]);
            return Err(Error::non_finite(format!(
                "the {what} hold {value} in row {row} of column {column}: remove or repair the sample"
            )));
        }
    }
    check_support(model, [data, contexts])
}

fn check_shapes<T: Real>(
    [dim, context_dim]: [usize; 2],
    [data, contexts]: [&DMatrix<T>; 2],
) -> Result<()> {
    let ((rows, columns), given) = (data.shape(), contexts.shape());
    if rows != dim {
        let advice = match columns == dim {
            true => "samples are columns: transpose the matrix".to_string(),
            false => format!("give {dim} rows and a column for each sample"),
        };
        return Err(Error::shape(format!(
            "the data are {rows} x {columns}, but the model has dimension {dim}: {advice}"
        )));
    }
    if given == (context_dim, columns) {
        return Ok(());
    }
    Err(Error::shape(match (context_dim, given.0) {
        (_, 0) => format!(
            "the model depends on a context of {context_dim} values, and none was given: call `fit_given` with contexts, {context_dim} x {columns}"
        ),
        (0, _) => "contexts were given, but the model depends on none: call `fit`".to_string(),
        _ => format!(
            "the contexts are {} x {}, but the model needs {context_dim} x {columns}: a row for each value it depends on, and a column for each sample",
            given.0, given.1
        ),
    }))
}

/// An error that names the columns whose density is zero whatever the model learns.
fn check_support<T: Real>(
    model: &impl Trainable<T>,
    [data, contexts]: [&DMatrix<T>; 2],
) -> Result<()> {
    let outcomes = model.outside(data, contexts)?;
    let Some(error) = Error::from_outcomes(&outcomes) else { return Ok(()) };
    let error = error.during("before the first step");
    let column = match error.failed_columns().first() {
        Some((column, Outcome::Outside { .. })) => *column,
        _ => return Err(error),
    };
    let place = match guilty_row(model, [data, contexts], column, &outcomes)? {
        Some(row) => {
            format!("column {column} of the data holds {} in row {row}", data[(row, column)])
        }
        None => format!("so does column {column} of the data"),
    };
    Err(error.advising(&format!(
        "{place}, and supports are open, without their bounds: where data are rounded onto a bound, move them inside by less than the rounding, or set the bound farther out"
    )))
}

/// The first row by which a column lies outside: the one whose value takes a column that lies inside out. A
/// flow may mix rows before it bounds them, and counts its own coordinates.
fn guilty_row<T: Real>(
    model: &impl Trainable<T>,
    [data, contexts]: [&DMatrix<T>; 2],
    column: usize,
    outcomes: &[Outcome],
) -> Result<Option<usize>> {
    let Some(inside) = outcomes.iter().position(Outcome::arrived) else { return Ok(None) };
    let rows = data.nrows();
    // One trial for every row, and one column as it was.
    let trials = DMatrix::from_fn(rows, rows + 1, |i, trial| {
        data[(i, if i == trial { column } else { inside })]
    });
    let contexts = DMatrix::from_fn(contexts.nrows(), rows + 1, |i, _| contexts[(i, column)]);
    let found = model.outside(&trials, &contexts)?;
    let row = found.iter().position(Outcome::is_outside);
    Ok(row.filter(|row| *row < rows && found[rows].arrived()))
}
