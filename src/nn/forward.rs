//! Evaluating a network.

use super::shape::Form;
use super::{Input, Network};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::kernels::{Start, axpy, product};
use crate::real::Real;

impl<T: Real> Network<T> {
    /// Writes the outputs for every lane.
    pub fn forward(&self, input: Input<'_, T>, output: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let last = self.layers.len() - 1;
        if last == 0 {
            return self.first(input, output);
        }
        let mut current = scratch.take(self.layers[0].outputs, output.lanes());
        self.first(input, current.view_mut());
        let hidden = match self.shape.form {
            Form::Plain => self.plain(current, scratch),
            Form::Residual => self.residual(current, scratch),
        };
        self.dense(last, hidden.view(), output);
        scratch.give(hidden);
    }

    /// From the first affine map to the input of the last.
    fn plain(&self, mut current: Block<T>, scratch: &mut Scratch<T>) -> Block<T> {
        let activation = self.shape.activation;
        for l in 1..self.layers.len() - 1 {
            activation.value_in_place(current.values_mut());
            let mut next = scratch.take(self.layers[l].outputs, current.lanes());
            self.dense(l, current.view(), next.view_mut());
            scratch.give(current);
            current = next;
        }
        activation.value_in_place(current.values_mut());
        current
    }

    /// As [`plain`](Network::plain), through residual blocks.
    fn residual(&self, mut current: Block<T>, scratch: &mut Scratch<T>) -> Block<T> {
        let activation = self.shape.activation;
        let (width, lanes) = (current.rows(), current.lanes());
        let [mut outer, mut inner] = [0; 2].map(|_| scratch.take(width, lanes));
        for b in 0..self.shape.hidden.len() {
            activation.value(current.values(), outer.values_mut());
            self.dense(1 + 2 * b, outer.view(), inner.view_mut());
            activation.value_in_place(inner.values_mut());
            self.dense(2 + 2 * b, inner.view(), outer.view_mut());
            axpy(T::one(), outer.values(), current.values_mut());
        }
        scratch.give(inner);
        scratch.give(outer);
        current
    }

    /// W x + b of the first layer, with the context as part of x.
    pub(super) fn first(&self, input: Input<'_, T>, mut output: RowsMut<'_, T>) {
        let [of_x, of_context] = self.first_weights();
        product(of_x, input.x, Start::Bias(self.bias(0)), output.reborrow());
        if self.shape.context > 0 {
            product(of_context, input.context, Start::Accumulate, output);
        }
    }

    /// W x + b of a later layer.
    pub(super) fn dense(&self, layer: usize, input: Rows<'_, T>, output: RowsMut<'_, T>) {
        product(self.weight(layer), input, Start::Bias(self.bias(layer)), output);
    }
}
