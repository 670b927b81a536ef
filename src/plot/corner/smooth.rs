//! Counts on a grid made smooth by a normal kernel, whose width the counts themselves choose.

/// The widths that are tried, in units of the one that suits a normal density.
const FACTORS: [f64; 5] = [1.0, 0.7, 0.5, 0.35, 0.25];
/// By how much of the first the cost of a narrower kernel must be less: chance makes smaller differences.
const CLEARLY: f64 = 0.01;
/// A kernel narrower than this share of a cell smooths nothing that linear binning has not.
const NARROWEST: f64 = 0.6;
/// A kernel ends so many widths from its middle.
const REACH: f64 = 3.5;

/// Counts on the nodes of a regular grid of one or two axes: `values[row * columns + column]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    pub values: Vec<f64>,
    pub columns: usize,
}

impl Counts {
    /// Every weight is shared between the nodes at both sides of its place; those beyond the ends are left out.
    pub fn of_line(places: impl Iterator<Item = (f64, f64)>, nodes: usize) -> Self {
        let mut values = vec![0.0; nodes];
        for (place, weight) in places {
            let Some((k, part)) = shared(place, nodes) else { continue };
            values[k] += weight * (1.0 - part);
            values[(k + 1).min(nodes - 1)] += weight * part;
        }
        Self { values, columns: nodes }
    }

    /// As [`of_line`](Counts::of_line), in a plane of as many nodes both ways.
    pub fn of_plane(places: impl Iterator<Item = ([f64; 2], f64)>, nodes: usize) -> Self {
        let mut values = vec![0.0; nodes * nodes];
        for ([x, y], weight) in places {
            let (Some((i, s)), Some((j, t))) = (shared(x, nodes), shared(y, nodes)) else {
                continue;
            };
            let [right, above] = [(i + 1).min(nodes - 1), (j + 1).min(nodes - 1)];
            values[j * nodes + i] += weight * (1.0 - s) * (1.0 - t);
            values[j * nodes + right] += weight * s * (1.0 - t);
            values[above * nodes + i] += weight * (1.0 - s) * t;
            values[above * nodes + right] += weight * s * t;
        }
        Self { values, columns: nodes }
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Smoothed by normal kernels of the widths, among some, whose density is clearly nearest to that of the
    /// samples: the one with the least ∫ f̂² - 2/n Σ f̂₋ᵢ(xᵢ) (Rudemo 1982, Empirical choice of histograms and
    /// kernel density estimators), axis by axis from the last on. `widths` are those that suit a normal density,
    /// in nodes along each axis; what was chosen is given back.
    pub fn smoothed(&self, widths: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut chosen: Vec<f64> = widths.iter().map(|width| width.max(NARROWEST)).collect();
        let (first, mut best) = self.tried(&chosen);
        let mut least = first;
        // What few samples say about small shapes is mostly chance.
        let total: f64 = self.values.iter().sum();
        let narrowest = 0.49 * (total.max(1.0) / 2000.0).powf(-0.3);
        for axis in (0..chosen.len()).rev() {
            // A narrower kernel has to be clearly better than a wider one.
            for factor in FACTORS[1..].iter().filter(|factor| **factor >= narrowest) {
                let mut narrower = chosen.clone();
                narrower[axis] = (factor * widths[axis]).max(NARROWEST);
                let (cost, found) = self.tried(&narrower);
                if cost < least - CLEARLY * first.abs() {
                    (least, best) = (cost, found);
                    chosen = narrower;
                }
            }
        }
        (best, chosen)
    }

    /// The cost of widths, and what is smoothed by them.
    fn tried(&self, widths: &[f64]) -> (f64, Vec<f64>) {
        let total: f64 = self.values.iter().sum();
        let found = self.with_kernels(widths);
        // The share of a sample's own kernel at its place.
        let own: f64 = widths.iter().map(|width| kernel(*width)[0]).product();
        let squares: f64 = found.iter().map(|value| value * value).sum();
        let products = found.iter().zip(&self.values).map(|(f, count)| f * count);
        let others = products.sum::<f64>() - own * total;
        (squares / total.max(1e-300) - 2.0 * others / (total - 1.0).max(1.0), found)
    }

    /// Smoothed along every axis. What would cross an end comes back, so that bounds stay sharp.
    fn with_kernels(&self, widths: &[f64]) -> Vec<f64> {
        let (rows, columns) = (self.rows(), self.columns);
        let mut values = self.values.clone();
        if let Some(width) = widths.first() {
            let weights = kernel(*width);
            for row in values.chunks_exact_mut(columns) {
                let smooth = along(row, &weights);
                row.copy_from_slice(&smooth);
            }
        }
        if let Some(width) = widths.get(1) {
            let weights = kernel(*width);
            for column in 0..columns {
                let line: Vec<f64> = (0..rows).map(|row| values[row * columns + column]).collect();
                for (row, value) in along(&line, &weights).into_iter().enumerate() {
                    values[row * columns + column] = value;
                }
            }
        }
        values
    }
}

/// The node before a place counted in nodes, and how far behind it the place lies.
fn shared(place: f64, nodes: usize) -> Option<(usize, f64)> {
    let last = (nodes - 1) as f64;
    (0.0..=last).contains(&place).then(|| (place as usize, place.fract()))
}

/// Half of a normal kernel of this width, from its middle on; the whole has sum one.
fn kernel(width: f64) -> Vec<f64> {
    let reach = (REACH * width).ceil() as usize;
    let half: Vec<f64> = (0..=reach).map(|k| (-0.5 * (k as f64 / width).powi(2)).exp()).collect();
    let sum = 2.0 * half.iter().sum::<f64>() - half[0];
    half.into_iter().map(|weight| weight / sum).collect()
}

/// A line smoothed by a kernel that is reflected at both ends.
fn along(line: &[f64], weights: &[f64]) -> Vec<f64> {
    let (count, reach) = (line.len() as i64, weights.len() as i64 - 1);
    let wide: Vec<f64> = (-reach..count + reach).map(|k| line[reflected(k, count)]).collect();
    let middle = weights.len() - 1;
    let mut found: Vec<f64> =
        wide[middle..middle + line.len()].iter().map(|x| weights[0] * x).collect();
    for (away, weight) in weights.iter().enumerate().skip(1) {
        let (left, right) = (&wide[middle - away..], &wide[middle + away..]);
        for (sum, (a, b)) in found.iter_mut().zip(left.iter().zip(right)) {
            *sum += weight * (a + b);
        }
    }
    found
}

/// A place mirrored at the outer sides of the first and the last node until it is among the nodes.
fn reflected(place: i64, count: i64) -> usize {
    let place = place.rem_euclid(2 * count);
    place.min(2 * count - 1 - place) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn normals(count: usize, seed: u64) -> Vec<f64> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..count).map(|_| rng.sample(rand_distr::StandardNormal)).collect()
    }

    #[test]
    fn smoothing_keeps_every_count() {
        let places = normals(5000, 1).into_iter().map(|x| (60.0 + 10.0 * x, 1.0));
        let counts = Counts::of_line(places, 121);
        let total: f64 = counts.values.iter().sum();
        let smooth: f64 = counts.smoothed(&[2.0]).0.iter().sum();
        assert!((smooth - total).abs() < 1e-9 * total);
        let xs = normals(4000, 2).into_iter().zip(normals(4000, 3));
        let plane = Counts::of_plane(xs.map(|(x, y)| ([30.0 + 5.0 * x, 30.0 + 9.0 * y], 1.0)), 61);
        let total: f64 = plane.values.iter().sum();
        assert!((plane.smoothed(&[1.0, 2.0]).0.iter().sum::<f64>() - total).abs() < 1e-9 * total);
    }

    #[test]
    fn a_normal_density_is_found() {
        let n = 200_000;
        let places = normals(n, 4).into_iter().map(|x| (100.0 + 20.0 * x, 1.0));
        let found = Counts::of_line(places, 201).smoothed(&[20.0 * (n as f64).powf(-0.2)]).0;
        for (k, value) in found.iter().enumerate() {
            let x = (k as f64 - 100.0) / 20.0;
            let expected = (-0.5 * x * x).exp() / (20.0 * std::f64::consts::TAU.sqrt());
            // A kernel of 0.09 deviations takes 0.4% off the top; the rest is chance, four deviations of it.
            let chance = 4.0 * (expected / n as f64 / 2.0).sqrt();
            assert!((value / n as f64 - expected).abs() < 1e-4 + chance, "{x}: {value}");
        }
    }

    #[test]
    fn narrow_shapes_get_narrow_kernels() {
        // Two peaks far apart: what suits one normal density would wash them out.
        let places = normals(20_000, 5)
            .into_iter()
            .enumerate()
            .map(|(k, x)| (100.0 + 3.0 * x + if k % 2 == 0 { 60.0 } else { -60.0 }, 1.0));
        let found = Counts::of_line(places, 201).smoothed(&[60.0 * 20_000f64.powf(-0.2)]).0;
        let top = found.iter().copied().fold(0.0, f64::max);
        let expected = 0.5 * 20_000.0 / (3.0 * std::f64::consts::TAU.sqrt());
        assert!(top > 0.8 * expected, "{top} for {expected}");
    }

    #[test]
    fn bounds_stay_sharp() {
        let uniform = (0..10_000).map(|k| (100.0 * (k as f64 + 0.5) / 10_000.0, 1.0));
        let found = Counts::of_line(uniform, 101).with_kernels(&[4.0]);
        // The outer nodes stand for half a cell each.
        assert!((found[20] - 100.0).abs() < 1.0 && found[1] > 80.0 && found[99] > 80.0);
        assert_eq!((reflected(-1, 5), reflected(5, 5), reflected(-6, 5)), (0, 4, 4));
    }

    #[test]
    fn a_single_sample_and_equal_samples_are_no_trouble() {
        for count in [1, 7] {
            let counts = Counts::of_line(std::iter::repeat_n((3.0, 1.0), count), 8);
            assert!(counts.smoothed(&[0.0]).0.iter().all(|value| value.is_finite()));
        }
    }
}
