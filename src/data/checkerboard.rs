//! The uniform density on the dark squares of a board.

use rand::{Rng, RngExt};

use super::plane::{Formula, Plane};
use crate::error::Result;
use crate::real::portable::ln;

/// Eight squares of side 2; see [`checkerboard`].
#[derive(Debug, Clone, Copy)]
pub struct Checkerboard;

/// The uniform density on eight squares of side 2 in [-4, 4]² (the `checkerboard` of Grathwohl et
/// al. 2019, FFJORD). Entropy ln 32 = 3.466 nats.
pub fn checkerboard() -> Plane<Checkerboard> {
    Plane::new(Checkerboard).scaled(2.0)
}

impl Formula for Checkerboard {
    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn log_density(&self, point: [f64; 2]) -> f64 {
        if self.holds(point) { -ln(8.0) } else { f64::NEG_INFINITY }
    }

    fn holds(&self, [x, y]: [f64; 2]) -> bool {
        let inside = (-2.0..2.0).contains(&x) && (-2.0..2.0).contains(&y);
        inside && (x.floor() + y.floor()).rem_euclid(2.0) == 0.0
    }

    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> [f64; 2] {
        let x = rng.random_range(-2.0..2.0f64);
        let row = 2.0 * f64::from(rng.random_range(-1..=0i8)) + x.floor().rem_euclid(2.0);
        [x, row + rng.random::<f64>()]
    }
}
