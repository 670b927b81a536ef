//! Adam, with decoupled weight decay.

use std::ops::Range;

use super::defaults::Task;
use super::optimizer::{Moments, Optimizer, OptimizerState, check_settings};
use crate::error::Result;
use crate::parameters::{Fixed, Layout};
use crate::real::Real;
use crate::real::portable::powi;

/// Adam (Kingma and Ba 2015, algorithm 1), with decoupled weight decay (AdamW: Loshchilov and
/// Hutter 2019, algorithm 2). The moments are kept in `f64`.
///
/// ```
/// use liouville::prelude::*;
/// use liouville::train::Adam;
///
/// let adam = Adam { beta2: 0.99, ..Adam::default() };
/// let trainer = Trainer::maximum_likelihood().optimizer(adam).learning_rate(5e-3);
/// # let _ = trainer;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// The decay of the mean of the gradient.
    pub beta1: f64,
    /// The decay of the mean of the squared gradient.
    pub beta2: f64,
    /// Keeps the quotient finite.
    pub epsilon: f64,
    /// The share of every parameter that is taken off, times the learning rate.
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

impl Adam {
    pub(super) fn check_as(&self, whose: &str) -> Result<()> {
        let Self { beta1, beta2, epsilon, weight_decay } = *self;
        let (unit, finite) = (0.0..1.0, f64::is_finite);
        check_settings(
            whose,
            &[
                (
                    unit.contains(&beta1),
                    "decay of the mean",
                    beta1,
                    "0 to less than 1, such as 0.9",
                ),
                (
                    unit.contains(&beta2),
                    "decay of the squares",
                    beta2,
                    "0 to less than 1, such as 0.999",
                ),
                (
                    epsilon > 0.0 && finite(epsilon),
                    "epsilon",
                    epsilon,
                    "a positive number, such as 1e-8",
                ),
                (
                    weight_decay >= 0.0 && finite(weight_decay),
                    "weight decay",
                    weight_decay,
                    "0 or a small positive number",
                ),
            ],
        )
    }

    /// One step of the parameters in a range, whose moments lie in the same range.
    pub(super) fn change<T: Real>(
        &self,
        learning_rate: f64,
        moments: &mut Moments,
        range: Range<usize>,
        parameters: &mut [T],
        gradient: &[T],
    ) {
        // One division and one root for every parameter: these take the time.
        let [first_scale, second_scale] =
            [self.beta1, self.beta2].map(|beta| 1.0 / (1.0 - powi(beta, moments.steps)));
        let root_scale = second_scale.sqrt();
        let rate = learning_rate * first_scale;
        let keep = 1.0 - learning_rate * self.weight_decay;
        let Moments { first, second, .. } = moments;
        let moments = first[range.clone()].iter_mut().zip(&mut second[range.clone()]);
        let values = parameters[range.clone()].iter_mut().zip(&gradient[range]);
        for ((parameter, gradient), (first, second)) in values.zip(moments) {
            let gradient = gradient.wide();
            *first += (1.0 - self.beta1) * (gradient - *first);
            *second += (1.0 - self.beta2) * (gradient * gradient - *second);
            let change = *first / (second.sqrt() * root_scale + self.epsilon);
            *parameter = T::of(parameter.wide() * keep - rate * change);
        }
    }
}

/// What [`Adam`] remembers: both moments of every parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamState {
    settings: Adam,
    moments: Moments,
}

impl<T: Real> Optimizer<T> for Adam {
    type State = AdamState;

    /// 1e-2.
    fn learning_rate(&self, _: &Task) -> f64 {
        1e-2
    }

    fn check(&self) -> Result<()> {
        self.check_as("Adam's")
    }

    fn start(&self, layout: &Layout, _: &Task) -> AdamState {
        AdamState { settings: *self, moments: Moments::zeros(layout.len()) }
    }
}

impl<T: Real> OptimizerState<T> for AdamState {
    fn step(&mut self, learning_rate: f64, parameters: &mut [T], gradient: &[T]) {
        let Self { settings, moments } = self;
        moments.steps = moments.steps.saturating_add(1);
        let all = 0..moments.first.len();
        settings.change(learning_rate, moments, all, parameters, gradient);
    }

    fn arrays(&self) -> Vec<Fixed> {
        self.moments.arrays()
    }

    fn restore(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.moments.restore(arrays)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Kind;

    const TASK: Task = Task { dim: 2, rows: 1000, context_dim: 0, free: true, kind: Kind::Solved };

    #[test]
    fn the_first_steps_agree_with_the_algorithm_by_hand() {
        // For a constant gradient g both corrected moments are constant, so that each step is
        // -rate g / (|g| + ε), and decay multiplies by 1 - rate decay before it.
        let adam = Adam { weight_decay: 0.1, ..Adam::default() };
        let mut state = Optimizer::<f64>::start(&adam, &Layout::of([("x", &[2])]), &TASK);
        let mut x = [1.0f64, -2.0];
        let mut expected = x;
        for _ in 0..3 {
            state.step(0.01, &mut x, &[4.0, -0.5]);
            for (value, sign) in expected.iter_mut().zip([1.0, -1.0]) {
                *value = *value * (1.0 - 0.001) - 0.01 * sign;
            }
        }
        assert!(x.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-8), "{x:?} {expected:?}");
    }
}
