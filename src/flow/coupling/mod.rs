//! Couplings: some coordinates are kept, and say how the others are moved.
//!
//! | file | what |
//! | --- | --- |
//! | `builder` | choices of a coupling, with defaults |
//! | `train` | the reverse pass, in both directions |

mod builder;
mod train;

use super::transformer::{Affine, Forward, Transformer, apply_forward};
use super::{Direction, Flow, Packet, Space, space};
use crate::columns::{Mask, Rows, Scratch};
use crate::error::{Error, Result};
use crate::field;
use crate::nn::{Input, Network};
use crate::ode::Workspace;
use crate::outcome::Reason;
use crate::outcome::shown;
use crate::real::Real;

pub use builder::CouplingBuilder;
pub use train::CouplingTape;

/// A layer that keeps some coordinates a, and moves each of the others by an increasing map whose
/// parameters a [`Network`] makes of a and the context.
///
/// With b the moved coordinates, (a, b) goes to (a, g(b; θ(a, c))), where g is a
/// [`Transformer`]; back again goes the same with the inverse of g, and the log-determinant is the
/// sum of the logarithms of g's derivatives (Dinh et al. 2015 and 2017). Both directions cost one
/// evaluation of the network. A layer that was not trained is the identity, or what is nearest to
/// it among the transformer's maps.
///
/// The parameters are those of the network, under its names.
///
/// ```
/// use liouville::flow::layers::AffineCoupling;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let layer = AffineCoupling::<f64>::alternating(4, 0, [32, 32], &mut rng)?;
/// let there = layer.forward(&dmatrix![0.2; 0.7; -1.0; 0.4])?;
/// let back = layer.inverse(&there.points)?;
/// assert!((back.points[3] - 0.4).abs() < 1e-14);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Coupling<T, R> {
    mask: Mask,
    network: Network<T>,
    transformer: R,
}

impl<T: Real, R: Transformer<T>> Coupling<T, R> {
    /// The coupling of a network that reads the coordinates that `mask` keeps and writes the raw
    /// parameters of those that it moves: parameter `p` of moved coordinate `i` is output
    /// `i * parameters + p`.
    ///
    /// # Errors
    ///
    /// If the network's inputs and outputs are not as many as that.
    pub fn from_network(mask: Mask, network: Network<T>, transformer: R) -> Result<Self> {
        let (kept, moved) = (mask.kept().len(), mask.moved().len());
        let parameters = moved * transformer.parameters();
        let found = (network.inputs(), network.outputs());
        if found != (kept, parameters) {
            return Err(Error::shape(format!(
                "a network with {} and {}: build it with {kept}, one for each coordinate that is kept, and {parameters}, {} for each that is moved",
                shown::count(found.0, "input"),
                shown::count(found.1, "output"),
                transformer.parameters()
            )));
        }
        Ok(Self { mask, network, transformer })
    }

    /// Which coordinates are moved.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// The network that makes the parameters.
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The map of each moved coordinate.
    pub fn transformer(&self) -> &R {
        &self.transformer
    }

    /// Moves coordinates in either direction.
    fn apply(
        &self,
        direction: Direction,
        raw: Rows<'_, T>,
        moved: Forward<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let map = &self.transformer;
        match direction {
            Direction::Forward => apply_forward(map, raw, moved, scratch),
            Direction::Inverse => map.apply(direction, raw, moved.points, moved.log_det, scratch),
        }
    }
}

impl<T: Real> Coupling<T, Affine> {
    /// The field of which this layer is the exact time-one flow: da/dt = 0, db/dt = s(a) b + t(a).
    ///
    /// ```
    /// use liouville::flow::layers::AffineCoupling;
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    /// use liouville::rand::{SeedableRng, rngs::StdRng};
    ///
    /// let mut rng = StdRng::seed_from_u64(1);
    /// let layer = AffineCoupling::<f64>::halves(2, 0, [8], &mut rng)?;
    /// let continuous = ContinuousFlow::new(layer.field()).tolerance(1e-9);
    /// let x = dmatrix![0.3; -0.8];
    /// let difference = continuous.forward(&x)?.points - layer.forward(&x)?.points;
    /// assert!(difference.amax() < 1e-8);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn field(&self) -> field::AffineCoupling<T> {
        let bound = self.transformer.bound();
        field::AffineCoupling::of_layer(self.mask.clone(), self.network.clone(), bound)
    }
}

impl<T: Real, R: Transformer<T>> Flow<T> for Coupling<T, R> {
    fn dim(&self) -> usize {
        self.mask.dim()
    }

    fn context_dim(&self) -> usize {
        self.network.context_dim()
    }

    /// What is kept may live anywhere.
    fn spaces(&self, _: Direction, from: &[Space]) -> Result<Vec<Space>> {
        space::count(self.mask.dim(), from)?;
        let mut spaces = from.to_vec();
        for &i in self.mask.moved() {
            space::fit(i, from[i], self.transformer.space())?;
            spaces[i] = self.transformer.space();
        }
        Ok(spaces)
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        let Packet { points, context, log_det, outcomes, .. } = packet;
        let scratch = &mut workspace.scratch;
        self.mask.with_parts(points.view_mut(), scratch, |kept, points, scratch| {
            let mut raw = scratch.take(self.network.outputs(), points.lanes());
            let input = Input { x: kept.as_rows(), context: context.view() };
            self.network.forward(input, raw.view_mut(), scratch);
            let (log_det, coordinates) = (log_det.row_mut(0), self.mask.moved());
            let moved = Forward { points, log_det, coordinates, outcomes };
            self.apply(direction, raw.view(), moved, scratch);
            scratch.give(raw);
        });
        packet.settle(Reason::Overflow, &mut workspace.scratch);
    }
}
