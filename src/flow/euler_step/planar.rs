//! The Euler step of a planar field: x + u tanh(w'x + b).

use super::super::root::{Brackets, find_roots};
use super::{Report, StepInvertible};
use crate::columns::{Block, RowsMut, Scratch};
use crate::field::{At, Cotangents, Planar, PlanarTape, Pulled, Traced, TrainableField};
use crate::kernels::Activation;
use crate::real::portable::{ln, tanh};
use crate::real::{Real, sigmoid, softplus};

/// How far a planar field is from its constraint.
struct Bend {
    /// w'u.
    along: f64,
    /// w'w.
    square: f64,
    /// û'w + 1, positive.
    room: f64,
}

impl Bend {
    fn of<T: Real>(field: &Planar<T>) -> Self {
        let dot =
            |a: &[T], b: &[T]| -> f64 { a.iter().zip(b).map(|(a, b)| a.wide() * b.wide()).sum() };
        let (along, square) = (dot(field.u(), field.w()), dot(field.w(), field.w()));
        let length = dot(field.u(), field.u()).sqrt() * square.sqrt();
        // What rounding û may cost û'w, so that the field as stored keeps the constraint.
        let margin = 4.0 * T::EPSILON * (1.0 + length);
        Self { along, square, room: softplus(along) + margin }
    }

    /// The k of û = u + k w, unless w is as good as zero, where every u will do.
    fn shift<T: Real>(&self) -> Option<f64> {
        (self.square > T::SMALLEST).then(|| (self.room - 1.0 - self.along) / self.square)
    }
}

/// What the step needs to know of a constrained field: c = u'w, and 1 + c without cancellation,
/// never below the rounding.
fn factor<T: Real>(field: &Planar<T>) -> (T, T) {
    let c: f64 = field.u().iter().zip(field.w()).map(|(u, w)| u.wide() * w.wide()).sum();
    (T::of(c), T::of((1.0 + c).max(T::EPSILON)))
}

/// 1 + c s' for s = tanh, as s² + (1 + c) s': a sum of positive terms, since s' = 1 - s².
pub(super) fn determinant<T: Real>(room: T, value: T, slope: T) -> T {
    value * value + room * slope
}

impl<T: Real> StepInvertible<T> for Planar<T> {
    /// û = u + (m(w'u) - w'u) w / w'w with m(a) = -1 + ln(1 + eᵃ), so that û'w > -1 (Rezende and
    /// Mohamed 2015, appendix A.1).
    fn constrained(&self) -> Self {
        let mut constrained = self.clone();
        if let Some(k) = Bend::of(self).shift::<T>() {
            let mut values = self.parameters().to_vec();
            for (u, w) in values.iter_mut().zip(self.w()) {
                *u = T::of(u.wide() + k * w.wide());
            }
            constrained.put(&values);
        }
        constrained
    }

    /// With k = (m - a) / w'w: ∂û/∂u' = I + w (m' - 1) w' / w'w and
    /// ∂û/∂w' = k I + w ((m' - 1) u - 2 k w)' / w'w.
    fn pull_constraint(&self, gradient: &mut [T]) {
        let bend = Bend::of(self);
        let Some(k) = bend.shift::<T>() else { return };
        let dim = self.w().len();
        let (by_u, rest) = gradient.split_at_mut(dim);
        let along: f64 = by_u.iter().zip(self.w()).map(|(g, w)| g.wide() * w.wide()).sum();
        let bent = sigmoid(bend.along) - 1.0;
        for (i, (by_u, by_w)) in by_u.iter_mut().zip(rest).enumerate() {
            let (u, w) = (self.u()[i].wide(), self.w()[i].wide());
            let share = k * by_u.wide() + along * (bent * u - 2.0 * k * w) / bend.square;
            *by_w += T::of(share);
            *by_u += T::of(along * bent * w / bend.square);
        }
    }

    fn step(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        log_det: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let mut jet = scratch.take(4, at.lanes());
        self.jet(at.x, &mut jet);
        Self::spread(self.u(), jet.view().range(0, 1), velocity);
        let (_, room) = factor(self);
        for (lane, log_det) in log_det.iter_mut().enumerate() {
            *log_det = ln(determinant(room, jet.row(0)[lane], jet.row(1)[lane]));
        }
        scratch.give(jet);
    }

    /// With a = w'x + b, the equation multiplied by w' says a + c tanh(a) = w'y + b; its root
    /// gives x = y - u tanh(a).
    fn undo(&self, at: At<'_, T>, x: RowsMut<'_, T>, report: Report<'_>, scratch: &mut Scratch<T>) {
        let mut target = scratch.take(1, at.lanes());
        let mut roots = scratch.take(1, at.lanes());
        self.preactivation(at.x, target.view_mut());
        solve_bend(factor(self), &target, &mut roots, report, scratch);
        Activation::Tanh.value_in_place(roots.values_mut());
        let mut x = x;
        Self::spread(self.u(), roots.view(), x.reborrow());
        for (x, y) in x.values_mut().iter_mut().zip(at.x.values()) {
            *x = *y - *x;
        }
        scratch.give(roots);
        scratch.give(target);
    }

    /// J has rank one: det(I + J) = 1 + tr J, and the cotangent of its logarithm is that of the
    /// trace divided by the determinant.
    fn pull_step(
        &self,
        at: At<'_, T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut tape = PlanarTape { jet: scratch.take(4, at.lanes()) };
        let mut traces = scratch.take(1, at.lanes());
        self.jet(at.x, &mut tape.jet);
        let (_, room) = factor(self);
        for (lane, trace) in traces.values_mut().iter_mut().enumerate() {
            let determinant = determinant(room, tape.jet.row(0)[lane], tape.jet.row(1)[lane]);
            *trace = cotangents.traces.row(0)[lane] / determinant;
        }
        let cotangents = Cotangents { velocity: cotangents.velocity, traces: traces.view() };
        self.pullback(at, Traced::Exact, &tape, cotangents, pulled, scratch);
        scratch.give(traces);
        scratch.give(tape.jet);
    }

    /// λ = v - w s' (u'v) / (1 + c s') (Sherman and Morrison 1950).
    fn solve_transposed(
        &self,
        at: At<'_, T>,
        mut cotangent: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut jet = scratch.take(4, at.lanes());
        let mut projected = scratch.take(2, at.lanes());
        self.jet(at.x, &mut jet);
        self.projections(cotangent.as_rows(), projected.view_mut());
        let (_, room) = factor(self);
        let shares = projected.row_mut(0);
        for (lane, share) in shares.iter_mut().enumerate() {
            let (value, slope) = (jet.row(0)[lane], jet.row(1)[lane]);
            *share *= slope / determinant(room, value, slope);
        }
        for (i, w) in self.w().iter().enumerate() {
            for (value, share) in cotangent.row_mut(i).iter_mut().zip(projected.row(0)) {
                *value -= *w * *share;
            }
        }
        scratch.give(projected);
        scratch.give(jet);
    }
}

/// Solves a + c tanh(a) = target, one row each, given c and 1 + c.
pub(super) fn solve_bend<T: Real>(
    (c, room): (T, T),
    target: &Block<T>,
    roots: &mut Block<T>,
    report: Report<'_>,
    scratch: &mut Scratch<T>,
) {
    let mut ends = scratch.take(2, target.lanes());
    let mut jet = scratch.take(2, target.lanes());
    let (low, high) = ends.values_mut().split_at_mut(target.lanes());
    for (lane, &z) in target.values().iter().enumerate() {
        (low[lane], high[lane]) = (z - c.abs(), z + c.abs());
        // Exact near zero and far away.
        roots.row_mut(0)[lane] = z - c * tanh(z / room);
    }
    let (value, slope) = jet.values_mut().split_at_mut(target.lanes());
    let evaluate = |a: &[T], values: &mut [T], slopes: &mut [T]| {
        Activation::Tanh.value_slope(a, value, slope);
        for (lane, &a) in a.iter().enumerate() {
            values[lane] = a + c * value[lane] - target.values()[lane];
            slopes[lane] = determinant(room, value[lane], slope[lane]);
        }
    };
    let brackets = Brackets { low, high, root: roots.values_mut() };
    find_roots(brackets, evaluate, report, scratch);
    scratch.give(jet);
    scratch.give(ends);
}
