//! Sums for the parameters on a way back: an integral over the steps that were accepted.

use super::backward::Backward;
use super::stages::combination;
use super::stepping::{Attempt, Watch};
use super::{Differentiable, Place};
use crate::columns::{Block, Scratch, pad_lanes};
use crate::real::Real;

/// Adds h Σ b_i g(t + c_i h, y_i) of every accepted step to the sums: the quadrature that belongs to
/// the method, at the arguments y_i of its stages.
pub(super) struct Quadrature<'a, 'b, T: Real, R: Differentiable<T> + ?Sized> {
    pub backward: &'a Backward<'b, T, R>,
    pub sums: &'a mut [T],
}

impl<T: Real, R: Differentiable<T> + ?Sized> Watch<T> for Quadrature<'_, '_, T, R> {
    fn accepted(&mut self, attempt: &Attempt<'_, T>, scratch: &mut Scratch<T>) {
        let moved = attempt.clocks.iter().filter(|clock| clock.moved).count();
        if moved == 0 {
            return;
        }
        let (rows, lanes) = (attempt.y.rows(), attempt.y.lanes());
        let mut h = scratch.take(1, lanes);
        let mut point = scratch.take(rows, lanes);
        let mut together = scratch.take(rows, moved);
        let mut carried = scratch.take(attempt.carried.rows(), moved);
        let mut times = scratch.take(2, moved);
        h.fill(T::zero());
        for (h, clock) in h.row_mut(0).iter_mut().zip(attempt.clocks) {
            *h = T::of(clock.taken);
        }
        gather(attempt, attempt.carried, &mut carried);
        let method = attempt.method;
        for (i, &b) in method.b.iter().enumerate().filter(|(_, b)| **b != 0.0) {
            let earlier = &attempt.stages[..i];
            combination(Some(attempt.y), h.row(0), method.a[i], earlier, &mut point);
            gather(attempt, &point, &mut together);
            let (mut time, mut weight) = times.view_mut().split_at(1);
            set_times(attempt, [method.c[i], b], [time.row_mut(0), weight.row_mut(0)]);
            let place = Place { t: times.row(0), y: together.view(), carried: carried.view() };
            self.backward.add_integrand(place, times.row(1), self.sums, scratch);
        }
        for block in [times, carried, together, point, h] {
            scratch.give(block);
        }
    }
}

/// Moves the lanes that took a step together; lanes that did not may hold anything.
fn gather<T: Real>(attempt: &Attempt<'_, T>, from: &Block<T>, to: &mut Block<T>) {
    let mut used = 0;
    for (lane, _) in attempt.clocks.iter().enumerate().filter(|(_, clock)| clock.moved) {
        for i in 0..from.rows() {
            to.row_mut(i)[used] = from.row(i)[lane];
        }
        used += 1;
    }
    pad_lanes(to.view_mut(), used);
}

/// The time of each gathered lane at node `c`, and its weight `b` h; padding has no weight.
fn set_times<T: Real>(attempt: &Attempt<'_, T>, [c, b]: [f64; 2], [times, weights]: [&mut [T]; 2]) {
    weights.fill(T::zero());
    let moved = attempt.clocks.iter().filter(|clock| clock.moved);
    let mut last = T::zero();
    let mut used = 0;
    for clock in moved {
        last = attempt.inside.at(clock.from + c * clock.taken);
        times[used] = last;
        weights[used] = T::of(b * clock.taken);
        used += 1;
    }
    times[used..].fill(last);
}
