//! Fused helpers on slices: products, sums and both at once, element by element.

use super::dispatch::{instruction_set, stamp};
use crate::columns::{LANES, Rows};
use crate::real::Real;
use crate::simd::Vector;

/// out = a b, element by element.
pub fn multiply<T: Real>(a: &[T], b: &[T], out: &mut [T]) {
    multiply_with(instruction_set(), a, b, out);
}

/// values *= factors, element by element.
pub fn multiply_by<T: Real>(factors: &[T], values: &mut [T]) {
    multiply_by_with(instruction_set(), factors, values);
}

/// out += a b, element by element.
pub fn multiply_add<T: Real>(a: &[T], b: &[T], out: &mut [T]) {
    multiply_add_with(instruction_set(), a, b, out);
}

/// y += factor x, element by element.
pub fn axpy<T: Real>(factor: T, x: &[T], y: &mut [T]) {
    axpy_with(instruction_set(), factor, x, y);
}

/// `out[lane]` += Σ `p[i][lane]` `q[i][lane]` over the rows, in order.
pub fn sum_of_products<T: Real>(p: Rows<'_, T>, q: Rows<'_, T>, out: &mut [T]) {
    sum_of_products_with(instruction_set(), p, q, out);
}

stamp! {
    /// [`multiply`] with the given instruction set.
    pub(super) fn multiply_with<T>(a: &[T], b: &[T], out: &mut [T]) = products::<false>
}

stamp! {
    /// [`multiply_by`] with the given instruction set.
    pub(super) fn multiply_by_with<T>(factors: &[T], values: &mut [T]) = products_in_place
}

stamp! {
    /// [`multiply_add`] with the given instruction set.
    pub(super) fn multiply_add_with<T>(a: &[T], b: &[T], out: &mut [T]) = products::<true>
}

stamp! {
    /// [`axpy`] with the given instruction set.
    pub(super) fn axpy_with<T>(factor: T, x: &[T], y: &mut [T]) = add_multiple
}

stamp! {
    /// [`sum_of_products`] with the given instruction set.
    pub(super) fn sum_of_products_with<T>(p: Rows<'_, T>, q: Rows<'_, T>, out: &mut [T])
    = add_products_of_rows
}

/// What happens to one vector.
#[derive(Clone, Copy)]
enum Step<V> {
    /// out = a b.
    Multiply,
    /// out *= a.
    MultiplyBy,
    /// out += a b.
    MultiplyAdd,
    /// out += factor a.
    AddMultiple(V),
}

#[inline(always)]
unsafe fn products<T: Real, V: Vector<T>, const ADD: bool>(a: &[T], b: &[T], out: &mut [T]) {
    let step = if ADD { Step::MultiplyAdd } else { Step::Multiply };
    // SAFETY: the caller vouches for the instruction set, here and below.
    unsafe { walk::<T, V>(step, a, b, out) }
}

#[inline(always)]
unsafe fn products_in_place<T: Real, V: Vector<T>>(factors: &[T], values: &mut [T]) {
    // SAFETY: as in `products`.
    unsafe { walk::<T, V>(Step::MultiplyBy, factors, factors, values) }
}

#[inline(always)]
unsafe fn add_multiple<T: Real, V: Vector<T>>(factor: T, x: &[T], y: &mut [T]) {
    // SAFETY: as in `products`.
    unsafe { walk::<T, V>(Step::AddMultiple(V::splat(factor)), x, x, y) }
}

/// Takes the step along equally long slices; what is left behind whole vectors goes through
/// buffers, so that every element is computed alike.
#[inline(always)]
unsafe fn walk<T: Real, V: Vector<T>>(step: Step<V>, a: &[T], b: &[T], out: &mut [T]) {
    let len = out.len();
    assert!(a.len() == len && b.len() == len, "{} and {} values into {len}", a.len(), b.len());
    let whole = len - len % V::LANES;
    let mut i = 0;
    // SAFETY: vectors before `whole` lie inside all three slices.
    unsafe {
        while i < whole {
            let to = out.as_mut_ptr().add(i);
            apply::<T, V>(step, a.as_ptr().add(i), b.as_ptr().add(i), to);
            i += V::LANES;
        }
    }
    let rest = len - whole;
    if rest > 0 {
        let mut buffers = [[T::zero(); LANES]; 3];
        buffers[0][..rest].copy_from_slice(&a[whole..]);
        buffers[1][..rest].copy_from_slice(&b[whole..]);
        buffers[2][..rest].copy_from_slice(&out[whole..]);
        let [a, b, to] = &mut buffers;
        // SAFETY: each buffer holds at least one vector.
        unsafe { apply::<T, V>(step, a.as_ptr(), b.as_ptr(), to.as_mut_ptr()) };
        out[whole..].copy_from_slice(&to[..rest]);
    }
}

#[inline(always)]
unsafe fn apply<T: Real, V: Vector<T>>(step: Step<V>, a: *const T, b: *const T, out: *mut T) {
    // SAFETY: the caller vouches for one vector at each pointer.
    unsafe {
        let a = V::load(a);
        let result = match step {
            Step::Multiply => a.mul(V::load(b)),
            Step::MultiplyBy => V::load(out).mul(a),
            Step::MultiplyAdd => a.mul_add(V::load(b), V::load(out)),
            Step::AddMultiple(factor) => a.mul_add(factor, V::load(out)),
        };
        result.store(out);
    }
}

#[inline(always)]
unsafe fn add_products_of_rows<T: Real, V: Vector<T>>(
    p: Rows<'_, T>,
    q: Rows<'_, T>,
    out: &mut [T],
) {
    let (rows, lanes) = (p.rows(), out.len());
    assert!(q.rows() == rows, "{rows} rows times {}", q.rows());
    assert!(rows == 0 || p.lanes() == lanes && q.lanes() == lanes, "{lanes} lanes of others");
    assert!(lanes.is_multiple_of(LANES), "{lanes} lanes are not padded");
    let (p, q) = (p.values().as_ptr(), q.values().as_ptr());
    let mut lane = 0;
    while lane < lanes {
        // SAFETY: both operands have `rows` rows of `lanes` values, a multiple of V::LANES.
        unsafe {
            let to = out.as_mut_ptr().add(lane);
            let mut sum = V::load(to);
            for i in 0..rows {
                let at = i * lanes + lane;
                sum = V::load(p.add(at)).mul_add(V::load(q.add(at)), sum);
            }
            sum.store(to);
        }
        lane += V::LANES;
    }
}
