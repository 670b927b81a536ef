//! Where in its bin a value lies, and the curve there.

use super::MIN_DERIVATIVE;
use super::bins::Bin;
use crate::kernels::curve::{Curve, Softplus};
use crate::kernels::elementary::{constant, ln};
use crate::real::Real;
use crate::simd::Vector;

/// Derivatives at knots end here, so that squares of their ratios stay finite in `f32`; a bin with
/// such an end is flat to rounding next to it.
const LARGEST_DERIVATIVE: f64 = 1e12;

/// A bin's form: w, h, s = h / w, and the derivatives at its ends divided by s.
#[derive(Clone, Copy)]
pub(super) struct Form<V> {
    pub(super) width: V,
    pub(super) height: V,
    pub(super) slope: V,
    /// a and b.
    pub(super) ratios: [V; 2],
    /// The slopes of the derivatives at the ends by their raw parameters.
    pub(super) by_raw: [V; 2],
}

impl<V> Form<V> {
    #[inline(always)]
    unsafe fn of<T: Real>(bin: &Bin<V>) -> Self
    where
        V: Vector<T>,
    {
        // SAFETY: the caller vouches for the instruction set, here and below.
        unsafe {
            let (width, height) = (bin.x[1].sub(bin.x[0]), bin.y[1].sub(bin.y[0]));
            let steepness = width.div(height);
            let low = end::<T, V>(bin.raw[0], steepness);
            let high = end::<T, V>(bin.raw[1], steepness);
            Self {
                width,
                height,
                slope: height.div(width),
                ratios: [low[0], high[0]],
                by_raw: [low[1], high[1]],
            }
        }
    }
}

/// The derivative at an end divided by s, and its slope by the raw parameter but for that.
#[inline(always)]
unsafe fn end<T: Real, V: Vector<T>>(raw: V, steepness: V) -> [V; 2] {
    // SAFETY: as in `Form::of`.
    unsafe {
        let [softplus, slope, _] = Softplus::jet::<T, V>(raw);
        let derivative = constant::<T, V>(MIN_DERIVATIVE).add(softplus);
        // With the derivative second, NaN stays NaN.
        [constant::<T, V>(LARGEST_DERIVATIVE).min(derivative).mul(steepness), slope]
    }
}

/// Where in its bin a value lies, and what the curve is made of there.
#[derive(Clone, Copy)]
pub(super) struct Place<V> {
    pub(super) form: Form<V>,
    /// The share of the bin's width to the left of the value, and to the right.
    pub(super) theta: V,
    pub(super) tau: V,
    /// θτ.
    pub(super) both: V,
    /// 1 / D with D = θ² + τ² + (a + b) θτ.
    pub(super) inverse: V,
    /// n = b θ² + 2θτ + a τ².
    pub(super) top: V,
}

impl<V> Place<V> {
    /// The place of x.
    #[inline(always)]
    pub(super) unsafe fn by_x<T: Real>(bin: &Bin<V>, x: V) -> Self
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe {
            let form = Form::of::<T>(bin);
            let theta = x.sub(bin.x[0]).div(form.width);
            let tau = bin.x[1].sub(x).div(form.width);
            Self::at::<T>(form, theta, tau)
        }
    }

    /// The place of y. With η and ζ the shares of the height below and above it, and q = ζa - ηb,
    /// r = θ / τ solves ζ r² + q r - η = 0. The discriminant q² + 4ηζ is a sum of squares, and of
    /// the two forms of the root, (√ - q) / 2ζ and 2η / (q + √), one adds numbers of one sign.
    #[inline(always)]
    pub(super) unsafe fn by_y<T: Real>(bin: &Bin<V>, y: V) -> Self
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe {
            let form = Form::of::<T>(bin);
            let (zero, four) = (constant::<T, V>(0.0), constant::<T, V>(4.0));
            let eta = y.sub(bin.y[0]).div(form.height);
            let zeta = bin.y[1].sub(y).div(form.height);
            let [a, b] = form.ratios;
            let q = eta.mul_sub_from(b, zeta.mul(a));
            let root = q.mul_add(q, four.mul(eta).mul(zeta)).sqrt();
            let long = q.abs().add(root);
            let short = q.select_less(zero, zeta.add(zeta), eta.add(eta));
            let sum = constant::<T, V>(1.0).div(long.add(short));
            let (long, short) = (long.mul(sum), short.mul(sum));
            let theta = q.select_less(zero, long, short);
            let tau = q.select_less(zero, short, long);
            Self::at::<T>(form, theta, tau)
        }
    }

    #[inline(always)]
    unsafe fn at<T: Real>(form: Form<V>, theta: V, tau: V) -> Self
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe {
            let [a, b] = form.ratios;
            let both = theta.mul(tau);
            let squares = theta.mul(theta).add(tau.mul(tau));
            let denominator = a.add(b).mul_add(both, squares);
            let inverse = constant::<T, V>(1.0).div(denominator);
            let ends = b.mul(theta).mul_add(theta, a.mul(tau).mul(tau));
            let top = both.add(both).add(ends);
            Self { form, theta, tau, both, inverse, top }
        }
    }

    /// The share of the bin's height below the curve, and above it.
    #[inline(always)]
    pub(super) unsafe fn heights<T: Real>(&self) -> [V; 2]
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe {
            let [a, b] = self.form.ratios;
            [
                a.mul_add(self.both, self.theta.mul(self.theta)).mul(self.inverse),
                b.mul_add(self.both, self.tau.mul(self.tau)).mul(self.inverse),
            ]
        }
    }

    /// `marked` where a change of x or y by 1 / `limit` counts, else `mark`: where the slope is beyond the
    /// limit, or the derivative of its logarithm by x, (n' / n - 2 D' / D) / w, or that by y.
    #[inline(always)]
    pub(super) unsafe fn mark_sudden<T: Real>(&self, limit: V, marked: V, mark: V) -> V
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe {
            let [a, b] = self.form.ratios;
            let (half, two) = (constant::<T, V>(0.5), constant::<T, V>(2.0));
            let slope = self.slope::<T>();
            // Half of n' and of D' / D.
            let lean = self.tau.sub(self.theta);
            let top = a.mul_sub_from(self.tau, b.mul_add(self.theta, lean));
            let bottom = a.add(b).sub(two).mul(lean).mul(self.inverse).mul(half);
            let change = two.mul(bottom).mul_sub_from(self.top, top).abs();
            let bound = limit.mul(half).mul(self.form.width).mul(self.top);
            let bound = bound.min(bound.mul(slope));
            let mark = bound.select_less(change, marked, mark);
            limit.select_less(slope, marked, mark)
        }
    }

    /// dy/dx.
    #[inline(always)]
    pub(super) unsafe fn slope<T: Real>(&self) -> V
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe { self.form.slope.mul(self.top.mul(self.inverse)).mul(self.inverse) }
    }

    /// ln dy/dx.
    #[inline(always)]
    pub(super) unsafe fn log_slope<T: Real>(&self) -> V
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe { ln::<T, V>(self.slope::<T>()) }
    }

    /// The curve.
    #[inline(always)]
    pub(super) unsafe fn y<T: Real>(&self, bin: &Bin<V>) -> V
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe { between::<T, V>(bin.y, self.form.height, self.heights::<T>()) }
    }

    /// The argument.
    #[inline(always)]
    pub(super) unsafe fn x<T: Real>(&self, bin: &Bin<V>) -> V
    where
        V: Vector<T>,
    {
        // SAFETY: as in `Form::of`.
        unsafe { between::<T, V>(bin.x, self.form.width, [self.theta, self.tau]) }
    }
}

/// The point of an interval that has these shares of its length on both sides, reckoned from the
/// nearer end, and never outside.
#[inline(always)]
unsafe fn between<T: Real, V: Vector<T>>(ends: [V; 2], length: V, shares: [V; 2]) -> V {
    // SAFETY: as in `Form::of`.
    unsafe {
        let [low, high] = ends;
        let from_low = shares[0].mul_add(length, low);
        let from_high = shares[1].mul_sub_from(length, high);
        let point = shares[0].select_less(shares[1], from_low, from_high);
        // With the point second, NaN stays NaN.
        high.min(low.max(point))
    }
}
