//! Mixtures of Gaussians: eight around a circle, and the arms of a pinwheel.

use std::f64::consts::{FRAC_PI_4, TAU};

use rand::{Rng, RngExt};

use super::plane::{Formula, Plane, normal, positive};
use super::special::log_sum_exp;
use crate::error::{Error, Result};
use crate::real::portable::{exp, hypot, ln, sin_cos};

/// Eight isotropic Gaussians around a circle; see [`eight_gaussians`].
#[derive(Debug, Clone, Copy)]
pub struct EightGaussians {
    radius: f64,
    std_dev: f64,
}

/// Eight Gaussians of standard deviation 0.5 / 1.414 at radius 4 / 1.414 (the `8gaussians` of
/// Grathwohl et al. 2019, FFJORD). Entropy 2.835 nats.
pub fn eight_gaussians() -> Plane<EightGaussians> {
    Plane::new(EightGaussians { radius: 4.0 / 1.414, std_dev: 0.5 / 1.414 })
}

impl EightGaussians {
    fn center(&self, k: usize) -> [f64; 2] {
        let (sin, cos) = sin_cos(k as f64 * FRAC_PI_4);
        [self.radius * cos, self.radius * sin]
    }
}

impl Formula for EightGaussians {
    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn log_density(&self, x: [f64; 2]) -> f64 {
        let variance = self.std_dev * self.std_dev;
        let term = |k: usize| {
            let c = self.center(k);
            -0.5 * ((x[0] - c[0]).powi(2) + (x[1] - c[1]).powi(2)) / variance
        };
        log_sum_exp((0..8).map(term)) - ln(8.0 * TAU * variance)
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> [f64; 2] {
        let center = self.center(rng.random_range(0..8));
        center.map(|c| c + self.std_dev * normal(rng))
    }
}

/// Gaussian arms twisted around the origin; see [`pinwheel`].
#[derive(Debug, Clone, Copy)]
pub struct Pinwheel {
    arms: usize,
    radial: f64,
    tangential: f64,
    twist: f64,
}

/// Five arms of radial deviation 0.3 and tangential deviation 0.1 around the unit circle, each point
/// turned by 0.25 exp(r) at its radius r, and all doubled.
///
/// Johnson et al. 2016 (Composing graphical models with neural networks) turn by the radial
/// coordinate of the arm where this turns by the distance from the origin: the pictures are almost
/// the same, but this twist keeps areas, so that the density is known exactly.
pub fn pinwheel() -> Plane<Pinwheel> {
    Plane::new(Pinwheel { arms: 5, radial: 0.3, tangential: 0.1, twist: 0.25 }).scaled(2.0)
}

/// A point turned by an angle.
fn turned([x, y]: [f64; 2], angle: f64) -> [f64; 2] {
    let (sin, cos) = sin_cos(angle);
    [x * cos - y * sin, x * sin + y * cos]
}

impl Pinwheel {
    fn angle(&self, arm: usize) -> f64 {
        TAU * arm as f64 / self.arms as f64
    }
}

impl Formula for Pinwheel {
    fn check(&self) -> Result<()> {
        if self.arms == 0 {
            return Err(Error::setting("a pinwheel without arms has no density: give one or more"));
        }
        positive("radial deviation", self.radial)?;
        positive("tangential deviation", self.tangential)
    }

    fn log_density(&self, x: [f64; 2]) -> f64 {
        // Far out exp(r) overflows; there the density has vanished under any angle.
        let radius = hypot(x[0], x[1]).min(700.0);
        let straight = turned(x, -self.twist * exp(radius));
        let term = |arm: usize| {
            let [along, across] = turned(straight, -self.angle(arm));
            -0.5 * (((along - 1.0) / self.radial).powi(2) + (across / self.tangential).powi(2))
        };
        let normalisation = self.arms as f64 * TAU * self.radial * self.tangential;
        log_sum_exp((0..self.arms).map(term)) - ln(normalisation)
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> [f64; 2] {
        let arm = rng.random_range(0..self.arms);
        let point = [1.0 + self.radial * normal(rng), self.tangential * normal(rng)];
        let radius = hypot(point[0], point[1]);
        turned(point, self.angle(arm) + self.twist * exp(radius))
    }
}
