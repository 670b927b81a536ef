//! The activations as curves: value, slope and curvature of one vector of arguments.

use super::elementary::{SIN_BOUND, constant, decay, ln_1p, sin_cos};
use crate::real::Real;
use crate::real::portable::{cos, sin};
use crate::simd::Vector;

/// A function of one variable with two derivatives.
pub(super) trait Curve {
    /// Arguments beyond this bound, and NaN, are left to [`Curve::exact`]; none are if infinite.
    const BOUND: f64 = f64::INFINITY;

    /// Value, slope and curvature. Whichever are not used cost nothing.
    ///
    /// # Safety
    ///
    /// The processor must have the instruction set of `V`.
    unsafe fn jet<T: Real, V: Vector<T>>(x: V) -> [V; 3];

    /// Value, slope and curvature of one argument beyond the bound.
    fn exact<T: Real>(x: T) -> [T; 3] {
        [x; 3]
    }
}

/// The hyperbolic tangent.
pub(super) struct Tanh;

impl Curve for Tanh {
    #[inline(always)]
    unsafe fn jet<T: Real, V: Vector<T>>(x: V) -> [V; 3] {
        // SAFETY: the caller vouches for the instruction set, here and below.
        unsafe {
            // With e = exp(-2|x|): |tanh x| = (1 - e) / (1 + e), and the slope is 4e / (1 + e)².
            // Doubling by sums leaves the multipliers, which are short here, to the polynomial.
            let one = constant::<T, V>(1.0);
            let below = constant::<T, V>(0.0).sub(x.abs());
            let decay = decay::<T, V>(below.add(below), 0.0);
            let e = decay.power.mul_add(decay.rest, decay.power);
            let e_less_1 = decay.power.mul_add(decay.rest, decay.power.sub(one));
            let q = one.div(one.add(e));
            let value = e_less_1.mul(q).copysign(x);
            let double = q.add(q);
            let slope = e.mul(double).mul(double);
            let curvature = value.mul(constant::<T, V>(-2.0)).mul(slope);
            [value, slope, curvature]
        }
    }
}

/// ln(1 + eˣ).
pub(super) struct Softplus;

impl Curve for Softplus {
    #[inline(always)]
    unsafe fn jet<T: Real, V: Vector<T>>(x: V) -> [V; 3] {
        // SAFETY: as for `Tanh`.
        unsafe {
            let (zero, one) = (constant::<T, V>(0.0), constant::<T, V>(1.0));
            let decay = decay::<T, V>(zero.sub(x.abs()), 0.0);
            let e = decay.power.mul_add(decay.rest, decay.power);
            let q = one.div(one.add(e));
            let value = zero.max(x).add(ln_1p::<T, V>(e));
            let far = e.mul(q);
            [value, x.select_less(zero, far, q), far.mul(q)]
        }
    }
}

/// x / (1 + e⁻ˣ).
pub(super) struct Silu;

/// The power of two by which [`Silu`] lifts exp(-|x|), because x exp(x) outlives exp(x).
const LIFT: f64 = 32.0;

impl Curve for Silu {
    #[inline(always)]
    unsafe fn jet<T: Real, V: Vector<T>>(x: V) -> [V; 3] {
        // SAFETY: as for `Tanh`.
        unsafe {
            let (zero, one) = (constant::<T, V>(0.0), constant::<T, V>(1.0));
            let lower = constant::<T, V>(1.0 / (1u64 << LIFT as u32) as f64);
            // Beyond these bounds exp(-|x|) is zero, and infinity times zero would be NaN.
            let bound = T::BIAS + LIFT;
            let above = constant::<T, V>(-bound).max(x);
            let within = constant::<T, V>(bound).min(above);

            let decay = decay::<T, V>(zero.sub(x.abs()), LIFT);
            let lifted = decay.power.mul_add(decay.rest, decay.power);
            let q = one.div(one.add(lifted.mul(lower)));
            let far = lifted.mul(q);

            // The sigmoid is `near * scale`; one minus the sigmoid is `other`.
            let near = x.select_less(zero, far, q);
            let scale = x.select_less(zero, lower, one);
            let other = x.select_less(zero, q, far.mul(lower));
            let value = above.mul(near).mul(scale);
            let slope = near.mul(within.mul_add(other, one)).mul(scale);
            let tilt = other.sub(near.mul(scale));
            let bend = within.mul_add(tilt, constant::<T, V>(2.0));
            [value, slope, far.mul(q).mul(bend).mul(lower)]
        }
    }
}

/// The sine.
pub(super) struct Sin;

impl Curve for Sin {
    const BOUND: f64 = SIN_BOUND;

    #[inline(always)]
    unsafe fn jet<T: Real, V: Vector<T>>(x: V) -> [V; 3] {
        // SAFETY: as for `Tanh`.
        unsafe {
            let [sin, cos] = sin_cos::<T, V>(x);
            [sin, cos, constant::<T, V>(0.0).sub(sin)]
        }
    }

    fn exact<T: Real>(x: T) -> [T; 3] {
        [sin(x), cos(x), -sin(x)]
    }
}

/// max(0, x); NaN stays NaN.
pub(super) struct Relu;

impl Curve for Relu {
    #[inline(always)]
    unsafe fn jet<T: Real, V: Vector<T>>(x: V) -> [V; 3] {
        // SAFETY: as for `Tanh`.
        unsafe {
            let (zero, one) = (constant::<T, V>(0.0), constant::<T, V>(1.0));
            [zero.max(x), zero.select_less(x, one, zero), zero]
        }
    }
}
