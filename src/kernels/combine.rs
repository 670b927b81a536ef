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

/// out += Σ over the rows of (h Σ e_j k_j / (absolute + relative max(|y|, |new|)))², lane by lane.
pub fn squared_error<T: Real>(
    tolerance: [T; 2],
    h: &[T],
    terms: &[Term<'_, T>],
    y: Rows<'_, T>,
    new: Rows<'_, T>,
    out: &mut [T],
) {
    squared_error_with(instruction_set(), tolerance, h, terms, y, new, out);
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
        tolerance: [T; 2],
        h: &[T],
        terms: &[Term<'_, T>],
        y: Rows<'_, T>,
        new: Rows<'_, T>,
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
    tolerance: [T; 2],
    h: &[T],
    terms: &[Term<'_, T>],
    y: Rows<'_, T>,
    new: Rows<'_, T>,
    out: &mut [T],
) {
    let (len, lanes) = (y.values().len(), h.len());
    check(terms, len, lanes);
    assert!(new.values().len() == len && out.len() == lanes, "the operands differ in shape");
    let mut lane = 0;
    while lane < lanes {
        // SAFETY: as in `add_terms`.
        unsafe {
            let [absolute, relative] = tolerance.map(|value| V::splat(value));
            let h = V::load(h.as_ptr().add(lane));
            let mut total = V::load(out.as_ptr().add(lane));
            let mut at = lane;
            while at < len {
                let error = h.mul(sum_at::<T, V>(terms, at));
                let y = V::load(y.values().as_ptr().add(at)).abs();
                let new = V::load(new.values().as_ptr().add(at)).abs();
                let ratio = error.div(relative.mul_add(y.max(new), absolute));
                total = ratio.mul_add(ratio, total);
                at += lanes;
            }
            total.store(out.as_mut_ptr().add(lane));
        }
        lane += V::LANES;
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
            for set in InstructionSet::ALL {
                let mut out = vec![0.0; rows * lanes];
                combine_with(set, Some(&y), &h, &terms, &mut out);
                let mut error = vec![0.0; lanes];
                let (y_rows, new_rows) = (Rows::new(&y, lanes), Rows::new(&new, lanes));
                squared_error_with(set, [1e-3, 1e-2], &h, &terms, y_rows, new_rows, &mut error);
                for lane in 0..lanes {
                    let mut expected = 0.0;
                    for i in (lane..rows * lanes).step_by(lanes) {
                        let sum: f64 = terms.iter().map(|(c, k)| c * k[i]).sum();
                        assert!(close(out[i], y[i] + h[lane] * sum));
                        let scale = 1e-3 + 1e-2 * y[i].abs().max(new[i].abs());
                        expected += (h[lane] * sum / scale).powi(2);
                    }
                    assert!(close(error[lane], expected));
                }
            }
        });
    }
}
