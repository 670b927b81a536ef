//! What an evaluation of a gated network keeps, and how cotangents come back.

use super::super::tape::{LayerTape, MlpTape, Way};
use super::Gated;
use super::gates::{ToControls, scale_rows};
use crate::columns::{Block, RowsMut, Scratch};
use crate::description::Description;
use crate::error::Result;
use crate::field::{
    At, Cotangents, Pulled, Traced, TrainableField, VectorField, pull_trace_in_slices,
};
use crate::kernels::{Start, axpy, multiply, multiply_add, multiply_by, product, sum_of_products};
use crate::parameters::{Parameters, Setting};
use crate::real::Real;

/// What one evaluation of a gated network keeps for its reverse pass.
#[derive(Default)]
pub struct GatedTape<T> {
    /// The network with effective slopes s'(z) ∘ g, and with the curvatures s''(z) ∘ g.
    core: MlpTape<T>,
    controls: Block<T>,
    gates: Vec<GateTape<T>>,
    /// The traces before the last gate.
    traces: Block<T>,
}

/// What one layer keeps of its gates.
#[derive(Default)]
struct GateTape<T> {
    gate: Block<T>,
    /// W a + b, before the gate.
    affine: Block<T>,
    /// s'(z).
    slope: Block<T>,
}

impl<T: Real> TrainableField<T> for Gated<T> {
    type Tape = GatedTape<T>;

    fn held(&self) -> &Parameters<T> {
        self.core.held()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.core.set_parameters(values)
    }

    fn is_fresh(&self) -> bool {
        self.core.is_fresh()
    }

    fn describe(&self) -> Result<Description> {
        Ok(self.core.shape.describe("Gated"))
    }

    fn settings(&self) -> Vec<Setting> {
        [vec![Setting::kind("Gated")], self.core.settings().split_off(1)].concat()
    }

    fn sums_len(&self) -> usize {
        self.core.sums_len()
    }

    fn velocity_sums_len(&self) -> usize {
        self.core.velocity_sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.core.fold(sums, gradient)
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        mut velocity: RowsMut<'_, T>,
        mut traces: RowsMut<'_, T>,
        tape: &mut GatedTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        if self.core.takes_slices(traced) {
            return self.divergence(at, velocity, traces.row_mut(0), scratch);
        }
        let (way, last, lanes) = (self.core.way(traced), self.core.depth(), at.lanes());
        tape.start(self, at);
        if way == Way::Tangents {
            self.core.start_tangents(lanes, traced, &mut tape.core.tangents);
        }
        for l in 0..last {
            self.record_layer(l, way, tape, scratch);
        }
        let value = tape.core.layers.last().map_or(&tape.core.input, |layer| &layer.value);
        self.core.affine(last, value.view(), velocity.reborrow());
        let kept = &mut tape.gates[last];
        kept.affine.copy_from(velocity.as_rows());
        self.open(last, tape.controls.view(), &mut kept.gate);
        self.squash(last, tape.controls.view(), &kept.gate, velocity);
        self.core.record_traces(traced, way, traces.reborrow(), &mut tape.core, scratch);
        tape.traces.copy_from(traces.as_rows());
        scale_rows(traces, &kept.gate);
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &GatedTape<T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        if self.core.takes_slices(traced) {
            return pull_trace_in_slices(self, at, cotangents, pulled, scratch);
        }
        let (way, lanes) = (self.core.way(traced), at.lanes());
        let (sums, contraction) = pulled.sums.split_at_mut(self.core.layout().len());
        let mut bar = scratch.take(self.core.shape.controls(), lanes);
        bar.fill(T::zero());
        let mut back = ToControls { controls: tape.controls.view(), bar, sums };
        let [mut bar, traces] = self.back_through_last(tape, cotangents, &mut back, scratch);
        let mut tangent_bar =
            self.core.trace_cotangents(way, traced, &tape.core, traces.view(), scratch);
        for l in (0..=self.core.depth()).rev() {
            self.core.sum_layer(l, way, &tape.core, &bar, &tangent_bar, back.sums, scratch);
            if l > 0 {
                bar = self.core.back_through_affine(l, bar, scratch);
                if way == Way::Tangents {
                    tangent_bar = self.core.back_through_affine(l, tangent_bar, scratch);
                }
                let tangents = &mut tangent_bar;
                let by_slope = self.core.slope_cotangents(
                    l - 1,
                    way,
                    &tape.core,
                    traces.view(),
                    tangents,
                    scratch,
                );
                self.back_through_gates(l - 1, tape, by_slope, &mut bar, &mut back, scratch);
            }
        }
        if way == Way::Contracted {
            self.core.sum_contraction(&tape.core, traces.view(), contraction, scratch);
        }
        product(self.core.weight_of_x().transposed(), bar.view(), Start::Zero, pulled.x);
        let (time, all) = (self.core.shape.time_rows(), back.bar.rows());
        let mut context = pulled.context;
        context.values_mut().copy_from_slice(back.bar.view().range(time, all).values());
        for block in [bar, traces, tangent_bar, back.bar] {
            scratch.give(block);
        }
    }
}

impl<T: Real> GatedTape<T> {
    /// Takes in points and controls, and makes room for all layers.
    fn start(&mut self, field: &Gated<T>, at: At<'_, T>) {
        let depth = field.core.depth();
        self.core.layers.resize_with(depth, LayerTape::default);
        self.gates.resize_with(depth + 1, GateTape::default);
        self.core.input.copy_from(at.x);
        self.controls.reshape(field.core.shape.controls(), at.lanes());
        field.core.write_controls(at, self.controls.view_mut());
    }
}

impl<T: Real> Gated<T> {
    fn record_layer(&self, l: usize, way: Way, tape: &mut GatedTape<T>, scratch: &mut Scratch<T>) {
        let (width, lanes) = (self.hidden()[l], tape.controls.lanes());
        let (before, rest) = tape.core.layers.split_at_mut(l);
        let input = before.last().map_or(&tape.core.input, |layer| &layer.value);
        let (layer, kept) = (&mut rest[0], &mut tape.gates[l]);
        for block in [&mut layer.value, &mut layer.slope, &mut kept.affine, &mut kept.slope] {
            block.reshape(width, lanes);
        }
        self.core.affine(l, input.view(), kept.affine.view_mut());
        self.open(l, tape.controls.view(), &mut kept.gate);
        let mut z = scratch.take(width, lanes);
        z.values_mut().copy_from_slice(kept.affine.values());
        self.squash(l, tape.controls.view(), &kept.gate, z.view_mut());
        let activation = self.core.shape.activation;
        let (value, slope) = (layer.value.values_mut(), kept.slope.values_mut());
        if way == Way::Untraced {
            activation.value_slope(z.values(), value, slope);
        } else {
            layer.curvature.reshape(width, lanes);
            let curvature = layer.curvature.values_mut();
            activation.value_slope_curvature(z.values(), value, slope, curvature);
            multiply_by(kept.gate.values(), curvature);
        }
        scratch.give(z);
        multiply(kept.slope.values(), kept.gate.values(), layer.slope.values_mut());
        if way == Way::Tangents {
            self.core.record_tangents(l, &mut tape.core);
        }
    }

    /// Through f = γ z + E c and τ = γ τ₀: z̄ = γ f̄, τ̄₀ = γ τ̄, and γ̄ = z'f̄ + Σ τ₀ τ̄.
    fn back_through_last(
        &self,
        tape: &GatedTape<T>,
        cotangents: Cotangents<'_, T>,
        back: &mut ToControls<'_, T>,
        scratch: &mut Scratch<T>,
    ) -> [Block<T>; 2] {
        let (last, lanes) = (self.core.depth(), tape.controls.lanes());
        let kept = &tape.gates[last];
        let mut gate_bar = scratch.take(1, lanes);
        gate_bar.fill(T::zero());
        let pairs = [(cotangents.velocity, &kept.affine), (cotangents.traces, &tape.traces)];
        for (bar, value) in pairs {
            let mut sums = scratch.take(1, bar.lanes());
            sums.fill(T::zero());
            sum_of_products(bar, value.view(), sums.values_mut());
            for part in sums.values().chunks_exact(lanes) {
                axpy(T::one(), part, gate_bar.values_mut());
            }
            scratch.give(sums);
        }
        self.pull_gates(last, cotangents.velocity, &kept.gate, gate_bar, back, scratch);
        pairs.map(|(bar, value)| {
            let mut scaled = scratch.take(value.rows(), bar.lanes());
            scaled.values_mut().copy_from_slice(bar.values());
            scale_rows(scaled.view_mut(), &kept.gate);
            scaled
        })
    }

    /// From the cotangents ā behind the activation and δ̄ of the effective slopes δ = s'(z) ∘ g to
    /// those of the affine map y, with z = y ∘ g + e: z̄ = s' ā + g s'' δ̄, ē = z̄, ḡ = y z̄ + s' δ̄
    /// and ȳ = g z̄.
    fn back_through_gates(
        &self,
        l: usize,
        tape: &GatedTape<T>,
        by_slope: Block<T>,
        bar: &mut Block<T>,
        back: &mut ToControls<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (layer, kept) = (&tape.core.layers[l], &tape.gates[l]);
        let mut z_bar = scratch.take(bar.rows(), bar.lanes());
        let mut gate_bar = scratch.take(bar.rows(), bar.lanes());
        multiply(bar.values(), kept.slope.values(), z_bar.values_mut());
        if by_slope.rows() > 0 {
            multiply_add(by_slope.values(), layer.curvature.values(), z_bar.values_mut());
        }
        multiply(kept.affine.values(), z_bar.values(), gate_bar.values_mut());
        if by_slope.rows() > 0 {
            multiply_add(by_slope.values(), kept.slope.values(), gate_bar.values_mut());
        }
        multiply(kept.gate.values(), z_bar.values(), bar.values_mut());
        self.pull_gates(l, z_bar.view(), &kept.gate, gate_bar, back, scratch);
        scratch.give(z_bar);
        scratch.give(by_slope);
    }
}
