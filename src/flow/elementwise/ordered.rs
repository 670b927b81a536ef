//! Coordinates that increase.

use super::{Bijector, Outside, inside};
use crate::description::Description;
use crate::real::Real;
use crate::real::portable::{exp, ln};

/// y_1 = x_1 and y_k = y_{k-1} + exp(x_k), so that y_1 < y_2 < ...; ln det = x_2 + ... + x_n (Stan
/// Reference Manual, section on ordered vectors).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    count: usize,
}

/// `count` coordinates that increase.
pub fn ordered(count: usize) -> Ordered {
    Ordered { count }
}

impl<T: Real> Bijector<T> for Ordered {
    fn dim(&self) -> usize {
        self.count
    }

    fn forward(&self, x: &mut [T]) -> f64 {
        let mut log_det = 0.0;
        for k in 1..x.len() {
            let (last, free) = (x[k - 1].wide(), x[k].wide());
            x[k] = inside(last + exp(free), last, f64::INFINITY);
            log_det += free;
        }
        log_det
    }

    fn inverse(&self, y: &mut [T]) -> Result<f64, Outside> {
        let mut log_det = 0.0;
        // NaN compares false, and an infinity has no place among real numbers.
        if let Some(k) = y.iter().position(|value| !value.is_finite()) {
            return Err(Outside(k));
        }
        for k in (1..y.len()).rev() {
            let step = y[k].wide() - y[k - 1].wide();
            if step <= 0.0 {
                return Err(Outside(k));
            }
            y[k] = T::of(ln(step));
            log_det -= ln(step);
        }
        Ok(log_det)
    }

    fn pull(&self, x: &[T], cotangent: &mut [T], log_det: f64) {
        let mut behind = 0.0;
        for k in (0..x.len()).rev() {
            behind += cotangent[k].wide();
            let own = if k == 0 { behind } else { behind * exp(x[k].wide()) + log_det };
            cotangent[k] = T::of(own);
        }
    }

    /// With s_k = c_k exp(-x_k) the sum of λ_k and all behind it, λ_k = s_k - s_{k+1}.
    fn solve_transposed(&self, x: &[T], cotangent: &mut [T]) {
        let mut behind = 0.0;
        for k in (0..x.len()).rev() {
            let scale = if k == 0 { 1.0 } else { exp(x[k].wide()) };
            let sum = cotangent[k].wide() / scale;
            cotangent[k] = T::of(sum - behind);
            behind = sum;
        }
    }

    fn describe(&self) -> crate::error::Result<Description> {
        Ok(Description::new("Ordered").with("count", self.count))
    }

    fn boxed(&self) -> Box<dyn Bijector<T>> {
        Box::new(*self)
    }
}
