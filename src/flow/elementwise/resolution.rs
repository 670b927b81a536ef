//! Whether a scalar can resolve the numbers between two bounds.

use crate::error::{Error, Result};
use crate::outcome::shown::number;
use crate::real::Real;

/// The least number of steps of the scalar, from a bound to the middle of what lies inside: with half a
/// step of rounding there, free coordinates near zero are exact to [`LOST`](super::LOST).
const STEPS: f64 = 256.0;

/// The distance between numbers of the scalar next to `value`.
fn step<T: Real>(value: f64) -> f64 {
    // The power of two below: the exponent without the mantissa.
    let exponent = value.abs().max(T::SMALLEST).to_bits() & 0x7ff0_0000_0000_0000;
    T::EPSILON * f64::from_bits(exponent)
}

/// An error unless numbers of type T lie close enough between `low` and `high`, either of which may be
/// infinite.
///
/// A finite interval is resolved if it is 1024 steps long: with a quarter of its length for the slope in the
/// middle, that are 256 for a step of one of the free coordinate. Beside a single bound, that is a distance
/// of one.
pub(super) fn resolved<T: Real>(low: f64, high: f64) -> Result<()> {
    let bounds = [low, high].into_iter().filter(|bound| bound.is_finite());
    let largest = bounds.fold(0.0, |largest: f64, bound| largest.max(bound.abs()));
    let refuse = |why: String| {
        let advice = "subtract the bound from the data and scale them, or compute in f64";
        Err(Error::setting(format!("{} {why}: {advice}", T::NAME)))
    };
    if !T::of(largest).is_finite() {
        return refuse(format!("does not reach to the bound {}", number(largest)));
    }
    let unit = if (high - low).is_finite() { 0.25 * (high - low) } else { 1.0 };
    let step = step::<T>(largest);
    if unit >= STEPS * step {
        return Ok(());
    }
    let wanted = match (high - low).is_finite() {
        true => format!("an interval of length {}", number(high - low)),
        false => "distances of one from the bound".to_string(),
    };
    refuse(format!("has numbers {step:.1e} apart near {}, too few for {wanted}", number(largest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_the_scalar() {
        assert_eq!(step::<f32>(1.0), f64::from(f32::EPSILON));
        assert_eq!(step::<f32>(1.5e8), 16.0);
        assert_eq!(step::<f64>(-1024.0), 1024.0 * f64::EPSILON);
        assert_eq!(step::<f32>(0.0), f64::from(f32::from_bits(1)));
    }
}
