//! Derivatives by differences, held against those that somebody gives.

use super::log_det::steadiest;
use super::moving::numbers;
use super::{Cause, Difference, Law, Place, Tolerances, Violation};
use liouville::diagnose::derivative_weights;
use liouville::error::Error;
use liouville::parameters::Layout;
use liouville::real::Real;

/// Up to so many parameters of an array are differentiated one by one, more along random directions.
const FEW: usize = 6;

/// What two numbers are that should agree.
pub(super) const WHAT: [&str; 2] = ["the derivative that was given", "by differences it"];

/// An error as a violation.
pub(super) fn refused(law: Law, error: Error) -> Violation {
    Violation::new(law, None, Cause::Refused(error))
}

/// An error unless two numbers agree.
pub(super) fn agree(
    law: Law,
    place: Place,
    what: [&'static str; 2],
    [found, expected]: [f64; 2],
    bound: f64,
) -> Result<(), Violation> {
    // NaN compares false.
    if (found - expected).abs() <= bound {
        return Ok(());
    }
    let difference = Difference { place, what, found, expected, bound };
    Err(Violation::new(law, None, Cause::Differs(difference)))
}

/// The derivative at zero of a function whose argument has about this size, by the first step that comes
/// within `bound` of what was given, or else by the one that is steadiest.
pub(super) fn slope<T: Real>(
    [given, bound, size]: [f64; 3],
    value: &dyn Fn(f64) -> Result<f64, Violation>,
) -> Result<f64, Violation> {
    let mut tried = Vec::new();
    for &share in Tolerances::steps::<T>() {
        let step = share * (1.0 + size);
        let mut sum = 0.0;
        for (k, weight) in derivative_weights() {
            sum += weight * value(k * step)?;
        }
        if (sum / step - given).abs() <= bound {
            return Ok(sum / step);
        }
        tried.push((share, sum / step));
    }
    Ok(steadiest(tried))
}

/// The gradient of a value by all parameters, array by array, against differences.
pub(super) fn by_parameters<T: Real>(
    layout: &Layout,
    [parameters, gradient]: [&[T]; 2],
    tolerances: &Tolerances,
    value: &dyn Fn(&[T]) -> Result<f64, Violation>,
) -> Result<(), Violation> {
    for entry in layout.entries() {
        let range = entry.range.clone();
        let (own, part) = (&parameters[range.clone()], &gradient[range.clone()]);
        let size = own.iter().map(|p| p.wide().abs()).fold(0.0, f64::max);
        let norm = part.iter().map(|g| g.wide() * g.wide()).sum::<f64>().sqrt();
        let bound = tolerances.gradient * norm.max(1e-2);
        for (index, direction) in directions(part.len()).into_iter().enumerate() {
            let given = part.iter().zip(&direction).map(|(g, d)| g.wide() * d).sum();
            let moved = |shift: f64| {
                let mut values = parameters.to_vec();
                for (value, d) in values[range.clone()].iter_mut().zip(&direction) {
                    *value = T::of(value.wide() + shift * d);
                }
                value(&values)
            };
            let found = slope::<T>([given, bound, size], &moved)?;
            let place = Place::Parameter { name: entry.name.clone(), index };
            agree(Law::Gradient, place, WHAT, [given, found], bound)?;
        }
    }
    Ok(())
}

/// One direction for each of few parameters, six random ones for many.
fn directions(count: usize) -> Vec<Vec<f64>> {
    let mut next = numbers(count as u64);
    let unit = |k: usize| (0..count).map(|i| f64::from(u8::from(i == k))).collect();
    match count <= FEW {
        true => (0..count).map(unit).collect(),
        false => (0..FEW).map(|_| (0..count).map(|_| next()).collect()).collect(),
    }
}
