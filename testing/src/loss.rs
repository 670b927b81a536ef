//! The law of an objective: its gradient is the derivative of its loss by the parameters.

use liouville::real::Real;
use liouville::train::{MiniBatch, Objective, Pool, Trainable};

use super::slopes::{agree, by_parameters, refused};
use super::{Law, Place, Tolerances, Violation};

/// Checks an objective on a model and a mini-batch: the gradient is the derivative of what it minimises, the
/// loss with its penalty, by every parameter (by central differences of order six; arrays of more than six along
/// six random directions), and the loss without a gradient is the same.
///
/// A batch with a seed of its own keeps random numbers the same from one evaluation to the next; a flow that is
/// integrated needs a tolerance as tight as the [`Tolerances`] are.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
/// use liouville::train::{MaximumLikelihood, MiniBatch};
/// use liouville_testing::{Tolerances, objective_law};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let stack = Stack::real_nvp(2).layers(2).hidden([8]).activation(Activation::Tanh).build(&mut rng)?;
/// let model = StandardNormal::new(2).pushed_by(stack);
/// let points: DMatrix<f64> = model.sample(20, &mut rng)?.into_matrix();
/// let contexts = DMatrix::zeros(0, 20);
/// let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
/// objective_law(&MaximumLikelihood, &model, batch, &Tolerances::of::<f64>())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`Violation`] that names the parameter, or with the two losses.
pub fn objective_law<T: Real, M: Trainable<T> + Clone, O: Objective<T, M>>(
    objective: &O,
    model: &M,
    batch: MiniBatch<'_, T>,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let broken = |error| refused(Law::Gradient, error);
    let (pool, parameters) = (Pool::new(), model.parameters());
    // What was there before is overwritten.
    let mut gradient = vec![T::one(); parameters.len()];
    let with = objective.gradient(model, batch, &pool, &mut gradient).map_err(broken)?;
    let without = objective.loss(model, batch, &pool).map_err(broken)?;
    let what = ["the loss with a gradient", "without one it"];
    let pair = [with.value, without.value];
    let bound = tolerances.gradient * (1.0 + pair[1].abs());
    agree(Law::Gradient, Place::Total, what, pair, bound)?;
    let value = |values: &[T]| {
        let mut moved = model.clone();
        moved.set_parameters(values).map_err(broken)?;
        let mut unused = vec![T::zero(); values.len()];
        let found = objective.gradient(&moved, batch, &pool, &mut unused).map_err(broken)?;
        Ok(found.value + found.penalty)
    };
    by_parameters(&model.layout(), [&parameters, &gradient], tolerances, &value)
}
