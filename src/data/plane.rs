//! A formula in the plane as a density of either scalar.

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};
use rayon::prelude::*;

use crate::density::{Density, Sample, check_finite, room_for};
use crate::error::{Error, Result};
use crate::flow::check_points;
use crate::outcome::shown;
use crate::real::portable::ln;
use crate::real::{Normal, Real};

/// How often a sample is drawn again that rounding moves out of its support.
const TRIES: usize = 64;

/// A density in the plane, in `f64`.
pub trait Formula: Send + Sync {
    /// An error that names the setting that is out of range.
    ///
    /// # Errors
    ///
    /// If there is one.
    fn check(&self) -> Result<()>;

    /// The log-density at a finite point, in nats; -∞ outside the support.
    fn log_density(&self, point: [f64; 2]) -> f64;

    /// Whether a point lies within the support, if that has an end. A sample that rounding has moved out of
    /// it is drawn again.
    fn holds(&self, point: [f64; 2]) -> bool {
        let _ = point;
        true
    }

    /// One sample.
    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> [f64; 2];
}

/// A [`Formula`], scaled and shifted, as a [`Density`] and [`Sample`] of either scalar.
///
/// ```
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let moons = data::two_moons(0.1).scaled(2.0).shifted([-1.0, -0.2]);
/// let mut rng = StdRng::seed_from_u64(1);
/// let points: DMatrix<f32> = moons.sample(100, &mut rng)?;
/// let log_p = moons.log_prob(&points)?;
/// assert_eq!(log_p.len(), 100);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plane<F> {
    formula: F,
    scale: f64,
    shift: [f64; 2],
}

impl<F: Formula> Plane<F> {
    pub(super) fn new(formula: F) -> Self {
        Self { formula, scale: 1.0, shift: [0.0; 2] }
    }

    /// The distribution of `factor` times a sample.
    pub fn scaled(mut self, factor: f64) -> Self {
        self.scale *= factor;
        self.shift = self.shift.map(|shift| shift * factor);
        self
    }

    /// The distribution of a sample plus `by`.
    pub fn shifted(mut self, by: [f64; 2]) -> Self {
        self.shift = [self.shift[0] + by[0], self.shift[1] + by[1]];
        self
    }

    fn check(&self) -> Result<()> {
        if self.scale == 0.0 || !self.scale.is_finite() || !self.shift.iter().all(|s| s.is_finite())
        {
            return Err(Error::setting(format!(
                "cannot scale by {} and shift by {}: give finite numbers and no zero scale",
                shown::number(self.scale),
                shown::pair(self.shift)
            )));
        }
        self.formula.check()
    }

    fn inner(&self, point: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|i| (point[i] - self.shift[i]) / self.scale)
    }

    /// A sample that lies within the support when it is rounded.
    fn draw<T: Real, R: Rng + ?Sized>(&self, rng: &mut R) -> Result<[T; 2]> {
        for _ in 0..TRIES {
            let point = self.formula.draw(rng);
            let rounded = [0, 1].map(|i| T::of(self.scale * point[i] + self.shift[i]));
            let finite = rounded.iter().all(|value| value.is_finite());
            if finite && self.formula.holds(self.inner(rounded.map(T::wide))) {
                return Ok(rounded);
            }
        }
        Err(Error::setting(format!(
            "{} does not resolve the samples scaled by {} and shifted by {}: shift less, or use f64",
            T::NAME,
            shown::number(self.scale),
            shown::pair(self.shift)
        )))
    }

    fn log_density(&self, point: [f64; 2]) -> f64 {
        self.formula.log_density(self.inner(point)) - 2.0 * ln(self.scale.abs())
    }
}

impl<T: Real, F: Formula> Density<T> for Plane<F> {
    fn dim(&self) -> usize {
        2
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        self.check()?;
        check_points(2, points)?;
        check_finite(points)?;
        let values = points.as_slice().par_chunks(2);
        let log_prob = values.map(|x| T::of(self.log_density([x[0].wide(), x[1].wide()])));
        Ok(DVector::from_vec(log_prob.collect()))
    }
}

impl<T: Real, F: Formula> Sample<T> for Plane<F> {
    type Drawn = DMatrix<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        self.check()?;
        let mut values = room_for(2, count)?;
        for _ in 0..count {
            values.extend_from_slice(&self.draw(rng)?);
        }
        Ok(DMatrix::from_vec(2, count, values))
    }
}

/// An error unless `value` is positive and finite.
pub(super) fn positive(what: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    let value = shown::number(value);
    Err(Error::setting(format!("the {what} is {value}: give a positive number")))
}

/// A standard normal number.
pub(super) fn normal<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    rng.sample(Normal)
}
