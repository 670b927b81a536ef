//! The stages of one step, for every lane at once.

use super::Inside;
use super::clock::Clock;
use crate::columns::Block;
use crate::kernels::{Term, combine};
use crate::real::Real;

/// No tableau here has more stages.
const MOST: usize = 16;

/// out = base + h Σ c_j k_j; terms with coefficient zero are left out.
pub(super) fn combination<T: Real>(
    base: Option<&Block<T>>,
    h: &[T],
    coefficients: &[f64],
    stages: &[Block<T>],
    out: &mut Block<T>,
) {
    let mut terms: [Term<'_, T>; MOST] = [(T::zero(), &[]); MOST];
    let count = terms_of(coefficients, stages, &mut terms, |stage| stage.values());
    combine(base.map(Block::values), h, &terms[..count], out.values_mut());
}

/// Fills `terms` with the non-zero coefficients and what `part` takes of their stages.
pub(super) fn terms_of<'a, T: Real>(
    coefficients: &[f64],
    stages: &'a [Block<T>],
    terms: &mut [Term<'a, T>; MOST],
    part: impl Fn(&'a Block<T>) -> &'a [T],
) -> usize {
    let mut count = 0;
    for (&coefficient, stage) in coefficients.iter().zip(stages) {
        if coefficient != 0.0 {
            terms[count] = (T::of(coefficient), part(stage));
            count += 1;
        }
    }
    count
}

/// Room for the terms of any method.
pub(super) fn no_terms<'a, T: Real>() -> [Term<'a, T>; MOST] {
    [(T::zero(), &[]); MOST]
}

/// The time of every lane at node `c` of its step, inside the span; padding repeats the last.
pub(super) fn node_times<T: Real>(clocks: &[Clock], c: f64, inside: Inside<T>, times: &mut [T]) {
    let mut last = T::zero();
    for (time, clock) in times.iter_mut().zip(clocks) {
        *time = inside.at(clock.t + c * clock.h);
        last = *time;
    }
    times[clocks.len()..].fill(last);
}

/// The step of every lane; padding stands still.
pub(super) fn steps<T: Real>(clocks: &[Clock], h: &mut [T]) {
    for (h, clock) in h.iter_mut().zip(clocks) {
        *h = T::of(clock.h);
    }
    h[clocks.len()..].fill(T::zero());
}
