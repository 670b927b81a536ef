//! Maximum likelihood with fields that are cheap to solve: penalties on the way, and a random end.

use std::ops::Range;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::likelihood::LikelihoodMemory;
use super::{Loss, MaximumLikelihood, MiniBatch, Objective, Pool, accumulate};
use crate::density::{Base, Pushforward};
use crate::error::{Error, Result};
use crate::field::TrainableField;
use crate::flow::ContinuousFlow;
use crate::flow::Direction;
use crate::flow::continuous::{ContinuousTape, Penalised, Penalties};
use crate::ode::Recording;
use crate::real::Real;

/// The negative log-likelihood plus penalties that keep the way of each sample short and straight,
///
/// mean of -log p(x) + λ_K ∫ |f|² dt + λ_J ∫ |∂f/∂x|² dt
///
/// (Finlay et al. 2020, How to train your neural ODE, equation 6; see [`Penalties`] for the two
/// integrals), with the data at a random time: for every mini-batch the end of the span is drawn
/// uniformly between 1 - b and 1 + b of its length (Ghosh et al. 2020, STEER: Simple temporal
/// regularization for neural ODEs, equation 6). Both make fields that are solved in fewer
/// evaluations at about the same likelihood.
///
/// The gradient is that of the numbers that were computed, as without penalties. Only gradients
/// see penalties and random ends: held-out samples are judged by the plain likelihood with the data
/// at the end of the span.
///
/// For continuous flows only; other models do not compile:
///
/// ```compile_fail
/// use liouville::prelude::*;
/// use liouville::nalgebra::{self, DMatrix, dvector};
///
/// let field = field::Planar::new(dvector![1.0, 0.5], dvector![0.3, -0.8], 0.1).unwrap();
/// let mut layer = StandardNormal::new(2).pushed_by(EulerStep::new(field));
/// let mut rng = liouville::rand::rng();
/// let data = DMatrix::<f64>::zeros(2, 100);
/// Trainer::maximum_likelihood().kinetic_energy(0.01).fit(&mut layer, &data, &mut rng).unwrap();
/// ```
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let data: DMatrix<f32> = StandardNormal::new(2).sample(500, &mut rng)?;
/// let field = Mlp::new(2).hidden([16, 16]).build(&mut rng)?;
/// let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
/// let trainer = Trainer::maximum_likelihood().kinetic_energy(0.01).jacobian_norm(0.01).steer(0.25);
/// let report = trainer.steps(20).quiet().fit(&mut model, &data, &mut rng)?;
/// assert!(report.steps.iter().all(|step| step.penalty >= 0.0));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Regularised {
    /// λ_K, the weight of the kinetic energy. Default: 0.
    pub kinetic_energy: f64,
    /// λ_J, the weight of the squared norm of the Jacobian. Default: 0.
    pub jacobian_norm: f64,
    /// b, the share of the span by which its end may move either way, less than one. Default: 0.
    pub steer: f64,
}

impl From<MaximumLikelihood> for Regularised {
    fn from(_: MaximumLikelihood) -> Self {
        Self::default()
    }
}

impl Regularised {
    /// The flow that a mini-batch takes: its random end comes from the seed alone.
    fn penalised<'a, F, S>(
        &self,
        flow: &'a ContinuousFlow<F, S>,
        seed: u64,
    ) -> Penalised<'a, F, S> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (span, shift) = (flow.times(), 2.0 * rng.random::<f64>() - 1.0);
        let end = match self.steer {
            0.0 => span.to,
            share => span.to + share * shift * span.length(),
        };
        flow.penalised(self.weights(), end)
    }

    fn weights(&self) -> Penalties {
        let (kinetic_energy, jacobian_norm) = (self.kinetic_energy, self.jacobian_norm);
        Penalties { kinetic_energy, jacobian_norm }
    }
}

/// The sum of the losses of a block of samples, adding their gradient to the sums.
fn descend<T, B, F, S>(
    model: &Pushforward<B, ContinuousFlow<F, S>>,
    flow: &Penalised<'_, F, S>,
    [first, count]: [usize; 2],
    memory: &mut LikelihoodMemory<T, ContinuousTape<T, F::Tape>>,
    sums: &mut [T],
) -> Result<Loss>
where
    T: Real,
    B: Base<T>,
    F: TrainableField<T>,
    S: Recording<T>,
{
    let LikelihoodMemory { packet, workspace, tape, .. } = memory;
    flow.record_packet(Direction::Inverse, packet, tape, workspace);
    let mut loss = memory.loss(model.base(), first)?;
    loss.penalty = memory.tape.penalties().iter().map(|penalty| penalty.wide()).sum();
    let (sums, of_base) = sums.split_at_mut(model.flow().field().sums_len());
    memory.seed_cotangent(model.base(), count, of_base);
    let LikelihoodMemory { workspace, tape, cotangent, .. } = memory;
    let share = 1.0 / count as f64;
    flow.pullback_packet(Direction::Inverse, share, tape, cotangent, sums, workspace);
    Ok(loss)
}

impl<T, B, F, S> Objective<T, Pushforward<B, ContinuousFlow<F, S>>> for Regularised
where
    T: Real,
    B: Base<T>,
    F: TrainableField<T>,
    S: Recording<T>,
{
    type Memory = LikelihoodMemory<T, ContinuousTape<T, F::Tape>>;

    fn name(&self) -> &'static str {
        "negative log-likelihood (nats)"
    }

    fn check(&self) -> Result<()> {
        self.weights().check()?;
        if !(0.0..1.0).contains(&self.steer) {
            return Err(Error::setting(format!(
                "the share of the span by which its end moves is {}: give 0 to less than 1",
                self.steer
            )));
        }
        Ok(())
    }

    /// The plain likelihood, with the data at the end of the span.
    fn loss(
        &self,
        model: &Pushforward<B, ContinuousFlow<F, S>>,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, Self::Memory>,
    ) -> Result<Loss> {
        MaximumLikelihood.loss(model, batch, pool)
    }

    fn gradient(
        &self,
        model: &Pushforward<B, ContinuousFlow<F, S>>,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, Self::Memory>,
        gradient: &mut [T],
    ) -> Result<Loss> {
        Objective::<T, Pushforward<B, ContinuousFlow<F, S>>>::check(self)?;
        let (field, count) = (model.flow().field(), batch.points.ncols());
        batch.check(field.dim(), field.context_dim())?;
        let flow = self.penalised(model.flow(), batch.seed);
        let work = |range: Range<usize>, memory: &mut Self::Memory, sums: &mut [T]| {
            memory.load(&batch, &range);
            descend(model, &flow, [range.start, count], memory, sums)
        };
        gradient.fill(T::zero());
        let finish = |sums: &[T]| {
            model.fold_both(sums, gradient, |sums, gradient| field.fold(sums, gradient))
        };
        let sums_len = field.sums_len() + model.base().parameter_count();
        let mut loss = accumulate(count, sums_len, pool, work, finish)?;
        loss.value /= count as f64;
        loss.penalty /= count as f64;
        Ok(loss)
    }
}
