//! Opening the gates, squashing by them, and the way back.

use std::ops::Range;

use super::Gated;
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::field::At;
use crate::kernels::{Activation, Start, Weights, multiply_by, outer, product, row_sums};
use crate::ode::Sharpness;
use crate::real::Real;

impl<T: Real> Gated<T> {
    /// c = \[φ(t), context\].
    pub(super) fn controls(&self, at: At<'_, T>, scratch: &mut Scratch<T>) -> Block<T> {
        let mut controls = scratch.take(self.core.shape.controls(), at.lanes());
        self.core.write_controls(at, controls.view_mut());
        controls
    }

    /// The weights by c that lie at `range`.
    fn by_controls(&self, range: &Range<usize>, rows: usize) -> Weights<'_, T> {
        Weights::new(&self.core.values[range.clone()], rows, self.core.shape.controls())
    }

    fn gate_weight(&self, l: usize) -> Weights<'_, T> {
        self.by_controls(&self.gates[l].weight, self.gates[l].rows)
    }

    fn shift_weight(&self, l: usize) -> Weights<'_, T> {
        self.by_controls(&self.gates[l].shift, self.core.layers[l].outputs)
    }

    /// The bound on how suddenly the field can change: beside what the plain network does, time shifts
    /// arguments and moves gates, and σ is half as steep as tanh.
    pub(super) fn sharpness_by_weights(&self) -> Sharpness {
        let controls = self.core.shape.controls();
        let rate =
            |place: &Range<usize>, i: usize| self.core.rate_of_controls(place.start + i * controls);
        let mut bound = self.core.sharpness_with(|l, i| {
            rate(&self.gates[l].shift, i) + 0.5 * rate(&self.gates[l].weight, i)
        });
        let last = self.gates.last().map_or(0.0, |gate| 0.5 * rate(&gate.weight, 0));
        bound.in_time = bound.in_time.max(last);
        bound
    }

    /// g = σ(G c + k), by σ(u) = (1 + tanh(u / 2)) / 2.
    pub(super) fn open(&self, l: usize, controls: Rows<'_, T>, gate: &mut Block<T>) {
        let bias = &self.core.values[self.gates[l].bias.clone()];
        gate.reshape(self.gates[l].rows, controls.lanes());
        product(self.gate_weight(l), controls, Start::Bias(bias), gate.view_mut());
        let half = T::of(0.5);
        gate.values_mut().iter_mut().for_each(|value| *value *= half);
        Activation::Tanh.value_in_place(gate.values_mut());
        gate.values_mut().iter_mut().for_each(|value| *value = half + half * *value);
    }

    /// z = z ∘ g + E c.
    pub(super) fn squash(
        &self,
        l: usize,
        controls: Rows<'_, T>,
        gate: &Block<T>,
        mut z: RowsMut<'_, T>,
    ) {
        scale_rows(z.reborrow(), gate);
        product(self.shift_weight(l), controls, Start::Accumulate, z);
    }

    /// From the cotangents of shift and gates of layer `l` to those of c and of their parameters.
    pub(super) fn pull_gates(
        &self,
        l: usize,
        shift_bar: Rows<'_, T>,
        gate: &Block<T>,
        mut gate_bar: Block<T>,
        back: &mut ToControls<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (places, controls) = (&self.gates[l], back.controls);
        for (bar, gate) in gate_bar.values_mut().iter_mut().zip(gate.values()) {
            *bar *= *gate * (T::one() - *gate);
        }
        let mut add = |bar: Rows<'_, T>, place: &Range<usize>| {
            outer(bar, controls, &mut back.sums[place.clone()], controls.rows(), scratch);
        };
        add(shift_bar, &places.shift);
        add(gate_bar.view(), &places.weight);
        row_sums(gate_bar.view(), &mut back.sums[places.bias.clone()]);
        let pairs = [(self.shift_weight(l), shift_bar), (self.gate_weight(l), gate_bar.view())];
        for (weight, bar) in pairs {
            product(weight.transposed(), bar, Start::Accumulate, back.bar.view_mut());
        }
        scratch.give(gate_bar);
    }
}

/// What comes back to the gates: cotangents of c, and sums for all parameters; both added to.
pub(super) struct ToControls<'a, T> {
    pub controls: Rows<'a, T>,
    pub bar: Block<T>,
    pub sums: &'a mut [T],
}

/// Every row times its gate, or times the only one; of several tangents side by side, each.
pub(super) fn scale_rows<T: Real>(mut rows: RowsMut<'_, T>, gate: &Block<T>) {
    for i in 0..rows.rows() {
        let gate = gate.row(if gate.rows() == 1 { 0 } else { i });
        for part in rows.row_mut(i).chunks_exact_mut(gate.len()) {
            multiply_by(gate, part);
        }
    }
}
