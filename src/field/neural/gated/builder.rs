//! How a gated network is put together, and where its parameters start.

use rand::{Rng, RngExt};

use super::super::builder::MlpBuilder;
use super::super::{Layer, Mlp};
use super::{Gate, Gated};
use crate::description::{Restore, Source};
use crate::error::Result;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

/// The choices of a gated network before its parameters exist; made by
/// [`MlpBuilder::gated`](super::super::MlpBuilder::gated).
#[derive(Clone, Debug)]
pub struct GatedBuilder {
    plain: MlpBuilder,
}

/// Names and places.
struct Plan {
    layout: Layout,
    layers: Vec<Layer>,
    gates: Vec<Gate>,
}

impl MlpBuilder {
    /// The same network with a gate behind every affine map, which time and context open; they
    /// then enter through the gates alone.
    pub fn gated(self) -> GatedBuilder {
        GatedBuilder { plain: self }
    }
}

/// PyTorch's bound of the initial parameters of a layer.
fn usual(inputs: usize) -> f64 {
    1.0 / (inputs as f64).sqrt()
}

impl GatedBuilder {
    /// Draws the initial parameters: all uniform in ±1/√inputs as in PyTorch, the affine map of the first
    /// layer [larger](MlpBuilder::first_scale), the affine map and the shift of the last layer
    /// [smaller](MlpBuilder::last_scale).
    ///
    /// # Errors
    ///
    /// If the dimension or a width is zero, or a scale is negative or not finite.
    pub fn build<T: Real, R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Gated<T>> {
        let plan = self.arrange()?;
        let mut parameters = Parameters::zeros(plan.layout);
        let values = parameters.values_mut();
        let controls = self.plain.shape.controls();
        for (l, (layer, gate)) in plan.layers.iter().zip(&plan.gates).enumerate() {
            let bound = |inputs| self.plain.bound(l, plan.layers.len(), inputs);
            // Shifts and gates see the time, not the points, and start as PyTorch's do.
            let shift = if l + 1 == plan.layers.len() { bound(controls) } else { usual(controls) };
            for (range, bound) in [
                (&layer.weight, bound(layer.inputs)),
                (&layer.bias, bound(layer.inputs)),
                (&gate.shift, shift),
                (&gate.weight, usual(controls)),
                (&gate.bias, usual(controls)),
            ] {
                for value in &mut values[range.clone()] {
                    *value = T::of(bound * rng.random_range(-1.0..1.0));
                }
            }
        }
        let drawn = self.assemble(plan.layers, plan.gates, parameters);
        Ok(Gated { core: Mlp { fresh: true, ..drawn.core }, gates: drawn.gates })
    }

    /// Takes the parameters as they are, in the order of the layout.
    ///
    /// # Errors
    ///
    /// If the number of values is not that of the network, or one is NaN or infinite.
    pub fn with_parameters<T: Real>(&self, values: Vec<T>) -> Result<Gated<T>> {
        let plan = self.arrange()?;
        let values = Parameters::new(plan.layout, values)?;
        Ok(self.assemble(plan.layers, plan.gates, values))
    }

    fn assemble<T: Real>(
        &self,
        layers: Vec<Layer>,
        gates: Vec<Gate>,
        values: Parameters<T>,
    ) -> Gated<T> {
        Gated { core: self.plain.assemble(layers, values), gates }
    }

    fn arrange(&self) -> Result<Plan> {
        self.plain.check()?;
        let shape = &self.plain.shape;
        let (mut inputs, controls) = (shape.dim, shape.controls());
        let mut plan = Plan { layout: Layout::new(), layers: Vec::new(), gates: Vec::new() };
        for (l, &outputs) in shape.hidden.iter().chain([&shape.dim]).enumerate() {
            let rows = if l < shape.hidden.len() { outputs } else { 1 };
            let mut push =
                |name: &str, shape: &[usize]| plan.layout.push(format!("layers.{l}.{name}"), shape);
            let weight = push("_layer.weight", &[outputs, inputs]);
            let bias = push("_layer.bias", &[outputs]);
            plan.layers.push(Layer { inputs, outputs, weight, bias });
            let shift = push("_hyper_bias.weight", &[outputs, controls]);
            let weight = push("_hyper_gate.weight", &[rows, controls]);
            let bias = push("_hyper_gate.bias", &[rows]);
            plan.gates.push(Gate { rows, weight, bias, shift });
            inputs = outputs;
        }
        Ok(plan)
    }
}

impl<T: Real> Restore<T> for Gated<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Gated")?;
        let builder = GatedBuilder { plain: MlpBuilder::described(source)? };
        let plan = builder.arrange()?;
        Ok(builder.assemble(plan.layers, plan.gates, source.held(plan.layout)?))
    }
}
