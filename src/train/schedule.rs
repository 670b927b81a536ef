//! The learning rate from step to step.

use crate::real::portable::cos;
use std::f64::consts::PI;

/// A linear warm-up to the full rate, then half a cosine down to a share of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The full learning rate.
    pub rate: f64,
    /// The number of steps over which it is reached.
    pub warm_up: usize,
    /// What is left of it at the end, as a share.
    pub floor: f64,
}

impl Schedule {
    /// The rate of step `step` (from 0) out of `steps`.
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        if step < self.warm_up {
            return self.rate * (step + 1) as f64 / self.warm_up as f64;
        }
        let rest = steps.saturating_sub(self.warm_up).max(1);
        let progress = (step - self.warm_up) as f64 / rest as f64;
        self.rate * (self.floor + (1.0 - self.floor) * 0.5 * (1.0 + cos(PI * progress)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_to_the_full_rate_and_falls_to_the_floor() {
        let schedule = Schedule { rate: 2.0, warm_up: 10, floor: 0.1 };
        let rates: Vec<_> = (0..=100).map(|step| schedule.rate(step, 100)).collect();
        assert_eq!((rates[0], rates[9], rates[10]), (0.2, 2.0, 2.0));
        assert!(rates[10..].windows(2).all(|pair| pair[1] < pair[0]));
        assert!((rates[55] - 1.1).abs() < 1e-12 && (rates[100] - 0.2).abs() < 1e-12);
    }
}
