//! Increasing affine maps with a bounded log-scale, and their reverse: one row per coordinate.

use super::curve::{Curve, Tanh};
use super::dispatch::{instruction_set, stamp};
use super::elementary::{constant, decay, growth_slope};
use crate::columns::{LANES, Rows, RowsMut};
use crate::real::Real;
use crate::simd::Vector;

/// How a coordinate is moved by a log-scale u and a shift t.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AffineForm {
    /// eᵘ x + t (eᵘ - 1) / u, the time-one flow of dx/dτ = u x + t.
    TimeOne,
    /// eᵘ x + t.
    ScaleThenShift,
    /// eᵘ (x - t).
    ShiftThenScale,
}

/// How a raw parameter r makes a log-scale s, which stays below a bound in size; the bound is positive,
/// and at most [`AffineMap::LARGEST_BOUND`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LogScale<T> {
    /// bound tanh(r / bound).
    Tanh(T),
    /// r / (1 + |r| / bound), which comes close to the bound more slowly.
    SoftClip(T),
}

/// Increasing affine maps whose raw parameters are rows: r and t of the first coordinate, r and t of
/// the second, and so on.
///
/// With the log-scale s of r, the map has u = sign s and sign t in place of u and t, but for
/// [`AffineForm::ShiftThenScale`], which keeps t. With sign -1, `TimeOne` undoes itself with sign 1, and
/// `ShiftThenScale` undoes `ScaleThenShift`.
#[derive(Clone, Copy, Debug)]
pub struct AffineMap<T> {
    /// The formula.
    pub form: AffineForm,
    /// The log-scale of a raw parameter.
    pub log_scale: LogScale<T>,
    /// 1 or -1.
    pub sign: T,
}

/// Where the reverse of affine maps reads and writes; cotangents are those of the points behind the
/// map before, and those of the points before the map after.
pub struct AffinePulled<'a, T> {
    /// The cotangents of the points: one row per coordinate.
    pub points: RowsMut<'a, T>,
    /// The cotangents of the log-derivatives: one value per lane.
    pub log_det: &'a [T],
    /// The cotangents of the raw parameters, overwritten: two rows per coordinate.
    pub raw: RowsMut<'a, T>,
}

impl<T: Real> AffineMap<T> {
    /// The largest bound, for which eᵘ is far from overflow in `f32` too.
    pub const LARGEST_BOUND: f64 = 50.0;

    /// Moves the coordinates, and adds their log-derivatives u to `log_det`, in order.
    pub fn apply(self, raw: Rows<'_, T>, points: RowsMut<'_, T>, log_det: &mut [T]) {
        apply_with(instruction_set(), self, raw, points, log_det);
    }

    /// The reverse of [`apply`](AffineMap::apply) at the points `input` before the map.
    pub fn pullback(self, raw: Rows<'_, T>, input: Rows<'_, T>, pulled: AffinePulled<'_, T>) {
        pullback_with(instruction_set(), self, raw, input, pulled);
    }
}

stamp! {
    /// [`AffineMap::apply`] with the given instruction set.
    pub(super) fn apply_with<T>(
        map: AffineMap<T>,
        raw: Rows<'_, T>,
        points: RowsMut<'_, T>,
        log_det: &mut [T],
    ) = move_rows
}

stamp! {
    /// [`AffineMap::pullback`] with the given instruction set.
    pub(super) fn pullback_with<T>(
        map: AffineMap<T>,
        raw: Rows<'_, T>,
        input: Rows<'_, T>,
        pulled: AffinePulled<'_, T>,
    ) = pull_rows
}

/// Panics unless there are two rows of parameters for every row of points; returns rows and lanes.
fn check<T: Real>(raw: Rows<'_, T>, points: Rows<'_, T>, log_det: &[T]) -> (usize, usize) {
    let (rows, lanes) = (points.rows(), log_det.len());
    assert!(raw.rows() == 2 * rows, "{} rows of parameters for {rows} rows", raw.rows());
    assert!(
        rows == 0 || raw.lanes() == lanes && points.lanes() == lanes,
        "{lanes} lanes of others"
    );
    assert!(lanes.is_multiple_of(LANES), "{lanes} lanes are not padded");
    (rows, lanes)
}

/// What one vector of raw log-scales says.
#[derive(Clone, Copy)]
struct Scale<V> {
    /// u.
    log: V,
    /// du/dr, but for the sign.
    slope: V,
    /// eᵘ.
    scale: V,
    /// (eᵘ - 1) / u.
    growth: V,
}

impl<T: Real> AffineMap<T> {
    #[inline(always)]
    unsafe fn scale<V: Vector<T>>(self, raw: V) -> Scale<V> {
        // SAFETY: the caller vouches for the instruction set, here and below.
        unsafe {
            let one = constant::<T, V>(1.0);
            let [value, slope] = match self.log_scale {
                LogScale::Tanh(bound) => {
                    let [value, slope, _] = Tanh::jet::<T, V>(raw.mul(V::splat(T::one() / bound)));
                    [value.mul(V::splat(bound)), slope]
                }
                LogScale::SoftClip(bound) => {
                    let narrow = raw.abs().mul_add(V::splat(T::one() / bound), one);
                    let share = one.div(narrow);
                    [raw.mul(share), share.mul(share)]
                }
            };
            let log = value.mul(V::splat(self.sign));
            // Bounded, so that the exponential may grow as well as decay.
            let apart = decay::<T, V>(log, 0.0);
            let scale = apart.power.mul_add(apart.rest, apart.power);
            let less_1 = apart.power.mul_add(apart.rest, apart.power.sub(one));
            let near = log.abs();
            let growth = near.select_less(constant::<T, V>(1e-30), one, less_1.div(log));
            Scale { log, slope, scale, growth }
        }
    }
}

#[inline(always)]
unsafe fn move_rows<T: Real, V: Vector<T>>(
    map: AffineMap<T>,
    raw: Rows<'_, T>,
    mut points: RowsMut<'_, T>,
    log_det: &mut [T],
) {
    let (rows, lanes) = check(raw, points.as_rows(), log_det);
    let (raw, points) = (raw.values().as_ptr(), points.values_mut().as_mut_ptr());
    for lane in (0..lanes).step_by(V::LANES) {
        // SAFETY: `check` has compared the shapes; lanes are a multiple of V::LANES.
        unsafe {
            let to = log_det.as_mut_ptr().add(lane);
            let mut sum = V::load(to);
            for i in 0..rows {
                let at = points.add(i * lanes + lane);
                let scale = map.scale(V::load(raw.add(2 * i * lanes + lane)));
                let shift = V::load(raw.add((2 * i + 1) * lanes + lane));
                moved::<T, V>(map, scale, shift, V::load(at)).store(at);
                sum = sum.add(scale.log);
            }
            sum.store(to);
        }
    }
}

/// One vector of points behind the map.
#[inline(always)]
unsafe fn moved<T: Real, V: Vector<T>>(map: AffineMap<T>, by: Scale<V>, shift: V, x: V) -> V {
    // SAFETY: as in `AffineMap::scale`.
    unsafe {
        match map.form {
            AffineForm::TimeOne => {
                x.mul_add(by.scale, shift.mul(V::splat(map.sign)).mul(by.growth))
            }
            AffineForm::ScaleThenShift => x.mul_add(by.scale, shift.mul(V::splat(map.sign))),
            AffineForm::ShiftThenScale => x.sub(shift).mul(by.scale),
        }
    }
}

#[inline(always)]
unsafe fn pull_rows<T: Real, V: Vector<T>>(
    map: AffineMap<T>,
    raw: Rows<'_, T>,
    input: Rows<'_, T>,
    mut pulled: AffinePulled<'_, T>,
) {
    let (rows, lanes) = check(raw, input, pulled.log_det);
    check(pulled.raw.as_rows(), pulled.points.as_rows(), pulled.log_det);
    let (raw, input) = (raw.values().as_ptr(), input.values().as_ptr());
    let points = pulled.points.values_mut().as_mut_ptr();
    let raw_bar = pulled.raw.values_mut().as_mut_ptr();
    for lane in (0..lanes).step_by(V::LANES) {
        // SAFETY: as in `move_rows`.
        unsafe {
            let log_bar = V::load(pulled.log_det.as_ptr().add(lane));
            for i in 0..rows {
                let (at, first) = (i * lanes + lane, 2 * i * lanes + lane);
                let scale = map.scale(V::load(raw.add(first)));
                let shift = V::load(raw.add(first + lanes));
                let [x, bar] = [V::load(input.add(at)), V::load(points.add(at))];
                let [by_log, by_shift] = pulled_back::<T, V>(map, scale, shift, x, bar);
                let by_raw = by_log.add(log_bar).mul(scale.slope).mul(V::splat(map.sign));
                by_raw.store(raw_bar.add(first));
                by_shift.store(raw_bar.add(first + lanes));
                bar.mul(scale.scale).store(points.add(at));
            }
        }
    }
}

/// One vector of cotangents by the log-scale u, through the point alone, and by the shift.
#[inline(always)]
unsafe fn pulled_back<T: Real, V: Vector<T>>(
    map: AffineMap<T>,
    by: Scale<V>,
    shift: V,
    x: V,
    bar: V,
) -> [V; 2] {
    // SAFETY: as in `AffineMap::scale`.
    unsafe {
        let signed = bar.mul(V::splat(map.sign));
        match map.form {
            AffineForm::TimeOne => {
                let slope = growth_slope::<T, V>(by.log, by.scale, by.growth);
                let along = x.mul_add(by.scale, shift.mul(V::splat(map.sign)).mul(slope));
                [bar.mul(along), signed.mul(by.growth)]
            }
            AffineForm::ScaleThenShift => [bar.mul(x.mul(by.scale)), signed],
            AffineForm::ShiftThenScale => {
                let back = bar.mul(by.scale);
                [back.mul(x.sub(shift)), constant::<T, V>(0.0).sub(back)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Block;
    use crate::kernels::InstructionSet;

    const FORMS: [AffineForm; 3] =
        [AffineForm::TimeOne, AffineForm::ScaleThenShift, AffineForm::ShiftThenScale];

    /// (eᵘ - 1) / u and its derivative, by Taylor series near zero.
    fn growth(u: f64) -> [f64; 2] {
        if u.abs() > 1.0 {
            return [u.exp_m1() / u, (u.exp() * (u - 1.0) + 1.0) / (u * u)];
        }
        let (mut sums, mut power, mut factorial) = ([0.0; 2], 1.0, 1.0);
        for k in 0..24 {
            let k = f64::from(k);
            factorial *= k + 1.0;
            sums[0] += power / factorial;
            sums[1] += power * (k + 1.0) / (factorial * (k + 2.0));
            power *= u;
        }
        sums
    }

    /// The log-scale and its derivative.
    fn log_scale(law: LogScale<f64>, r: f64) -> [f64; 2] {
        match law {
            LogScale::Tanh(bound) => [bound * (r / bound).tanh(), (r / bound).cosh().powi(-2)],
            LogScale::SoftClip(bound) => {
                let narrow = 1.0 + r.abs() / bound;
                [r / narrow, narrow.powi(-2)]
            }
        }
    }

    fn wide<T: Real>(law: LogScale<T>) -> LogScale<f64> {
        match law {
            LogScale::Tanh(bound) => LogScale::Tanh(bound.wide()),
            LogScale::SoftClip(bound) => LogScale::SoftClip(bound.wide()),
        }
    }

    /// Result, log-derivative, and derivatives of the result by x, r and t, in `f64`.
    fn reference(map: AffineMap<f64>, [r, t, x]: [f64; 3]) -> [f64; 5] {
        let (sign, [s, slope]) = (map.sign, log_scale(map.log_scale, r));
        let (u, by_r) = (sign * s, sign * slope);
        let (e, [g, slope]) = (u.exp(), growth(u));
        let (y, by_u, by_t) = match map.form {
            AffineForm::TimeOne => (e * x + sign * t * g, e * x + sign * t * slope, sign * g),
            AffineForm::ScaleThenShift => (e * x + sign * t, e * x, sign),
            AffineForm::ShiftThenScale => (e * (x - t), e * (x - t), -e),
        };
        [y, u, e, by_u * by_r, by_t]
    }

    fn check_map<T: Real>(set: InstructionSet, map: AffineMap<T>) {
        let spread = [0.0, 1e-35, 1e-12, 1e-4, 0.03, 0.2, 0.49, 0.51, 0.9, 2.0, 7.0, 100.0];
        let raws: Vec<f64> = spread.iter().flat_map(|r| [*r, -*r]).collect();
        let lanes = raws.len().next_multiple_of(LANES);
        let rows = 3;
        let (mut raw, mut points) =
            (Block::<T>::new(2 * rows, lanes), Block::<T>::new(rows, lanes));
        for i in 0..rows {
            for lane in 0..lanes {
                raw.row_mut(2 * i)[lane] = T::of(raws[(lane + i) % raws.len()]);
                raw.row_mut(2 * i + 1)[lane] = T::of(lane as f64 * 0.3 - 2.0);
                points.row_mut(i)[lane] = T::of(1.7 - lane as f64 * 0.2);
            }
        }
        let (start, mut log_det) = (points.clone(), vec![T::zero(); lanes]);
        apply_with(set, map, raw.view(), points.view_mut(), &mut log_det);
        let bar_of_log = vec![T::of(0.25); lanes];
        let (mut bar, mut raw_bar) = (Block::new(rows, lanes), Block::new(2 * rows, lanes));
        bar.fill(T::of(-1.5));
        let pulled =
            AffinePulled { points: bar.view_mut(), log_det: &bar_of_log, raw: raw_bar.view_mut() };
        pullback_with(set, map, raw.view(), start.view(), pulled);
        let wide =
            AffineMap { form: map.form, log_scale: wide(map.log_scale), sign: map.sign.wide() };
        let (LogScale::Tanh(bound) | LogScale::SoftClip(bound)) = wide.log_scale;
        for (lane, log_det) in log_det.iter().enumerate() {
            let mut total = 0.0;
            for i in 0..rows {
                let at = [raw.row(2 * i)[lane], raw.row(2 * i + 1)[lane], start.row(i)[lane]];
                let [y, u, by_x, by_r, by_t] = reference(wide, at.map(T::wide));
                total += u;
                let size = 1.0 + u.abs() + y.abs() + by_x * (1.0 + at[1].wide().abs());
                let slope = wide.sign * log_scale(wide.log_scale, at[0].wide())[1];
                let pairs = [
                    (points.row(i)[lane], y),
                    (bar.row(i)[lane], -1.5 * by_x),
                    (raw_bar.row(2 * i)[lane], -1.5 * by_r + 0.25 * slope),
                    (raw_bar.row(2 * i + 1)[lane], -1.5 * by_t),
                ];
                for (k, (ours, expected)) in pairs.into_iter().enumerate() {
                    let error = (ours.wide() - expected).abs() / (size * T::EPSILON);
                    assert!(error < 40.0, "{set:?} {map:?} {k} at {at:?}: {ours} {expected}");
                }
            }
            let error = (log_det.wide() - total).abs();
            assert!(error < 8.0 * rows as f64 * T::EPSILON * (1.0 + bound), "{error:e}");
        }
    }

    #[test]
    fn affine_maps_are_their_formulas() {
        for set in InstructionSet::ALL {
            for form in FORMS {
                for (bound, sign) in [(3.0, 1.0), (3.0, -1.0), (20.0, 1.0), (0.1, -1.0)] {
                    for law in [LogScale::Tanh, LogScale::SoftClip] {
                        let (log_scale, sign) = (law(bound as f32), sign as f32);
                        check_map(set, AffineMap { form, log_scale, sign });
                    }
                    for law in [LogScale::Tanh, LogScale::SoftClip] {
                        check_map(set, AffineMap { form, log_scale: law(bound), sign });
                    }
                }
            }
        }
    }
}
