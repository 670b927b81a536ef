//! The reverse pass of a coupling, the same in both directions: through the map of the moved
//! coordinates to their parameters, and through the network to the kept ones.

use super::super::transformer::{Forward, Mapped, Transformer};
use super::super::{Cotangent, Direction, Packet, TrainableFlow};
use super::Coupling;
use crate::columns::{Block, Mask};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::nn::{Input, Network, NetworkTape, Pulled};
use crate::ode::Workspace;
use crate::outcome::Reason;
use crate::parameters::{Fixed, Parameters, Setting};
use crate::real::Real;

/// What a recorded packet keeps.
#[derive(Default)]
pub struct CouplingTape<T> {
    network: NetworkTape<T>,
    kept: Block<T>,
    context: Block<T>,
    raw: Block<T>,
    /// The moved coordinates before and behind the map.
    input: Block<T>,
    output: Block<T>,
}

impl<T: Real, R: Transformer<T>> TrainableFlow<T> for Coupling<T, R> {
    type Tape = CouplingTape<T>;

    fn held(&self) -> Option<&Parameters<T>> {
        Some(self.network.held())
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.network.set_parameters(values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.network.fixed_beside(&self.mask)
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.mask = self.network.set_fixed_beside(&self.mask, arrays)?;
        Ok(())
    }

    fn describe(&self) -> Result<Description> {
        let description =
            Description::new("Coupling").part("transformer", self.transformer.describe()?);
        Ok(description.part("network", self.network.describe()))
    }

    fn settings(&self) -> Vec<Setting> {
        let transformer = Setting::new("transformer", &self.transformer);
        vec![Setting::kind("Coupling"), transformer, self.network.setting()]
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.network.fold(sums, gradient)
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut CouplingTape<T>,
        workspace: &mut Workspace<T>,
    ) {
        let Packet { points, context, log_det, outcomes, .. } = packet;
        let lanes = points.lanes();
        tape.context.copy_from(context.view());
        let scratch = &mut workspace.scratch;
        self.mask.with_parts(points.view_mut(), scratch, |kept, mut moved, scratch| {
            tape.kept.copy_from(kept.as_rows());
            tape.input.copy_from(moved.as_rows());
            tape.raw.reshape(self.network.outputs(), lanes);
            let input = Input { x: tape.kept.view(), context: tape.context.view() };
            self.network.record(input, tape.raw.view_mut(), &mut tape.network, scratch);
            let (log_det, coordinates) = (log_det.row_mut(0), self.mask.moved());
            let forward = Forward { points: moved.reborrow(), log_det, coordinates, outcomes };
            self.apply(direction, tape.raw.view(), forward, scratch);
            tape.output.copy_from(moved.as_rows());
        });
        packet.settle(Reason::Overflow, &mut workspace.scratch);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut CouplingTape<T>,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let Cotangent { points, log_det, context } = cotangent;
        let scratch = &mut workspace.scratch;
        self.mask.with_parts(points.view_mut(), scratch, |kept, moved, scratch| {
            let (raw, input, output) = (tape.raw.view(), tape.input.view(), tape.output.view());
            let mut raw_bar = scratch.take(raw.rows(), raw.lanes());
            let (mapped, by_raw) = (Mapped { raw, input, output }, raw_bar.view_mut());
            let log_det = log_det.row(0);
            self.transformer.pullback(direction, mapped, moved, log_det, by_raw, scratch);
            let input = Input { x: tape.kept.view(), context: tape.context.view() };
            let pulled = Pulled { x: kept, context: context.view_mut(), sums };
            self.network.pullback(input, &tape.network, raw_bar.view(), pulled, scratch);
            scratch.give(raw_bar);
        });
    }
}

impl<T: Real, R: Transformer<T> + Restore<T>> Restore<T> for Coupling<T, R> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Coupling")?;
        let mask = Mask::new(&source.fixed("mask")?.flags()?)?;
        let network = Network::restore_own(&source.part("network")?)?;
        Self::from_network(mask, network, R::restore(&source.part("transformer")?)?)
    }
}
