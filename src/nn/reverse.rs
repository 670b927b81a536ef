//! The reverse pass of a network: what an evaluation keeps, and how cotangents come back.

use super::shape::Form;
use super::{Input, Network, Pulled};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::kernels::{Start, axpy, multiply_by, outer, product, row_sums};
use crate::real::Real;

/// What one evaluation of a network keeps for its reverse pass; reused from block to block.
#[derive(Default)]
pub struct NetworkTape<T> {
    /// Value and slope of every activation, in the order in which they were met.
    jets: Vec<Jet<T>>,
    /// The sum that runs through the residual blocks.
    stream: Block<T>,
}

/// Value and slope of one activation.
#[derive(Default)]
struct Jet<T> {
    value: Block<T>,
    slope: Block<T>,
}

impl<T: Real> NetworkTape<T> {
    /// The slopes of activation `i`.
    pub(super) fn slope(&self, i: usize) -> Rows<'_, T> {
        self.jets[i].slope.view()
    }
}

impl<T: Real> Network<T> {
    /// As [`forward`](Network::forward), keeping on `tape` what the pullback needs.
    pub fn record(
        &self,
        input: Input<'_, T>,
        output: RowsMut<'_, T>,
        tape: &mut NetworkTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        let last = self.layers.len() - 1;
        if last == 0 {
            return self.first(input, output);
        }
        let mut start = scratch.take(self.layers[0].outputs, output.lanes());
        self.first(input, start.view_mut());
        match self.shape.form {
            Form::Plain => self.record_plain(start, tape, scratch),
            Form::Residual => self.record_residual(start, tape, scratch),
        }
        self.dense(last, self.before_last(tape).view(), output);
    }

    fn record_plain(&self, start: Block<T>, tape: &mut NetworkTape<T>, scratch: &mut Scratch<T>) {
        let count = self.shape.hidden.len();
        tape.jets.resize_with(count, Jet::default);
        let mut z = start;
        for l in 0..count {
            self.record_activation(&z, &mut tape.jets[l]);
            if l + 1 < count {
                z.reshape(self.layers[l + 1].outputs, tape.jets[l].value.lanes());
                self.dense(l + 1, tape.jets[l].value.view(), z.view_mut());
            }
        }
        scratch.give(z);
    }

    fn record_residual(
        &self,
        start: Block<T>,
        tape: &mut NetworkTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        let NetworkTape { jets, stream } = tape;
        jets.resize_with(2 * self.shape.hidden.len(), Jet::default);
        stream.reshape(start.rows(), start.lanes());
        stream.values_mut().copy_from_slice(start.values());
        let mut z = start;
        for (b, pair) in jets.chunks_exact_mut(2).enumerate() {
            self.record_activation(stream, &mut pair[0]);
            self.dense(1 + 2 * b, pair[0].value.view(), z.view_mut());
            self.record_activation(&z, &mut pair[1]);
            self.dense(2 + 2 * b, pair[1].value.view(), z.view_mut());
            axpy(T::one(), z.values(), stream.values_mut());
        }
        scratch.give(z);
    }

    fn record_activation(&self, z: &Block<T>, jet: &mut Jet<T>) {
        jet.value.reshape(z.rows(), z.lanes());
        jet.slope.reshape(z.rows(), z.lanes());
        let (value, slope) = (jet.value.values_mut(), jet.slope.values_mut());
        self.shape.activation.value_slope(z.values(), value, slope);
    }

    /// The input of the last layer, if there are hidden ones.
    fn before_last<'a>(&self, tape: &'a NetworkTape<T>) -> &'a Block<T> {
        match (self.shape.form, tape.jets.last()) {
            (Form::Plain, Some(jet)) => &jet.value,
            _ => &tape.stream,
        }
    }

    /// Pulls the cotangents of the outputs back through the evaluation on `tape`, which was recorded
    /// with the same input: adds to the cotangents of points and contexts, and to the sums.
    pub fn pullback(
        &self,
        input: Input<'_, T>,
        tape: &NetworkTape<T>,
        output: Rows<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let last = self.layers.len() - 1;
        if last == 0 {
            return self.pull_first(input, output, pulled, scratch);
        }
        let sums = &mut *pulled.sums;
        self.sum_layer(last, output, self.before_last(tape).view(), sums, scratch);
        let mut bar = scratch.take(self.layers[last].inputs, output.lanes());
        product(self.weight(last).transposed(), output, Start::Zero, bar.view_mut());
        let bar = match self.shape.form {
            Form::Plain => self.pull_plain(tape, bar, sums, scratch),
            Form::Residual => self.pull_residual(tape, bar, sums, scratch),
        };
        self.pull_first(input, bar.view(), pulled, scratch);
        scratch.give(bar);
    }

    /// From the cotangents of the input of the last layer to those of the output of the first.
    fn pull_plain(
        &self,
        tape: &NetworkTape<T>,
        mut bar: Block<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        for l in (0..tape.jets.len()).rev() {
            multiply_by(tape.jets[l].slope.values(), bar.values_mut());
            if l > 0 {
                let mut back = scratch.take(self.layers[l].inputs, bar.lanes());
                self.sum_layer(l, bar.view(), tape.jets[l - 1].value.view(), sums, scratch);
                product(self.weight(l).transposed(), bar.view(), Start::Zero, back.view_mut());
                scratch.give(bar);
                bar = back;
            }
        }
        bar
    }

    /// As [`pull_plain`](Network::pull_plain), through residual blocks: the cotangents of what runs
    /// past a block stay, and those that come through it are added.
    fn pull_residual(
        &self,
        tape: &NetworkTape<T>,
        mut bar: Block<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        let [mut inner, mut outer] = [0; 2].map(|_| scratch.take(bar.rows(), bar.lanes()));
        for (b, pair) in tape.jets.chunks_exact(2).enumerate().rev() {
            let (first, second) = (1 + 2 * b, 2 + 2 * b);
            self.sum_layer(second, bar.view(), pair[1].value.view(), sums, scratch);
            product(self.weight(second).transposed(), bar.view(), Start::Zero, inner.view_mut());
            multiply_by(pair[1].slope.values(), inner.values_mut());
            self.sum_layer(first, inner.view(), pair[0].value.view(), sums, scratch);
            product(self.weight(first).transposed(), inner.view(), Start::Zero, outer.view_mut());
            multiply_by(pair[0].slope.values(), outer.values_mut());
            axpy(T::one(), outer.values(), bar.values_mut());
        }
        scratch.give(outer);
        scratch.give(inner);
        bar
    }

    /// Through the first layer, whose input are points and contexts.
    pub(super) fn pull_first(
        &self,
        input: Input<'_, T>,
        bar: Rows<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (layer, [of_x, of_context]) = (&self.layers[0], self.first_weights());
        let weight = &mut pulled.sums[layer.weight.clone()];
        outer(bar, input.x, weight, layer.inputs, scratch);
        product(of_x.transposed(), bar, Start::Accumulate, pulled.x);
        if self.shape.context > 0 {
            let weight = &mut weight[self.shape.inputs..];
            outer(bar, input.context, weight, layer.inputs, scratch);
            product(of_context.transposed(), bar, Start::Accumulate, pulled.context);
        }
        row_sums(bar, &mut pulled.sums[layer.bias.clone()]);
    }

    /// Adds to the sums of a later layer: the cotangents of its output times its input.
    pub(super) fn sum_layer(
        &self,
        layer: usize,
        bar: Rows<'_, T>,
        input: Rows<'_, T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let layer = &self.layers[layer];
        outer(bar, input, &mut sums[layer.weight.clone()], layer.inputs, scratch);
        row_sums(bar, &mut sums[layer.bias.clone()]);
    }
}
