//! The reverse pass of an autoregressive flow, in both directions.

use super::super::transformer::{Mapped, Transformer};
use super::super::{Cotangent, Direction, Packet, TrainableFlow};
use super::Autoregressive;
use super::builder::{degrees, of_each};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::nn::{Input, Network, NetworkTape, Pulled, Stages, Walk};
use crate::ode::Workspace;
use crate::outcome::Reason;
use crate::parameters::{self, Fixed, Parameters, Setting};
use crate::real::Real;

/// What a recorded packet keeps, whichever way it went.
#[derive(Default)]
pub struct AutoregressiveTape<T> {
    network: NetworkTape<T>,
    context: Block<T>,
    raw: Block<T>,
    base: Block<T>,
    data: Block<T>,
}

impl<T: Real, R: Transformer<T>> TrainableFlow<T> for Autoregressive<T, R> {
    type Tape = AutoregressiveTape<T>;

    fn held(&self) -> Option<&Parameters<T>> {
        Some(self.network.held())
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.network.set_parameters(values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        vec![Fixed::whole("order", self.order.iter().copied())]
    }

    /// Weights that the new order masks become zero.
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&self.fixed(), arrays)?;
        for array in arrays {
            let order = array.permutation()?;
            let degrees = degrees(&order);
            let outputs = of_each(&degrees, self.transformer.parameters());
            self.network.set_degrees(degrees, outputs)?;
            self.order = order;
        }
        Ok(())
    }

    fn describe(&self) -> Result<Description> {
        let transformer = self.transformer.describe()?;
        let description = Description::new("Autoregressive").part("transformer", transformer);
        Ok(description.part("network", self.network.describe()))
    }

    fn settings(&self) -> Vec<Setting> {
        let transformer = Setting::new("transformer", &self.transformer);
        vec![Setting::kind("Autoregressive"), transformer, self.network.setting()]
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.network.fold(sums, gradient)
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        let scratch = &mut workspace.scratch;
        tape.context.copy_from(packet.context.view());
        match direction {
            Direction::Forward => {
                tape.base.copy_from(packet.points.view());
                self.to_data(packet, scratch);
                tape.data.copy_from(packet.points.view());
                self.record_raw(tape, scratch);
            }
            Direction::Inverse => {
                tape.data.copy_from(packet.points.view());
                self.record_raw(tape, scratch);
                let (points, log_det) = (packet.points.view_mut(), packet.log_det.row_mut(0));
                self.transformer.apply(direction, tape.raw.view(), points, log_det, scratch);
                tape.base.copy_from(packet.points.view());
            }
        }
        packet.settle(Reason::Overflow, &mut workspace.scratch);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let scratch = &mut workspace.scratch;
        let mut raw_bar = scratch.take(tape.raw.rows(), tape.raw.lanes());
        match direction {
            Direction::Forward => self.pull_to_data(tape, cotangent, &mut raw_bar, sums, scratch),
            Direction::Inverse => self.pull_to_base(tape, cotangent, &mut raw_bar, sums, scratch),
        }
        scratch.give(raw_bar);
    }
}

impl<T: Real, R: Transformer<T>> Autoregressive<T, R> {
    /// The raw parameters of all coordinates at the data.
    fn record_raw(&self, tape: &mut AutoregressiveTape<T>, scratch: &mut Scratch<T>) {
        let AutoregressiveTape { network, context, raw, data, .. } = tape;
        raw.reshape(self.network.outputs(), data.lanes());
        let input = Input { x: data.view(), context: context.view() };
        self.network.record(input, raw.view_mut(), network, scratch);
    }

    /// Through the map of each coordinate to the raw parameters, and through the network to the
    /// coordinates before.
    fn pull_to_base(
        &self,
        tape: &AutoregressiveTape<T>,
        cotangent: &mut Cotangent<T>,
        raw_bar: &mut Block<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (raw, input, output) = (tape.raw.view(), tape.data.view(), tape.base.view());
        let mapped = Mapped { raw, input, output };
        let (points, log_det) = (cotangent.points.view_mut(), cotangent.log_det.row(0));
        let (by_raw, direction) = (raw_bar.view_mut(), Direction::Inverse);
        self.transformer.pullback(direction, mapped, points, log_det, by_raw, scratch);
        let (x, context) = (cotangent.points.view_mut(), cotangent.context.view_mut());
        let input = Input { x: tape.data.view(), context: tape.context.view() };
        let pulled = Pulled { x, context, sums };
        self.network.pullback(input, &tape.network, raw_bar.view(), pulled, scratch);
    }

    /// From the last coordinate to the first: when its turn comes, a coordinate has received
    /// everything from those behind it, which saw it through the network; its map takes that to the
    /// base and to its raw parameters, and these take it on to the coordinates before. What
    /// parameters and contexts receive follows from all raw parameters together.
    fn pull_to_data(
        &self,
        tape: &AutoregressiveTape<T>,
        cotangent: &mut Cotangent<T>,
        raw_bar: &mut Block<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (lanes, parameters) = (tape.data.lanes(), self.transformer.parameters());
        let mut memory = scratch.take(self.stages.rows(), lanes);
        memory.fill(T::zero());
        for (level, &i) in self.order.iter().enumerate().rev() {
            self.pull_coordinate(tape, i, cotangent, raw_bar, scratch);
            let outputs = i * parameters..(i + 1) * parameters;
            let mut walk = Walk { stages: &self.stages, memory: &mut memory, level, outputs };
            let (bar, points) = (self.raw_of(raw_bar, i), cotangent.points.view_mut());
            self.network.fall(&mut walk, &tape.network, bar, points, scratch);
        }
        scratch.give(memory);
        let mut known = scratch.take(tape.data.rows(), lanes);
        known.fill(T::zero());
        let input = Input { x: tape.data.view(), context: tape.context.view() };
        let (x, context) = (known.view_mut(), cotangent.context.view_mut());
        let pulled = Pulled { x, context, sums };
        self.network.pullback(input, &tape.network, raw_bar.view(), pulled, scratch);
        scratch.give(known);
    }

    /// Through the map of one coordinate, from base to data.
    fn pull_coordinate(
        &self,
        tape: &AutoregressiveTape<T>,
        i: usize,
        cotangent: &mut Cotangent<T>,
        raw_bar: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) {
        let (lanes, parameters) = (tape.data.lanes(), self.transformer.parameters());
        let mapped = Mapped {
            raw: self.raw_of(&tape.raw, i),
            input: Rows::new(tape.base.row(i), lanes),
            output: Rows::new(tape.data.row(i), lanes),
        };
        let row = RowsMut::new(cotangent.points.row_mut(i), lanes);
        let place = i * parameters * lanes..(i + 1) * parameters * lanes;
        let by_raw = RowsMut::new(&mut raw_bar.values_mut()[place], lanes);
        let (direction, log_det) = (Direction::Forward, cotangent.log_det.row(0));
        self.transformer.pullback(direction, mapped, row, log_det, by_raw, scratch);
    }
}

impl<T: Real, R: Transformer<T> + Restore<T>> Restore<T> for Autoregressive<T, R> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Autoregressive")?;
        let order = source.fixed("order")?.permutation()?;
        if order.is_empty() {
            return Err(Error::empty("the order of an autoregressive flow names no coordinate"));
        }
        let transformer = R::restore(&source.part("transformer")?)?;
        let degrees = degrees(&order);
        let outputs = of_each(&degrees, transformer.parameters());
        let masked = Some([degrees, outputs]);
        let network = Network::restore_masked(&source.part("network")?, masked)?;
        let stages = Stages::new(&network, order.len());
        Ok(Self { order, network, stages, transformer })
    }
}
