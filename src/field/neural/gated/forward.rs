//! Evaluating a gated network: velocity, Jacobian products and the exact trace.

use super::super::forward::Hidden;
use super::Gated;
use super::gates::scale_rows;
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::field::{At, VectorField};
use crate::kernels::multiply_by;
use crate::ode::Sharpness;
use crate::real::Real;

impl<T: Real> VectorField<T> for Gated<T> {
    fn dim(&self) -> usize {
        self.core.dim()
    }

    fn context_dim(&self) -> usize {
        self.core.context_dim()
    }

    fn velocity(&self, at: At<'_, T>, mut velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let controls = self.controls(at, scratch);
        let mut gate = scratch.take(1, at.lanes());
        let mut current = points(at, scratch);
        for l in 0..self.core.depth() {
            let mut next = scratch.take(self.hidden()[l], at.lanes());
            self.core.affine(l, current.view(), next.view_mut());
            self.open(l, controls.view(), &mut gate);
            self.squash(l, controls.view(), &gate, next.view_mut());
            self.core.shape.activation.value_in_place(next.values_mut());
            scratch.give(current);
            current = next;
        }
        self.core.affine(self.core.depth(), current.view(), velocity.reborrow());
        scratch.give(current);
        scratch.give(gate);
        let gate = self.finish(controls, velocity, scratch);
        scratch.give(gate);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        mut velocity: RowsMut<'_, T>,
        mut products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (controls, input) = (self.controls(at, scratch), points(at, scratch));
        self.core.products_through(
            input,
            tangents,
            velocity.reborrow(),
            products.reborrow(),
            self.hidden_layers(&controls),
            scratch,
        );
        let gate = self.finish(controls, velocity, scratch);
        scale_rows(products, &gate);
        scratch.give(gate);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        mut velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (controls, input) = (self.controls(at, scratch), points(at, scratch));
        let hidden = self.hidden_layers(&controls);
        self.core.trace_through(input, velocity.reborrow(), divergence, hidden, scratch);
        let gate = self.finish(controls, velocity, scratch);
        multiply_by(gate.row(0), divergence);
        scratch.give(gate);
    }

    /// By its weights.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(*self.core.sharpness.get_or_init(|| self.sharpness_by_weights()))
    }

    /// That of the plain network: gates make it no larger.
    fn rounding(&self, coordinate: usize) -> f64 {
        self.core.rounding(coordinate)
    }

    fn divergence_cost(&self) -> f64 {
        match self.core.depth() {
            0 | 1 => 1.2,
            2 => 1.5,
            // The gates, a good part of the velocity, are opened once for all tangents.
            _ => 1.0 + 0.7 * self.core.dim() as f64,
        }
    }
}

/// The points, which are all that the first affine map sees.
fn points<T: Real>(at: At<'_, T>, scratch: &mut Scratch<T>) -> Block<T> {
    let mut points = scratch.take(at.x.rows(), at.lanes());
    points.values_mut().copy_from_slice(at.x.values());
    points
}

impl<T: Real> Gated<T> {
    fn hidden_layers(&self, controls: &Block<T>) -> impl Hidden<T> {
        move |l: usize, input: Block<T>, scratch: &mut Scratch<T>| {
            self.layer_with_slope(l, input, controls.view(), scratch)
        }
    }

    /// Value and effective slope s'(z) ∘ g of hidden layer `l`.
    fn layer_with_slope(
        &self,
        l: usize,
        input: Block<T>,
        controls: Rows<'_, T>,
        scratch: &mut Scratch<T>,
    ) -> [Block<T>; 2] {
        let (width, lanes) = (self.hidden()[l], input.lanes());
        let [mut z, mut gate, mut value, mut slope] =
            std::array::from_fn(|_| scratch.take(width, lanes));
        self.core.affine(l, input.view(), z.view_mut());
        self.open(l, controls, &mut gate);
        self.squash(l, controls, &gate, z.view_mut());
        let activation = self.core.shape.activation;
        activation.value_slope(z.values(), value.values_mut(), slope.values_mut());
        multiply_by(gate.values(), slope.values_mut());
        for block in [input, gate, z] {
            scratch.give(block);
        }
        [value, slope]
    }

    /// Squashes what the last affine map put into `velocity`, and returns its gate.
    fn finish(
        &self,
        controls: Block<T>,
        velocity: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        let mut gate = scratch.take(1, controls.lanes());
        self.open(self.core.depth(), controls.view(), &mut gate);
        self.squash(self.core.depth(), controls.view(), &gate, velocity);
        scratch.give(controls);
        gate
    }
}
