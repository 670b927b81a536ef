//! Tangents of a network: products with its Jacobian by the points, and their reverse.

use super::shape::Form;
use super::{Input, Network, Pulled};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::kernels::{Start, axpy, multiply, multiply_add, multiply_by, outer, product};
use crate::real::Real;

/// What one evaluation with tangents keeps for its reverse pass; reused from block to block.
#[derive(Default)]
pub struct TangentTape<T> {
    /// Every activation, in the order in which they were met.
    jets: Vec<TangentJet<T>>,
    /// The input of the last layer.
    hidden: Pair<T>,
}

/// One activation: its value and two derivatives, and tangents before and behind it.
#[derive(Default)]
struct TangentJet<T> {
    value: Block<T>,
    slope: Block<T>,
    curvature: Block<T>,
    rate: Block<T>,
    tangent: Block<T>,
}

/// Values, and tangents of them: k x lanes lanes, tangent `i` of lane `j` in lane `i * lanes + j`.
#[derive(Default)]
struct Pair<T> {
    value: Block<T>,
    tangent: Block<T>,
}

impl<T: Real> Pair<T> {
    fn take(rows: usize, lanes: [usize; 2], scratch: &mut Scratch<T>) -> Self {
        let [value, tangent] = lanes.map(|lanes| scratch.take(rows, lanes));
        Self { value, tangent }
    }

    fn give(self, scratch: &mut Scratch<T>) {
        scratch.give(self.tangent);
        scratch.give(self.value);
    }

    fn lanes(&self) -> [usize; 2] {
        [self.value.lanes(), self.tangent.lanes()]
    }

    fn copy(&mut self, from: &Self) {
        self.value.copy_from(from.value.view());
        self.tangent.copy_from(from.tangent.view());
    }

    fn add(&mut self, other: &Self) {
        axpy(T::one(), other.value.values(), self.value.values_mut());
        axpy(T::one(), other.tangent.values(), self.tangent.values_mut());
    }
}

/// out = factors ∘ tangents, tangent by tangent.
fn scaled<T: Real>(factors: &Block<T>, tangents: &Block<T>, out: &mut Block<T>) {
    for i in 0..tangents.rows() {
        let parts = tangents.row(i).chunks_exact(factors.lanes());
        for (part, out) in parts.zip(out.row_mut(i).chunks_exact_mut(factors.lanes())) {
            multiply(part, factors.row(i), out);
        }
    }
}

/// Outputs and products with the Jacobian, or their cotangents.
pub struct Products<A> {
    /// One lane per sample.
    pub output: A,
    /// k lanes per sample.
    pub products: A,
}

impl<T: Real> Network<T> {
    /// Writes the outputs, and J u for every tangent u of the points: k x lanes lanes, laid out as
    /// for the products of a vector field: tangent `i` of lane `j` in lane `i * lanes + j`.
    pub fn jvp(
        &self,
        input: Input<'_, T>,
        tangents: Rows<'_, T>,
        to: Products<RowsMut<'_, T>>,
        scratch: &mut Scratch<T>,
    ) {
        let hidden = self.sweep(input, tangents, to, scratch, |pair, scratch| {
            let [rows, lanes] = [pair.value.rows(), pair.value.lanes()];
            let mut next = Pair::take(rows, pair.lanes(), scratch);
            let mut slope = scratch.take(rows, lanes);
            let (value, slopes) = (next.value.values_mut(), slope.values_mut());
            self.shape.activation.value_slope(pair.value.values(), value, slopes);
            scaled(&slope, &pair.tangent, &mut next.tangent);
            scratch.give(slope);
            std::mem::swap(pair, &mut next);
            next.give(scratch);
        });
        hidden.give(scratch);
    }

    /// As [`jvp`](Network::jvp), keeping on `tape` what the pullback needs.
    pub fn record_jvp(
        &self,
        input: Input<'_, T>,
        tangents: Rows<'_, T>,
        to: Products<RowsMut<'_, T>>,
        tape: &mut TangentTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut met = 0;
        let jets = &mut tape.jets;
        let hidden = self.sweep(input, tangents, to, scratch, |pair, _| {
            if jets.len() == met {
                jets.push(TangentJet::default());
            }
            let TangentJet { value, slope, curvature, rate, tangent } = &mut jets[met];
            rate.copy_from(pair.tangent.view());
            tangent.reshape(pair.tangent.rows(), pair.tangent.lanes());
            for block in [&mut *value, &mut *slope, &mut *curvature] {
                block.reshape(pair.value.rows(), pair.value.lanes());
            }
            let jet = [&mut *value, &mut *slope, curvature].map(Block::values_mut);
            let [values, slopes, curvatures] = jet;
            let z = pair.value.values();
            self.shape.activation.value_slope_curvature(z, values, slopes, curvatures);
            scaled(slope, rate, tangent);
            pair.value.copy_from(value.view());
            pair.tangent.copy_from(tangent.view());
            met += 1;
        });
        jets.truncate(met);
        tape.hidden.copy(&hidden);
        hidden.give(scratch);
    }

    /// Values and tangents through all layers, with what every activation does to them; returns the
    /// input of the last layer.
    fn sweep(
        &self,
        input: Input<'_, T>,
        tangents: Rows<'_, T>,
        to: Products<RowsMut<'_, T>>,
        scratch: &mut Scratch<T>,
        mut activate: impl FnMut(&mut Pair<T>, &mut Scratch<T>),
    ) -> Pair<T> {
        let (last, lanes) = (self.layers.len() - 1, [to.output.lanes(), tangents.lanes()]);
        let [of_x, _] = self.first_weights();
        if last == 0 {
            self.first(input, to.output);
            product(of_x, tangents, Start::Zero, to.products);
            return Pair::take(0, lanes, scratch);
        }
        let mut current = Pair::take(self.layers[0].outputs, lanes, scratch);
        self.first(input, current.value.view_mut());
        product(of_x, tangents, Start::Zero, current.tangent.view_mut());
        match self.shape.form {
            Form::Plain => {
                activate(&mut current, scratch);
                for l in 1..last {
                    current = self.dense_pair(l, current, scratch);
                    activate(&mut current, scratch);
                }
            }
            Form::Residual => {
                for b in 0..self.shape.hidden.len() {
                    let mut branch = Pair::take(current.value.rows(), lanes, scratch);
                    branch.copy(&current);
                    for l in [1 + 2 * b, 2 + 2 * b] {
                        activate(&mut branch, scratch);
                        branch = self.dense_pair(l, branch, scratch);
                    }
                    current.add(&branch);
                    branch.give(scratch);
                }
            }
        }
        self.dense(last, current.value.view(), to.output);
        product(self.weight(last), current.tangent.view(), Start::Zero, to.products);
        current
    }

    /// Values and tangents through one layer.
    fn dense_pair(&self, layer: usize, input: Pair<T>, scratch: &mut Scratch<T>) -> Pair<T> {
        let mut next = Pair::take(self.layers[layer].outputs, input.lanes(), scratch);
        self.dense(layer, input.value.view(), next.value.view_mut());
        let tangent = next.tangent.view_mut();
        product(self.weight(layer), input.tangent.view(), Start::Zero, tangent);
        input.give(scratch);
        next
    }

    /// Pulls the cotangents of outputs and products back through the evaluation on `tape`, which was
    /// recorded with the same input and tangents: adds to the cotangents of points and contexts, and
    /// to the sums.
    pub fn pull_jvp(
        &self,
        input: Input<'_, T>,
        tangents: Rows<'_, T>,
        tape: &TangentTape<T>,
        bars: Products<Rows<'_, T>>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (last, lanes) = (self.layers.len() - 1, [bars.output.lanes(), tangents.lanes()]);
        let mut bar = Pair::take(self.shape.outputs, lanes, scratch);
        bar.value.values_mut().copy_from_slice(bars.output.values());
        bar.tangent.values_mut().copy_from_slice(bars.products.values());
        let sums = &mut *pulled.sums;
        if last > 0 {
            let hidden = &tape.hidden;
            bar = self.pull_dense(last, [&hidden.value, &hidden.tangent], bar, sums, scratch);
            bar = match self.shape.form {
                Form::Plain => self.pull_plain_pair(tape, bar, sums, scratch),
                Form::Residual => self.pull_residual_pair(tape, bar, sums, scratch),
            };
        }
        let first = &self.layers[0];
        outer(bar.tangent.view(), tangents, &mut sums[first.weight.clone()], first.inputs, scratch);
        self.pull_first(input, bar.value.view(), pulled, scratch);
        bar.give(scratch);
    }

    fn pull_plain_pair(
        &self,
        tape: &TangentTape<T>,
        mut bar: Pair<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> Pair<T> {
        for l in (0..tape.jets.len()).rev() {
            pull_activation(&tape.jets[l], &mut bar, scratch);
            if l > 0 {
                let before = &tape.jets[l - 1];
                bar = self.pull_dense(l, [&before.value, &before.tangent], bar, sums, scratch);
            }
        }
        bar
    }

    fn pull_residual_pair(
        &self,
        tape: &TangentTape<T>,
        mut bar: Pair<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> Pair<T> {
        for b in (0..self.shape.hidden.len()).rev() {
            let mut branch = Pair::take(bar.value.rows(), bar.lanes(), scratch);
            branch.copy(&bar);
            for l in [2 + 2 * b, 1 + 2 * b] {
                let jet = &tape.jets[l - 1];
                branch = self.pull_dense(l, [&jet.value, &jet.tangent], branch, sums, scratch);
                pull_activation(jet, &mut branch, scratch);
            }
            bar.add(&branch);
            branch.give(scratch);
        }
        bar
    }

    /// From the cotangents of the output of a later layer to those of its input.
    fn pull_dense(
        &self,
        l: usize,
        [value, tangent]: [&Block<T>; 2],
        bar: Pair<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> Pair<T> {
        let layer = &self.layers[l];
        self.sum_layer(l, bar.value.view(), value.view(), sums, scratch);
        let weight = &mut sums[layer.weight.clone()];
        outer(bar.tangent.view(), tangent.view(), weight, layer.inputs, scratch);
        let mut back = Pair::take(layer.inputs, bar.lanes(), scratch);
        let transposed = self.weight(l).transposed();
        product(transposed, bar.value.view(), Start::Zero, back.value.view_mut());
        product(transposed, bar.tangent.view(), Start::Zero, back.tangent.view_mut());
        bar.give(scratch);
        back
    }
}

/// From behind an activation to before it: with a = s(z) and ȧ = s'(z) ż, the cotangents are
/// z̄ = s' ā + s'' Σ ż ǡ and ż̄ = s' ǡ.
fn pull_activation<T: Real>(jet: &TangentJet<T>, bar: &mut Pair<T>, scratch: &mut Scratch<T>) {
    let lanes = bar.value.lanes();
    let mut by_slope = scratch.take(bar.value.rows(), lanes);
    let mut by_rate = scratch.take(bar.tangent.rows(), bar.tangent.lanes());
    by_slope.fill(T::zero());
    for i in 0..bar.tangent.rows() {
        let parts = bar.tangent.row(i).chunks_exact(lanes);
        for (bar, rate) in parts.zip(jet.rate.row(i).chunks_exact(lanes)) {
            multiply_add(bar, rate, by_slope.row_mut(i));
        }
    }
    scaled(&jet.slope, &bar.tangent, &mut by_rate);
    std::mem::swap(&mut bar.tangent, &mut by_rate);
    multiply_by(jet.slope.values(), bar.value.values_mut());
    multiply_add(by_slope.values(), jet.curvature.values(), bar.value.values_mut());
    scratch.give(by_rate);
    scratch.give(by_slope);
}
