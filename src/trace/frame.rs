//! Directions at right angles, one set for every lane, by the method of Gram and Schmidt.

use std::ops::Range;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::columns::RowsMut;
use crate::real::Real;

/// What is left of the square of a vector's length, at least, for its direction to be trusted.
const TRUSTED: f64 = 1e-8;

/// The vectors of one lane: coordinate i of vector p is in row `i * count + p`.
pub(super) struct Frame<'a, 'b, T> {
    pub rows: &'a mut RowsMut<'b, T>,
    pub count: usize,
    pub lane: usize,
}

impl<T: Real> Frame<'_, '_, T> {
    pub fn dim(&self) -> usize {
        self.rows.rows() / self.count
    }

    fn at(&self, i: usize, p: usize) -> f64 {
        self.rows.row(i * self.count + p)[self.lane].wide()
    }

    fn set(&mut self, i: usize, p: usize, value: f64) {
        self.rows.row_mut(i * self.count + p)[self.lane] = T::of(value);
    }

    /// The inner product of two vectors.
    pub fn inner(&self, p: usize, q: usize) -> f64 {
        (0..self.dim()).map(|i| self.at(i, p) * self.at(i, q)).sum()
    }

    /// The inner product of vector p with the same of another frame.
    pub fn inner_with(&self, other: &Frame<'_, '_, T>, p: usize) -> f64 {
        (0..self.dim()).map(|i| self.at(i, p) * other.at(i, p)).sum()
    }

    /// Multiplies vector p.
    pub fn scale(&mut self, p: usize, factor: f64) {
        for i in 0..self.dim() {
            self.set(i, p, factor * self.at(i, p));
        }
    }

    /// Draws vector p anew, with independent standard normal coordinates.
    pub fn draw(&mut self, p: usize, rng: &mut impl Rng) {
        for i in 0..self.dim() {
            self.set(i, p, rng.sample(StandardNormal));
        }
    }

    /// Writes other vectors, less `shift` times these, over these.
    pub fn replace_by(&mut self, other: &Frame<'_, '_, T>, shift: f64) {
        for p in 0..self.count {
            for i in 0..self.dim() {
                self.set(i, p, other.at(i, p) - shift * self.at(i, p));
            }
        }
    }

    /// Makes the vectors of `range` orthonormal among one another and to all before them. A vector
    /// that lies in the span of those before it, up to rounding, or that is not finite, is drawn
    /// anew.
    pub fn set_at_right_angles(&mut self, range: Range<usize>, rng: &mut impl Rng) {
        for p in range {
            while !self.set_apart(p) {
                self.draw(p, rng);
            }
        }
    }

    /// Takes the share of the vectors before it out of vector p, twice over, and makes its length
    /// one; says whether enough was left of it.
    fn set_apart(&mut self, p: usize) -> bool {
        let before = self.inner(p, p);
        for q in (0..p).chain(0..p) {
            let share = self.inner(p, q);
            for i in 0..self.dim() {
                self.set(i, p, self.at(i, p) - share * self.at(i, q));
            }
        }
        let left = self.inner(p, p);
        // A NaN is not greater either.
        if !(left > TRUSTED * before && before.is_finite()) {
            return false;
        }
        self.scale(p, left.sqrt().recip());
        true
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::columns::Block;

    #[test]
    fn vectors_that_span_nothing_new_are_drawn_anew() {
        for seed in 0..20 {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut block: Block<f32> = Block::new(7 * 5, 16);
            let mut rows = block.view_mut();
            let mut frame = Frame { rows: &mut rows, count: 5, lane: 3 };
            // A vector, a multiple of it, zero, a NaN, and another one.
            frame.draw(0, &mut rng);
            frame.draw(4, &mut rng);
            for i in 0..7 {
                frame.set(i, 1, -3.0 * frame.at(i, 0));
                frame.set(i, 2, 0.0);
                frame.set(i, 3, f64::NAN);
            }
            frame.set_at_right_angles(0..5, &mut rng);
            for p in 0..5 {
                for q in 0..5 {
                    let expected = if p == q { 1.0 } else { 0.0 };
                    let inner = frame.inner(p, q);
                    assert!((inner - expected).abs() < 1e-5, "{p} {q}: {inner}");
                }
            }
        }
    }
}
