//! Adam, with decoupled weight decay.

use crate::error::{Error, Result};
use crate::real::Real;
use crate::real::portable::powi;

/// A rule that turns gradients into changes of the parameters.
pub trait Optimizer<T: Real> {
    /// Forgets everything and prepares for `len` parameters.
    fn start(&mut self, len: usize);

    /// An error if a setting is out of range; by default none is.
    ///
    /// # Errors
    ///
    /// If one is.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Changes the parameters along one gradient.
    fn step(&mut self, learning_rate: f64, parameters: &mut [T], gradient: &[T]);
}

/// Adam (Kingma and Ba 2015, algorithm 1), with decoupled weight decay (AdamW: Loshchilov and
/// Hutter 2019, algorithm 2). The moments are kept in `f64`.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    /// The decay of the mean of the gradient.
    pub beta1: f64,
    /// The decay of the mean of the squared gradient.
    pub beta2: f64,
    /// Keeps the quotient finite.
    pub epsilon: f64,
    /// The share of every parameter that is taken off, times the learning rate.
    pub weight_decay: f64,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Default for Adam {
    fn default() -> Self {
        let (first, second) = (Vec::new(), Vec::new());
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, first, second, steps: 0 }
    }
}

impl<T: Real> Optimizer<T> for Adam {
    fn check(&self) -> Result<()> {
        let Self { beta1, beta2, epsilon, weight_decay, .. } = *self;
        let unit = 0.0..1.0;
        let claims = [
            (unit.contains(&beta1), "decay of the mean", beta1, "0 to less than 1, such as 0.9"),
            (
                unit.contains(&beta2),
                "decay of the squares",
                beta2,
                "0 to less than 1, such as 0.999",
            ),
            (
                epsilon > 0.0 && epsilon.is_finite(),
                "epsilon",
                epsilon,
                "a positive number, such as 1e-8",
            ),
            (
                weight_decay >= 0.0 && weight_decay.is_finite(),
                "weight decay",
                weight_decay,
                "0 or a small positive number",
            ),
        ];
        match claims.into_iter().find(|(holds, ..)| !holds) {
            Some((_, what, value, advice)) => {
                Err(Error::setting(format!("Adam's {what} is {value}: give {advice}")))
            }
            None => Ok(()),
        }
    }

    fn start(&mut self, len: usize) {
        self.first = vec![0.0; len];
        self.second = vec![0.0; len];
        self.steps = 0;
    }

    fn step(&mut self, learning_rate: f64, parameters: &mut [T], gradient: &[T]) {
        self.steps = self.steps.saturating_add(1);
        // One division and one root for every parameter: these take the time.
        let [first_scale, second_scale] =
            [self.beta1, self.beta2].map(|beta| 1.0 / (1.0 - powi(beta, self.steps)));
        let root_scale = second_scale.sqrt();
        let rate = learning_rate * first_scale;
        let keep = 1.0 - learning_rate * self.weight_decay;
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, gradient), (first, second)) in
            parameters.iter_mut().zip(gradient).zip(moments)
        {
            let gradient = gradient.wide();
            *first += (1.0 - self.beta1) * (gradient - *first);
            *second += (1.0 - self.beta2) * (gradient * gradient - *second);
            let change = *first / (second.sqrt() * root_scale + self.epsilon);
            *parameter = T::of(parameter.wide() * keep - rate * change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_steps_agree_with_the_algorithm_by_hand() {
        // For a constant gradient g both corrected moments are constant, so that each step is
        // -rate g / (|g| + ε), and decay multiplies by 1 - rate decay before it.
        let mut adam = Adam { weight_decay: 0.1, ..Adam::default() };
        let mut x = [1.0f64, -2.0];
        Optimizer::<f64>::start(&mut adam, 2);
        let mut expected = x;
        for _ in 0..3 {
            adam.step(0.01, &mut x, &[4.0, -0.5]);
            for (value, sign) in expected.iter_mut().zip([1.0, -1.0]) {
                *value = *value * (1.0 - 0.001) - 0.01 * sign;
            }
        }
        assert!(x.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-8), "{x:?} {expected:?}");
    }
}
