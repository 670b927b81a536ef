//! Runge-Kutta arithmetic on blocks: stage combinations and scaled errors, a step size per lane.

use super::dispatch::{instruction_set, stamp};
use crate::columns::Rows;
use crate::real::Real;
use crate::simd::Vector;

/// One term of a combination: a coefficient and the values it multiplies.
pub type Term<'a, T> = (T, &'a [T]);

/// out = base + h Σ c_j k_j, where `h` has one value per lane and the slices hold whole rows.
///
/// The terms are added in order; without a base, zero takes its place.
pub fn combine<T: Real>(base: Option<&[T]>, h: &[T], terms: &[Term<'_, T>], out: &mut [T]) {
    combine_with(instruction_set(), base, h, terms, out);
}

/// What the error of a step is measured by.
#[derive(Clone, Copy, Debug)]
pub struct Yardstick<'a, T> {
    /// The error that is allowed to values of order one and more, beside the relative one.
    pub absolute: T,
    /// The error that is allowed, as a share of the value.
    pub relative: T,
    /// The time for which the present velocity counts as the size of a value.
    pub time: T,
    /// The factors a and b of a size u in max(a u, (b u)²), the share of the absolute error that is
    /// allowed to small values.
    pub share: [T; 2],
    /// The least share.
    pub least: T,
    /// By how much rounding may change the velocity of every row; none if there are no values.
    pub rounding: &'a [T],
}

/// Both ends of a step: values and velocities.
#[derive(Clone, Copy)]
pub struct StepEnds<'a, T> {
    /// The values at both ends.
    pub y: [Rows<'a, T>; 2],
    /// The velocities at both ends.
    pub f: [Rows<'a, T>; 2],
}

/// out += Σ over the rows of (h Σ e_j k_j / (relative |y| + absolute min(1, max(a u, (b u)², least)) + |h| r))²,
/// lane by lane, with the size u = max(|y|, time |f|), where |y| and |f| are the larger ones of both ends,
/// and the rounding r of the row's velocity.
pub fn squared_error<T: Real>(
    yardstick: Yardstick<'_, T>,
    h: &[T],
    terms: &[Term<'_, T>],
    ends: StepEnds<'_, T>,
    out: &mut [T],
) {
    squared_error_with(instruction_set(), yardstick, h, terms, ends, out);
}

stamp! {
    /// [`combine`] with the given instruction set.
    pub(super) fn combine_with<T>(
        base: Option<&[T]>,
        h: &[T],
        terms: &[Term<'_, T>],
        out: &mut [T],
    ) = add_terms
}

stamp! {
    /// [`squared_error`] with the given instruction set.
    pub(super) fn squared_error_with<T>(
        yardstick: Yardstick<'_, T>,
        h: &[T],
        terms: &[Term<'_, T>],
        ends: StepEnds<'_, T>,
        out: &mut [T],
    ) = add_squares
}

#[inline(always)]
unsafe fn add_terms<T: Real, V: Vector<T>>(
    base: Option<&[T]>,
    h: &[T],
    terms: &[Term<'_, T>],
    out: &mut [T],
) {
    let (len, lanes) = (out.len(), h.len());
    check(terms, len, lanes);
    assert!(base.is_none_or(|base| base.len() == len), "the base has another length");
    let mut row = 0;
    while row < len {
        let mut lane = 0;
        while lane < lanes {
            let at = row + lane;
            // SAFETY: every slice has `len` values, `h` has `lanes`; both are multiples of V::LANES.
            unsafe {
                let sum = sum_at::<T, V>(terms, at);
                let base = match base {
                    Some(base) => V::load(base.as_ptr().add(at)),
                    None => V::splat(T::zero()),
                };
                let h = V::load(h.as_ptr().add(lane));
                h.mul_add(sum, base).store(out.as_mut_ptr().add(at));
            }
            lane += V::LANES;
        }
        row += lanes;
    }
}

#[inline(always)]
unsafe fn add_squares<T: Real, V: Vector<T>>(
    yardstick: Yardstick<'_, T>,
    h: &[T],
    terms: &[Term<'_, T>],
    ends: StepEnds<'_, T>,
    out: &mut [T],
) {
    let (len, lanes) = (ends.y[0].values().len(), h.len());
    check(terms, len, lanes);
    for rows in ends.y.iter().chain(&ends.f) {
        assert!(rows.values().len() == len && out.len() == lanes, "the operands differ in shape");
    }
    let mut lane = 0;
    while lane < lanes {
        // SAFETY: as in `add_terms`.
        unsafe {
            let h = V::load(h.as_ptr().add(lane));
            let mut total = V::load(out.as_ptr().add(lane));
            let (mut at, mut roundings) = (lane, yardstick.rounding.iter());
            while at < len {
                let error = h.mul(sum_at::<T, V>(terms, at));
                let mut allowed = allowed_at::<T, V>(yardstick, ends, at);
                if let Some(rounding) = roundings.next() {
                    allowed = h.abs().mul_add(V::splat(*rounding), allowed);
                }
                let ratio = error.div(allowed);
                total = ratio.mul_add(ratio, total);
                at += lanes;
            }
            total.store(out.as_mut_ptr().add(lane));
        }
        lane += V::LANES;
    }
}

/// relative |y| + absolute min(1, max(a u, (b u)², least)) of the vector at `at`.
#[inline(always)]
unsafe fn allowed_at<T: Real, V: Vector<T>>(
    yardstick: Yardstick<'_, T>,
    ends: StepEnds<'_, T>,
    at: usize,
) -> V {
    // SAFETY: the caller vouches for a whole vector behind `at` at both ends.
    unsafe {
        let Yardstick { absolute, relative, time, share, least, .. } = yardstick;
        let [a, b] = share.map(|factor| V::splat(factor));
        let larger = |[a, b]: [Rows<'_, T>; 2]| {
            let [a, b] = [a, b].map(|rows| V::load(rows.values().as_ptr().add(at)).abs());
            a.max(b)
        };
        let y = larger(ends.y);
        let size = larger(ends.f).mul(V::splat(time)).max(y);
        let large = size.mul(b);
        // Where anything is NaN, so is the error, whatever the size.
        let share = large.mul(large).max(size.mul(a)).max(V::splat(least)).min(V::splat(T::one()));
        V::splat(relative).mul_add(y, V::splat(absolute).mul(share))
    }
}

/// Σ c_j k_j of the vector at `at`.
#[inline(always)]
unsafe fn sum_at<T: Real, V: Vector<T>>(terms: &[Term<'_, T>], at: usize) -> V {
    // SAFETY: the caller vouches for a whole vector behind `at` in every term.
    unsafe {
        let mut sum = V::splat(T::zero());
        for (coefficient, values) in terms {
            sum = V::splat(*coefficient).mul_add(V::load(values.as_ptr().add(at)), sum);
        }
        sum
    }
}

/// Panics unless all terms have `len` values, whole rows of padded lanes.
#[inline(always)]
fn check<T: Real>(terms: &[Term<'_, T>], len: usize, lanes: usize) {
    assert!(lanes.is_multiple_of(crate::columns::LANES), "{lanes} lanes are not padded");
    assert!(lanes > 0 && len.is_multiple_of(lanes), "{len} values are not rows of {lanes}");
    for (_, values) in terms {
        assert!(values.len() == len, "{} values among {len}", values.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::InstructionSet;
    use crate::kernels::drawn::cases;
    use rand::RngExt;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * (1.0 + b.abs())
    }

    #[test]
    fn combinations_agree_with_the_formula() {
        cases(256, |rng| {
            let (rows, lanes) = (rng.random_range(1..5), 16 * rng.random_range(1..4));
            let (count, seed) = (rng.random_range(0..7), rng.random_range(0..1000));
            let value = |i: usize, j: usize| ((i * 7919 + j * 104_729 + seed) as f64).sin();
            let make = |j: usize| (0..rows * lanes).map(|i| value(i, j)).collect::<Vec<f64>>();
            let ks: Vec<Vec<f64>> = (0..count).map(make).collect();
            let terms: Vec<Term<f64>> =
                ks.iter().enumerate().map(|(j, k)| (value(j, 99), k.as_slice())).collect();
            let (y, new, h) = (make(50), make(51), make(52)[..lanes].to_vec());
            let f = [make(53), make(54)];
            let rounding: Vec<f64> = (0..rows).map(|i| value(i, 55).abs() * 1e-2).collect();
            let yardstick = Yardstick {
                absolute: 1e-3,
                relative: 1e-2,
                time: 0.7,
                share: [0.5, 2.0],
                least: 1e-2,
                rounding: &rounding[..rows - rows / 3],
            };
            for set in InstructionSet::ALL {
                let mut out = vec![0.0; rows * lanes];
                combine_with(set, Some(&y), &h, &terms, &mut out);
                let mut error = vec![0.0; lanes];
                let view = |values| Rows::new(values, lanes);
                let ends = StepEnds { y: [view(&y), view(&new)], f: [view(&f[0]), view(&f[1])] };
                squared_error_with(set, yardstick, &h, &terms, ends, &mut error);
                for lane in 0..lanes {
                    let mut expected = 0.0;
                    for (row, i) in (lane..rows * lanes).step_by(lanes).enumerate() {
                        let sum: f64 = terms.iter().map(|(c, k)| c * k[i]).sum();
                        assert!(close(out[i], y[i] + h[lane] * sum));
                        let value = y[i].abs().max(new[i].abs());
                        let size = value.max(0.7 * f[0][i].abs().max(f[1][i].abs()));
                        let share = (0.5 * size).max(4.0 * size * size).clamp(1e-2, 1.0);
                        let rounding = yardstick.rounding.get(row).unwrap_or(&0.0);
                        let scale = 1e-2 * value + 1e-3 * share + h[lane].abs() * rounding;
                        expected += (h[lane] * sum / scale).powi(2);
                    }
                    // A sum that cancels has lost digits before it is divided by a small number.
                    assert!((error[lane] - expected).abs() <= 1e-9 * (1.0 + expected));
                }
            }
        });
    }
}
