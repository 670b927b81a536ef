//! The reverse pass of a spline, evaluated or inverted.

use super::bins::{Axis, Bin, Bins, Raw};
use super::place::Place;
use super::{Ends, MIN_SHARE, SplineShape, SplineWay, enter};
use crate::columns::{Rows, RowsMut};
use crate::kernels::elementary::constant;
use crate::real::Real;
use crate::simd::Vector;

/// What the reverse pass reads and writes: one row per coordinate, and one per raw parameter.
pub(super) struct Reverse<'a, T> {
    pub(super) raw: Rows<'a, T>,
    pub(super) input: Rows<'a, T>,
    pub(super) log_det: &'a [T],
    pub(super) cotangent: RowsMut<'a, T>,
    pub(super) raw_bar: RowsMut<'a, T>,
}

/// Where the cotangents of one coordinate's raw parameters go, for one vector of lanes.
#[derive(Clone, Copy)]
struct RawBar<T> {
    first: *mut T,
    stride: usize,
}

impl<T: Real> RawBar<T> {
    #[inline(always)]
    unsafe fn set<V: Vector<T>>(self, p: usize, value: V) {
        // SAFETY: the caller vouches for the number of parameters.
        unsafe { value.store(self.first.add(p * self.stride)) }
    }
}

/// The operands have been compared before.
#[inline(always)]
pub(super) unsafe fn pull_rows<T: Real, V: Vector<T>>(
    shape: SplineShape,
    way: SplineWay,
    mut reverse: Reverse<'_, T>,
    work: &mut [T],
) {
    let (rows, lanes) = (reverse.input.rows(), reverse.input.lanes());
    for i in 0..rows {
        for lane in (0..lanes).step_by(V::LANES) {
            // SAFETY: lanes are whole vectors; the caller vouches for the instruction set.
            unsafe {
                let first = i * shape.parameters();
                let raw = Raw::of(reverse.raw, first, lane);
                let bars = reverse.raw_bar.values_mut().as_mut_ptr();
                let raw_bar = RawBar { first: bars.add(first * lanes + lane), stride: lanes };
                let input = V::load(reverse.input.row(i).as_ptr().add(lane));
                let at = reverse.cotangent.row_mut(i).as_mut_ptr().add(lane);
                let log_slope = V::load(reverse.log_det.as_ptr().add(lane));
                let bars = [V::load(at), log_slope];
                pull::<T, V>(shape, way, raw, input, bars, raw_bar, work).store(at);
            }
        }
    }
}

/// One vector: from the cotangents of output and log-derivative to that of the input, which is
/// returned, and those of the raw parameters.
///
/// With u the cotangent of y = g(x) and v that of L = ln g'(x), x receives u g' + v L'. The inverse
/// has L negated, and its output's cotangent c, v L' included, makes u = -c / g' (implicit function
/// theorem); -u is what the input y receives.
#[inline(always)]
unsafe fn pull<T: Real, V: Vector<T>>(
    shape: SplineShape,
    way: SplineWay,
    raw: Raw<T>,
    input: V,
    bars: [V; 2],
    raw_bar: RawBar<T>,
    work: &mut [T],
) -> V {
    // SAFETY: the caller vouches for memory and instruction set, here and below.
    unsafe {
        let zero = constant::<T, V>(0.0);
        let inner = enter::<T, V>(shape, input);
        let bins = Bins::<T, V>::lay(shape, raw, work);
        let bin = bins.find(raw, way, inner);
        // Outside, nothing reaches the parameters.
        let output = inside(shape, input, bars[0], zero);
        let log_slope = inside(shape, input, bars[1], zero);
        let (place, u, v) = match way {
            SplineWay::Evaluate => (Place::by_x::<T>(&bin, inner), output, log_slope),
            SplineWay::Invert => {
                let place = Place::by_y::<T>(&bin, inner);
                let v = zero.sub(log_slope);
                let bend = log_slope_by_theta::<T, V>(&place).div(place.form.width);
                let c = v.mul_add(bend, output);
                (place, zero.sub(c.div(place.slope::<T>())), v)
            }
        };
        let form_bar = FormBar::of::<T>(&place, u, v);
        pull_axis(shape, &bins.x, bin.x[0], form_bar.x, raw_bar, 0);
        pull_axis(shape, &bins.y, bin.y[0], form_bar.y, raw_bar, shape.bins);
        pull_derivatives::<T, V>(shape, &bins.x, &bin, form_bar.raw, raw_bar);
        let input_bar = match way {
            SplineWay::Evaluate => zero.sub(form_bar.x[0]),
            SplineWay::Invert => zero.sub(u),
        };
        inside(shape, input, input_bar, bars[0])
    }
}

/// `yes` where the input is inside the interval, else `no`; a circle has no outside.
#[inline(always)]
unsafe fn inside<T: Real, V: Vector<T>>(shape: SplineShape, input: V, yes: V, no: V) -> V {
    match shape.ends {
        // SAFETY: as in `pull`.
        Ends::Linear => unsafe { input.abs().select_less(constant::<T, V>(shape.bound), yes, no) },
        Ends::Circular => yes,
    }
}

/// ∂L/∂θ = 2 (bθ - aτ + τ - θ) / n - 2 (τ - θ) (a + b - 2) / D.
#[inline(always)]
unsafe fn log_slope_by_theta<T: Real, V: Vector<T>>(place: &Place<V>) -> V {
    // SAFETY: as in `pull`.
    unsafe {
        let two = constant::<T, V>(2.0);
        let [a, b] = place.form.ratios;
        let across = place.tau.sub(place.theta);
        let top = a.mul_sub_from(place.tau, b.mul_add(place.theta, across)).div(place.top);
        let bottom = across.mul(a.add(b).sub(two)).mul(place.inverse);
        two.mul(top.sub(bottom))
    }
}

/// The cotangents of a bin: of its lower end and its length along each axis, and of the raw
/// derivatives at its ends.
struct FormBar<V> {
    x: [V; 2],
    y: [V; 2],
    raw: [V; 2],
}

impl<V> FormBar<V> {
    /// By (y - y₀) / h = f(θ, a, b), L = ln s + ln n - 2 ln D, s = h / w, a = d₀ / s, b = d₁ / s.
    #[inline(always)]
    unsafe fn of<T: Real>(place: &Place<V>, u: V, v: V) -> Self
    where
        V: Vector<T>,
    {
        // SAFETY: as in `pull`.
        unsafe {
            let (zero, form, inverse) = (constant::<T, V>(0.0), &place.form, place.inverse);
            let [below, above] = place.heights::<T>();
            let (uh, [a, b]) = (u.mul(form.height), form.ratios);
            // ∂f/∂a = θτ (1 - f) / D, ∂f/∂b = -θτ f / D; ∂L/∂a = τ²/n - 2θτ/D.
            let lever = place.both.mul(inverse);
            let by_both = v.mul(lever.add(lever));
            let per_top = v.div(place.top);
            let by_low = per_top.mul(place.tau).mul(place.tau);
            let by_high = per_top.mul(place.theta).mul(place.theta);
            let a_bar = uh.mul(lever).mul_add(above, by_low.sub(by_both));
            let b_bar = uh.mul(lever).mul_sub_from(below, by_high.sub(by_both));
            // ∂f/∂θ = n / D².
            let steep = uh.mul(place.top.mul(inverse)).mul(inverse);
            let theta_bar = v.mul_add(log_slope_by_theta::<T, V>(place), steep);
            // s times the cotangent of s.
            let slope_bar = b_bar.mul_sub_from(b, a_bar.mul_sub_from(a, v));
            let per_width = constant::<T, V>(1.0).div(form.width);
            let height_bar = u.mul_add(below, slope_bar.div(form.height));
            let width_bar = place.theta.mul_add(theta_bar, slope_bar).mul(per_width);
            let x = [zero.sub(theta_bar.mul(per_width)), zero.sub(width_bar)];
            let raw = [a_bar.div(form.slope), b_bar.div(form.slope)];
            let raw = [raw[0].mul(form.by_raw[0]), raw[1].mul(form.by_raw[1])];
            Self { x, y: [u, height_bar], raw }
        }
    }
}

/// Through the softmax: a bin's lower end moves with every length before it.
#[inline(always)]
unsafe fn pull_axis<T: Real, V: Vector<T>>(
    shape: SplineShape,
    axis: &Axis<T, V>,
    low: V,
    bars: [V; 2],
    raw_bar: RawBar<T>,
    first: usize,
) {
    let bins = shape.bins;
    // SAFETY: as in `pull`.
    unsafe {
        let zero = constant::<T, V>(0.0);
        let mut mean = zero;
        for k in 0..bins {
            mean = axis.weight(k).mul(axis.share).mul_add(by_length(axis.knot(k), low, bars), mean);
        }
        let free = 2.0 * shape.bound * (1.0 - MIN_SHARE * bins as f64);
        let scale = axis.share.mul(constant::<T, V>(free));
        for k in 0..bins {
            let bar = by_length(axis.knot(k), low, bars).sub(mean).mul(axis.weight(k).mul(scale));
            raw_bar.set(first + k, bar);
        }
    }
}

/// What the length of the bin that begins at `start` receives, if the bin of the value begins at `low`:
/// `bars` are the cotangents of that lower end and of the bin's own length.
#[inline(always)]
unsafe fn by_length<T: Real, V: Vector<T>>(start: V, low: V, bars: [V; 2]) -> V {
    // SAFETY: as in `pull`.
    unsafe {
        let here_or_behind = low.select_less(start, constant::<T, V>(0.0), bars[1]);
        start.select_less(low, bars[0], here_or_behind)
    }
}

/// The raw derivatives at the two ends of the bin, wherever among the parameters they stand.
#[inline(always)]
unsafe fn pull_derivatives<T: Real, V: Vector<T>>(
    shape: SplineShape,
    axis: &Axis<T, V>,
    bin: &Bin<V>,
    bars: [V; 2],
    raw_bar: RawBar<T>,
) {
    let bins = shape.bins;
    // SAFETY: as in `pull`.
    unsafe {
        for k in 1..bins {
            let p = 2 * bins + k - usize::from(shape.ends == Ends::Linear);
            let knot = axis.knot(k);
            let low = where_equal(knot, bin.x[0], bars[0]);
            raw_bar.set(p, low.add(where_equal(knot, bin.x[1], bars[1])));
        }
        if shape.ends == Ends::Circular {
            let low = where_equal(axis.knot(0), bin.x[0], bars[0]);
            raw_bar.set(2 * bins, low.add(where_equal(axis.knot(bins), bin.x[1], bars[1])));
        }
    }
}

/// `bar` where both are equal, else zero.
#[inline(always)]
unsafe fn where_equal<T: Real, V: Vector<T>>(knot: V, end: V, bar: V) -> V {
    // SAFETY: as in `pull`.
    unsafe {
        let zero = constant::<T, V>(0.0);
        knot.select_less(end, zero, end.select_less(knot, zero, bar))
    }
}
