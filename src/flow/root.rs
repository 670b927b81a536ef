//! Roots of increasing functions, one for every lane: Newton's method kept inside a bracket.

use crate::columns::Scratch;
use crate::outcome::{Effort, Failure, Outcome, Reason};
use crate::real::Real;

/// How many evaluations may be spent before every further one halves the bracket.
const NEWTON: usize = 64;

/// How many evaluations may be spent at all.
const LIMIT: usize = 192;

/// What became of each sample, and what it cost; lanes behind the last sample are padding.
pub struct Report<'a> {
    /// What became of each sample.
    pub outcomes: &'a mut [Outcome],
    /// What each sample cost.
    pub efforts: &'a mut [Effort],
}

/// Where the roots are known to lie, lane by lane.
pub(super) struct Brackets<'a, T> {
    /// Not above the roots.
    pub low: &'a mut [T],
    /// Not below the roots.
    pub high: &'a mut [T],
    /// A first guess; in the end the roots.
    pub root: &'a mut [T],
}

/// Moves `brackets.root` to the roots of functions that increase with their argument.
///
/// `evaluate` writes the values and the slopes of all lanes at the given arguments. A lane follows
/// its own values alone and rests once it has arrived, so that its bits do not depend on the
/// others. A step is Newton's where that stays inside the bracket and at least halves the step
/// before, else it goes to the middle of the bracket (Press et al., Numerical Recipes, section 9.4).
/// A lane has arrived when a step no longer changes its argument by more than the rounding, or the
/// rounding squared where the argument itself is smaller than that.
/// A lane whose function is NaN or infinite ends as NaN.
pub(super) fn find_roots<T: Real>(
    brackets: Brackets<'_, T>,
    mut evaluate: impl FnMut(&[T], &mut [T], &mut [T]),
    report: Report<'_>,
    scratch: &mut Scratch<T>,
) {
    let Brackets { low, high, root } = brackets;
    let lanes = root.len();
    let mut values = scratch.take(1, lanes);
    let mut slopes = scratch.take(1, lanes);
    let mut steps = scratch.take(1, lanes);
    for ((step, low), high) in steps.values_mut().iter_mut().zip(&*low).zip(&*high) {
        *step = *high - *low;
    }
    let resting = |step: T| step == T::zero();
    for count in 0..LIMIT {
        if steps.values().iter().all(|&step| resting(step)) {
            break;
        }
        evaluate(root, values.values_mut(), slopes.values_mut());
        for lane in 0..lanes {
            if resting(steps.row(0)[lane]) {
                continue;
            }
            let mut state = Lane {
                low: low[lane],
                high: high[lane],
                root: root[lane],
                step: steps.row(0)[lane],
            };
            state.advance(values.row(0)[lane], slopes.row(0)[lane], count < NEWTON);
            (low[lane], high[lane], root[lane]) = (state.low, state.high, state.root);
            steps.row_mut(0)[lane] = state.step;
            if let Some(effort) = report.efforts.get_mut(lane) {
                effort.evaluations += 1;
            }
        }
    }
    for (step, outcome) in steps.values().iter().zip(report.outcomes) {
        if !resting(*step) && outcome.arrived() {
            let reason = Reason::NotConverged;
            *outcome = Outcome::Failed(Failure { reason, t: 0.0, step: step.wide() });
        }
    }
    scratch.give(steps);
    scratch.give(slopes);
    scratch.give(values);
}

/// The search in one lane.
struct Lane<T> {
    low: T,
    high: T,
    root: T,
    /// The length of the last step; zero when the lane has arrived.
    step: T,
}

impl<T: Real> Lane<T> {
    /// One step, from the value and the slope at the present argument.
    fn advance(&mut self, value: T, slope: T, newton: bool) {
        if !value.is_finite() || value == T::zero() {
            self.root = if value == T::zero() { self.root } else { T::of(f64::NAN) };
            self.step = T::zero();
            return;
        }
        if value > T::zero() {
            self.high = self.root;
        } else {
            self.low = self.root;
        }
        let half = T::of(0.5);
        let ahead = self.root - value / slope;
        let inside = ahead > self.low && ahead < self.high;
        let fast = (ahead - self.root).abs() <= half * self.step;
        let next =
            if newton && inside && fast { ahead } else { self.low + half * (self.high - self.low) };
        let step = (next - self.root).abs();
        let rounding = T::of(2.0 * T::EPSILON) * (next.abs() + T::of(T::EPSILON));
        self.step = if step <= rounding { T::zero() } else { step };
        self.root = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The roots of x³ + slope x = target, with the number of evaluations of each.
    fn cubic<T: Real>(slope: f64, targets: &[f64]) -> (Vec<T>, Vec<Outcome>, Vec<Effort>) {
        let count = targets.len();
        let mut low = vec![T::of(-1e4); count];
        let mut high = vec![T::of(1e4); count];
        let mut root = vec![T::of(1e4); count];
        let (mut outcomes, mut efforts) =
            (vec![Outcome::Arrived; count], vec![Effort::default(); count]);
        let brackets = Brackets { low: &mut low, high: &mut high, root: &mut root };
        let evaluate = |x: &[T], values: &mut [T], slopes: &mut [T]| {
            for (lane, &x) in x.iter().enumerate().take(count) {
                values[lane] = x * x * x + T::of(slope) * x - T::of(targets[lane]);
                slopes[lane] = T::of(3.0) * x * x + T::of(slope);
            }
        };
        let report = Report { outcomes: &mut outcomes, efforts: &mut efforts };
        find_roots(brackets, evaluate, report, &mut Scratch::new());
        (root, outcomes, efforts)
    }

    #[test]
    fn roots_are_found_alone_and_together() {
        fn check<T: Real>() {
            let targets: Vec<f64> =
                (-7..=8).map(|k| f64::from(k) * 10f64.powi(k) + 1e-3 * f64::from(k)).collect();
            for slope in [0.0, 1e-9, 1.0, 1e3] {
                let (roots, outcomes, efforts) = cubic::<T>(slope, &targets);
                assert!(outcomes.iter().all(Outcome::arrived), "{slope}: {outcomes:?}");
                for (root, target) in roots.iter().zip(&targets) {
                    let x = root.wide();
                    let scale = x.powi(3).abs() + slope * x.abs() + target.abs();
                    let error = (x.powi(3) + slope * x - target).abs();
                    let bound = 16.0 * T::EPSILON * scale + T::EPSILON.powi(2);
                    assert!(error <= bound, "{slope} {target}: {x}, {error:e}");
                }
                let most = efforts.iter().map(|effort| effort.evaluations).max();
                assert!(most < Some(LIMIT as u64 - 32), "{slope}: {most:?}");
                let reversed: Vec<f64> = targets.iter().rev().copied().collect();
                let (mut others, ..) = cubic::<T>(slope, &reversed);
                others.reverse();
                assert_eq!(roots, others, "{slope}: the roots depend on their places");
            }
        }
        check::<f32>();
        check::<f64>();
    }

    #[test]
    fn a_function_that_is_nan_ends_as_nan() {
        let (roots, ..) = cubic::<f64>(f64::NAN, &[1.0; 16]);
        assert!(roots.iter().all(|root| root.is_nan()));
    }
}
