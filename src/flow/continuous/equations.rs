//! The equations of a point together with its log-determinant and its penalties, forward and back.

use super::augmented::{Augmented, AugmentedTape};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::field::{TrainableField, VectorField, evaluate};
use crate::ode::{Back, Differentiable, Place, RightHandSide, Sharpness};
use crate::real::Real;

impl<T: Real, F: VectorField<T>> RightHandSide<T> for Augmented<'_, F> {
    fn rows(&self) -> usize {
        self.state_rows()
    }

    fn leading_rows(&self) -> usize {
        self.field.dim()
    }

    fn sharpness(&self) -> Option<Sharpness> {
        self.field.sharpness()
    }

    fn rounding(&self, row: usize) -> f64 {
        self.field.rounding(row)
    }

    /// Penalties do not choose the steps: with them and without, the samples go the same way.
    fn controlled_rows(&self) -> usize {
        self.field.dim() + self.trace_rows()
    }

    fn evaluate(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let view = self.split(t, y, carried);
        if self.penalties.rows() > 0 {
            return self.evaluate_penalised(view, dydt, scratch);
        }
        let (velocity, traces) = dydt.split_at(self.field.dim());
        evaluate(self.field, view.at, view.traced, velocity, traces, scratch);
    }

    fn evaluate_leading(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (velocity, _) = dydt.split_at(self.field.dim());
        self.field.velocity(self.split(t, y, carried).at, velocity, scratch);
    }
}

impl<T: Real, F: TrainableField<T>> Differentiable<T> for Augmented<'_, F> {
    type Tape = AugmentedTape<T, F::Tape>;

    fn record(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        tape: &mut Self::Tape,
        scratch: &mut Scratch<T>,
    ) {
        let view = self.split(t, y, carried);
        if self.penalties.rows() > 0 {
            return self.record_penalised(view, dydt, tape, scratch);
        }
        let (velocity, traces) = dydt.split_at(self.field.dim());
        let tape = &mut tape.traced;
        self.field.record(view.at, view.traced, velocity, traces, tape, scratch);
    }

    fn pullback(
        &self,
        place: Place<'_, T>,
        tape: &Self::Tape,
        back: Back<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut context = scratch.take(self.field.context_dim(), place.t.len());
        let (x, mut integrals) = back.y.split_at(self.field.dim());
        // Integrals along the way enter no equation.
        integrals.values_mut().fill(T::zero());
        let view = self.split(place.t, place.y, place.carried);
        self.pull_field(view, tape, back.dydt, [x, context.view_mut()], back.sums, scratch);
        let (_, mut carried) = back.carried.split_at(self.probe_rows::<T>());
        for (sum, value) in carried.values_mut().iter_mut().zip(context.values()) {
            *sum += *value;
        }
        scratch.give(context);
    }
}
