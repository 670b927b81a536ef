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
    // Without a short cut, so that lanes are compared many at a time.
    let doubted = |any: bool, doubt: &T| any | (*doubt > T::zero());
    if sums.row(1).iter().fold(false, doubted) {
        let ends = [start.view(), points.as_rows()];
        let back = way_back(map, raw, ends, [sums.row(0), log_det], scratch);
        mark_lost(&back, sums.row(1), coordinates, outcomes);
        scratch.give(back);
    }
    scratch.give(sums);
    scratch.give(start);
}

/// Writes one into the doubt of lanes with a coordinate so large that rounding it may have moved it by
/// `lost` of what a map no flatter than `slope` started from.
pub(super) fn doubt_large<T: Real>(
    points: Rows<'_, T>,
    slope: f64,
    (lost, doubt): (f64, &mut [T]),
) {
    let large = T::of((lost * slope / T::EPSILON).min(T::LARGEST));
    for i in 0..points.rows() {
        for (doubt, value) in doubt.iter_mut().zip(points.row(i)) {
            *doubt = if value.abs() > large { T::one() } else { *doubt };
        }
    }
}

/// Raises the numbers of lanes to the size of their largest coordinate.
pub(in crate::flow) fn raise<T: Real>(points: Rows<'_, T>, most: &mut [T]) {
    for i in 0..points.rows() {
        for (most, value) in most.iter_mut().zip(points.row(i)) {
            let size = value.abs();
            *most = if size > *most { size } else { *most };
        }
    }
}

/// Fails the doubted samples that are too far off, by the distances of their coordinates and, in the last
/// row, what is left of their log-determinants.
pub(in crate::flow) fn mark_lost<T: Real>(
    back: &Block<T>,
    doubt: &[T],
    coordinates: &[usize],
    outcomes: &mut [Outcome],
) {
    for (lane, outcome) in outcomes.iter_mut().enumerate() {
        let doubted = outcome.arrived() && doubt[lane] > T::zero();
        if doubted && let Some(row) = lost(back, lane) {
            *outcome = saturated(coordinates[row]);
        }
    }
}

/// A map and its inverse are rounded in parts of the coordinate that they start from, and none is known
/// better than that: a slope of e^s as the sum of 1 and e^s - 1 has a rounding of e^-s, which is 20 by default.
const ROUNDINGS: f64 = 64.0;

/// From coordinates that came back to how far they are off from where they were, beyond roundings of
/// numbers of that `size`.
pub(in crate::flow) fn subtract<T: Real>(off: &mut T, start: T, size: T) {
    let distance = (*off - start).abs();
    let allowed = T::of(ROUNDINGS * T::EPSILON) * size;
    *off = if distance < allowed { T::zero() } else { distance };
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
        // On the circle the other way round may be shorter, after any number of turns.
        let turns = if turn > T::zero() { ((*value - *start) / turn).round() } else { T::zero() };
        *value -= turns * turn;
        subtract(value, *start, start.abs());
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
