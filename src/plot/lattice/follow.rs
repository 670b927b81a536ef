//! What takes a lattice somewhere: a flow, or a model in the units of its table.

use nalgebra::{DMatrix, DVector};

use super::bent::Bends;
use crate::error::{Error, Result};
use crate::flow::{Direction, Flow};
use crate::model::Model;
use crate::outcome::shown;
use crate::real::Real;

/// Takes points (2 x n) one way under a context.
pub(super) type Follow<'a, T> =
    dyn Fn(Direction, &DMatrix<T>, Option<&DMatrix<T>>) -> Result<Bends> + 'a;

/// As a flow does.
pub(super) fn by_flow<T: Real>(flow: &dyn Flow<T>) -> Box<Follow<'_, T>> {
    Box::new(move |direction, points, context| {
        check(flow.dim())?;
        let moved = flow.follow(direction, points, context)?;
        Ok(bends(&moved.points, &moved.log_det))
    })
}

/// From the base of a model to its table, or back.
pub(super) fn by_model(model: &Model) -> Box<Follow<'_, f64>> {
    Box::new(move |direction, points, context| {
        check(model.dim())?;
        match (model.members::<f32>(), model.members::<f64>()) {
            (Some(members), _) => {
                let members: Vec<_> = members.members().iter().map(|one| one.flow()).collect();
                through(alone(&members)?, model, direction, points, context)
            }
            (_, Some(members)) => {
                let members: Vec<_> = members.members().iter().map(|one| one.flow()).collect();
                through(alone(&members)?, model, direction, points, context)
            }
            _ => Err(Error::setting(format!(
                "a model that computes with {} is not drawn as a lattice: give one of f32 or f64",
                model.scalar()
            ))),
        }
    })
}

fn check(dim: usize) -> Result<()> {
    match dim {
        2 => Ok(()),
        _ => Err(Error::shape(format!(
            "a flow in {} bends no chessboard: give one in two",
            shown::count(dim, "dimension")
        ))),
    }
}

fn alone<'a, F>(members: &[&'a F]) -> Result<&'a F> {
    match members {
        [one] => Ok(one),
        _ => Err(Error::setting(format!(
            "{} bend a chessboard each in its own way: give the flow of one to `lattice`",
            shown::count(members.len(), "member")
        ))),
    }
}

/// Through a member and what prepares the table for it, each in its own scalar. What does not arrive at the first
/// stays behind.
fn through<T: Real>(
    flow: &dyn Flow<T>,
    model: &Model,
    direction: Direction,
    points: &DMatrix<f64>,
    context: Option<&DMatrix<f64>>,
) -> Result<Bends> {
    let context = match context {
        Some(context) => model.inside(&DMatrix::from_element(2, 1, 0.5), Some(context))?.1,
        None => None,
    };
    let context = context.map(|context| context.map(T::of));
    let member = |points: &DMatrix<f64>| -> Result<_> {
        let moved = flow.follow(direction, &points.map(T::of), context.as_ref())?;
        Ok((moved.points.map(|x| x.wide()), moved.log_det.map(|x| x.wide())))
    };
    let preparation = |points: &DMatrix<f64>| -> Result<_> {
        match model.preparation() {
            Some(flow) => {
                let moved = flow.follow(direction, points, None)?;
                Ok((moved.points, moved.log_det))
            }
            None => Ok((points.clone(), DVector::zeros(points.ncols()))),
        }
    };
    let first = if direction == Direction::Forward { member(points) } else { preparation(points) };
    let (mut points, mut log_det) = first?;
    let lost: Vec<bool> =
        points.column_iter().map(|x| x.iter().any(|value| !value.is_finite())).collect();
    for (mut column, _) in points.column_iter_mut().zip(&lost).filter(|(_, lost)| **lost) {
        column.fill(0.5);
    }
    let (mut points, further) =
        if direction == Direction::Forward { preparation(&points)? } else { member(&points)? };
    log_det += further;
    for (k, _) in lost.iter().enumerate().filter(|(_, lost)| **lost) {
        points.column_mut(k).fill(f64::NAN);
        log_det[k] = f64::NAN;
    }
    Ok(bends(&points, &log_det))
}

fn bends<T: Real>(points: &DMatrix<T>, log_det: &DVector<T>) -> Bends {
    let points = points.column_iter().map(|x| [x[0].wide(), x[1].wide()]).collect();
    Bends { points, log_det: log_det.iter().map(|value| value.wide()).collect() }
}
