//! The inverse law: there and back again.

use nalgebra::DMatrix;

use super::moving::{BOTH, Borrowed, Inputs, numbers, size};
use super::{Law, Place, Tolerances, Violation};
use crate::flow::{Direction, Flow, Moved};
use crate::real::Real;

/// By how many roundings the end point is moved to see what rounding costs on the way back.
const ROUNDINGS: f64 = 16.0;

/// There and back again, from both ends: the points return, and the log-determinants cancel.
///
/// Where a map is steep, its inverse multiplies the rounding of the end point, whoever computes it.
/// The law therefore goes back from neighbours of the end point as well, 16 roundings away, and
/// allows four times as much as they differ, up to [`Tolerances::rounding`].
///
/// ```
/// use liouville::prelude::*;
/// use liouville::testing::{Tolerances, inverse_law};
///
/// let layer = EulerStep::new(field::Radial::new(nalgebra::dvector![0.0f64, 1.0], 1.0, 2.0)?);
/// inverse_law(&layer, &nalgebra::dmatrix![0.3, 1e6; 0.4, -2.0], None, &Tolerances::of::<f64>())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`Violation`] that names the column and the coordinate.
pub fn inverse_law<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let inputs = Inputs { law: Law::Inverse, points, context, tolerances };
    BOTH.into_iter().try_for_each(|direction| there_and_back(&inputs, &Borrowed(flow), direction))
}

fn there_and_back<T: Real>(
    inputs: &Inputs<'_, T>,
    flow: &dyn Flow<T>,
    direction: Direction,
) -> Result<(), Violation> {
    let there = inputs.follow(flow, direction)?;
    let end = &there.points;
    let back = inputs.with(end).follow(flow, direction.reversed())?;
    // A neighbour may lie where the flow overflows; then there is no telling what rounding costs, and
    // none is allowed for.
    let neighbours = [1, 2].map(|seed| {
        let end = shaken(inputs.points, end, seed);
        flow.follow(direction.reversed(), &end, inputs.context).ok()
    });
    compare(inputs, direction, &there, &Around { back: &back, neighbours })
}

/// Where the way back leads from the end point, and from its neighbours.
struct Around<'a, T: Real> {
    back: &'a Moved<T>,
    neighbours: [Option<Moved<T>>; 2],
}

impl<T: Real> Around<'_, T> {
    /// How far apart the ways back lead, by `value`.
    fn spread(&self, column: usize, value: impl Fn(&Moved<T>) -> f64) -> f64 {
        let arrived = self.neighbours.iter().flatten().filter(|m| m.outcomes[column].arrived());
        arrived.map(|moved| (value(moved) - value(self.back)).abs()).fold(0.0, f64::max)
    }
}

/// The end points, moved by a few roundings of what they were computed from.
fn shaken<T: Real>(start: &DMatrix<T>, end: &DMatrix<T>, seed: u64) -> DMatrix<T> {
    let mut next = numbers(seed);
    DMatrix::from_fn(end.nrows(), end.ncols(), |i, j| {
        let far = size(start, j).max(size(end, j));
        end[(i, j)] + T::of(ROUNDINGS * T::EPSILON * far * next().signum())
    })
}

fn compare<T: Real>(
    inputs: &Inputs<'_, T>,
    direction: Direction,
    there: &Moved<T>,
    around: &Around<'_, T>,
) -> Result<(), Violation> {
    let Inputs { points, tolerances, .. } = inputs;
    let back = around.back;
    let both = |j: &usize| there.outcomes[*j].arrived() && back.outcomes[*j].arrived();
    for column in (0..points.ncols()).filter(both) {
        let scale = 1.0 + size(points, column);
        for row in 0..points.nrows() {
            let spread = around.spread(column, |moved| moved.points[(row, column)].wide());
            let allowed = (4.0 * spread).min(tolerances.rounding * scale);
            let pair = [back.points[(row, column)].wide(), points[(row, column)].wide()];
            let place = Place::Coordinate { column, row };
            let what = ["the coordinate after there and back", "before it was"];
            inputs.agree(direction, place, what, pair, tolerances.inverse * scale + allowed)?;
        }
        let spread = around.spread(column, |moved| moved.log_det[column].wide());
        let pair = [back.log_det[column].wide(), -there.log_det[column].wide()];
        let what = ["the log-determinant of the way back", "minus that of the way there is"];
        let bound = tolerances.log_det * (1.0 + pair[1].abs()) + 4.0 * spread.min(1.0);
        inputs.agree(direction, Place::LogDet { column }, what, pair, bound)?;
    }
    Ok(())
}
