//! Curves blurred by isotropic noise: two moons and the swiss roll.

use std::f64::consts::{PI, TAU};

use rand::{Rng, RngExt};

use super::plane::{Formula, Plane, normal, positive};
use super::special::{log_sum_exp, nodes};
use crate::error::Result;
use crate::real::portable::{ln, sin_cos};

/// The least and the greatest number of quadrature panels along a curve.
const PANELS: (f64, f64) = (16.0, 20_000.0);

/// A curve with parameter u, uniform in [0, 1), plus Gaussian noise; see [`two_moons`] and
/// [`swiss_roll`].
///
/// The density is the integral of the Gaussian over the curve, by eight-point Gauss-Legendre
/// quadrature on panels no longer than the noise; its logarithm is accurate to about 1e-10 where
/// the density is not negligible.
#[derive(Debug, Clone)]
pub struct Ridge {
    noise: f64,
    curve: fn(f64) -> [f64; 2],
    /// Points on the curve with the logarithms of their weights.
    points: Vec<([f64; 2], f64)>,
}

/// Two half circles of radius one, blurred by Gaussian noise of the given deviation: scikit-learn's
/// `make_moons` with angles drawn uniformly. With noise 0.05 the entropy is 0.288 nats.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let moons = data::two_moons(0.05);
/// let mut rng = StdRng::seed_from_u64(1);
/// let points: DMatrix<f64> = moons.sample(5_000, &mut rng)?;
/// let entropy = -moons.log_prob(&points)?.mean();
/// assert!((entropy - 0.288).abs() < 0.1);
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn two_moons(noise: f64) -> Plane<Ridge> {
    Plane::new(Ridge::new(noise, moon, 2, TAU))
}

/// A spiral of one and a half turns, (t cos t, t sin t) / 5 for t uniform in [1.5π, 4.5π], with noise
/// 1/5 (the `swissroll` of Grathwohl et al. 2019, FFJORD). Entropy 2.670 nats.
pub fn swiss_roll() -> Plane<Ridge> {
    let longest = 3.0 * PI * (1.0 + (4.5 * PI).powi(2)).sqrt() / 5.0;
    Plane::new(Ridge::new(0.2, roll, 1, longest))
}

/// The upper moon for the first half of u, the lower for the second.
fn moon(u: f64) -> [f64; 2] {
    let (sin, cos) = sin_cos(TAU * (u % 0.5));
    if u < 0.5 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] }
}

fn roll(u: f64) -> [f64; 2] {
    let t = 1.5 * PI * (1.0 + 2.0 * u);
    let (sin, cos) = sin_cos(t);
    [t * cos / 5.0, t * sin / 5.0]
}

impl Ridge {
    /// A curve of `pieces` pieces that are joined or not, none faster than `speed`.
    fn new(noise: f64, curve: fn(f64) -> [f64; 2], pieces: usize, speed: f64) -> Self {
        // With bad noise the cast gives some number, and `check` refuses before it matters.
        let panels =
            (speed / pieces as f64 / noise.abs()).ceil().clamp(PANELS.0, PANELS.1) as usize;
        let piece = |k: usize| {
            let (from, to) = (k as f64 / pieces as f64, (k + 1) as f64 / pieces as f64);
            nodes(from, to, panels).map(move |(u, weight)| (curve(u), ln(weight)))
        };
        Self { noise, curve, points: (0..pieces).flat_map(piece).collect() }
    }
}

impl Formula for Ridge {
    fn check(&self) -> Result<()> {
        positive("noise", self.noise)
    }

    fn log_density(&self, x: [f64; 2]) -> f64 {
        let variance = self.noise * self.noise;
        let term = |(point, log_weight): &([f64; 2], f64)| {
            log_weight - 0.5 * ((x[0] - point[0]).powi(2) + (x[1] - point[1]).powi(2)) / variance
        };
        log_sum_exp(self.points.iter().map(term)) - ln(TAU * variance)
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> [f64; 2] {
        let point = (self.curve)(rng.random());
        point.map(|x| x + self.noise * normal(rng))
    }
}
