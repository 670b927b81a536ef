//! Two spirals, blurred by a box and by Gaussian noise.

use std::f64::consts::PI;

use rand::{Rng, RngExt};

use super::plane::{Formula, Plane, normal};
use super::special::{ln_normal_between, log_sum_exp, nodes};
use crate::error::Result;
use crate::real::portable::{ln, sin_cos};

/// The width of the box, and the deviation of the noise.
const BOX: f64 = 0.5 / 3.0;
const NOISE: f64 = 0.1;
/// Points of the curve whose exponent is this much below the best contribute less than 1e-17.
const NEGLIGIBLE: f64 = 40.0;

/// Two interleaved spirals; see [`two_spirals`].
#[derive(Debug, Clone)]
pub struct TwoSpirals {
    /// Points on the first spiral with the logarithms of their weights.
    points: Vec<([f64; 2], f64)>,
}

/// The `2spirals` of Grathwohl et al. 2019 (FFJORD): ±(-n cos n + U(0, 1/2), n sin n + U(0, 1/2)) / 3
/// plus noise 0.1, for n = 3π √u with u uniform. Entropy 2.649 nats.
pub fn two_spirals() -> Plane<TwoSpirals> {
    let log_density = |n: f64| ln(2.0 * n / (9.0 * PI * PI));
    let points = nodes(0.0, 3.0 * PI, 400).map(|(n, w)| (spiral(n), log_density(n) + ln(w)));
    Plane::new(TwoSpirals { points: points.collect() })
}

fn spiral(n: f64) -> [f64; 2] {
    let (sin, cos) = sin_cos(n);
    [-n * cos / 3.0, n * sin / 3.0]
}

/// ln of the density at `x` of a number in [0, BOX] plus noise.
fn ln_blurred(x: f64) -> f64 {
    ln_normal_between((x - BOX) / NOISE, x / NOISE) - ln(BOX)
}

/// The distance from `x` to [0, BOX].
fn beyond(x: f64) -> f64 {
    (-x).max(x - BOX).max(0.0)
}

impl TwoSpirals {
    /// The log-density of the first spiral.
    fn log_first(&self, x: [f64; 2]) -> f64 {
        let decay = |point: &[f64; 2]| {
            0.5 * (beyond(x[0] - point[0]).powi(2) + beyond(x[1] - point[1]).powi(2))
                / (NOISE * NOISE)
        };
        let least = self.points.iter().map(|(point, _)| decay(point)).fold(f64::INFINITY, f64::min);
        let near = self.points.iter().filter(|(point, _)| decay(point) < least + NEGLIGIBLE);
        log_sum_exp(near.map(|(point, log_weight)| {
            log_weight + ln_blurred(x[0] - point[0]) + ln_blurred(x[1] - point[1])
        }))
    }
}

impl Formula for TwoSpirals {
    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn log_density(&self, x: [f64; 2]) -> f64 {
        let both = [self.log_first(x), self.log_first([-x[0], -x[1]])];
        log_sum_exp(both.into_iter()) - ln(2.0)
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> [f64; 2] {
        let sign = if rng.random() { 1.0 } else { -1.0 };
        let point = spiral(3.0 * PI * rng.random::<f64>().sqrt());
        point.map(|x| sign * (x + BOX * rng.random::<f64>()) + NOISE * normal(rng))
    }
}
