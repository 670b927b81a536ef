//! A target in free coordinates, where inference happens.

use super::Target;
use crate::error::{Error, Result};
use crate::flow::elementwise::Constrain;

/// ln p̃(T(u)) + ln |det ∂T/∂u|, the log-density of the free coordinates u of a target behind bijectors T.
pub(super) struct Free<'a, Q: ?Sized> {
    target: &'a Q,
    constrain: &'a Constrain<f64>,
}

/// A log-density with what belongs to it, at one point.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub value: f64,
    pub gradient: Vec<f64>,
}

impl<'a, Q: Target + ?Sized> Free<'a, Q> {
    pub fn new(target: &'a Q) -> Self {
        Self { target, constrain: target.parameters().constrain() }
    }

    pub fn dim(&self) -> usize {
        self.target.parameters().dim()
    }

    /// The names of the parameters.
    pub fn names(&self) -> &[String] {
        self.target.parameters().names()
    }

    /// ln p̃ at parameters.
    pub fn value_at(&self, point: &[f64]) -> f64 {
        self.target.value(point)
    }

    /// The parameters at free coordinates, and the log-determinant there.
    pub fn constrained(&self, free: &[f64]) -> (Vec<f64>, f64) {
        let mut point = free.to_vec();
        let log_det = self.constrain.lift(&mut point);
        (point, log_det)
    }

    pub fn value(&self, free: &[f64]) -> f64 {
        let (point, log_det) = self.constrained(free);
        self.target.value(&point) + log_det
    }

    pub fn at(&self, free: &[f64]) -> At {
        let (point, log_det) = self.constrained(free);
        let mut gradient = vec![0.0; point.len()];
        let value = self.target.log_density(&point, &mut gradient) + log_det;
        self.constrain.pull(free, &mut gradient, 1.0);
        At { value, gradient }
    }
}

impl At {
    /// Whether the density is a positive number with a finite slope.
    pub fn is_sound(&self) -> bool {
        self.value.is_finite() && self.gradient.iter().all(|slope| slope.is_finite())
    }
}

/// The log-density of a target in the free coordinates of its parameters: ln p̃(T(u)) + ln |det ∂T/∂u|.
///
/// # Errors
///
/// If there are not as many coordinates as parameters, or their kinds do not fit.
pub fn log_density_free<Q: Target + ?Sized>(target: &Q, free: &[f64]) -> Result<f64> {
    target.parameters().check()?;
    let dim = target.parameters().dim();
    match free.len() == dim {
        true => Ok(Free::new(target).value(free)),
        false => Err(Error::shape(format!(
            "{} free coordinates for {dim} parameters: give as many",
            free.len()
        ))),
    }
}
