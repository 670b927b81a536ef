//! Evaluating a neural field: velocity, Jacobian products and the exact trace.

use std::f64::consts::TAU;
use std::ops::Range;

use super::Mlp;
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::field::{At, SLICE, VectorField};
use crate::kernels::{Start, Weights, axpy, bilinear_form, multiply, multiply_by, product};
use crate::ode::Sharpness;
use crate::real::Real;
use crate::real::portable::sin_cos;

impl<T: Real> VectorField<T> for Mlp<T> {
    fn dim(&self) -> usize {
        self.shape.dim
    }

    fn context_dim(&self) -> usize {
        self.shape.context_dim
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let mut current = self.input(at, scratch);
        for l in 0..self.depth() {
            let mut next = scratch.take(self.hidden()[l], at.lanes());
            self.affine(l, current.view(), next.view_mut());
            self.shape.activation.value_in_place(next.values_mut());
            scratch.give(current);
            current = next;
        }
        self.affine(self.depth(), current.view(), velocity);
        scratch.give(current);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let input = self.input(at, scratch);
        self.products_through(input, tangents, velocity, products, self.hidden_layers(), scratch);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let input = self.input(at, scratch);
        self.trace_through(input, velocity, divergence, self.hidden_layers(), scratch);
    }

    /// By its weights.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(*self.sharpness.get_or_init(|| self.sharpness_by_weights()))
    }

    /// That of the numbers that the last map adds, as if every activation were of the size of one.
    fn rounding(&self, coordinate: usize) -> f64 {
        self.rounding_of_outputs()[coordinate]
    }

    fn divergence_cost(&self) -> f64 {
        match self.depth() {
            0 | 1 => 1.2,
            2 => 1.7,
            // The tangents share the activations with the velocity.
            _ => 1.0 + 0.9 * self.shape.dim as f64,
        }
    }
}

/// How a hidden layer is evaluated: from its number and its input, which is given back, to its value
/// and its slope by what comes out of its affine map.
pub(super) trait Hidden<T>: Fn(usize, Block<T>, &mut Scratch<T>) -> [Block<T>; 2] {}

impl<T, F: Fn(usize, Block<T>, &mut Scratch<T>) -> [Block<T>; 2]> Hidden<T> for F {}

impl<T: Real> Mlp<T> {
    /// \[x, φ(t), context\].
    fn input(&self, at: At<'_, T>, scratch: &mut Scratch<T>) -> Block<T> {
        let mut input = scratch.take(self.shape.inputs(), at.lanes());
        self.write_input(at, input.view_mut());
        input
    }

    /// Writes \[x, φ(t), context\].
    pub(super) fn write_input(&self, at: At<'_, T>, input: RowsMut<'_, T>) {
        let (mut x, rest) = input.split_at(self.shape.dim);
        x.values_mut().copy_from_slice(at.x.values());
        self.write_controls(at, rest);
    }

    /// Writes \[φ(t), context\].
    pub(super) fn write_controls(&self, at: At<'_, T>, controls: RowsMut<'_, T>) {
        let (mut time, mut context) = controls.split_at(self.shape.time_rows());
        context.values_mut().copy_from_slice(at.context.values());
        time.row_mut(0).copy_from_slice(at.t);
        for k in 1..=self.shape.frequencies {
            for (lane, t) in at.t.iter().enumerate() {
                let (sin, cos) = sin_cos(TAU * k as f64 * t.wide());
                time.row_mut(2 * k - 1)[lane] = T::of(sin);
                time.row_mut(2 * k)[lane] = T::of(cos);
            }
        }
    }

    /// W x + b of one layer.
    pub(super) fn affine(&self, layer: usize, input: Rows<'_, T>, output: RowsMut<'_, T>) {
        product(self.weight(layer), input, Start::Bias(self.bias(layer)), output);
    }

    /// Value and slope of hidden layer `l`; gives `input` back and returns both.
    fn layer_with_slope(
        &self,
        l: usize,
        input: Block<T>,
        scratch: &mut Scratch<T>,
    ) -> [Block<T>; 2] {
        let (width, lanes) = (self.hidden()[l], input.lanes());
        let mut z = scratch.take(width, lanes);
        let mut value = scratch.take(width, lanes);
        let mut slope = scratch.take(width, lanes);
        self.affine(l, input.view(), z.view_mut());
        let activation = self.shape.activation;
        activation.value_slope(z.values(), value.values_mut(), slope.values_mut());
        scratch.give(z);
        scratch.give(input);
        [value, slope]
    }

    fn hidden_layers(&self) -> impl Hidden<T> + '_ {
        |l, input, scratch| self.layer_with_slope(l, input, scratch)
    }

    /// J u for every tangent, by the hidden layers given.
    pub(super) fn products_through(
        &self,
        input: Block<T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        hidden: impl Hidden<T>,
        scratch: &mut Scratch<T>,
    ) {
        let count = tangents.lanes() / input.lanes();
        let last = self.depth();
        if last == 0 {
            self.affine(0, input.view(), velocity);
            scratch.give(input);
            product(self.weight_of_x(), tangents, Start::Zero, products);
            return;
        }
        let start = |first: &mut Block<T>| {
            product(self.weight_of_x(), tangents, Start::Zero, first.view_mut());
        };
        let tangent = self.with_tangents(input, count, velocity, hidden, start, scratch);
        product(self.weight(last), tangent.view(), Start::Zero, products);
        scratch.give(tangent);
    }

    /// The exact trace of J, by the hidden layers given.
    pub(super) fn trace_through(
        &self,
        input: Block<T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        hidden: impl Hidden<T>,
        scratch: &mut Scratch<T>,
    ) {
        match self.depth() {
            0 => {
                self.affine(0, input.view(), velocity);
                scratch.give(input);
                divergence.fill(self.contraction()[0]);
            }
            1 | 2 => self.contracted_divergence(input, velocity, divergence, hidden, scratch),
            _ => self.divergence_by_unit_tangents(input, velocity, divergence, hidden, scratch),
        }
    }

    /// One or two hidden layers: τ = c'd_1 or d_2'M d_1.
    fn contracted_divergence(
        &self,
        input: Block<T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        hidden: impl Hidden<T>,
        scratch: &mut Scratch<T>,
    ) {
        let lanes = input.lanes();
        let [mut value, slope] = hidden(0, input, scratch);
        if self.depth() == 1 {
            let c = Weights::new(self.contraction(), 1, self.hidden()[0]);
            product(c, slope.view(), Start::Zero, RowsMut::new(divergence, lanes));
        } else {
            let [second, second_slope] = hidden(1, value, scratch);
            let m = self.contraction_matrix();
            bilinear_form(second_slope.view(), m, slope.view(), divergence);
            scratch.give(second_slope);
            value = second;
        }
        self.affine(self.depth(), value.view(), velocity);
        scratch.give(slope);
        scratch.give(value);
    }

    /// Deeper networks: the trace of J over all unit tangents, some at a time, without the last
    /// product's off-diagonal part.
    fn divergence_by_unit_tangents(
        &self,
        input: Block<T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        hidden: impl Hidden<T>,
        scratch: &mut Scratch<T>,
    ) {
        let dim = self.shape.dim;
        let slopes = self.all_slopes(input, velocity, hidden, scratch);
        divergence.fill(T::zero());
        for first in (0..dim).step_by(SLICE) {
            let units = first..dim.min(first + SLICE);
            let tangent = self.unit_tangents_through(units, slopes.view(), scratch);
            self.add_diagonal(first, tangent.view(), divergence);
            scratch.give(tangent);
        }
        scratch.give(slopes);
    }

    /// Runs values through all layers, and returns the slopes of all hidden ones, one below the other.
    fn all_slopes(
        &self,
        input: Block<T>,
        velocity: RowsMut<'_, T>,
        hidden: impl Hidden<T>,
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        let mut slopes = scratch.take(self.hidden().iter().sum(), input.lanes());
        let (mut current, mut start) = (input, 0);
        for l in 0..self.depth() {
            let [value, slope] = hidden(l, current, scratch);
            let end = start + slope.values().len();
            slopes.values_mut()[start..end].copy_from_slice(slope.values());
            scratch.give(slope);
            (current, start) = (value, end);
        }
        self.affine(self.depth(), current.view(), velocity);
        scratch.give(current);
        slopes
    }

    /// What becomes of some unit vectors behind the last hidden layer.
    fn unit_tangents_through(
        &self,
        units: Range<usize>,
        slopes: Rows<'_, T>,
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        let (lanes, a) = (slopes.lanes(), self.weight_of_x());
        let mut tangent = scratch.take(self.hidden()[0], units.len() * lanes);
        for i in 0..tangent.rows() {
            let parts = tangent.row_mut(i).chunks_exact_mut(lanes);
            for (k, part) in units.clone().zip(parts) {
                part.fill(a.data[i * a.row_stride + k]);
            }
        }
        let mut start = 0;
        for (l, &width) in self.hidden().iter().enumerate() {
            if l > 0 {
                let mut next = scratch.take(width, units.len() * lanes);
                product(self.weight(l), tangent.view(), Start::Zero, next.view_mut());
                scratch.give(tangent);
                tangent = next;
            }
            scale_tangents(slopes.range(start, start + width), &mut tangent);
            start += width;
        }
        tangent
    }

    /// Adds Σ_k Σ_i W_ki ȧ_i of the tangents k that began as unit vectors, from number `first` on:
    /// their part of the trace of the last weight times the tangents.
    pub(super) fn add_diagonal(&self, first: usize, tangents: Rows<'_, T>, divergence: &mut [T]) {
        let (last, lanes) = (self.weight(self.depth()), divergence.len());
        for k in 0..tangents.lanes() / lanes {
            for i in 0..tangents.rows() {
                let weight = last.data[(first + k) * last.row_stride + i];
                let tangent = &tangents.row(i)[k * lanes..(k + 1) * lanes];
                axpy(weight, tangent, divergence);
            }
        }
    }

    /// Runs values and tangents through all hidden layers and the values through the last, and
    /// returns the tangents behind the last hidden layer. `start` writes the tangents of the first
    /// preactivation.
    fn with_tangents(
        &self,
        input: Block<T>,
        count: usize,
        velocity: RowsMut<'_, T>,
        hidden: impl Hidden<T>,
        start: impl FnOnce(&mut Block<T>),
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        let lanes = input.lanes();
        let mut current = input;
        let mut tangent = scratch.take(self.hidden()[0], count * lanes);
        start(&mut tangent);
        for l in 0..self.depth() {
            if l > 0 {
                let mut next = scratch.take(self.hidden()[l], count * lanes);
                product(self.weight(l), tangent.view(), Start::Zero, next.view_mut());
                scratch.give(tangent);
                tangent = next;
            }
            let [value, slope] = hidden(l, current, scratch);
            scale_tangents(slope.view(), &mut tangent);
            scratch.give(slope);
            current = value;
        }
        self.affine(self.depth(), current.view(), velocity);
        scratch.give(current);
        tangent
    }
}

/// Multiplies every tangent of a lane with the slopes of that lane.
fn scale_tangents<T: Real>(slope: Rows<'_, T>, tangents: &mut Block<T>) {
    for i in 0..tangents.rows() {
        for part in tangents.row_mut(i).chunks_exact_mut(slope.lanes()) {
            multiply_by(slope.row(i), part);
        }
    }
}

/// out = slope ∘ tangents, tangent by tangent.
pub(super) fn scaled_tangents<T: Real>(
    slope: Rows<'_, T>,
    tangents: Rows<'_, T>,
    out: &mut Block<T>,
) {
    let lanes = slope.lanes();
    for i in 0..tangents.rows() {
        let parts = tangents.row(i).chunks_exact(lanes).zip(out.row_mut(i).chunks_exact_mut(lanes));
        for (tangent, out) in parts {
            multiply(tangent, slope.row(i), out);
        }
    }
}
