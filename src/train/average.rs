//! The exponential moving average of the parameters.

use crate::real::Real;

/// θ̄ ← d θ̄ + (1 - d) θ, where d grows from zero to the given decay over the first steps, so that
/// the start is soon forgotten.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Average {
    pub decay: f64,
    pub steps: f64,
    pub values: Vec<f64>,
}

impl Average {
    pub fn new<T: Real>(decay: f64, parameters: &[T]) -> Self {
        Self { decay, steps: 0.0, values: parameters.iter().map(|value| value.wide()).collect() }
    }

    pub fn update<T: Real>(&mut self, parameters: &[T]) {
        self.steps += 1.0;
        let decay = self.decay.min(self.steps / (self.steps + 10.0));
        for (mean, value) in self.values.iter_mut().zip(parameters) {
            *mean += (1.0 - decay) * (value.wide() - *mean);
        }
    }

    pub fn parameters<T: Real>(&self) -> Vec<T> {
        self.values.iter().map(|&value| T::of(value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_and_a_change_is_followed() {
        let mut average = Average::new(0.9, &[1.0]);
        (0..5).for_each(|_| average.update(&[1.0]));
        assert_eq!(average.parameters::<f64>(), [1.0]);
        (0..200).for_each(|_| average.update(&[3.0]));
        assert!((average.parameters::<f64>()[0] - 3.0).abs() < 1e-8);
    }
}
