//! What penalties are made of along the way of a sample, and how their cotangents come back.

use super::augmented::{Augmented, AugmentedTape, View};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::field::{At, Cotangents, Pulled, Traced, TrainableField, VectorField, evaluate};
use crate::kernels::{axpy, multiply, multiply_add, sum_of_products};
use crate::real::Real;

/// Which of its two tapes an evaluation of the field goes to.
enum Part {
    Traced,
    Products,
}

impl<F> Augmented<'_, F> {
    /// Writes velocity, traces and the integrands of the penalties.
    pub(super) fn evaluate_penalised<T: Real>(
        &self,
        view: View<'_, T>,
        dydt: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) where
        F: VectorField<T>,
    {
        let mut moved = scratch.take(0, view.at.lanes());
        let run = |_,
                   at: At<'_, T>,
                   traced: Traced<'_, T>,
                   [velocity, traces]: [RowsMut<'_, T>; 2],
                   s: &mut Scratch<T>| {
            evaluate(self.field, at, traced, velocity, traces, s);
        };
        self.measure(view, dydt, &mut moved, scratch, run);
        scratch.give(moved);
    }

    /// The same, keeping what the pullback needs.
    pub(super) fn record_penalised<T: Real>(
        &self,
        view: View<'_, T>,
        mut dydt: RowsMut<'_, T>,
        tape: &mut AugmentedTape<T, F::Tape>,
        scratch: &mut Scratch<T>,
    ) where
        F: TrainableField<T>,
    {
        let AugmentedTape { traced: tape, products, velocity: kept, moved } = tape;
        let run = |part,
                   at: At<'_, T>,
                   traced: Traced<'_, T>,
                   [velocity, traces]: [RowsMut<'_, T>; 2],
                   s: &mut Scratch<T>| {
            let tape = match part {
                Part::Traced => &mut *tape,
                Part::Products => &mut *products,
            };
            self.field.record(at, traced, velocity, traces, tape, s);
        };
        self.measure(view, dydt.reborrow(), moved, scratch, run);
        let velocity = dydt.as_rows().range(0, self.field.dim());
        kept.copy_from(velocity);
    }

    /// Evaluates the field by `run`, and writes velocity, traces and the integrands of the
    /// penalties; products with the Jacobian are left in `moved`.
    fn measure<T: Real>(
        &self,
        View { at, traced, probes }: View<'_, T>,
        dydt: RowsMut<'_, T>,
        moved: &mut Block<T>,
        scratch: &mut Scratch<T>,
        mut run: impl FnMut(Part, At<'_, T>, Traced<'_, T>, [RowsMut<'_, T>; 2], &mut Scratch<T>),
    ) where
        F: VectorField<T>,
    {
        let (mut velocity, rest) = dydt.split_at(self.field.dim());
        let (mut traces, mut integrands) = rest.split_at(self.trace_rows());
        let wanted = probes.filter(|_| self.penalties.jacobian_norm > 0.0);
        if let Some(probes) = wanted {
            moved.reshape(self.field.dim(), probes.lanes());
        }
        match (wanted, self.estimator()) {
            (None, _) => run(Part::Traced, at, traced, [velocity.reborrow(), traces], scratch),
            // One evaluation serves the norm and the trace.
            (Some(probes), Some(_)) => {
                let out = [velocity.reborrow(), moved.view_mut()];
                run(Part::Products, at, Traced::Products(probes), out, scratch);
                traces.values_mut().fill(T::zero());
                sum_of_products(probes, moved.view(), traces.values_mut());
            }
            (Some(probes), None) => {
                run(Part::Traced, at, traced, [velocity.reborrow(), traces], scratch);
                let mut again = scratch.take(self.field.dim(), at.lanes());
                let out = [again.view_mut(), moved.view_mut()];
                run(Part::Products, at, Traced::Products(probes), out, scratch);
                scratch.give(again);
            }
        }
        integrands.values_mut().fill(T::zero());
        if self.penalties.kinetic_energy > 0.0 {
            sum_of_products(velocity.as_rows(), velocity.as_rows(), integrands.row_mut(0));
        }
        if wanted.is_some() {
            let last = integrands.rows() - 1;
            self.add_squares(moved.view(), integrands.row_mut(last), scratch);
        }
    }
}

impl<F> Augmented<'_, F> {
    /// Adds the squared lengths of the products, each with the weight of its probe.
    fn add_squares<T: Real>(&self, moved: Rows<'_, T>, out: &mut [T], scratch: &mut Scratch<T>) {
        let mut squares = scratch.take(1, moved.lanes());
        squares.fill(T::zero());
        sum_of_products(moved, moved, squares.values_mut());
        for (p, part) in squares.values().chunks_exact(out.len()).enumerate() {
            axpy(T::of(self.weight(p)), part, out);
        }
        scratch.give(squares);
    }

    /// What probe `p` counts, in the trace and in the norm of the Jacobian.
    fn weight(&self, p: usize) -> f64 {
        self.prober().map_or(1.0, |prober| prober.weight(p))
    }

    /// Pulls the cotangents of the right-hand side back through the field: those of point and
    /// context are overwritten.
    pub(super) fn pull_field<T: Real>(
        &self,
        view: View<'_, T>,
        tape: &AugmentedTape<T, F::Tape>,
        dydt: Rows<'_, T>,
        [mut x, mut context]: [RowsMut<'_, T>; 2],
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) where
        F: TrainableField<T>,
    {
        let dim = self.field.dim();
        let traces = dydt.range(dim, dim + self.trace_rows());
        let mut bar = scratch.take(0, view.at.lanes());
        let mut velocity = dydt.range(0, dim);
        if self.penalties.kinetic_energy > 0.0 {
            self.velocity_cotangents(dydt, tape, &mut bar);
            velocity = bar.view();
        }
        let (at, pulled) = (view.at, Pulled { x: x.reborrow(), context: context.reborrow(), sums });
        match view.probes.filter(|_| self.penalties.jacobian_norm > 0.0) {
            None => {
                let cotangents = Cotangents { velocity, traces };
                self.field.pullback(at, view.traced, &tape.traced, cotangents, pulled, scratch);
            }
            Some(probes) => {
                let bars = self.product_cotangents(dydt, probes, tape, scratch);
                let products = Cotangents { velocity, traces: bars.view() };
                let traced = Traced::Products(probes);
                self.field.pullback(at, traced, &tape.products, products, pulled, scratch);
                if self.estimator().is_none() {
                    self.pull_traces(view, tape, traces, [x, context], sums, scratch);
                }
                scratch.give(bars);
            }
        }
        scratch.give(bar);
    }

    /// v̄ + 2 k̄ f, where k̄ is the cotangent of the kinetic energy.
    fn velocity_cotangents<T: Real>(
        &self,
        dydt: Rows<'_, T>,
        tape: &AugmentedTape<T, F::Tape>,
        bar: &mut Block<T>,
    ) where
        F: TrainableField<T>,
    {
        let dim = self.field.dim();
        let energy = dydt.row(dim + self.trace_rows());
        bar.reshape(dim, dydt.lanes());
        for i in 0..dim {
            let values = bar.row_mut(i).iter_mut().zip(tape.velocity.row(i));
            for ((bar, f), (given, energy)) in values.zip(dydt.row(i).iter().zip(energy)) {
                *bar = *given + T::of(2.0) * *energy * *f;
            }
        }
    }

    /// The cotangents of the products J u with the weights w of their probes: 2 w j̄ J u for the norm,
    /// and u τ̄ for the trace if it was estimated by them.
    fn product_cotangents<T: Real>(
        &self,
        dydt: Rows<'_, T>,
        probes: Rows<'_, T>,
        tape: &AugmentedTape<T, F::Tape>,
        scratch: &mut Scratch<T>,
    ) -> Block<T>
    where
        F: TrainableField<T>,
    {
        let (dim, lanes) = (self.field.dim(), dydt.lanes());
        let norm = dydt.row(dydt.rows() - 1);
        let mut bars = scratch.take(dim, probes.lanes());
        for i in 0..dim {
            let parts = bars.row_mut(i).chunks_exact_mut(lanes);
            for (p, (bars, moved)) in parts.zip(tape.moved.row(i).chunks_exact(lanes)).enumerate() {
                let share = T::of(2.0 * self.weight(p));
                multiply(moved, norm, bars);
                bars.iter_mut().for_each(|bar| *bar *= share);
            }
            if self.estimator().is_some() {
                let traces = dydt.range(dim, dim + self.trace_rows());
                multiply_add(probes.row(i), traces.values(), bars.row_mut(i));
            }
        }
        bars
    }

    /// Adds what an exact trace beside a penalty of the Jacobian contributes.
    fn pull_traces<T: Real>(
        &self,
        view: View<'_, T>,
        tape: &AugmentedTape<T, F::Tape>,
        traces: Rows<'_, T>,
        sides: [RowsMut<'_, T>; 2],
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) where
        F: TrainableField<T>,
    {
        let lanes = view.at.lanes();
        let mut parts = sides.each_ref().map(|side| scratch.take(side.rows(), lanes));
        let mut still = scratch.take(self.field.dim(), lanes);
        still.fill(T::zero());
        let [x, context] = parts.each_mut().map(Block::view_mut);
        let cotangents = Cotangents { velocity: still.view(), traces };
        let pulled = Pulled { x, context, sums };
        self.field.pullback(view.at, view.traced, &tape.traced, cotangents, pulled, scratch);
        for (mut side, part) in sides.into_iter().zip(parts) {
            axpy(T::one(), part.values(), side.values_mut());
            scratch.give(part);
        }
        scratch.give(still);
    }
}
