//! Concentric circles blurred by Gaussian noise.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};

use super::plane::{Formula, Plane, normal, positive};
use super::special::{ln_scaled_i0, log_sum_exp};
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::portable::{hypot, ln, sin_cos};

/// Circles around the origin, all equally likely, plus noise; see [`rings`].
#[derive(Debug, Clone)]
pub struct Rings {
    radii: Vec<f64>,
    noise: f64,
}

/// Circles of the given radii around the origin, all equally likely, blurred by Gaussian noise.
///
/// Each has the density exp(-(r² + R²) / 2σ²) I0(rR / σ²) / 2πσ² at distance r from the origin.
pub fn rings(radii: &[f64], noise: f64) -> Plane<Rings> {
    Plane::new(Rings { radii: radii.to_vec(), noise })
}

/// Two circles of radii 3 and 1.5 with noise 0.24: scikit-learn's `make_circles` with factor 0.5 and
/// noise 0.08, times 3, as in Grathwohl et al. 2019 (FFJORD). Entropy 3.268 nats.
pub fn circles() -> Plane<Rings> {
    rings(&[3.0, 1.5], 0.24)
}

impl Formula for Rings {
    fn check(&self) -> Result<()> {
        if self.radii.is_empty() {
            return Err(Error::setting("rings without a radius have no density: give one or more"));
        }
        if let Some(radius) =
            self.radii.iter().find(|radius| !(radius.is_finite() && **radius >= 0.0))
        {
            return Err(Error::setting(format!(
                "a radius is {}: give zero or positive numbers",
                shown::number(*radius)
            )));
        }
        positive("noise", self.noise)
    }

    fn log_density(&self, x: [f64; 2]) -> f64 {
        let variance = self.noise * self.noise;
        let distance = hypot(x[0], x[1]);
        let ring = |radius: &f64| {
            -0.5 * (distance - radius).powi(2) / variance
                + ln_scaled_i0(distance * radius / variance)
        };
        log_sum_exp(self.radii.iter().map(ring)) - ln(self.radii.len() as f64 * TAU * variance)
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> [f64; 2] {
        let radius = self.radii[rng.random_range(0..self.radii.len())];
        let (sin, cos) = sin_cos(TAU * rng.random::<f64>());
        [radius * cos, radius * sin].map(|x| x + self.noise * normal(rng))
    }
}
