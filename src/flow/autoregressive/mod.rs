//! Autoregressive flows: every coordinate is moved as those before it say.
//!
//! | file | what |
//! | --- | --- |
//! | `builder` | choices of an autoregressive flow, with defaults; the order of coordinates |
//! | `train` | the reverse pass, in both directions |

mod builder;
mod train;

use super::transformer::{Forward, Transformer, apply_forward};
use super::{Direction, Flow, Packet, Space, space};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::error::Result;
use crate::nn::{Input, Network, Stages, Walk};
use crate::ode::Workspace;
use crate::outcome::Reason;
use crate::real::Real;

pub(super) use builder::usual_widths;
pub use builder::{AutoregressiveBuilder, Order};
pub use train::AutoregressiveTape;

/// A flow that moves each coordinate by an increasing map, whose parameters one masked [`Network`]
/// makes of the data's coordinates before it and of the context.
///
/// With π the order of the coordinates, z the base and x the data, x_π(i) = g(z_π(i); θ(x_π(1), ...,
/// x_π(i-1), c)), where g is a [`Transformer`]. The Jacobian is triangular in that order, and its
/// log-determinant the sum of the logarithms of g's derivatives. This is the masked autoregressive
/// flow of Papamakarios et al. 2017 (section 3.1): from data to base, the direction of densities and
/// of training, all coordinates go at once; from base to data they go one by one. The masks let each
/// unit of the network be evaluated once there as well, so that this costs as many operations, in
/// smaller pieces. [`Inverted`](super::Inverted) turns it into the inverse autoregressive flow of
/// Kingma et al. 2016, whose samples are fast.
///
/// The parameters are those of the network, under its names. A layer that was not trained is the
/// identity, or what is nearest to it among the transformer's maps.
///
/// ```
/// use liouville::flow::layers::SplineMaf;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let flow: SplineMaf<f64> = SplineMaf::new(3).hidden([32, 32]).build(&mut rng)?;
/// let there = flow.forward(&dmatrix![0.2; 0.7; -1.0])?;
/// let back = flow.inverse(&there.points)?;
/// assert!((back.points[2] + 1.0).abs() < 1e-12);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Autoregressive<T, R> {
    order: Vec<usize>,
    network: Network<T>,
    stages: Stages,
    transformer: R,
}

impl<T: Real, R: Transformer<T>> Autoregressive<T, R> {
    /// The coordinates in the order in which they are moved.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The network that makes the parameters: parameter `p` of coordinate `i` is output
    /// `i * parameters + p`.
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The map of each coordinate.
    pub fn transformer(&self) -> &R {
        &self.transformer
    }

    /// From data to base, all coordinates at once.
    fn to_base(&self, packet: &mut Packet<T>, scratch: &mut Scratch<T>) {
        let Packet { points, context, log_det, .. } = packet;
        let mut raw = scratch.take(self.network.outputs(), points.lanes());
        let input = Input { x: points.view(), context: context.view() };
        self.network.forward(input, raw.view_mut(), scratch);
        let (points, log_det) = (points.view_mut(), log_det.row_mut(0));
        self.transformer.apply(Direction::Inverse, raw.view(), points, log_det, scratch);
        scratch.give(raw);
    }

    /// From base to data, one coordinate after the other. Coordinates that are still to be moved are
    /// read with weights of zero.
    fn to_data(&self, packet: &mut Packet<T>, scratch: &mut Scratch<T>) {
        let Packet { points, context, log_det, outcomes, .. } = packet;
        let (lanes, parameters) = (points.lanes(), self.transformer.parameters());
        let mut raw = scratch.take(parameters, lanes);
        let mut memory = scratch.take(self.stages.rows(), lanes);
        for (level, &i) in self.order.iter().enumerate() {
            let outputs = i * parameters..(i + 1) * parameters;
            let mut walk = Walk { stages: &self.stages, memory: &mut memory, level, outputs };
            let input = Input { x: points.view(), context: context.view() };
            self.network.rise(&mut walk, input, raw.view_mut(), scratch);
            let points = RowsMut::new(points.row_mut(i), lanes);
            let log_det = log_det.row_mut(0);
            let moved = Forward { points, log_det, coordinates: &[i], outcomes: &mut *outcomes };
            apply_forward(&self.transformer, raw.view(), moved, scratch);
        }
        scratch.give(memory);
        scratch.give(raw);
    }

    /// The rows of raw parameters that belong to coordinate `i`.
    fn raw_of<'a>(&self, raw: &'a Block<T>, i: usize) -> Rows<'a, T> {
        let parameters = self.transformer.parameters();
        raw.view().range(i * parameters, (i + 1) * parameters)
    }
}

impl<T: Real, R: Transformer<T>> Flow<T> for Autoregressive<T, R> {
    fn dim(&self) -> usize {
        self.order.len()
    }

    fn context_dim(&self) -> usize {
        self.network.context_dim()
    }

    fn spaces(&self, _: Direction, from: &[Space]) -> Result<Vec<Space>> {
        space::count(self.order.len(), from)?;
        let own = self.transformer.space();
        from.iter().enumerate().try_for_each(|(i, space)| space::fit(i, *space, own))?;
        Ok(vec![own; from.len()])
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        match direction {
            Direction::Forward => self.to_data(packet, &mut workspace.scratch),
            Direction::Inverse => self.to_base(packet, &mut workspace.scratch),
        }
        packet.settle(Reason::Overflow, &mut workspace.scratch);
    }
}
