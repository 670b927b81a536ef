//! Two coordinates together: a smooth density on a grid, and the levels within which shares of the samples lie.

use super::smooth::Counts;
use crate::plot::axes::{Range, Steps};
use crate::plot::density::contour::{Grid, joined};
use crate::plot::weighing::Weights;

/// The nodes along each axis.
const NODES: usize = 120;

/// A ring of less area than so many squares of a kernel's width is no region.
const SPECK: f64 = 9.0;

/// One coordinate of a pair.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub values: &'a [f64],
    /// Where samples are counted.
    pub range: Range,
    /// A robust deviation.
    pub deviation: f64,
}

/// Closed lines around the regions where the density is highest, with each a share of the samples.
#[derive(Debug, Clone)]
pub(super) struct Region {
    pub rings: Vec<Vec<[f64; 2]>>,
}

/// The regions of highest density that hold these shares of the samples, as they are counted (Hyndman 1996,
/// Computing and graphing highest density regions, section 3), and which samples are outside the last.
pub(super) fn regions(
    x: Side<'_>,
    y: Side<'_>,
    weights: &Weights,
    shares: &[f64],
) -> (Vec<Region>, Vec<usize>) {
    let place = |side: Side<'_>, value: f64| {
        (value - side.range.from()) / side.range.length() * (NODES - 1) as f64
    };
    let places: Vec<[f64; 2]> =
        x.values.iter().zip(y.values).map(|(a, b)| [place(x, *a), place(y, *b)]).collect();
    let each = || (0..places.len()).map(|k| weights.at(k));
    let counts = Counts::of_plane(places.iter().copied().zip(each()), NODES);
    // Where coordinates hang together, the density is narrower than each of them.
    let narrow = (1.0 - correlation(x, y, weights).powi(2)).max(0.1).sqrt();
    let shrink = weights.effective(places.len()).powf(-1.0 / 6.0) * narrow;
    let width = |side: Side<'_>| shrink * side.deviation / side.range.length() * (NODES - 1) as f64;
    let (density, widths) = counts.smoothed(&[width(x), width(y)]);
    let heights: Vec<f64> = places.iter().map(|place| height(&density, *place)).collect();
    let level = levels(&heights, weights);
    let padded = Padded::new(&density, [x.range, y.range]);
    let found =
        shares.iter().map(|share| Region { rings: padded.rings(level(*share), &widths) }).collect();
    let last = shares.iter().copied().fold(0.0, f64::max);
    let outside = |k: &usize| heights[*k] < level(last);
    let stray = (0..places.len()).filter(outside).collect();
    (found, stray)
}

/// The height above which a share of samples lies, by their weights.
fn levels(heights: &[f64], weights: &Weights) -> impl Fn(f64) -> f64 {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_unstable_by(|a, b| heights[*b].total_cmp(&heights[*a]));
    let sorted: Vec<f64> = order.iter().map(|k| heights[*k]).collect();
    let mut sum = 0.0;
    let add = |k: &usize| {
        sum += weights.at(*k);
        sum
    };
    let sums: Vec<f64> = order.iter().map(add).collect();
    move |share: f64| {
        // A share of all may be a last bit more than the sum of its parts.
        let wanted = share * sum * (1.0 - 1e-12);
        let last = sums.partition_point(|sum| *sum < wanted).min(sorted.len() - 1);
        // Never zero: the region would have no border.
        sorted[last].max(1e-9 * sorted[0]).min(0.999 * sorted[0])
    }
}

/// A density between its nodes, zero beyond them.
fn height(density: &[f64], [x, y]: [f64; 2]) -> f64 {
    let last = (NODES - 1) as f64;
    if !((0.0..=last).contains(&x) && (0.0..=last).contains(&y)) {
        return 0.0;
    }
    let (i, j) = (x as usize, y as usize);
    let at = |i: usize, j: usize| density[j.min(NODES - 1) * NODES + i.min(NODES - 1)];
    let (s, t) = (x.fract(), y.fract());
    let along = |j: usize| (1.0 - s) * at(i, j) + s * at(i + 1, j);
    (1.0 - t) * along(j) + t * along(j + 1)
}

/// The correlation of samples within robust bounds, so that a few far ones do not make it.
fn correlation(x: Side<'_>, y: Side<'_>, weights: &Weights) -> f64 {
    let middle = |side: Side<'_>| side.range.at(0.5);
    let (mx, my) = (middle(x), middle(y));
    let (scale_x, scale_y) = (x.range.length(), y.range.length());
    let mut sums = [0.0f64; 6];
    for (k, (a, b)) in x.values.iter().zip(y.values).enumerate() {
        let (u, v) = ((a - mx) / scale_x, (b - my) / scale_y);
        if u.abs() <= 0.5 && v.abs() <= 0.5 {
            for (sum, term) in sums.iter_mut().zip([1.0, u, v, u * u, v * v, u * v]) {
                *sum += weights.at(k) * term;
            }
        }
    }
    let [n, u, v, uu, vv, uv] = sums;
    let found = (uv - u * v / n) / ((uu - u * u / n) * (vv - v * v / n)).sqrt();
    if found.is_finite() { found.clamp(-1.0, 1.0) } else { 0.0 }
}

/// A density with zeros all around, one node beyond, so that every contour closes.
struct Padded {
    values: Vec<f64>,
    ranges: [Range; 2],
}

impl Padded {
    fn new(density: &[f64], ranges: [Range; 2]) -> Self {
        let wide = NODES + 2;
        let mut values = vec![0.0; wide * wide];
        for (j, row) in density.chunks_exact(NODES).enumerate() {
            values[(j + 1) * wide + 1..][..NODES].copy_from_slice(row);
        }
        let ranges = ranges.map(|range| range.widened(range.length() / (NODES - 1) as f64));
        Self { values, ranges }
    }

    /// Lines around what is above a level: outer ones one way round, holes the other, so that filled together
    /// they leave the holes out. What is hardly larger than a kernel shows a sample and no region; the largest stays.
    fn rings(&self, level: f64, widths: &[f64]) -> Vec<Vec<[f64; 2]>> {
        let [x, y] = self.ranges;
        let grid = Grid { values: &self.values, columns: NODES + 2, x, y };
        let mut rings = joined(&grid.contour(level));
        // In cells of the grid: squares of numbers may be no numbers.
        let cells = (NODES + 1) as f64;
        let place = |[a, b]: &[f64; 2]| {
            [(a - x.from()) / x.length() * cells, (b - y.from()) / y.length() * cells]
        };
        let kernel: f64 = widths.iter().product();
        let size = |ring: &[[f64; 2]]| signed_area(&ring.iter().map(place).collect::<Vec<_>>());
        let largest = rings.iter().map(|ring| size(ring).abs()).fold(0.0, f64::max);
        let seen = |ring: &Vec<[f64; 2]>| {
            let area = size(ring).abs();
            ring.len() > 3 && (area >= largest || area > SPECK * kernel)
        };
        rings.retain(seen);
        let depth = |k: usize| {
            let inside = |other: &usize| *other != k && encloses(&rings[*other], rings[k][0]);
            (0..rings.len()).filter(inside).count()
        };
        let turns: Vec<bool> =
            (0..rings.len()).map(|k| (size(&rings[k]) > 0.0) == (depth(k) % 2 == 0)).collect();
        for (ring, right) in rings.iter_mut().zip(turns) {
            if !right {
                ring.reverse();
            }
        }
        rings
    }
}

fn signed_area(ring: &[[f64; 2]]) -> f64 {
    let [x, y] = ring[0];
    let cross = |a: [f64; 2], b: [f64; 2]| (a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y);
    ring.windows(2).map(|pair| cross(pair[0], pair[1])).sum::<f64>() / 2.0
}

/// Whether a point lies inside a closed line: a ray from it crosses the line an odd number of times.
fn encloses(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let crosses = |pair: &[[f64; 2]]| {
        let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
        (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax)
    };
    ring.windows(2).filter(|pair| crosses(pair)).count() % 2 == 1
}

/// Rings one after another as one polygon: ways there and back again lie on one another.
pub(super) fn one_polygon(rings: &[Vec<[f64; 2]>]) -> Vec<[f64; 2]> {
    let Some(start) = rings.first().map(|ring| ring[0]) else { return Vec::new() };
    let mut all = Vec::with_capacity(rings.iter().map(|ring| ring.len() + 1).sum());
    for ring in rings {
        all.extend(ring);
        all.push(start);
    }
    all
}

/// A range for counting: that of the bulk of the samples, or some room around samples that are all the same.
pub(super) fn counted([from, to]: [f64; 2], shown: Range) -> Range {
    Range::given("samples", Steps::Even, [from, to]).unwrap_or(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::weighing::weighed;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn normals(count: usize, seed: u64) -> Vec<f64> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..count).map(|_| rng.sample(rand_distr::StandardNormal)).collect()
    }

    fn side(values: &[f64]) -> Side<'_> {
        let range = Range::given("x", Steps::Even, [-5.0, 5.0]).expect("a range");
        Side { values, range, deviation: 1.0 }
    }

    #[test]
    fn regions_of_a_normal_density_are_discs() {
        let (xs, ys) = (normals(100_000, 1), normals(100_000, 2));
        let (found, stray) = regions(side(&xs), side(&ys), &Weights::Equal, &[0.5, 0.9]);
        for (region, share) in found.iter().zip([0.5, 0.9]) {
            let radius = (-2.0 * f64::ln(1.0 - share)).sqrt();
            let outer = region.rings.iter().max_by_key(|ring| ring.len()).expect("a ring");
            let area = signed_area(outer);
            let expected = std::f64::consts::PI * radius * radius;
            // Counts within a level err by chance by half a percent; smoothing widens by about one.
            assert!((area / expected - 1.0).abs() < 0.05, "{share}: {area} for {expected}");
        }
        assert!((stray.len() as f64 / 100_000.0 - 0.1).abs() < 1e-3);
    }

    #[test]
    fn regions_of_weighted_samples_are_those_of_what_they_are_weighted_for() {
        // Drawn twice as wide as they should be, and weighted for that.
        let wide = |seed: u64| normals(200_000, seed).into_iter().map(|x| 2.0 * x).collect();
        let (xs, ys): (Vec<f64>, Vec<f64>) = (wide(6), wide(7));
        let weight = |(x, y): (&f64, &f64)| (-0.375 * (x * x + y * y)).exp();
        let raw: Vec<f64> = xs.iter().zip(&ys).map(weight).collect();
        let all: Vec<usize> = (0..raw.len()).collect();
        let (weights, _) = weighed(&raw, raw.len(), &all).expect("weights");
        let (found, _) = regions(side(&xs), side(&ys), &weights, &[0.5, 0.9]);
        for (region, share) in found.iter().zip([0.5, 0.9]) {
            let outer = region.rings.iter().max_by_key(|ring| ring.len()).expect("a ring");
            let expected = -std::f64::consts::TAU * f64::ln(1.0 - share);
            // As above, of 87,500 effective samples.
            assert!((signed_area(outer) / expected - 1.0).abs() < 0.05, "{share}");
        }
    }

    #[test]
    fn holes_turn_the_other_way() {
        let (us, vs) = (normals(50_000, 3), normals(50_000, 4));
        let on_ring = |u: f64, v: f64, of: f64| 3.0 * of / u.hypot(v) + 0.1 * of;
        let xs: Vec<f64> = us.iter().zip(&vs).map(|(u, v)| on_ring(*u, *v, *u)).collect();
        let ys: Vec<f64> = us.iter().zip(&vs).map(|(u, v)| on_ring(*u, *v, *v)).collect();
        let (found, _) = regions(side(&xs), side(&ys), &Weights::Equal, &[0.95]);
        let mut areas: Vec<f64> = found[0].rings.iter().map(|ring| signed_area(ring)).collect();
        areas.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
        assert!(areas[0] > 20.0 && areas[1] < -10.0, "{areas:?}");
    }

    #[test]
    fn samples_on_a_line_or_on_a_point_have_regions() {
        let xs = normals(500, 5);
        for ys in [xs.clone(), vec![0.0; 500]] {
            let (found, _) = regions(side(&xs), side(&ys), &Weights::Equal, &[0.5, 0.9]);
            assert!(found.iter().all(|region| !region.rings.is_empty()));
        }
        let (found, _) = regions(side(&[0.0]), side(&[0.0]), &Weights::Equal, &[0.5, 0.9]);
        assert!(!found[0].rings.is_empty());
    }
}
