//! Sixteen lanes at a time, in `f64`: what bases compute with.

use crate::columns::{LANES, Rows};
use crate::real::Real;

/// Sixteen neighbouring lanes of one row.
pub(super) type Lane = [f64; LANES];

/// Where groups of sixteen lanes begin.
pub(super) fn groups(lanes: usize) -> impl Iterator<Item = usize> {
    (0..lanes).step_by(LANES)
}

/// The lanes of row `i` from `at` on.
pub(super) fn load<T: Real>(points: Rows<'_, T>, i: usize, at: usize) -> Lane {
    let mut lanes = [0.0; LANES];
    let row = &points.row(i)[at..];
    lanes.iter_mut().zip(row).for_each(|(to, value)| *to = value.wide());
    lanes
}

/// Adds to sixteen lanes from `at` on.
pub(super) fn add<T: Real>(terms: &Lane, at: usize, out: &mut [T]) {
    for (out, term) in out[at..].iter_mut().zip(terms) {
        *out = T::of(out.wide() + term);
    }
}

/// Writes sixteen lanes from `at` on.
pub(super) fn store<T: Real>(lanes: &Lane, at: usize, out: &mut [T]) {
    out[at..].iter_mut().zip(lanes).for_each(|(out, value)| *out = T::of(*value));
}

/// The lanes that a cotangent weighs, with their weights: the others hold no sample, or padding.
pub(super) fn weighed<T: Real>(weights: &[T]) -> impl Iterator<Item = (usize, f64)> + Clone {
    let all = weights.iter().map(|weight| weight.wide()).enumerate();
    all.filter(|(_, weight)| *weight != 0.0)
}

/// Adds totals to the sums behind one another.
pub(super) fn add_totals<T: Real>(totals: &[f64], sums: &mut [T]) {
    sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum += T::of(*total));
}
