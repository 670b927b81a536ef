//! Samples that a map brings where the scalar cannot hold them: the way back leads elsewhere.

use std::f64::consts::TAU;

use super::super::{Direction, Space};
use super::Transformer;
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::flow::elementwise::{LOST, saturated};
use crate::outcome::Outcome;
use crate::real::Real;

/// Coordinates on their way from base to data: values, the log-determinant so far, the names of their
/// rows, and what became of every sample.
pub(in crate::flow) struct Forward<'a, T> {
    pub points: RowsMut<'a, T>,
    pub log_det: &'a mut [T],
    pub coordinates: &'a [usize],
    pub outcomes: &'a mut [Outcome],
}

/// Moves coordinates from base to data. A sample whose coordinates come back elsewhere after rounding, or
/// with another density, fails as [saturated](crate::outcome::Reason::Saturated).
pub(in crate::flow) fn apply_forward<T: Real, R: Transformer<T>>(
    map: &R,
    raw: Rows<'_, T>,
    forward: Forward<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let Forward { mut points, log_det, coordinates, outcomes } = forward;
    if !map.may_saturate() {
        return map.apply(Direction::Forward, raw, points, log_det, scratch);
    }
    let (rows, lanes) = (points.rows(), points.lanes());
    let [mut start, mut sums] = [scratch.take(rows, lanes), scratch.take(2, lanes)];
    start.copy_from(points.as_rows());
    sums.row_mut(0).copy_from_slice(log_det);
    sums.row_mut(1).fill(T::zero());
    let doubt = (LOST, sums.row_mut(1));
    map.apply_doubting(raw, points.reborrow(), log_det, doubt, scratch);
    if sums.row(1).iter().any(|doubt| *doubt > T::zero()) {
        let ends = [start.view(), points.as_rows()];
        let back = way_back(map, raw, ends, [sums.row(0), log_det], scratch);
        for (lane, outcome) in outcomes.iter_mut().enumerate() {
            let doubted = outcome.arrived() && sums.row(1)[lane] > T::zero();
            if doubted && let Some(row) = lost(&back, lane) {
                *outcome = saturated(coordinates[row]);
            }
        }
        scratch.give(back);
    }
    scratch.give(sums);
    scratch.give(start);
}

/// How far coordinates come back from where they were, row by row, and in the last row what is left of the
/// log-determinants, which should cancel.
fn way_back<T: Real, R: Transformer<T>>(
    map: &R,
    raw: Rows<'_, T>,
    [start, end]: [Rows<'_, T>; 2],
    [before, behind]: [&[T]; 2],
    scratch: &mut Scratch<T>,
) -> Block<T> {
    let (rows, lanes) = (start.rows(), start.lanes());
    let mut back = scratch.take(rows + 1, lanes);
    let (mut points, mut rest) = back.view_mut().split_at(rows);
    points.values_mut().copy_from_slice(end.values());
    let rest = rest.row_mut(0);
    rest.iter_mut().zip(before.iter().zip(behind)).for_each(|(rest, (a, b))| *rest = *b - *a);
    map.apply(Direction::Inverse, raw, points.reborrow(), rest, scratch);
    let turn = T::of(if map.space() == Space::Circle { TAU } else { 0.0 });
    for (value, start) in points.values_mut().iter_mut().zip(start.values()) {
        let off = (*value - *start).abs();
        // On the circle the other way round may be shorter, after any number of turns.
        *value = if turn > T::zero() { (off - (off / turn).round() * turn).abs() } else { off };
    }
    back
}

/// The row of a lane that came back farthest off, if all of them together are too far off. What overflowed
/// is reported as that where the packet is settled.
fn lost<T: Real>(back: &Block<T>, lane: usize) -> Option<usize> {
    let rows = back.rows() - 1;
    let off = |row: usize| back.row(row)[lane].wide();
    let square: f64 = (0..rows).map(|row| off(row) * off(row)).sum();
    let lost = square.sqrt() > LOST || off(rows).abs() > LOST;
    lost.then(|| (0..rows).max_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap_or(0))
}
