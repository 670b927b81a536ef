//! Penalties on the way of a sample: its kinetic energy and the size of the Jacobian along it.

use crate::error::{Error, Result};

/// How much the way of a sample through a continuous flow is penalised: the weights of
///
/// - its kinetic energy ∫ |f(t, x)|² dt,
/// - the squared Frobenius norm of the Jacobian along it, ∫ |∂f/∂x|² dt, estimated by |(∂f/∂x) u|²
///   with the probes u of the trace and their weights, or with one random u with entries ±1 where
///   the trace is exact,
///
/// as in Finlay et al. 2020 (How to train your neural ODE, equation 6), where the probe multiplies
/// from the other side; the expectation is the same. A weight of zero costs nothing.
///
/// Under a [`Frame`](super::Frame) x are points in it, so that weights need not know the unit of the data.
///
/// The integrals are carried along by the steps that points and log-determinants ask for; they do
/// not choose steps themselves.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Penalties {
    /// The weight of the kinetic energy, per unit of time.
    pub kinetic_energy: f64,
    /// The weight of the squared norm of the Jacobian.
    pub jacobian_norm: f64,
}

impl Penalties {
    /// An error unless both weights are finite and at least zero.
    ///
    /// # Errors
    ///
    /// If a weight is negative, NaN or infinite.
    pub fn check(&self) -> Result<()> {
        let weights =
            [("kinetic energy", self.kinetic_energy), ("Jacobian norm", self.jacobian_norm)];
        match weights.iter().find(|(_, weight)| !(*weight >= 0.0 && weight.is_finite())) {
            Some((name, weight)) => Err(Error::setting(format!(
                "the weight of the {name} is {weight}: give zero or a positive number, such as 0.01"
            ))),
            None => Ok(()),
        }
    }

    /// The weights that are not zero, in the order of their rows.
    pub(super) fn weights(self) -> impl Iterator<Item = f64> {
        [self.kinetic_energy, self.jacobian_norm].into_iter().filter(|weight| *weight > 0.0)
    }

    /// The number of rows that the integrals take.
    pub(super) fn rows(self) -> usize {
        self.weights().count()
    }
}
