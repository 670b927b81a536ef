//! The composition law: links follow one another, and log-determinants add up.

use liouville::nalgebra::DMatrix;

use super::moving::{BOTH, Inputs};
use super::{Law, Place, Tolerances, Violation};
use liouville::flow::{AnyFlow, Chain, Direction, Flow, Inverted, Moved, TrainableFlow};
use liouville::real::Real;

/// A chain of `first` and `second` is one after the other: the points have the same bits, and the
/// log-determinants add up. A flow the other way round swaps its directions.
///
/// A flow that overwrites a packet's log-determinant, where it should add to it, breaks this law.
///
/// # Errors
///
/// A [`Violation`] that names the column.
pub fn composition_law<T, A, B>(
    first: &A,
    second: &B,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    tolerances: &Tolerances,
) -> Result<(), Violation>
where
    T: Real,
    A: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    B: TrainableFlow<T, Tape: 'static> + Clone + 'static,
{
    let inputs = Inputs { law: Law::Composition, points, context, tolerances };
    both(&inputs, &AnyFlow::new(first.clone()), &AnyFlow::new(second.clone()))
}

/// The law of links of any kind.
fn both<T: Real>(
    inputs: &Inputs<'_, T>,
    first: &AnyFlow<T>,
    second: &AnyFlow<T>,
) -> Result<(), Violation> {
    let chain = Chain::new().then(first.clone()).then(second.clone());
    let turned = Inverted::new(first.clone());
    let links: [&dyn Flow<T>; 4] = [&chain, &turned, first, second];
    BOTH.into_iter().try_for_each(|direction| in_direction(inputs, links, direction))
}

fn in_direction<T: Real>(
    inputs: &Inputs<'_, T>,
    [chain, turned, first, second]: [&dyn Flow<T>; 4],
    direction: Direction,
) -> Result<(), Violation> {
    let (start, ours) = inputs.reading(chain).depart(chain, direction)?;
    let [theirs, between] = match direction {
        Direction::Forward => in_turn(&inputs.with(&start), [first, second], direction)?,
        Direction::Inverse => in_turn(&inputs.with(&start), [second, first], direction)?,
    };
    let what = ["in a chain the number", "one link after the other it"];
    same(&inputs.with(&start), direction, [&ours, &theirs], Some(&between), what)?;
    let alone = inputs.reading(first);
    let (start, ours) = alone.depart(turned, direction)?;
    let theirs = alone.with(&start).follow(first, direction.reversed())?;
    let what = ["inside `Inverted` the number", "in the other direction it"];
    same(inputs, direction, [&ours, &theirs], None, what)
}

/// The end of two links one after the other, and the end of the first of them.
fn in_turn<T: Real>(
    inputs: &Inputs<'_, T>,
    [first, second]: [&dyn Flow<T>; 2],
    direction: Direction,
) -> Result<[Moved<T>; 2], Violation> {
    let between = inputs.reading(first).follow(first, direction)?;
    let theirs = inputs.with(&between.points).reading(second).follow(second, direction)?;
    Ok([theirs, between])
}

fn same<T: Real>(
    inputs: &Inputs<'_, T>,
    direction: Direction,
    [ours, theirs]: [&Moved<T>; 2],
    between: Option<&Moved<T>>,
    what: [&'static str; 2],
) -> Result<(), Violation> {
    for column in (0..inputs.points.ncols()).filter(|j| theirs.outcomes[*j].arrived()) {
        for row in 0..inputs.points.nrows() {
            let pair = [ours, theirs].map(|moved| moved.points[(row, column)].wide());
            let place = Place::Coordinate { column, row };
            inputs.agree(direction, place, what, pair, 0.0)?;
        }
        let earlier = between.map_or(0.0, |moved| moved.log_det[column].wide());
        let later = theirs.log_det[column].wide();
        let bound = inputs.tolerances.sum * (1.0 + earlier.abs() + later.abs());
        let pair = [ours.log_det[column].wide(), earlier + later];
        inputs.agree(direction, Place::LogDet { column }, what, pair, bound)?;
    }
    Ok(())
}
