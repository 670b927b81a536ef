//! Rational-quadratic splines with the parameters of every lane its own, both ways and in reverse.
//!
//! | file | what |
//! | --- | --- |
//! | `bins` | the knots of every lane, and the bin that a value falls into |
//! | `place` | where in its bin a value lies, and the curve there |
//! | `reverse` | the reverse pass of both ways |
//! | `tests` | both against the formulas of the paper |
//!
//! The spline is that of Durkan et al. 2019 (Neural Spline Flows, section 3.1): in a bin of width w
//! and height h, with s = h / w, and derivatives d₀ and d₁ at its ends, θ = (x - x₀) / w and τ = 1 - θ,
//!
//! y = y₀ + h (s θ² + d₀ θτ) / (s + (d₀ + d₁ - 2s) θτ).
//!
//! Written with a = d₀ / s, b = d₁ / s, and 1 - 2θτ = θ² + τ², numerator and denominator are sums of
//! positive terms, so that nothing cancels however flat or steep a bin is:
//!
//! (y - y₀) / h = (θ² + a θτ) / D, D = θ² + τ² + (a + b) θτ, dy/dx = s (b θ² + 2θτ + a τ²) / D².

mod bins;
mod place;
mod reverse;
#[cfg(test)]
mod tests;

use super::dispatch::{instruction_set, stamp};
use super::elementary::{constant, wrap_angle};
use crate::columns::{LANES, Rows, RowsMut, Scratch};
use crate::kernels::InstructionSet;
use crate::real::Real;
use crate::simd::Vector;
use bins::{Bins, Raw};
use place::Place;
use reverse::{Reverse, pull_rows};

/// The least share of the interval that a bin takes, in width and in height.
pub const MIN_SHARE: f64 = 1e-3;

/// The least derivative at a knot.
pub const MIN_DERIVATIVE: f64 = 1e-3;

/// The raw derivative whose derivative is one: ln(exp(1 - 10⁻³) - 1).
pub const UNIT_DERIVATIVE: f64 = 0.539_742_417_236_952_2;

/// What happens at the ends of a spline's interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// The map is the identity outside, and has derivative one at the ends.
    Linear,
    /// The interval is a circle: the derivatives at both ends are one number, and input is wrapped.
    Circular,
}

/// Which axis of a spline is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplineWay {
    /// y by x.
    Evaluate,
    /// x by y.
    Invert,
}

/// A spline but for its parameters, which are given in the order: widths, heights, derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplineShape {
    /// The number of bins, at least one.
    pub bins: usize,
    /// The interval is from minus this to this.
    pub bound: f64,
    /// What happens at the ends.
    pub ends: Ends,
}

impl SplineShape {
    /// The number of raw parameters of one coordinate.
    pub fn parameters(&self) -> usize {
        2 * self.bins + self.derivatives()
    }

    /// The number of raw derivatives: one per inner knot, on a circle one per knot.
    pub fn derivatives(&self) -> usize {
        match self.ends {
            Ends::Linear => self.bins - 1,
            Ends::Circular => self.bins,
        }
    }

    /// The number of values that one vector of lanes needs in between.
    fn work(&self) -> usize {
        2 * (2 * self.bins + 1) * LANES
    }
}

/// Moves the coordinates, one row each, and adds the logarithms of their derivatives to `log_det`.
///
/// Parameter `p` of coordinate `i` is row `i * parameters + p` of `raw`.
pub fn spline<T: Real>(
    shape: SplineShape,
    way: SplineWay,
    raw: Rows<'_, T>,
    points: RowsMut<'_, T>,
    log_det: &mut [T],
    scratch: &mut Scratch<T>,
) {
    spline_with(instruction_set(), shape, way, raw, points, log_det, scratch);
}

/// [`spline`] by y, which sets `doubt` to one in every lane where rounding may count: where x or y moved by
/// sixteen roundings of the bound change the other way's value, or the logarithm of the slope, by `lost`.
pub fn invert_spline_doubting<T: Real>(
    shape: SplineShape,
    raw: Rows<'_, T>,
    points: RowsMut<'_, T>,
    log_det: &mut [T],
    (lost, doubt): (f64, &mut [T]),
    scratch: &mut Scratch<T>,
) {
    check(shape, raw, points.as_rows(), log_det);
    assert!(doubt.len() == log_det.len(), "{} lanes of doubt", doubt.len());
    let limit = T::of(lost / (16.0 * T::EPSILON * shape.bound));
    let (set, way) = (instruction_set(), SplineWay::Invert);
    let mut work = scratch.take(1, shape.work());
    let forward = Moving { raw, points, log_det, limit, doubt };
    moved(set, shape, way, forward, work.values_mut());
    scratch.give(work);
}

/// [`spline`] with the given instruction set.
pub(super) fn spline_with<T: Real>(
    set: InstructionSet,
    shape: SplineShape,
    way: SplineWay,
    raw: Rows<'_, T>,
    points: RowsMut<'_, T>,
    log_det: &mut [T],
    scratch: &mut Scratch<T>,
) {
    check(shape, raw, points.as_rows(), log_det);
    let mut work = scratch.take(1, shape.work());
    let moving = Moving { raw, points, log_det, limit: T::zero(), doubt: &mut [] };
    moved(set, shape, way, moving, work.values_mut());
    scratch.give(work);
}

/// Pulls the cotangents of output (in `cotangent` before) and log-derivatives back to `input` (in
/// `cotangent` after) and raw parameters (`raw_bar`, overwritten).
pub fn pull_spline<T: Real>(
    shape: SplineShape,
    way: SplineWay,
    [raw, input]: [Rows<'_, T>; 2],
    log_det: &[T],
    [cotangent, raw_bar]: [RowsMut<'_, T>; 2],
    scratch: &mut Scratch<T>,
) {
    let set = instruction_set();
    pull_spline_with(set, shape, way, [raw, input], log_det, [cotangent, raw_bar], scratch);
}

/// [`pull_spline`] with the given instruction set.
pub(super) fn pull_spline_with<T: Real>(
    set: InstructionSet,
    shape: SplineShape,
    way: SplineWay,
    [raw, input]: [Rows<'_, T>; 2],
    log_det: &[T],
    [cotangent, raw_bar]: [RowsMut<'_, T>; 2],
    scratch: &mut Scratch<T>,
) {
    check(shape, raw, input, log_det);
    check(shape, raw_bar.as_rows(), cotangent.as_rows(), log_det);
    assert!(input.rows() == cotangent.rows(), "cotangents of other coordinates");
    let mut work = scratch.take(1, shape.work());
    let reverse = Reverse { raw, input, log_det, cotangent, raw_bar };
    pulled(set, shape, way, reverse, work.values_mut());
    scratch.give(work);
}

/// The operands of a spline: with lanes of doubt, or without.
struct Moving<'a, T> {
    raw: Rows<'a, T>,
    points: RowsMut<'a, T>,
    log_det: &'a mut [T],
    /// From which slopes and bends on a lane is doubted.
    limit: T,
    doubt: &'a mut [T],
}

/// Panics unless the operands fit together.
fn check<T: Real>(shape: SplineShape, raw: Rows<'_, T>, points: Rows<'_, T>, log_det: &[T]) {
    let (rows, lanes) = (points.rows(), points.lanes());
    assert!(shape.bins > 0, "a spline without bins");
    assert!(lanes.is_multiple_of(LANES), "{lanes} lanes are not padded");
    assert!(log_det.len() == lanes, "{lanes} lanes with {} log-derivatives", log_det.len());
    let parameters = rows * shape.parameters();
    assert!(rows == 0 || raw.lanes() == lanes, "{lanes} lanes with parameters of others");
    assert!(raw.rows() == parameters, "{} rows for {parameters} parameters", raw.rows());
}

stamp! {
    fn moved<T>(
        shape: SplineShape,
        way: SplineWay,
        moving: Moving<'_, T>,
        work: &mut [T],
    ) = move_rows
}

stamp! {
    fn pulled<T>(
        shape: SplineShape,
        way: SplineWay,
        reverse: Reverse<'_, T>,
        work: &mut [T],
    ) = pull_rows
}

/// The operands have been compared by [`check`].
#[inline(always)]
unsafe fn move_rows<T: Real, V: Vector<T>>(
    shape: SplineShape,
    way: SplineWay,
    moving: Moving<'_, T>,
    work: &mut [T],
) {
    let Moving { raw, mut points, log_det, limit, doubt } = moving;
    let (rows, lanes) = (points.rows(), points.lanes());
    for i in 0..rows {
        for lane in (0..lanes).step_by(V::LANES) {
            // SAFETY: lanes are whole vectors; the caller vouches for the instruction set.
            unsafe {
                let raw = Raw::of(raw, i * shape.parameters(), lane);
                let at = points.row_mut(i).as_mut_ptr().add(lane);
                let sum = log_det.as_mut_ptr().add(lane);
                let (place, [output, log_slope]) = step::<T, V>(shape, way, raw, V::load(at), work);
                output.store(at);
                V::load(sum).add(log_slope).store(sum);
                if !doubt.is_empty() {
                    let to = doubt.as_mut_ptr().add(lane);
                    let one = constant::<T, V>(1.0);
                    place.mark_sudden::<T>(V::splat(limit), one, V::load(to)).store(to);
                }
            }
        }
    }
}

/// One vector: where it lies, output and log-derivative.
#[inline(always)]
unsafe fn step<T: Real, V: Vector<T>>(
    shape: SplineShape,
    way: SplineWay,
    raw: Raw<T>,
    input: V,
    work: &mut [T],
) -> (Place<V>, [V; 2]) {
    // SAFETY: the caller vouches for the instruction set; `work` has the size that bins need.
    unsafe {
        let zero = constant::<T, V>(0.0);
        let inner = enter::<T, V>(shape, input);
        let bins = Bins::<T, V>::lay(shape, raw, work);
        let bin = bins.find(raw, way, inner);
        let place = match way {
            SplineWay::Evaluate => Place::by_x::<T>(&bin, inner),
            SplineWay::Invert => Place::by_y::<T>(&bin, inner),
        };
        let log_slope = place.log_slope::<T>();
        let (output, log_slope) = match way {
            SplineWay::Evaluate => (place.y::<T>(&bin), log_slope),
            SplineWay::Invert => (place.x::<T>(&bin), zero.sub(log_slope)),
        };
        let moved = match shape.ends {
            Ends::Linear => {
                let bound = constant::<T, V>(shape.bound);
                let size = input.abs();
                [size.select_less(bound, output, input), size.select_less(bound, log_slope, zero)]
            }
            Ends::Circular => {
                // The end of the circle is its start.
                let last = constant::<T, V>(below::<T>(shape.bound));
                [last.select_less(output, constant::<T, V>(-shape.bound), output), log_slope]
            }
        };
        (place, moved)
    }
}

/// The next number of T below `bound`.
#[inline(always)]
fn below<T: Real>(bound: f64) -> f64 {
    T::of(T::of(bound).wide() * (1.0 - 0.5 * T::EPSILON)).wide()
}

/// The input in the closed interval: wrapped on a circle, else moved to the nearer end.
#[inline(always)]
unsafe fn enter<T: Real, V: Vector<T>>(shape: SplineShape, input: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let inner = match shape.ends {
            Ends::Linear => input,
            Ends::Circular => wrap_angle::<T, V>(input),
        };
        // With the input second, NaN stays NaN.
        let inner = constant::<T, V>(-shape.bound).max(inner);
        constant::<T, V>(shape.bound).min(inner)
    }
}
