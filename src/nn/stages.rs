//! A masked network one level after the other, forward and back: together as much work as at once.
//!
//! The units of a level depend on units of their own and of lower levels only, and on inputs of lower
//! levels. Where the inputs become known one by one, each lets the units of one more level be
//! evaluated, for good.

use std::ops::Range;

use super::masks::{hidden_levels, unit_levels};
use super::shape::Form;
use super::{Input, Network, NetworkTape};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::kernels::{Start, Weights, axpy, multiply, product};
use crate::real::Real;

/// Which hidden units of a masked network belong to which level, for d inputs of the degrees 1, ...,
/// d in any order, and outputs of the same degrees: level r belongs to the outputs of degree r + 1.
#[derive(Clone, Debug)]
pub(crate) struct Stages {
    /// For every hidden layer, how many units have a level of at most 0, 1, ....
    ends: Vec<Vec<usize>>,
    /// Where the inputs of every layer but the first begin, one below the other, and their end.
    places: Vec<usize>,
}

impl Stages {
    /// The levels of the units of `network`, which has `degrees` inputs.
    pub(crate) fn new<T: Real>(network: &Network<T>, degrees: usize) -> Self {
        let hidden = &network.layers[..network.layers.len() - 1];
        let all = unit_levels((0..degrees).collect(), network.shape.context);
        let highest = all[all.len() - 1];
        let ends = hidden.iter().map(|layer| {
            let levels = hidden_levels(layer.outputs, &all);
            (0..=highest).map(|level| levels.partition_point(|&l| l <= level)).collect()
        });
        let mut places = vec![0];
        for layer in hidden {
            places.push(places[places.len() - 1] + layer.outputs);
        }
        Self { ends: ends.collect(), places }
    }

    /// The number of rows that a walk through the levels keeps.
    pub(crate) fn rows(&self) -> usize {
        self.places[self.places.len() - 1]
    }

    /// The units of hidden layer `l` up to and including this level.
    fn known(&self, l: usize, level: usize) -> usize {
        self.ends[l][level]
    }

    /// The units of hidden layer `l` that have this level.
    fn units(&self, l: usize, level: usize) -> Range<usize> {
        let start = if level == 0 { 0 } else { self.ends[l][level - 1] };
        start..self.ends[l][level]
    }

    /// Those rows of the memory that hold these inputs of layer `l` > 0.
    fn place(&self, l: usize, units: Range<usize>) -> Range<usize> {
        self.places[l - 1] + units.start..self.places[l - 1] + units.end
    }
}

/// What is walked through, level by level.
pub(crate) struct Walk<'a, T> {
    pub(crate) stages: &'a Stages,
    /// The inputs of every layer but the first (forward) or their cotangents (back, zero at first):
    /// [`Stages::rows`] rows, kept from level to level.
    pub(crate) memory: &'a mut Block<T>,
    /// The level, from 0; forward they rise one by one, back they fall.
    pub(crate) level: usize,
    /// Those outputs of the network that belong to the level.
    pub(crate) outputs: Range<usize>,
}

impl<T: Real> Walk<'_, T> {
    /// The inputs of layer `l` that are known at this level.
    fn known(&self, l: usize) -> Rows<'_, T> {
        let place = self.stages.place(l, 0..self.stages.known(l - 1, self.level));
        self.memory.view().range(place.start, place.end)
    }

    /// The inputs of layer `l` that belong to this level.
    fn own(&mut self, l: usize) -> &mut [T] {
        let place = self.stages.place(l, self.stages.units(l - 1, self.level));
        let lanes = self.memory.lanes();
        &mut self.memory.values_mut()[place.start * lanes..place.end * lanes]
    }

    /// The units of layer `l` that belong to this level; of the last, the outputs.
    fn units(&self, l: usize) -> Range<usize> {
        if l == self.stages.ends.len() {
            return self.outputs.clone();
        }
        self.stages.units(l, self.level)
    }
}

impl<T: Real> Network<T> {
    /// Evaluates the units of one level, and writes its outputs to `to`. Inputs of higher levels are
    /// multiplied by zero: they must be finite.
    pub(crate) fn rise(
        &self,
        walk: &mut Walk<'_, T>,
        input: Input<'_, T>,
        mut to: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let last = self.layers.len() - 1;
        let units = walk.units(0);
        let mut z = scratch.take(units.len(), to.lanes());
        self.first_rows(units, input, if last == 0 { to.reborrow() } else { z.view_mut() });
        if last > 0 {
            match self.shape.form {
                Form::Plain => self.rise_plain(walk, &mut z),
                Form::Residual => self.rise_residual(walk, &mut z, scratch),
            }
            self.known_rows(last, walk, to);
        }
        scratch.give(z);
    }

    fn rise_plain(&self, walk: &mut Walk<'_, T>, z: &mut Block<T>) {
        for l in 1..self.layers.len() {
            self.shape.activation.value(z.values(), walk.own(l));
            if l + 1 < self.layers.len() {
                z.reshape(walk.units(l).len(), z.lanes());
                self.known_rows(l, walk, z.view_mut());
            }
        }
    }

    fn rise_residual(
        &self,
        walk: &mut Walk<'_, T>,
        stream: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut z = scratch.take(stream.rows(), stream.lanes());
        for b in 0..self.shape.hidden.len() {
            let (first, second) = (1 + 2 * b, 2 + 2 * b);
            self.shape.activation.value(stream.values(), walk.own(first));
            self.known_rows(first, walk, z.view_mut());
            self.shape.activation.value(z.values(), walk.own(second));
            self.known_rows(second, walk, z.view_mut());
            axpy(T::one(), z.values(), stream.values_mut());
        }
        walk.own(self.layers.len() - 1).copy_from_slice(stream.values());
        scratch.give(z);
    }

    /// Pulls the cotangents of one level's outputs back: adds to the cotangents of the points. The
    /// tape is that of an evaluation at once.
    pub(crate) fn fall(
        &self,
        walk: &mut Walk<'_, T>,
        tape: &NetworkTape<T>,
        output: Rows<'_, T>,
        points: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let last = self.layers.len() - 1;
        if last == 0 {
            return self.pull_first_rows(walk.units(0), output, points);
        }
        self.pull_known_rows(last, walk, output);
        let mut bar = scratch.take(walk.units(last - 1).len(), output.lanes());
        bar.values_mut().copy_from_slice(walk.own(last));
        match self.shape.form {
            Form::Plain => self.fall_plain(walk, tape, &mut bar),
            Form::Residual => self.fall_residual(walk, tape, &mut bar, scratch),
        }
        self.pull_first_rows(walk.units(0), bar.view(), points);
        scratch.give(bar);
    }

    /// From the cotangents of the input of the last layer to those of the output of the first.
    fn fall_plain(&self, walk: &mut Walk<'_, T>, tape: &NetworkTape<T>, bar: &mut Block<T>) {
        for l in (1..self.layers.len()).rev() {
            let units = walk.units(l - 1);
            bar.reshape(units.len(), bar.lanes());
            multiply(walk.own(l), slopes(tape, l, units), bar.values_mut());
            if l > 1 {
                self.pull_known_rows(l - 1, walk, bar.view());
            }
        }
    }

    fn fall_residual(
        &self,
        walk: &mut Walk<'_, T>,
        tape: &NetworkTape<T>,
        stream: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) {
        let (units, mut z) = (walk.units(0), scratch.take(stream.rows(), stream.lanes()));
        for b in (0..self.shape.hidden.len()).rev() {
            let (first, second) = (1 + 2 * b, 2 + 2 * b);
            self.pull_known_rows(second, walk, stream.view());
            multiply(walk.own(second), slopes(tape, second, units.clone()), z.values_mut());
            self.pull_known_rows(first, walk, z.view());
            multiply(walk.own(first), slopes(tape, first, units.clone()), z.values_mut());
            axpy(T::one(), z.values(), stream.values_mut());
        }
        scratch.give(z);
    }

    /// Rows `units` of a layer's weight.
    fn weight_rows(&self, l: usize, units: Range<usize>) -> Weights<'_, T> {
        let layer = &self.layers[l];
        let weight = &self.values[layer.weight.clone()];
        let rows = units.len();
        Weights::new(
            &weight[units.start * layer.inputs..units.end * layer.inputs],
            rows,
            layer.inputs,
        )
    }

    /// W x + b of the first layer, for some units.
    fn first_rows(&self, units: Range<usize>, input: Input<'_, T>, mut to: RowsMut<'_, T>) {
        let (weight, inputs) = (self.weight_rows(0, units.clone()), self.shape.inputs);
        let bias = &self.bias(0)[units];
        product(weight.columns(0, inputs), input.x, Start::Bias(bias), to.reborrow());
        if self.shape.context > 0 {
            product(weight.columns(inputs, weight.cols), input.context, Start::Accumulate, to);
        }
    }

    /// W x + b of a later layer, for the units of the level.
    fn known_rows(&self, l: usize, walk: &Walk<'_, T>, to: RowsMut<'_, T>) {
        let (units, known) = (walk.units(l), walk.known(l));
        let weight = self.weight_rows(l, units.clone()).columns(0, known.rows());
        product(weight, known, Start::Bias(&self.bias(l)[units]), to);
    }

    /// Adds what comes back through some units of the first layer.
    fn pull_first_rows(&self, units: Range<usize>, bar: Rows<'_, T>, points: RowsMut<'_, T>) {
        let weight = self.weight_rows(0, units).columns(0, self.shape.inputs);
        product(weight.transposed(), bar, Start::Accumulate, points);
    }

    /// Adds what comes back through the units of a later layer that have the level.
    fn pull_known_rows(&self, l: usize, walk: &mut Walk<'_, T>, bar: Rows<'_, T>) {
        let (units, stages) = (walk.units(l), walk.stages);
        let known = stages.known(l - 1, walk.level);
        let weight = self.weight_rows(l, units).columns(0, known);
        let (place, lanes) = (stages.place(l, 0..known), walk.memory.lanes());
        let to = &mut walk.memory.values_mut()[place.start * lanes..place.end * lanes];
        product(weight.transposed(), bar, Start::Accumulate, RowsMut::new(to, lanes));
    }
}

/// The slopes of the activations that make the input of layer `l`.
fn slopes<T: Real>(tape: &NetworkTape<T>, l: usize, units: Range<usize>) -> &[T] {
    tape.slope(l - 1).range(units.start, units.end).values()
}
