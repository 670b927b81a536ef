//! The inverse law: there and back again.

use std::cell::LazyCell;

use liouville::nalgebra::DMatrix;

use super::moving::{BOTH, Borrowed, Inputs, numbers, size};
use super::{Law, Place, Tolerances, Violation};
use liouville::flow::{Direction, Flow, Moved};
use liouville::real::Real;

/// By how many roundings the end point is moved to see what rounding costs on the way back.
const ROUNDINGS: f64 = 16.0;

/// There and back again, from both ends: the points return, and the log-determinants cancel.
///
/// Where a map is steep, its inverse multiplies the rounding of the end point, whoever computes it.
/// The law therefore goes back from four neighbours of the end point as well, 16 roundings away on
/// either side, and allows four times as much as they differ, up to [`Tolerances::rounding`].
///
/// A map may be so flat, at a spline's narrowest bins in `f32`, that what returns is another point that
/// leads to the same end. That is all rounding allows there, and counts as such, up to
/// [`Tolerances::rounding`]; log-determinants must cancel at the point that returned.
///
/// Points that lie outside the support of the flow are replaced by those to which it leads from there.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
/// use liouville_testing::{Tolerances, inverse_law};
///
/// let layer = EulerStep::new(field::Radial::new(dvector![0.0f64, 1.0], 1.0, 2.0)?);
/// inverse_law(&layer, &dmatrix![0.3, 1e6; 0.4, -2.0], None, &Tolerances::of::<f64>())?;
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
    let (start, there) = inputs.depart(flow, direction)?;
    let (inputs, end) = (&inputs.with(&start), &there.points);
    let back = inputs.with(end).follow(flow, direction.reversed())?;
    // A neighbour may lie where the flow overflows; then there is no telling what rounding costs, and
    // none is allowed for.
    let neighbours = [(1, 1.0), (1, -1.0), (2, 1.0), (2, -1.0)].map(|(seed, side)| {
        let end = shaken(inputs.points, end, seed, side);
        inputs.with(&end).follow_any(flow, direction.reversed())
    });
    let again = || inputs.with(&back.points).follow_any(flow, direction);
    let around = Around { there: &there, back: &back, neighbours, again: LazyCell::new(&again) };
    compare(inputs, direction, &around)
}

/// Follows what returned once more.
type Again<'a, T> = &'a dyn Fn() -> Option<Moved<T>>;

/// The end point, where the way back leads from there and from its neighbours, and where what returned
/// leads.
struct Around<'a, T: Real> {
    there: &'a Moved<T>,
    back: &'a Moved<T>,
    neighbours: [Option<Moved<T>>; 4],
    again: LazyCell<Option<Moved<T>>, Again<'a, T>>,
}

impl<T: Real> Around<'_, T> {
    /// How far apart the ways back lead, by `value`; without limit where a neighbour of the end lies
    /// outside the support.
    fn spread(&self, column: usize, value: impl Fn(&Moved<T>) -> f64) -> f64 {
        if self.neighbours.iter().flatten().any(|moved| moved.outcomes[column].is_outside()) {
            return f64::INFINITY;
        }
        let arrived = self.neighbours.iter().flatten().filter(|m| m.outcomes[column].arrived());
        arrived.map(|moved| (value(moved) - value(self.back)).abs()).fold(0.0, f64::max)
    }

    /// Where what returned leads, if it arrives.
    fn again(&self, column: usize) -> Option<&Moved<T>> {
        self.again.as_ref().filter(|moved| moved.outcomes[column].arrived())
    }

    /// Whether what returned leads to the same end, as exactly as points are to return.
    fn leads_there(&self, column: usize, tolerances: &Tolerances) -> bool {
        let end = self.there.points.column(column);
        let few = tolerances.inverse * (1.0 + size(&self.there.points, column));
        let near = |again: &Moved<T>| (again.points.column(column) - end).amax().wide() <= few;
        self.again(column).is_some_and(near)
    }
}

/// The end points, moved by a few roundings of what they were computed from, in a random direction or
/// in the opposite one: a map may be steep on one side only.
fn shaken<T: Real>(start: &DMatrix<T>, end: &DMatrix<T>, seed: u64, side: f64) -> DMatrix<T> {
    let mut next = numbers(seed);
    DMatrix::from_fn(end.nrows(), end.ncols(), |i, j| {
        let far = size(start, j).max(size(end, j));
        end[(i, j)] + T::of(side * ROUNDINGS * T::EPSILON * far * next().signum())
    })
}

fn compare<T: Real>(
    inputs: &Inputs<'_, T>,
    direction: Direction,
    around: &Around<'_, T>,
) -> Result<(), Violation> {
    let Inputs { points, tolerances, .. } = inputs;
    let Around { there, back, .. } = around;
    let both = |j: &usize| there.outcomes[*j].arrived() && back.outcomes[*j].arrived();
    for column in (0..points.ncols()).filter(both) {
        let scale = 1.0 + size(points, column);
        for row in 0..points.nrows() {
            let spread = around.spread(column, |moved| moved.points[(row, column)].wide());
            let most = tolerances.rounding * scale;
            let mut allowed = (4.0 * spread).min(most);
            let pair = [back.points[(row, column)].wide(), points[(row, column)].wide()];
            let error = (pair[0] - pair[1]).abs();
            if error > tolerances.inverse * scale + allowed
                && around.leads_there(column, tolerances)
            {
                allowed = most;
            }
            let place = Place::Coordinate { column, row };
            let what = ["the coordinate after there and back", "before it was"];
            inputs.agree(direction, place, what, pair, tolerances.inverse * scale + allowed)?;
        }
        let spread = around.spread(column, |moved| moved.log_det[column].wide());
        let allowed = 4.0 * spread.min(tolerances.rounding.max(1.0));
        let bound = tolerances.log_det * (1.0 + there.log_det[column].wide().abs()) + allowed;
        let mut pair = [back, there].map(|moved| moved.log_det[column].wide());
        pair[1] = -pair[1];
        if (pair[0] - pair[1]).abs() > bound {
            pair[1] = around.again(column).map_or(pair[1], |again| -again.log_det[column].wide());
        }
        let what = ["the log-determinant of the way back", "minus that of the way there is"];
        inputs.agree(direction, Place::LogDet { column }, what, pair, bound)?;
    }
    Ok(())
}
