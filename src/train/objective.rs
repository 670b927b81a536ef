//! What training minimises, and the model it needs.

use std::fmt::Debug;

use nalgebra::DMatrix;

use super::warning::Warning;
use super::{Loss, Pool};
use crate::density::{Base, Pushforward};
use crate::error::{Error, Result};
use crate::flow::{Direction, Space, Track, TrainableFlow, check_points, transport};
use crate::ode::{Accuracy, Solver, Span, automatic};
use crate::outcome::Outcome;
use crate::parameters::{self, Fixed, Layout};
use crate::real::Real;

/// A model with a flat vector of parameters.
pub trait Trainable<T: Real> {
    /// The dimension of the samples.
    fn dim(&self) -> usize;

    /// The number of context values of each sample.
    fn context_dim(&self) -> usize;

    /// An error if a setting of the model is out of range.
    fn check(&self) -> Result<()>;

    /// The names, shapes and places of the parameters.
    fn layout(&self) -> Layout;

    /// A copy of all parameters.
    fn parameters(&self) -> Vec<T>;

    /// Replaces all parameters.
    ///
    /// # Errors
    ///
    /// If there are more values than parameters or fewer, or one is NaN or infinite
    /// ([`Layout::check`]); the model is then unchanged.
    fn set_parameters(&mut self, values: &[T]) -> Result<()>;

    /// The arrays beside the parameters that make the model what it is, by name. By default there is none.
    fn fixed(&self) -> Vec<Fixed> {
        Vec::new()
    }

    /// Replaces them.
    ///
    /// # Errors
    ///
    /// If names or shapes are others than those of the model, or values are out of range.
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&[], arrays)
    }

    /// Sets, by the samples that will be trained on, what depends on data and has neither learnt nor been
    /// given; the second time it does nothing. By default nothing depends on data.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, or the samples do not determine what is to be set.
    fn prepare(&mut self, points: &DMatrix<T>, contexts: &DMatrix<T>) -> Result<()> {
        let _ = (points, contexts);
        Ok(())
    }

    /// Contexts as the networks of the model see them, once for every part that reads them, asked before the
    /// first step if they are not on the scale of networks. By default they are seen as they are.
    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        vec![contexts.clone()]
    }

    /// What becomes of every sample at the bounds of the model's support, asked before the first step;
    /// by default all arrive.
    ///
    /// # Errors
    ///
    /// If shapes do not fit.
    fn outside(&self, points: &DMatrix<T>, contexts: &DMatrix<T>) -> Result<Vec<Outcome>> {
        let _ = contexts;
        Ok(vec![Outcome::Arrived; points.ncols()])
    }

    /// Whether points beside the samples have a density, too, so that noise may be put on them: not where a
    /// support ends, nor around a circle. By default they have.
    fn takes_noise(&self) -> bool {
        true
    }

    /// Where samples arrive at the base, asked before the first step if the data are not on the scale
    /// of networks: a model may put them there by itself. By default it is not known.
    fn latents(&self, points: &DMatrix<T>, contexts: &DMatrix<T>) -> Option<DMatrix<T>> {
        let _ = (points, contexts);
        None
    }

    /// How accurately the model computes a log-density by its own way, as far as it knows. By default to the
    /// rounding of the scalar, as without equations to be solved.
    fn accuracy(&self) -> Accuracy {
        Accuracy::Rounding
    }

    /// Why the loss of one sample is infinite, as far as the model can tell.
    fn explain(&self, point: &DMatrix<T>, context: &DMatrix<T>) -> Option<String> {
        let _ = (point, context);
        None
    }
}

/// The parameters of the flow under their own names, and behind them those of the base, with `base` in front.
impl<T: Real, B: Base<T>, F: TrainableFlow<T>> Trainable<T> for Pushforward<B, F> {
    fn dim(&self) -> usize {
        self.flow().dim()
    }

    fn context_dim(&self) -> usize {
        self.flow().context_dim()
    }

    fn check(&self) -> Result<()> {
        self.check_dims()?;
        self.flow().check()
    }

    fn layout(&self) -> Layout {
        self.layout_of_both()
    }

    fn parameters(&self) -> Vec<T> {
        self.parameters_of_both()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.set_parameters_of_both(values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.flow().fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.flow_mut().set_fixed(arrays)
    }

    fn prepare(&mut self, points: &DMatrix<T>, contexts: &DMatrix<T>) -> Result<()> {
        self.prepare_flow(points, given(contexts))
    }

    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        self.flow().seen_contexts(contexts)
    }

    fn outside(&self, points: &DMatrix<T>, contexts: &DMatrix<T>) -> Result<Vec<Outcome>> {
        self.check_angles(points)?;
        self.outside_both(points, given(contexts))
    }

    fn takes_noise(&self) -> bool {
        let lines = |spaces: Vec<Space>| spaces.iter().all(|space| *space == Space::Line);
        let bounded = self.base().is_bounded() || self.flow().is_bounded(Direction::Inverse);
        !bounded && self.spaces().is_ok_and(lines)
    }

    fn latents(&self, points: &DMatrix<T>, contexts: &DMatrix<T>) -> Option<DMatrix<T>> {
        let way = Direction::Inverse;
        let moved = transport(self.flow(), way, points, given(contexts), Track::Points);
        moved.ok().map(|moved| moved.points)
    }

    fn accuracy(&self) -> Accuracy {
        self.flow().accuracy()
    }

    fn explain(&self, point: &DMatrix<T>, context: &DMatrix<T>) -> Option<String> {
        let found = self.evaluate(point, given(context)).ok()?;
        let outcome = found.outcomes.first().filter(|outcome| !outcome.arrived());
        if let Some(outcome) = outcome {
            return Some(outcome.to_string());
        }
        let norm = found.latent.map(|value| value.wide()).norm();
        let log_prob = found.log_prob[0];
        (!log_prob.is_finite()).then(|| {
            format!(
                "it arrives at the base {norm:.3e} from the origin, where the logarithm of its density is {log_prob} in {}",
                T::NAME
            )
        })
    }
}

/// The contexts, unless they have no rows.
fn given<T: Real>(contexts: &DMatrix<T>) -> Option<&DMatrix<T>> {
    (contexts.nrows() > 0).then_some(contexts)
}

/// The samples of one step of training.
#[derive(Clone, Copy)]
pub struct MiniBatch<'a, T: Real> {
    /// The samples, dim x n.
    pub points: &'a DMatrix<T>,
    /// Their contexts, context_dim x n.
    pub contexts: &'a DMatrix<T>,
    /// Where random numbers that belong to this batch start, another seed in every step:
    /// [`Packet::noise`](crate::flow::Packet::noise) where packets go through a flow. Checks have one
    /// that no step has, always the same.
    pub seed: u64,
    /// How accurately flows that integrate do so: [`Packet::accuracy`](crate::flow::Packet::accuracy) where
    /// packets go through a flow. `None`: by their own tolerances.
    pub accuracy: Option<f64>,
}

impl<T: Real> MiniBatch<'_, T> {
    /// An error unless there are samples of `dim` rows with as many contexts of `context_dim` rows, and an
    /// accuracy that the scalar resolves.
    ///
    /// # Errors
    ///
    /// If there are none, shapes differ, or the accuracy is out of range.
    pub fn check(&self, dim: usize, context_dim: usize) -> Result<()> {
        check_points(dim, self.points)?;
        let (expected, found) = ((context_dim, self.points.ncols()), self.contexts.shape());
        if found != expected {
            return Err(Error::shape(format!(
                "the contexts of a mini-batch are {} x {}: give {} x {}, a column for each sample",
                found.0, found.1, expected.0, expected.1
            )));
        }
        let Some(accuracy) = self.accuracy else { return Ok(()) };
        let checked =
            Solver::<T>::check(&automatic().tolerance(accuracy), Span { from: 0.0, to: 1.0 });
        checked.map_err(|error| error.during("the accuracy of a mini-batch"))
    }
}

/// A loss with a gradient, for models of type `M`.
pub trait Objective<T: Real, M>: Sync + Debug {
    /// Memory that one thread uses from block to block and from step to step.
    type Memory: Default + Send;

    /// What the loss is called in reports, with its unit.
    fn name(&self) -> &'static str;

    /// An error if a setting is out of range.
    ///
    /// # Errors
    ///
    /// If one is.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// An error if the objective cannot train this model, asked before the first step. By default it can.
    ///
    /// # Errors
    ///
    /// If it cannot; the error says what to do.
    fn check_model(&self, model: &M) -> Result<()> {
        let _ = model;
        Ok(())
    }

    /// Whether samples are followed through the flow for a loss. By default they are; if not, steps are
    /// cheap, and many.
    fn follows(&self) -> bool {
        true
    }

    /// What a report should warn of beside data of another scale, for mini-batches of this size.
    fn warnings(&self, data: &DMatrix<T>, contexts: &DMatrix<T>, batch: usize) -> Vec<Warning> {
        let _ = (data, contexts, batch);
        Vec::new()
    }

    /// The mean loss of a batch, without a gradient. Models are chosen by it, unless there is a
    /// [likelihood](Objective::likelihood).
    ///
    /// # Errors
    ///
    /// If the loss of a sample cannot be computed.
    fn loss(
        &self,
        model: &M,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, Self::Memory>,
    ) -> Result<Loss>;

    /// The negative log-likelihood of a batch by the model itself, in nats a sample, for objectives whose
    /// loss does not say how good a model is; by default the loss does, and there is `None`. Asked at
    /// every check, of at most 512 held-out samples: where there is one, models are chosen by it. It is
    /// infinite where the density of a sample is zero or cannot be computed.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, or a setting of the model is out of range.
    fn likelihood(&self, model: &M, batch: MiniBatch<'_, T>) -> Result<Option<f64>> {
        let _ = (model, batch);
        Ok(None)
    }

    /// The mean loss of a batch, and its gradient by the parameters (overwritten).
    ///
    /// # Errors
    ///
    /// If the loss of a sample cannot be computed.
    fn gradient(
        &self,
        model: &M,
        batch: MiniBatch<'_, T>,
        pool: &Pool<T, Self::Memory>,
        gradient: &mut [T],
    ) -> Result<Loss>;
}
