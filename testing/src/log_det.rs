//! The log-determinant law: it is that of the Jacobian.

use liouville::nalgebra::DMatrix;

use super::moving::{BOTH, Borrowed, Inputs};
use super::{Law, Place, Tolerances, Violation};
use liouville::diagnose::jacobians_by;
use liouville::flow::{Direction, Flow};
use liouville::real::Real;

/// The log-determinant of each column, in both directions, is ln |det| of the Jacobian by central
/// differences of order six.
///
/// The differences are taken with several steps; one of them must agree. Where all of them lead out of
/// the support of the flow, the law cannot be told.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
/// use liouville_testing::{Tolerances, log_det_law};
///
/// let turn = field::Linear::new(dmatrix![0.1f64, -1.0; 1.0, 0.3])?;
/// let flow = ContinuousFlow::new(turn).tolerance(1e-10);
/// log_det_law(&flow, &dmatrix![0.3; 0.4], None, &Tolerances::within::<f64>(1e-7))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`Violation`] that names the column; [`Cause::Unresolved`](super::Cause::Unresolved) if no step
/// stays where the flow arrives.
pub fn log_det_law<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let inputs = Inputs { law: Law::LogDet, points, context, tolerances };
    BOTH.into_iter().try_for_each(|direction| in_direction(&inputs, &Borrowed(flow), direction))
}

fn in_direction<T: Real>(
    inputs: &Inputs<'_, T>,
    flow: &dyn Flow<T>,
    direction: Direction,
) -> Result<(), Violation> {
    let (start, moved) = inputs.depart(flow, direction)?;
    let inputs = &inputs.with(&start);
    for column in (0..inputs.points.ncols()).filter(|j| moved.outcomes[*j].arrived()) {
        let found = moved.log_det[column].wide();
        let expected = nearest(inputs, flow, direction, column, found)?;
        let what = ["the log-determinant", "that of the Jacobian by differences is"];
        let bound = inputs.tolerances.log_det * (1.0 + found.abs());
        let place = Place::LogDet { column };
        inputs.agree(direction, place, what, [found, expected], bound)?;
    }
    Ok(())
}

/// The log-determinant by differences: of the first step that agrees with `found`, else of the step
/// that agrees best with its successor.
fn nearest<T: Real>(
    inputs: &Inputs<'_, T>,
    flow: &dyn Flow<T>,
    direction: Direction,
    column: usize,
    found: f64,
) -> Result<f64, Violation> {
    let bound = inputs.tolerances.log_det * (1.0 + found.abs());
    let point = inputs.points.columns(column, 1).into_owned();
    let context = inputs.context.map(|context| {
        let column = if context.ncols() == 1 { 0 } else { column };
        context.columns(column, 1).into_owned()
    });
    let mut tried = Vec::new();
    for step in Tolerances::steps_of_points::<T>() {
        let jacobian = jacobians_by(flow, direction, &point, context.as_ref(), step);
        // A moved point may lie outside the support: a shorter step decides.
        let Ok(jacobian) = jacobian else { continue };
        let value = log_det(&jacobian[0]);
        if (value - found).abs() <= bound {
            return Ok(value);
        }
        // Steps relative to |x| say nothing of a coordinate that is much smaller than its neighbours.
        if step.floor > 0.0 {
            tried.push((step.share, value));
        }
    }
    match tried.is_empty() {
        true => Err(inputs.untold(direction, bound)),
        false => Ok(steadiest(tried)),
    }
}

/// ln |det|.
fn log_det(matrix: &DMatrix<f64>) -> f64 {
    let lu = matrix.clone().lu();
    lu.u().diagonal().iter().map(|value| value.abs().ln()).sum()
}

/// Of values by step, the one that changes least to the next smaller step.
pub(super) fn steadiest(mut tried: Vec<(f64, f64)>) -> f64 {
    tried.sort_by(|a, b| b.0.total_cmp(&a.0));
    let change = |pair: &&[(f64, f64)]| (pair[0].1 - pair[1].1).abs();
    let best = tried.windows(2).min_by(|a, b| change(a).total_cmp(&change(b)));
    best.map_or(f64::NAN, |pair| pair[1].1)
}
