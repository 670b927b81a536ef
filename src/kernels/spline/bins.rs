//! The knots of a spline in every lane, and the bin that a value falls into.

use std::marker::PhantomData;

use super::{Ends, MIN_SHARE, SplineShape, SplineWay, UNIT_DERIVATIVE};
use crate::columns::{LANES, Rows};
use crate::kernels::elementary::{constant, decay};
use crate::real::Real;
use crate::simd::Vector;

/// The raw parameters of one coordinate, for one vector of lanes.
#[derive(Clone, Copy)]
pub(super) struct Raw<T> {
    first: *const T,
    stride: usize,
}

impl<T: Real> Raw<T> {
    /// The rows from `row` on, at `lane`, which must lie inside.
    #[inline(always)]
    pub(super) unsafe fn of(rows: Rows<'_, T>, row: usize, lane: usize) -> Self {
        let stride = rows.lanes();
        // SAFETY: the caller vouches for the place.
        Self { first: unsafe { rows.values().as_ptr().add(row * stride + lane) }, stride }
    }

    /// Parameter `p`.
    #[inline(always)]
    pub(super) unsafe fn get<V: Vector<T>>(self, p: usize) -> V {
        // SAFETY: the caller vouches for the number of parameters.
        unsafe { V::load(self.first.add(p * self.stride)) }
    }
}

/// The bins of every lane along one axis, in memory: weights that are to be multiplied by `share`
/// to sum to one, and the knots.
#[derive(Clone, Copy)]
pub(super) struct Axis<T, V> {
    weights: *mut T,
    knots: *mut T,
    pub(super) share: V,
}

impl<T: Real, V: Vector<T>> Axis<T, V> {
    /// The knots -B + 2B Σ (m + (1 - m K) softmax) of the K raw parameters from `first` on.
    #[inline(always)]
    unsafe fn lay(shape: SplineShape, raw: Raw<T>, first: usize, work: *mut T) -> Self {
        let bins = shape.bins;
        // SAFETY: the caller vouches for memory and instruction set, here and below.
        unsafe {
            let mut axis =
                Self { weights: work, knots: work.add(bins * LANES), share: constant::<T, V>(0.0) };
            let mut largest = raw.get::<V>(first);
            for k in 1..bins {
                largest = largest.max(raw.get(first + k));
            }
            let mut sum = axis.share;
            for k in 0..bins {
                let decay = decay::<T, V>(raw.get::<V>(first + k).sub(largest), 0.0);
                let weight = decay.power.mul_add(decay.rest, decay.power);
                weight.store(axis.weights.add(k * LANES));
                sum = sum.add(weight);
            }
            axis.share = constant::<T, V>(1.0).div(sum);
            axis.lay_knots(shape);
            axis
        }
    }

    /// Adds up the bins from left to right; the last ends at the bound itself.
    #[inline(always)]
    unsafe fn lay_knots(&self, shape: SplineShape) {
        let bins = shape.bins;
        // SAFETY: as in `lay`.
        unsafe {
            let low = constant::<T, V>(-shape.bound);
            let span = constant::<T, V>(2.0 * shape.bound);
            let least = constant::<T, V>(MIN_SHARE);
            let free = self.share.mul(constant::<T, V>(1.0 - MIN_SHARE * bins as f64));
            let mut sum = constant::<T, V>(0.0);
            low.store(self.knots);
            for k in 1..bins {
                sum = sum.add(self.weight(k - 1).mul_add(free, least));
                sum.mul_add(span, low).store(self.knots.add(k * LANES));
            }
            // A NaN among the parameters stays one.
            let last = constant::<T, V>(shape.bound).add(self.share.sub(self.share));
            last.store(self.knots.add(bins * LANES));
        }
    }

    /// Weight `k`, from 0 to K - 1.
    #[inline(always)]
    pub(super) unsafe fn weight(&self, k: usize) -> V {
        // SAFETY: as in `lay`.
        unsafe { V::load(self.weights.add(k * LANES)) }
    }

    /// Knot `k`, from 0 to K.
    #[inline(always)]
    pub(super) unsafe fn knot(&self, k: usize) -> V {
        // SAFETY: as in `lay`.
        unsafe { V::load(self.knots.add(k * LANES)) }
    }

    /// Both ends of bin `k`.
    #[inline(always)]
    unsafe fn ends(&self, k: usize) -> [V; 2] {
        // SAFETY: as in `lay`.
        unsafe { [self.knot(k), self.knot(k + 1)] }
    }
}

/// The bins of every lane along both axes, valid as long as the memory that they were laid out in.
pub(super) struct Bins<'a, T, V> {
    shape: SplineShape,
    pub(super) x: Axis<T, V>,
    pub(super) y: Axis<T, V>,
    memory: PhantomData<&'a mut [T]>,
}

/// The bin of every lane that holds a value: its ends along both axes, and the raw derivatives there.
pub(super) struct Bin<V> {
    pub(super) x: [V; 2],
    pub(super) y: [V; 2],
    pub(super) raw: [V; 2],
}

impl<'a, T: Real, V: Vector<T>> Bins<'a, T, V> {
    /// Lays out the bins of one coordinate.
    #[inline(always)]
    pub(super) unsafe fn lay(shape: SplineShape, raw: Raw<T>, work: &'a mut [T]) -> Self {
        debug_assert!(work.len() >= shape.work());
        let work = work.as_mut_ptr();
        // SAFETY: `work` has room for both axes, as `SplineShape::work` reckons.
        unsafe {
            let x = Axis::lay(shape, raw, 0, work);
            let y = Axis::lay(shape, raw, shape.bins, work.add((2 * shape.bins + 1) * LANES));
            Self { shape, x, y, memory: PhantomData }
        }
    }

    /// The raw derivative at knot `k`, from 0 to K.
    #[inline(always)]
    unsafe fn raw_derivative(&self, raw: Raw<T>, k: usize) -> V {
        let bins = self.shape.bins;
        // SAFETY: the index is below the number of parameters; instruction set as in `Axis::lay`.
        unsafe {
            match self.shape.ends {
                Ends::Linear if k == 0 || k == bins => constant::<T, V>(UNIT_DERIVATIVE),
                Ends::Linear => raw.get(2 * bins + k - 1),
                Ends::Circular if k == bins => raw.get(2 * bins),
                Ends::Circular => raw.get(2 * bins + k),
            }
        }
    }

    /// The last bin that does not begin beyond `value`, by comparing with one knot after the other.
    #[inline(always)]
    pub(super) unsafe fn find(&self, raw: Raw<T>, way: SplineWay, value: V) -> Bin<V> {
        // SAFETY: as in `Axis::lay`.
        unsafe {
            let mut derivative = self.raw_derivative(raw, 1);
            let mut bin = Bin {
                x: [self.x.knot(0), self.x.knot(1)],
                y: [self.y.knot(0), self.y.knot(1)],
                raw: [self.raw_derivative(raw, 0), derivative],
            };
            for k in 1..self.shape.bins {
                let next = self.raw_derivative(raw, k + 1);
                let (x, y) = (self.x.ends(k), self.y.ends(k));
                let start = match way {
                    SplineWay::Evaluate => x[0],
                    SplineWay::Invert => y[0],
                };
                bin.x = choose(value, start, bin.x, x);
                bin.y = choose(value, start, bin.y, y);
                bin.raw = choose(value, start, bin.raw, [derivative, next]);
                derivative = next;
            }
            bin
        }
    }
}

/// `old` where value < start, else `new`.
//
// A function, because closures and `map` on arrays are not always inlined into the stamped function,
// which alone has the instructions.
#[inline(always)]
unsafe fn choose<T: Real, V: Vector<T>>(value: V, start: V, old: [V; 2], new: [V; 2]) -> [V; 2] {
    // SAFETY: as in `Axis::lay`.
    unsafe { [value.select_less(start, old[0], new[0]), value.select_less(start, old[1], new[1])] }
}
