//! Directions at right angles, one set for every lane, by the method of Gram and Schmidt.

use std::ops::Range;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};

use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::kernels::{multiply_add, sum_of_products};
use crate::real::{Normal, Real};

/// What is left of the square of a vector's length, at least, for its direction to be trusted.
const TRUSTED: f64 = 1e-8;

/// Vectors of every lane: coordinate i of vector p is in row `p * dim + i`.
pub(super) struct Frame<T> {
    pub dim: usize,
    pub vectors: Block<T>,
}

impl<T: Real> Frame<T> {
    /// Room for `count` vectors.
    pub fn take(dim: usize, count: usize, lanes: usize, scratch: &mut Scratch<T>) -> Self {
        Self { dim, vectors: scratch.take(count * dim, lanes) }
    }

    fn count(&self) -> usize {
        self.vectors.rows() / self.dim
    }

    /// The coordinates of vector p.
    pub fn vector(&self, p: usize) -> Rows<'_, T> {
        self.vectors.view().range(p * self.dim, (p + 1) * self.dim)
    }

    /// Draws vectors of a lane, with independent standard normal coordinates.
    pub fn draw(&mut self, range: Range<usize>, lane: usize, rng: &mut impl Rng) {
        for row in range.start * self.dim..range.end * self.dim {
            self.vectors.row_mut(row)[lane] = T::of(rng.sample(Normal));
        }
    }

    /// Writes vectors, times `length`, where a field reads its tangents: coordinate i of vector p
    /// into row `i * count + p`.
    pub fn write(&self, range: Range<usize>, length: f64, tangents: &mut RowsMut<'_, T>) {
        let (count, length) = (tangents.rows() / self.dim, T::of(length));
        for p in range {
            for i in 0..self.dim {
                let to = tangents.row_mut(i * count + p).iter_mut();
                to.zip(self.vector(p).row(i)).for_each(|(to, from)| *to = length * *from);
            }
        }
    }

    /// Reads vectors that were written so.
    pub fn read(&mut self, tangents: Rows<'_, T>) {
        let count = self.count();
        for p in 0..count {
            for i in 0..self.dim {
                let row = tangents.row(i * count + p);
                self.vectors.row_mut(p * self.dim + i).copy_from_slice(row);
            }
        }
    }

    /// Makes the vectors of `range` orthonormal among one another and to all before them. In the
    /// first `samples` lanes, a vector that lies in the span of those before it, up to rounding, or
    /// that is not finite, is drawn anew from the lane's stream.
    pub fn set_at_right_angles(
        &mut self,
        range: Range<usize>,
        samples: usize,
        stream: impl Fn(usize) -> Xoshiro256PlusPlus,
        scratch: &mut Scratch<T>,
    ) {
        let mut sizes = scratch.take(2, self.vectors.lanes());
        for p in range {
            self.inner(p, p, sizes.row_mut(0));
            self.set_apart(p, scratch);
            self.set_apart(p, scratch);
            self.inner(p, p, sizes.row_mut(1));
            for lane in 0..samples {
                let [before, left] = [0, 1].map(|row| sizes.row(row)[lane].wide());
                // A NaN is not greater either.
                if left > TRUSTED * before && before.is_finite() {
                    self.scale_lane(p, lane, left.sqrt().recip());
                } else {
                    self.draw_apart(p, lane, &mut stream(lane));
                }
            }
        }
        scratch.give(sizes);
    }

    /// The inner products of two vectors, lane by lane.
    fn inner(&self, p: usize, q: usize, out: &mut [T]) {
        out.fill(T::zero());
        sum_of_products(self.vector(p), self.vector(q), out);
    }

    /// Takes the shares of the orthonormal vectors before it out of vector p, in all lanes.
    fn set_apart(&mut self, p: usize, scratch: &mut Scratch<T>) {
        let (size, lanes) = (self.dim * self.vectors.lanes(), self.vectors.lanes());
        let mut share = scratch.take(1, lanes);
        for q in 0..p {
            self.inner(p, q, share.row_mut(0));
            share.values_mut().iter_mut().for_each(|share| *share = -*share);
            let (before, from) = self.vectors.values_mut().split_at_mut(p * size);
            let rows = from[..size].chunks_exact_mut(lanes);
            for (to, other) in rows.zip(before[q * size..].chunks_exact(lanes)) {
                multiply_add(share.row(0), other, to);
            }
        }
        scratch.give(share);
    }

    /// Draws vector p of a lane, which is to have length one and to stand apart from those before
    /// it.
    fn draw_apart(&mut self, p: usize, lane: usize, rng: &mut impl Rng) {
        loop {
            self.draw(p..p + 1, lane, rng);
            let before = self.lane_inner(p, p, lane);
            for q in (0..p).chain(0..p) {
                let share = self.lane_inner(p, q, lane);
                for i in 0..self.dim {
                    let other = self.vector(q).row(i)[lane].wide();
                    let value = &mut self.vectors.row_mut(p * self.dim + i)[lane];
                    *value = T::of(value.wide() - share * other);
                }
            }
            let left = self.lane_inner(p, p, lane);
            if left > TRUSTED * before {
                return self.scale_lane(p, lane, left.sqrt().recip());
            }
        }
    }

    fn lane_inner(&self, p: usize, q: usize, lane: usize) -> f64 {
        let at = |p: usize, i: usize| self.vector(p).row(i)[lane].wide();
        (0..self.dim).map(|i| at(p, i) * at(q, i)).sum()
    }

    fn scale_lane(&mut self, p: usize, lane: usize, factor: f64) {
        for row in p * self.dim..(p + 1) * self.dim {
            let value = &mut self.vectors.row_mut(row)[lane];
            *value = T::of(factor * value.wide());
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn vectors_that_span_nothing_new_are_drawn_anew() {
        for seed in 0..20 {
            let stream = |lane: usize| Xoshiro256PlusPlus::seed_from_u64(seed + 100 * lane as u64);
            let mut scratch = Scratch::<f32>::new();
            let mut frame = Frame::take(7, 5, 16, &mut scratch);
            for lane in 0..16 {
                frame.draw(0..5, lane, &mut stream(lane));
            }
            // In one lane a vector, a multiple of it, zero, a NaN, and another one.
            for i in 0..7 {
                let first = frame.vector(0).row(i)[3];
                for (p, value) in [(1, -3.0 * first), (2, 0.0), (3, f32::NAN)] {
                    frame.vectors.row_mut(7 * p + i)[3] = value;
                }
            }
            frame.set_at_right_angles(0..5, 16, |lane| stream(lane + 16), &mut scratch);
            for (p, q) in (0..5).flat_map(|p| (0..5).map(move |q| (p, q))) {
                for lane in 0..16 {
                    let inner = frame.lane_inner(p, q, lane);
                    let expected = if p == q { 1.0 } else { 0.0 };
                    assert!((inner - expected).abs() < 1e-5, "{p} {q} {lane}: {inner}");
                }
            }
        }
    }
}
