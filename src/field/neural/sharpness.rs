//! How suddenly a neural field can change, and how finely it is rounded, by its weights.

use std::f64::consts::TAU;

use super::{MapOfX, Mlp};
use crate::field::length;
use crate::ode::Sharpness;
use crate::real::Real;

/// How often a matrix is applied, there and back, to find by how much it stretches at most.
const PASSES: usize = 5;

impl<T: Real> Mlp<T> {
    /// The bound of a plain network.
    pub(super) fn sharpness_by_weights(&self) -> Sharpness {
        let (first, dim) = (&self.layers[0], self.shape.dim);
        self.sharpness_with(|l, i| match l {
            0 => self.rate_of_controls(first.weight.start + i * first.inputs + dim),
            _ => 0.0,
        })
    }

    /// How fast the argument of an activation of the last hidden layer can change: per unit of time,
    /// and per unit of length. Every activation has a slope of about one at most, so that a hidden layer
    /// stretches rates as its matrix does. `in_time` is the rate at which time moves argument `i` of
    /// layer `l` directly.
    pub(super) fn sharpness_with(&self, in_time: impl Fn(usize, usize) -> f64) -> Sharpness {
        let mut bound = Sharpness { in_time: 0.0, in_space: 1.0 };
        for (l, map) in self.maps_of_x().take(self.depth()).enumerate() {
            let rates = (0..map.rows).map(|i| in_time(l, i));
            // Of the last layer every argument is looked at by itself.
            let (stretch, own) = if l + 1 == self.depth() {
                (map.longest_row(&self.values), rates.fold(0.0, f64::max))
            } else {
                (map.stretch(&self.values), rates.map(|rate| rate * rate).sum::<f64>().sqrt())
            };
            bound.in_time = stretch * bound.in_time + own;
            bound.in_space *= stretch;
        }
        if self.depth() == 0 {
            bound.in_space = 0.0;
        }
        // However little a wave weighs, it goes up and down.
        bound.in_time = bound.in_time.max(TAU * self.shape.frequencies as f64);
        bound
    }

    /// A rounding of every output: the terms of its sum, and their roundings, add up like random numbers.
    pub(super) fn rounding_of_outputs(&self) -> &[f64] {
        self.rounding.get_or_init(|| {
            let last = self.depth();
            let (map, bias) = (self.maps_of_x().nth(last), self.bias(last));
            let rows = map.iter().flat_map(|map| (0..map.rows).map(|i| map.row(&self.values, i)));
            rows.zip(bias)
                .map(|(row, bias)| T::EPSILON * length(&[length(row), bias.wide()]))
                .collect()
        })
    }

    /// How fast time moves the sum of φ(t) with the weights that begin at `start`.
    pub(super) fn rate_of_controls(&self, start: usize) -> f64 {
        let weights = &self.values[start..start + self.shape.time_rows()];
        let waves = weights[1..].as_chunks::<2>().0.iter().zip(1..);
        let rates = waves.map(|(pair, k)| TAU * f64::from(k) * length(pair));
        weights[0].wide().abs() + rates.sum::<f64>()
    }
}

impl MapOfX {
    fn row<'a, T>(&self, values: &'a [T], i: usize) -> &'a [T] {
        let start = self.start + i * self.stride;
        &values[start..start + self.columns]
    }

    /// The length of the longest row.
    fn longest_row<T: Real>(&self, values: &[T]) -> f64 {
        (0..self.rows).map(|i| length(self.row(values, i))).fold(0.0, f64::max)
    }

    /// The largest singular value, by the power method from the longest row.
    fn stretch<T: Real>(&self, values: &[T]) -> f64 {
        let lengths: Vec<f64> = (0..self.rows).map(|i| length(self.row(values, i))).collect();
        let longest = (0..self.rows).max_by(|&i, &j| lengths[i].total_cmp(&lengths[j]));
        let Some(longest) = longest.filter(|&i| lengths[i] > 0.0) else { return 0.0 };
        let mut direction: Vec<f64> = self.row(values, longest).iter().map(|x| x.wide()).collect();
        let mut stretch = lengths[longest];
        for _ in 0..PASSES {
            let size = length(&direction);
            direction.iter_mut().for_each(|x| *x /= size);
            let mut back = vec![0.0; self.columns];
            let mut square = 0.0;
            for i in 0..self.rows {
                let row = self.row(values, i);
                let image: f64 = row.iter().zip(&direction).map(|(w, x)| w.wide() * x).sum();
                square += image * image;
                row.iter().zip(&mut back).for_each(|(w, x)| *x += w.wide() * image);
            }
            stretch = stretch.max(square.sqrt());
            direction = back;
        }
        stretch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn stretches_are_the_largest_singular_values() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(3);
        for (rows, columns) in [(1, 1), (2, 7), (7, 2), (20, 30)] {
            let matrix = DMatrix::from_fn(columns, rows, |_, _| rng.random_range(-1.0..1.0f64));
            let map = MapOfX { start: 0, rows, columns, stride: columns };
            let (found, known) = (map.stretch(matrix.as_slice()), matrix.singular_values().max());
            // From below, and close.
            assert!(found <= 1.000001 * known && found > 0.8 * known, "{found}, {known}");
        }
        let nothing = MapOfX { start: 0, rows: 2, columns: 2, stride: 2 };
        assert_eq!(nothing.stretch(&[0.0f64; 4]), 0.0);
    }

    #[test]
    fn rates_of_arguments_keep_below_the_bound() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(4);
        let builder = Mlp::new(3).hidden([8, 9]).time_frequencies(2);
        let plain: Mlp<f64> = builder.build(&mut rng).expect("valid");
        let Sharpness { in_time, in_space } = plain.sharpness_by_weights();
        // The arguments of the second layer, by hand, at two neighbouring places.
        let argument = |t: f64, x: &[f64]| -> Vec<f64> {
            let waves = [1.0, 2.0].map(|k| [(TAU * k * t).sin(), (TAU * k * t).cos()]);
            let input = [x, &[t], waves.as_flattened()].concat();
            let layer = |l: usize, input: &[f64]| -> Vec<f64> {
                let Weighted { weight, bias } = Weighted::of(&plain, l);
                let rows = weight.chunks_exact(input.len()).zip(bias);
                rows.map(|(w, b)| w.iter().zip(input).map(|(w, x)| w * x).sum::<f64>() + b)
                    .collect()
            };
            let first: Vec<f64> = layer(0, &input).iter().map(|z| z.tanh()).collect();
            layer(1, &first)
        };
        let rate = |from: (f64, [f64; 3]), to: (f64, [f64; 3])| {
            let (a, b) = (argument(from.0, &from.1), argument(to.0, &to.1));
            a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / 1e-6
        };
        for _ in 0..100 {
            let (t, x) = (rng.random(), std::array::from_fn(|_| rng.random_range(-2.0..2.0)));
            assert!(rate((t, x), (t + 1e-6, x)) < in_time);
            let beside = [x[0] + 1e-6, x[1], x[2]];
            assert!(rate((t, x), (t, beside)) < in_space);
        }
    }

    struct Weighted<'a> {
        weight: &'a [f64],
        bias: &'a [f64],
    }

    impl<'a> Weighted<'a> {
        fn of(field: &'a Mlp<f64>, l: usize) -> Self {
            let layer = &field.layers[l];
            let [weight, bias] = [&layer.weight, &layer.bias].map(|r| &field.values[r.clone()]);
            Self { weight, bias }
        }
    }
}
