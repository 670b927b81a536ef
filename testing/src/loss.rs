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

#[cfg(test)]
mod tests {
    use liouville::nalgebra::{self, DMatrix, dmatrix, dvector};
    use liouville::prelude::*;
    use liouville::train::{Loss, MaximumLikelihood};

    use super::*;

    /// Maximum likelihood with one number of its gradient wrong.
    #[derive(Debug)]
    struct Wrong(usize);

    impl<M: Trainable<f64>> Objective<f64, M> for Wrong
    where
        MaximumLikelihood: Objective<f64, M>,
    {
        type Memory = <MaximumLikelihood as Objective<f64, M>>::Memory;

        fn name(&self) -> &'static str {
            "wrong"
        }

        fn loss(
            &self,
            model: &M,
            batch: MiniBatch<'_, f64>,
            pool: &Pool<f64, Self::Memory>,
        ) -> liouville::Result<Loss> {
            MaximumLikelihood.loss(model, batch, pool)
        }

        fn gradient(
            &self,
            model: &M,
            batch: MiniBatch<'_, f64>,
            pool: &Pool<f64, Self::Memory>,
            gradient: &mut [f64],
        ) -> liouville::Result<Loss> {
            let loss = MaximumLikelihood.gradient(model, batch, pool, gradient)?;
            gradient[self.0] += 1e-3;
            Ok(loss)
        }
    }

    #[test]
    fn a_wrong_number_of_a_gradient_is_named() {
        let field = field::Planar::new(dvector![1.0, 0.5], dvector![0.3, -0.8], 0.1);
        let model = StandardNormal::new(2).pushed_by(EulerStep::new(field.expect("a field")));
        let (points, contexts) = (dmatrix![0.1, -2.0, 0.7; 0.4, 0.0, 1.5], DMatrix::zeros(0, 3));
        let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
        let exact = Tolerances::of::<f64>();
        objective_law(&MaximumLikelihood, &model, batch, &exact).expect("the law holds");
        let found = objective_law(&Wrong(3), &model, batch, &exact).expect_err("a mistake");
        let place = found.difference().map(|difference| difference.place.clone());
        assert_eq!(place, Some(Place::Parameter { name: "w".into(), index: 1 }));
    }
}
