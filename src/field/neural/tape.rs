//! What an evaluation of a neural field keeps for its reverse pass, and how it is written.

use super::Mlp;
use super::forward::scaled_tangents;
use crate::columns::{Block, RowsMut, Scratch};
use crate::field::{SLICE, Traced, unit_tangents};
use crate::kernels::{Start, Weights, product, sum_of_products};
use crate::real::Real;

/// What one evaluation of a neural field keeps for its reverse pass.
#[derive(Default)]
pub struct MlpTape<T> {
    pub(super) input: Block<T>,
    pub(super) layers: Vec<LayerTape<T>>,
    /// M d_1, if the trace is contracted.
    pub(super) contracted: Block<T>,
    /// The probes or unit tangents, if the trace goes through tangents.
    pub(super) tangents: Block<T>,
}

/// What one hidden layer keeps.
#[derive(Default)]
pub(super) struct LayerTape<T> {
    pub(super) value: Block<T>,
    pub(super) slope: Block<T>,
    pub(super) curvature: Block<T>,
    /// Tangents before and behind the activation.
    pub(super) rate: Block<T>,
    pub(super) tangent: Block<T>,
}

/// The way that the trace takes through the network.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Way {
    Untraced,
    Contracted,
    Tangents,
}

impl<T: Real> Mlp<T> {
    /// Whether the trace goes through more unit tangents than are kept on a tape: the pullback then
    /// evaluates them again, some at a time.
    pub(super) fn takes_slices(&self, traced: Traced<'_, T>) -> bool {
        matches!(traced, Traced::Exact) && self.depth() > 2 && self.shape.dim > SLICE
    }

    pub(super) fn way(&self, traced: Traced<'_, T>) -> Way {
        match traced {
            Traced::Velocity => Way::Untraced,
            Traced::Exact if self.depth() <= 2 => Way::Contracted,
            _ => Way::Tangents,
        }
    }

    pub(super) fn start_tangents(
        &self,
        lanes: usize,
        traced: Traced<'_, T>,
        tangents: &mut Block<T>,
    ) {
        if let Traced::Probes(given) | Traced::Products(given) = traced {
            tangents.copy_from(given);
        } else {
            tangents.reshape(self.shape.dim, self.shape.dim * lanes);
            unit_tangents(0, tangents.view_mut(), lanes);
        }
    }

    pub(super) fn record_layer(
        &self,
        l: usize,
        way: Way,
        tape: &mut MlpTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        let (width, lanes) = (self.hidden()[l], tape.input.lanes());
        let (before, rest) = tape.layers.split_at_mut(l);
        let (before, layer) = (before.last(), &mut rest[0]);
        let mut z = scratch.take(width, lanes);
        for block in [&mut layer.value, &mut layer.slope] {
            block.reshape(width, lanes);
        }
        self.affine(l, before.map_or(&tape.input, |layer| &layer.value).view(), z.view_mut());
        let activation = self.shape.activation;
        let (value, slope) = (layer.value.values_mut(), layer.slope.values_mut());
        if way == Way::Untraced {
            activation.value_slope(z.values(), value, slope);
        } else {
            layer.curvature.reshape(width, lanes);
            let curvature = layer.curvature.values_mut();
            activation.value_slope_curvature(z.values(), value, slope, curvature);
        }
        scratch.give(z);
        if way == Way::Tangents {
            self.record_tangents(l, tape);
        }
    }

    /// The tangents before and behind the activation of hidden layer `l`, whose slope is on the
    /// tape.
    pub(super) fn record_tangents(&self, l: usize, tape: &mut MlpTape<T>) {
        let (before, rest) = tape.layers.split_at_mut(l);
        let (before, layer) = (before.last(), &mut rest[0]);
        let (weight, input) = match before {
            None => (self.weight_of_x(), &tape.tangents),
            Some(before) => (self.weight(l), &before.tangent),
        };
        let width = self.hidden()[l];
        layer.rate.reshape(width, input.lanes());
        layer.tangent.reshape(width, input.lanes());
        product(weight, input.view(), Start::Zero, layer.rate.view_mut());
        scaled_tangents(layer.slope.view(), layer.rate.view(), &mut layer.tangent);
    }

    pub(super) fn record_traces(
        &self,
        traced: Traced<'_, T>,
        way: Way,
        mut traces: RowsMut<'_, T>,
        tape: &mut MlpTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        let lanes = tape.input.lanes();
        match (way, self.depth()) {
            (Way::Untraced, _) => {}
            (Way::Contracted, 0) => traces.row_mut(0).fill(self.contraction()[0]),
            (Way::Contracted, 1) => {
                let c = Weights::new(self.contraction(), 1, self.hidden()[0]);
                product(c, tape.layers[0].slope.view(), Start::Zero, traces);
            }
            (Way::Contracted, _) => {
                tape.contracted.reshape(self.hidden()[1], lanes);
                let slope = tape.layers[0].slope.view();
                product(self.contraction_matrix(), slope, Start::Zero, tape.contracted.view_mut());
                traces.row_mut(0).fill(T::zero());
                sum_of_products(
                    tape.layers[1].slope.view(),
                    tape.contracted.view(),
                    traces.row_mut(0),
                );
            }
            (Way::Tangents, depth) => {
                let input = tape.layers.last().map_or(&tape.tangents, |layer| &layer.tangent);
                if matches!(traced, Traced::Exact) {
                    traces.row_mut(0).fill(T::zero());
                    self.add_diagonal(0, input.view(), traces.row_mut(0));
                    return;
                }
                let weight = if depth == 0 { self.weight_of_x() } else { self.weight(depth) };
                if matches!(traced, Traced::Products(_)) {
                    return product(weight, input.view(), Start::Zero, traces);
                }
                let mut products = scratch.take(self.shape.dim, input.lanes());
                product(weight, input.view(), Start::Zero, products.view_mut());
                traces.values_mut().fill(T::zero());
                sum_of_products(tape.tangents.view(), products.view(), traces.values_mut());
                scratch.give(products);
            }
        }
    }
}
