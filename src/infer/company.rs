//! Draws that the target moves while a flow is fitted, and that the flow learns from.

use nalgebra::DMatrix;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::Target;
use super::divergence::Divergence;
use super::ground::Draw;
use super::plan::Plan;
use super::wander::Ways;
use super::weighing::{Cloud, cloud};
use crate::density::{AnyBase, Pushforward};
use crate::error::Result;
use crate::flow::{AnyFlow, Flow};
use crate::train::{MaximumLikelihood, MiniBatch, Objective, Pool};

/// How many draws there are.
const COUNT: usize = 1000;

type Memory =
    <MaximumLikelihood as Objective<f64, Pushforward<AnyBase<f64>, AnyFlow<f64>>>>::Memory;

/// A population in white coordinates whose members are moved by the target, and join the divergence by the forward
/// Kullback-Leibler divergence: chains that go where the flow does not lead, and a flow that follows them (Gabrié, Rotskoff
/// and Vanden-Eijnden 2022, Adaptive Monte Carlo augmented with normalizing flows, PNAS 119).
pub(super) struct Company {
    weight: f64,
    rng: ChaCha8Rng,
    points: Option<DMatrix<f64>>,
    pool: Pool<f64, Memory>,
}

impl Company {
    pub fn new(weight: f64, seed: u64) -> Self {
        Self { weight, rng: ChaCha8Rng::seed_from_u64(seed), points: None, pool: Pool::new() }
    }

    /// Where the members are, in white coordinates.
    pub fn points(&self) -> Option<&DMatrix<f64>> {
        self.points.as_ref()
    }

    /// Adds the gradient of -E ln q over members to that of a step, before which they are moved so often, if at all.
    pub fn add_gradient<Q: Target + ?Sized>(
        &mut self,
        divergence: &Divergence<'_, Q>,
        model: &Pushforward<AnyBase<f64>, AnyFlow<f64>>,
        travel: Option<usize>,
        plan: Plan,
        gradient: &mut [f64],
    ) -> Result<()> {
        if self.weight == 0.0 {
            return Ok(());
        }
        if let Some(moves) = travel {
            self.travel(divergence, model, moves)?;
        }
        let Some(points) = &self.points else { return Ok(()) };
        let chosen: Vec<usize> =
            (0..plan.batch).map(|_| self.rng.random_range(0..points.ncols())).collect();
        let points = points.select_columns(&chosen);
        let contexts = DMatrix::zeros(0, points.ncols());
        let batch = MiniBatch {
            points: &points,
            contexts: &contexts,
            seed: self.rng.random(),
            accuracy: Some(plan.tolerance),
        };
        let mut own = vec![0.0; gradient.len()];
        // A member that the flow has lost for now teaches nothing.
        if MaximumLikelihood.gradient(model, batch, &self.pool, &mut own).is_ok() {
            gradient.iter_mut().zip(&own).for_each(|(sum, own)| *sum += self.weight * own);
        }
        Ok(())
    }

    /// Moves the members, or makes them of the flow's draws by their weights.
    fn travel<Q: Target + ?Sized>(
        &mut self,
        divergence: &Divergence<'_, Q>,
        model: &Pushforward<AnyBase<f64>, AnyFlow<f64>>,
        moves: usize,
    ) -> Result<()> {
        let Divergence { target, place, ground, .. } = divergence;
        let flow = model.flow();
        let ways = Ways { target, place, ground, flow };
        let base = match self.points.take() {
            Some(points) => ways.home(&points)?,
            None => DMatrix::zeros(flow.dim(), 0),
        };
        // At first, or when the flow has lost all of them.
        let base = if base.ncols() > 0 { base } else { self.drawn(divergence, flow)? };
        self.points = Some(ways.moved(base, moves, &mut self.rng)?);
        Ok(())
    }

    /// Points of the base by the weights of what the flow makes of them.
    fn drawn<Q: Target + ?Sized>(
        &mut self,
        Divergence { target, place, ground, .. }: &Divergence<'_, Q>,
        flow: &AnyFlow<f64>,
    ) -> Result<DMatrix<f64>> {
        let (how, seed) = (Draw::Defensive, self.rng.random());
        let Cloud { draws, base } = cloud(target, place, (ground, flow), COUNT, how, seed)?;
        Ok(base.select_columns(&draws.chosen(COUNT, &mut self.rng)))
    }
}
