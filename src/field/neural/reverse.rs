//! The reverse pass of a neural field: how cotangents come back.

use super::Mlp;
use super::tape::{LayerTape, MlpTape, Way};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::description::Description;
use crate::error::Result;
use crate::field::{
    At, Cotangents, Pulled, Traced, TrainableField, VectorField, pull_trace_in_slices,
};
use crate::kernels::{Start, multiply, multiply_add, multiply_by, outer, product, row_sums};
use crate::parameters::{Parameters, Setting};
use crate::real::Real;

impl<T: Real> TrainableField<T> for Mlp<T> {
    type Tape = MlpTape<T>;

    fn held(&self) -> &Parameters<T> {
        &self.values
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.set(values)?;
        self.forget();
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        self.fresh
    }

    fn describe(&self) -> Result<Description> {
        Ok(self.shape.describe("Mlp"))
    }

    fn settings(&self) -> Vec<Setting> {
        vec![Setting::kind("Mlp"), Setting::new("network", &self.shape)]
    }

    fn sums_len(&self) -> usize {
        self.values.len() + self.contraction_len()
    }

    /// Without those of the contraction.
    fn velocity_sums_len(&self) -> usize {
        self.values.len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        let both = [self.sums_len(), self.velocity_sums_len()];
        let expected = if sums.len() == both[1] { both[1] } else { both[0] };
        self.held().check_fold(sums, expected, gradient)?;
        let (plain, contraction) = sums.split_at(self.values.len());
        for (total, sum) in gradient.iter_mut().zip(plain) {
            *total += *sum;
        }
        self.fold_contraction(contraction, gradient);
        Ok(())
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        velocity: RowsMut<'_, T>,
        mut traces: RowsMut<'_, T>,
        tape: &mut MlpTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        if self.takes_slices(traced) {
            return self.divergence(at, velocity, traces.row_mut(0), scratch);
        }
        let way = self.way(traced);
        tape.layers.resize_with(self.depth(), LayerTape::default);
        tape.input.reshape(self.shape.inputs(), at.lanes());
        self.write_input(at, tape.input.view_mut());
        if way == Way::Tangents {
            self.start_tangents(at.lanes(), traced, &mut tape.tangents);
        }
        for l in 0..self.depth() {
            self.record_layer(l, way, tape, scratch);
        }
        let last = tape.layers.last().map_or(&tape.input, |layer| &layer.value);
        self.affine(self.depth(), last.view(), velocity);
        self.record_traces(traced, way, traces, tape, scratch);
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &MlpTape<T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        if self.takes_slices(traced) {
            return pull_trace_in_slices(self, at, cotangents, pulled, scratch);
        }
        let way = self.way(traced);
        let tangent_bar = self.trace_cotangents(way, traced, tape, cotangents.traces, scratch);
        self.pull_all(at, way, tape, cotangents, tangent_bar, pulled, scratch);
    }
}

impl<T: Real> Mlp<T> {
    /// The pullback, with the cotangents of the products J u in `tangent_bar`.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a pullback, and two more")]
    fn pull_all(
        &self,
        at: At<'_, T>,
        way: Way,
        tape: &MlpTape<T>,
        cotangents: Cotangents<'_, T>,
        mut tangent_bar: Block<T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (sums, contraction) = pulled.sums.split_at_mut(self.values.len());
        let mut bar = scratch.take(self.shape.dim, at.lanes());
        bar.values_mut().copy_from_slice(cotangents.velocity.values());
        for l in (0..=self.depth()).rev() {
            self.sum_layer(l, way, tape, &bar, &tangent_bar, sums, scratch);
            if l > 0 {
                bar = self.back_through_affine(l, bar, scratch);
                if way == Way::Tangents {
                    tangent_bar = self.back_through_affine(l, tangent_bar, scratch);
                }
                self.back_through_activation(
                    l - 1,
                    way,
                    tape,
                    cotangents.traces,
                    &mut bar,
                    &mut tangent_bar,
                    scratch,
                );
            }
        }
        if way == Way::Contracted {
            self.sum_contraction(tape, cotangents.traces, contraction, scratch);
        }
        let first = self.weight(0);
        let context = first.columns(self.shape.inputs() - self.shape.context_dim, first.cols);
        product(self.weight_of_x().transposed(), bar.view(), Start::Zero, pulled.x);
        product(context.transposed(), bar.view(), Start::Zero, pulled.context);
        scratch.give(tangent_bar);
        scratch.give(bar);
    }
}

impl<T: Real> Mlp<T> {
    /// The cotangents of J u: as they are given, or for the traces u'J u each tangent times its
    /// trace's cotangent.
    pub(super) fn trace_cotangents(
        &self,
        way: Way,
        traced: Traced<'_, T>,
        tape: &MlpTape<T>,
        traces: Rows<'_, T>,
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        if way != Way::Tangents {
            return scratch.take(0, 0);
        }
        let mut bars = scratch.take(self.shape.dim, tape.tangents.lanes());
        if matches!(traced, Traced::Products(_)) {
            bars.values_mut().copy_from_slice(traces.values());
            return bars;
        }
        for i in 0..self.shape.dim {
            // One row of cotangents serves all unit tangents; every probe has its own.
            let parts = tape.tangents.row(i).chunks_exact(traces.values().len());
            for (tangent, bar) in parts.zip(bars.row_mut(i).chunks_exact_mut(traces.values().len()))
            {
                multiply(tangent, traces.values(), bar);
            }
        }
        bars
    }

    /// Adds to the sums of layer `l`: cotangents of its output times its input, values and tangents.
    #[expect(clippy::too_many_arguments, reason = "one step of the loop over layers, named")]
    pub(super) fn sum_layer(
        &self,
        l: usize,
        way: Way,
        tape: &MlpTape<T>,
        bar: &Block<T>,
        tangent_bar: &Block<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let layer = &self.layers[l];
        let (value, tangent) = match l {
            0 => (&tape.input, &tape.tangents),
            _ => (&tape.layers[l - 1].value, &tape.layers[l - 1].tangent),
        };
        let weight = &mut sums[layer.weight.clone()];
        outer(bar.view(), value.view(), weight, layer.inputs, scratch);
        if way == Way::Tangents {
            outer(tangent_bar.view(), tangent.view(), weight, layer.inputs, scratch);
        }
        row_sums(bar.view(), &mut sums[layer.bias.clone()]);
    }

    /// From the cotangents of the output of layer `l` to those of its input.
    pub(super) fn back_through_affine(
        &self,
        l: usize,
        bar: Block<T>,
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        let mut back = scratch.take(self.layers[l].inputs, bar.lanes());
        product(self.weight(l).transposed(), bar.view(), Start::Zero, back.view_mut());
        scratch.give(bar);
        back
    }

    /// From the cotangents behind the activation of hidden layer `l` to those before it: with
    /// a = s(z) and ȧ = s'(z) ż, z̄ = s' ā + s'' Σ ż ǡ and ż̄ = s' ǡ; a contracted trace adds
    /// s'' times its derivative by s'.
    #[expect(clippy::too_many_arguments, reason = "one step of the loop over layers, named")]
    fn back_through_activation(
        &self,
        l: usize,
        way: Way,
        tape: &MlpTape<T>,
        traces: Rows<'_, T>,
        bar: &mut Block<T>,
        tangent_bar: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) {
        let layer = &tape.layers[l];
        let by_slope = self.slope_cotangents(l, way, tape, traces, tangent_bar, scratch);
        multiply_by(layer.slope.values(), bar.values_mut());
        if way != Way::Untraced {
            multiply_add(by_slope.values(), layer.curvature.values(), bar.values_mut());
        }
        scratch.give(by_slope);
    }

    /// The derivative by the slopes of hidden layer `l`, from the trace or from the cotangents of
    /// the tangents behind it, which are taken before it; empty if there is no trace.
    pub(super) fn slope_cotangents(
        &self,
        l: usize,
        way: Way,
        tape: &MlpTape<T>,
        traces: Rows<'_, T>,
        tangent_bar: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        let layer = &tape.layers[l];
        if way == Way::Untraced {
            return scratch.take(0, 0);
        }
        let mut by_slope = scratch.take(layer.slope.rows(), layer.slope.lanes());
        if way == Way::Contracted {
            self.contracted_slope_cotangents(l, tape, traces, &mut by_slope, scratch);
            return by_slope;
        }
        by_slope.fill(T::zero());
        for i in 0..by_slope.rows() {
            let lanes = by_slope.lanes();
            let parts = tangent_bar.row_mut(i).chunks_exact_mut(lanes);
            for (bars, rates) in parts.zip(layer.rate.row(i).chunks_exact(lanes)) {
                multiply_add(bars, rates, by_slope.row_mut(i));
                multiply_by(layer.slope.row(i), bars);
            }
        }
        by_slope
    }

    /// The derivative of a contracted trace by the slopes of hidden layer `l`, times its cotangent.
    fn contracted_slope_cotangents(
        &self,
        l: usize,
        tape: &MlpTape<T>,
        traces: Rows<'_, T>,
        by_slope: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) {
        let trace = traces.row(0);
        match (self.depth(), l) {
            (1, _) => {
                for (i, c) in self.contraction().iter().enumerate() {
                    for (out, trace) in by_slope.row_mut(i).iter_mut().zip(trace) {
                        *out = *c * *trace;
                    }
                }
            }
            (_, 1) => {
                for i in 0..by_slope.rows() {
                    multiply(tape.contracted.row(i), trace, by_slope.row_mut(i));
                }
            }
            _ => {
                let weighted = weighted_rows(tape.layers[1].slope.view(), trace, scratch);
                let m = self.contraction_matrix().transposed();
                product(m, weighted.view(), Start::Zero, by_slope.view_mut());
                scratch.give(weighted);
            }
        }
    }

    /// Adds Σ τ̄, Σ τ̄ d_1 or Σ τ̄ d_2 d_1' to the sums of the contraction.
    pub(super) fn sum_contraction(
        &self,
        tape: &MlpTape<T>,
        traces: Rows<'_, T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        match self.depth() {
            0 => row_sums(traces, sums),
            1 => {
                let weighted = weighted_rows(tape.layers[0].slope.view(), traces.row(0), scratch);
                row_sums(weighted.view(), sums);
                scratch.give(weighted);
            }
            _ => {
                let [first, second] = [&tape.layers[0].slope, &tape.layers[1].slope];
                let weighted = weighted_rows(second.view(), traces.row(0), scratch);
                outer(weighted.view(), first.view(), sums, first.rows(), scratch);
                scratch.give(weighted);
            }
        }
    }
}

/// Every row times one row of weights.
fn weighted_rows<T: Real>(rows: Rows<'_, T>, weights: &[T], scratch: &mut Scratch<T>) -> Block<T> {
    let mut out = scratch.take(rows.rows(), rows.lanes());
    for i in 0..rows.rows() {
        multiply(rows.row(i), weights, out.row_mut(i));
    }
    out
}
