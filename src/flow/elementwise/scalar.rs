//! Maps of one coordinate, each applied to several: positive, bounded on one side, in an interval.

use std::fmt::Debug;

use super::resolution::resolved;
use super::{Bijector, Outside, Space, inside};
use crate::description::Description;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::portable::{exp, exp_m1, ln, ln_1p, tanh};
use crate::real::{Real, sigmoid, softplus as ln_1p_exp};

/// A smooth monotone map of the real line onto an open interval.
pub trait ScalarMap: Debug + Clone + Send + Sync + 'static {
    /// What the map is, as it can be [made again](crate::description::Restore) from.
    ///
    /// # Errors
    ///
    /// If it does not say so, which is the default.
    fn describe(&self) -> Result<Description> {
        Err(Description::none_of::<Self>("map of one coordinate"))
    }

    /// The ends of the interval.
    fn support(&self) -> (f64, f64);

    /// y = g(x).
    fn value(&self, x: f64) -> f64;

    /// The x of g(x) = y, for y inside the interval.
    fn root(&self, y: f64) -> f64;

    /// ln |g'(x)|.
    fn log_slope(&self, x: f64) -> f64;

    /// The derivative of ln |g'(x)|.
    fn bend(&self, x: f64) -> f64;

    /// Whether g(x) = x. By default no.
    fn is_identity(&self) -> bool {
        false
    }

    /// g'(x).
    fn slope(&self, x: f64) -> f64 {
        exp(self.log_slope(x))
    }
}

/// The same map for each of several coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Each<M> {
    map: M,
    count: usize,
}

impl<M: ScalarMap> Each<M> {
    /// `map` for each of `count` coordinates.
    pub fn new(map: M, count: usize) -> Self {
        Self { map, count }
    }
}

impl<T: Real, M: ScalarMap> Bijector<T> for Each<M> {
    fn dim(&self) -> usize {
        self.count
    }

    fn check(&self) -> Result<()> {
        let (low, high) = self.map.support();
        resolved::<T>(low, high)
    }

    fn forward(&self, x: &mut [T]) -> f64 {
        let (low, high) = self.map.support();
        let mut log_det = 0.0;
        for x in x {
            let free = x.wide();
            *x = inside(self.map.value(free), low, high);
            log_det += self.map.log_slope(free);
        }
        log_det
    }

    fn inverse(&self, y: &mut [T]) -> std::result::Result<f64, Outside> {
        let (low, high) = self.map.support();
        let mut log_det = 0.0;
        for (i, y) in y.iter_mut().enumerate() {
            let value = y.wide();
            // NaN compares false.
            let within = value > low && value < high;
            if !within {
                return Err(Outside(i));
            }
            let free = self.map.root(value);
            *y = T::of(free);
            log_det -= self.map.log_slope(free);
        }
        Ok(log_det)
    }

    fn pull(&self, x: &[T], cotangent: &mut [T], log_det: f64) {
        for (x, bar) in x.iter().zip(cotangent) {
            let x = x.wide();
            *bar = T::of(bar.wide() * self.map.slope(x) + log_det * self.map.bend(x));
        }
    }

    fn solve_transposed(&self, x: &[T], cotangent: &mut [T]) {
        for (x, bar) in x.iter().zip(cotangent) {
            *bar = T::of(bar.wide() / self.map.slope(x.wide()));
        }
    }

    fn support(&self) -> Vec<Space> {
        let (low, high) = self.map.support();
        vec![Space::between(low, high); self.count]
    }

    fn is_identity(&self) -> bool {
        self.map.is_identity()
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Each").with("count", self.count).part("map", self.map.describe()?))
    }

    fn boxed(&self) -> Box<dyn Bijector<T>> {
        Box::new(self.clone())
    }
}

/// The maps that the functions of this file name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line {
    /// x, onto the whole line.
    Free,
    /// a + eˣ, onto everything above a.
    Above(f64),
    /// b - eˣ, onto everything below b.
    Below(f64),
    /// ln(1 + eˣ), onto the positive numbers, and nearly x where that is large.
    Softplus,
    /// a + (b - a) / (1 + e⁻ˣ), onto the interval from a to b.
    Interval(f64, f64),
}

/// Coordinates that stay as they are.
pub fn free(count: usize) -> Each<Line> {
    Each::new(Line::Free, count)
}

/// Positive coordinates, by eˣ: a normal base becomes lognormal.
pub fn positive(count: usize) -> Each<Line> {
    Each::new(Line::Above(0.0), count)
}

/// Positive coordinates, by ln(1 + eˣ).
pub fn softplus(count: usize) -> Each<Line> {
    Each::new(Line::Softplus, count)
}

/// Coordinates above `low`, by low + eˣ. A flow refuses a bound so large that its scalar has no numbers for
/// distances of one from there.
///
/// # Errors
///
/// If `low` is NaN or infinite.
pub fn above(low: f64, count: usize) -> Result<Each<Line>> {
    finite(low)?;
    Ok(Each::new(Line::Above(low), count))
}

/// Coordinates below `high`, by high - eˣ, as [`above`].
///
/// # Errors
///
/// If `high` is NaN or infinite.
pub fn below(high: f64, count: usize) -> Result<Each<Line>> {
    finite(high)?;
    Ok(Each::new(Line::Below(high), count))
}

/// Coordinates between `low` and `high`, by the logistic function: a normal base becomes
/// logit-normal. A flow refuses an interval that its scalar does not resolve.
///
/// # Errors
///
/// If a bound is NaN or infinite, or `low` is not below `high`.
pub fn interval(low: f64, high: f64, count: usize) -> Result<Each<Line>> {
    finite(low)?;
    finite(high)?;
    let (length, rounding) = (high - low, f64::EPSILON * low.abs().max(high.abs()));
    let advice = match length {
        _ if length <= 0.0 => "give the lower bound first",
        _ if length <= 8.0 * rounding => {
            "give bounds that are farther apart, or shift them to zero"
        }
        _ if length.is_infinite() => {
            "the distance exceeds the largest number: leave a side free, by `above` or `below`"
        }
        _ => return Ok(Each::new(Line::Interval(low, high), count)),
    };
    let [low, high] = shown::apart([low, high]);
    Err(Error::setting(format!("there is no interval from {low} to {high}: {advice}")))
}

fn finite(bound: f64) -> Result<()> {
    if bound.is_finite() {
        return Ok(());
    }
    Err(Error::setting(format!("the bound {bound} is not finite: leave that side free instead")))
}

impl ScalarMap for Line {
    fn describe(&self) -> Result<Description> {
        Ok(match *self {
            Self::Free => Description::new("Free"),
            Self::Above(low) => Description::new("Above").with("low", low),
            Self::Below(high) => Description::new("Below").with("high", high),
            Self::Softplus => Description::new("Softplus"),
            Self::Interval(low, high) => {
                Description::new("Interval").with("low", low).with("high", high)
            }
        })
    }

    fn support(&self) -> (f64, f64) {
        match *self {
            Self::Free => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Above(low) => (low, f64::INFINITY),
            Self::Below(high) => (f64::NEG_INFINITY, high),
            Self::Softplus => (0.0, f64::INFINITY),
            Self::Interval(low, high) => (low, high),
        }
    }

    fn value(&self, x: f64) -> f64 {
        match *self {
            Self::Free => x,
            Self::Above(low) => low + exp(x),
            Self::Below(high) => high - exp(x),
            Self::Softplus => ln_1p_exp(x),
            // From the nearer end, so that small distances from it are accurate.
            Self::Interval(low, high) if x < 0.0 => low + (high - low) * sigmoid(x),
            Self::Interval(low, high) => high - (high - low) * sigmoid(-x),
        }
    }

    fn root(&self, y: f64) -> f64 {
        match *self {
            Self::Free => y,
            Self::Above(low) => ln(y - low),
            Self::Below(high) => ln(high - y),
            // ln(eʸ - 1) = y + ln(1 - e⁻ʸ), whose parts cancel where y is small.
            Self::Softplus if y < 1.0 => ln(exp_m1(y)),
            Self::Softplus => y + ln_1p(-exp(-y)),
            Self::Interval(low, high) => ln(y - low) - ln(high - y),
        }
    }

    fn log_slope(&self, x: f64) -> f64 {
        match *self {
            Self::Free => 0.0,
            Self::Above(_) | Self::Below(_) => x,
            Self::Softplus => -ln_1p_exp(-x),
            // The logistic function s has s' = s (1 - s), and ln(s (1 - s)) is even.
            Self::Interval(low, high) => ln(high - low) - x.abs() - 2.0 * ln_1p(exp(-x.abs())),
        }
    }

    fn bend(&self, x: f64) -> f64 {
        match *self {
            Self::Free => 0.0,
            Self::Above(_) | Self::Below(_) => 1.0,
            Self::Softplus => sigmoid(-x),
            Self::Interval(..) => -tanh(0.5 * x),
        }
    }

    fn is_identity(&self) -> bool {
        *self == Self::Free
    }

    fn slope(&self, x: f64) -> f64 {
        match self {
            Self::Below(_) => -exp(x),
            _ => exp(self.log_slope(x)),
        }
    }
}
