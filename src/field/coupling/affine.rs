//! The rows of an affine coupling field: s and t of the moved coordinates.

use crate::columns::{Block, Scratch};
use crate::kernels::Activation;
use crate::real::Real;

/// s and t with the first two derivatives of s by r: one row each per moved coordinate.
#[derive(Default)]
pub(super) struct Affine<T> {
    pub raw: Block<T>,
    pub s: Block<T>,
    pub slope: Block<T>,
    pub curvature: Block<T>,
}

impl<T: Real> Affine<T> {
    /// Rows for as many coordinates; from scratch memory, to which they go back.
    pub fn take(moved: usize, lanes: usize, scratch: &mut Scratch<T>) -> Self {
        let raw = scratch.take(2 * moved, lanes);
        let [s, slope, curvature] = [0; 3].map(|_| scratch.take(moved, lanes));
        Self { raw, s, slope, curvature }
    }

    pub fn give(self, scratch: &mut Scratch<T>) {
        for block in [self.curvature, self.slope, self.s, self.raw] {
            scratch.give(block);
        }
    }

    pub fn reshape(&mut self, moved: usize, lanes: usize) {
        self.raw.reshape(2 * moved, lanes);
        for block in [&mut self.s, &mut self.slope, &mut self.curvature] {
            block.reshape(moved, lanes);
        }
    }

    /// s = bound tanh(r / bound) and its derivatives, of the r in `raw`.
    pub fn bend(&mut self, bound: f64, scratch: &mut Scratch<T>) {
        let (wide, narrow) = (T::of(bound), T::of(1.0 / bound));
        let mut z = scratch.take(1, self.raw.lanes());
        for i in 0..self.s.rows() {
            for (z, r) in z.values_mut().iter_mut().zip(self.raw.row(2 * i)) {
                *z = *r * narrow;
            }
            let jet = [&mut self.s, &mut self.slope, &mut self.curvature];
            let [s, slope, curvature] = jet.map(|block| block.row_mut(i));
            Activation::Tanh.value_slope_curvature(z.values(), s, slope, curvature);
            s.iter_mut().for_each(|value| *value *= wide);
            curvature.iter_mut().for_each(|value| *value *= narrow);
        }
        scratch.give(z);
    }

    /// The t of one coordinate.
    pub fn shift(&self, i: usize) -> &[T] {
        self.raw.row(2 * i + 1)
    }

    /// From the cotangents of s (in the rows of r) to those of r.
    pub fn through_bend(&self, raw_bar: &mut Block<T>) {
        for i in 0..self.slope.rows() {
            for (bar, slope) in raw_bar.row_mut(2 * i).iter_mut().zip(self.slope.row(i)) {
                *bar *= *slope;
            }
        }
    }
}
