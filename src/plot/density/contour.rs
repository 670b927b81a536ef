//! Contour lines by marching squares, and the levels of highest-density regions.

use std::collections::HashMap;

use crate::plot::axes::Range;

/// A function on the nodes of a regular grid: `values[row * columns + column]`.
pub(in crate::plot) struct Grid<'a> {
    pub values: &'a [f64],
    pub columns: usize,
    pub x: Range,
    pub y: Range,
}

impl Grid<'_> {
    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    fn node(&self, row: f64, column: f64) -> [f64; 2] {
        let along = |range: Range, k: f64, count: usize| range.at(k / (count as f64 - 1.0));
        [along(self.x, column, self.columns), along(self.y, row, self.rows())]
    }

    /// The segments where the bilinear interpolant of each cell crosses `level`, cell by cell.
    pub fn contour(&self, level: f64) -> Vec<[[f64; 2]; 2]> {
        let mut segments = Vec::new();
        for row in 0..self.rows() - 1 {
            for column in 0..self.columns - 1 {
                let crossings = self.crossings(row, column, level);
                // Four crossings are a saddle: joining neighbours in order is one of the two ways.
                for pair in crossings.chunks_exact(2) {
                    segments.push([pair[0], pair[1]]);
                }
            }
        }
        segments
    }

    /// Where the level is crossed along the edges of a cell, in order around it.
    fn crossings(&self, row: usize, column: usize, level: f64) -> Vec<[f64; 2]> {
        let corners = [(0, 0), (0, 1), (1, 1), (1, 0)];
        let value = |(r, c): (usize, usize)| self.values[(row + r) * self.columns + column + c];
        let mut found = Vec::new();
        for k in 0..4 {
            // From the lower corner to the higher, so that both cells at an edge find the same point.
            let (a, b) =
                (corners[k].min(corners[(k + 1) % 4]), corners[k].max(corners[(k + 1) % 4]));
            let (at_a, at_b) = (value(a), value(b));
            if (at_a < level) != (at_b < level) {
                let s = (level - at_a) / (at_b - at_a);
                let between = |p: usize, q: usize| p as f64 + s * (q as f64 - p as f64);
                found.push(
                    self.node(row as f64 + between(a.0, b.0), column as f64 + between(a.1, b.1)),
                );
            }
        }
        found
    }
}

/// Segments joined into lines at their common ends.
pub(in crate::plot) fn joined(segments: &[[[f64; 2]; 2]]) -> Vec<Vec<[f64; 2]>> {
    let key = |point: [f64; 2]| point.map(f64::to_bits);
    let mut at: HashMap<[u64; 2], Vec<usize>> = HashMap::new();
    for (k, segment) in segments.iter().enumerate() {
        segment.iter().for_each(|end| at.entry(key(*end)).or_default().push(k));
    }
    let mut used = vec![false; segments.len()];
    let extend = |line: &mut Vec<[f64; 2]>, used: &mut Vec<bool>| {
        while let Some(&last) = line.last() {
            let next = at.get(&key(last)).and_then(|near| near.iter().find(|k| !used[**k]));
            let Some(&k) = next else { break };
            used[k] = true;
            let [from, to] = segments[k];
            line.push(if key(from) == key(last) { to } else { from });
        }
    };
    let mut lines = Vec::new();
    for k in 0..segments.len() {
        if !std::mem::replace(&mut used[k], true) {
            let mut line = segments[k].to_vec();
            extend(&mut line, &mut used);
            line.reverse();
            extend(&mut line, &mut used);
            lines.push(line);
        }
    }
    lines
}

/// The density above which the given share of the mass lies (Hyndman 1996, Computing and graphing
/// highest density regions), from densities on cells of equal area.
pub(in crate::plot) fn mass_level(densities: &[f64], share: f64) -> f64 {
    let mut sorted: Vec<f64> = densities.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let total: f64 = sorted.iter().sum();
    let mut sum = 0.0;
    for density in &sorted {
        sum += density;
        if sum >= share * total {
            return *density;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axes::Steps;
    use std::f64::consts::TAU;

    fn gaussian(columns: usize, half: f64) -> Vec<f64> {
        let at = |k: usize| -half + 2.0 * half * k as f64 / (columns as f64 - 1.0);
        let density = |i: usize| {
            let (x, y) = (at(i % columns), at(i / columns));
            (-0.5 * (x * x + y * y)).exp() / TAU
        };
        (0..columns * columns).map(density).collect()
    }

    #[test]
    fn levels_of_a_gaussian_have_their_closed_form() {
        let values = gaussian(401, 6.0);
        for share in [0.5, 0.9] {
            // The region of mass p is the disc of radius² -2 ln(1 - p): density (1 - p) / 2π.
            let level = mass_level(&values, share);
            assert!((level * TAU - (1.0 - share)).abs() < 2e-3, "{share}: {level}");
        }
    }

    #[test]
    fn contours_of_a_gaussian_are_circles() {
        let values = gaussian(201, 4.0);
        let range = Range::given("x", Steps::Even, [-4.0, 4.0]).unwrap();
        let grid = Grid { values: &values, columns: 201, x: range, y: range };
        let segments = grid.contour((-0.5f64 * 2.25).exp() / TAU);
        assert!(segments.len() > 200);
        let lines = joined(&segments);
        assert_eq!(lines.len(), 1, "a circle is one line");
        assert_eq!(lines[0].len(), segments.len() + 1);
        for point in segments.iter().flatten() {
            assert!((point[0].hypot(point[1]) - 1.5).abs() < 2e-3, "{point:?}");
        }
    }
}
