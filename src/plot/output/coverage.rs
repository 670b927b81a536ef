//! How much of each pixel a polygon covers, exactly.

/// Accumulated signed areas (as in the font renderers of Levien 2016 and others): every edge adds to the
/// pixels that it crosses what it covers of them, and to the next what is to its right; sums along rows are
/// coverages. Polygons of one orientation that overlap cover no more than all.
pub(super) struct Coverage {
    left: i64,
    top: i64,
    columns: usize,
    rows: usize,
    sums: Vec<f32>,
}

impl Coverage {
    pub fn new() -> Self {
        Self { left: 0, top: 0, columns: 0, rows: 0, sums: Vec::new() }
    }

    /// Clears a rectangle of pixels: that around some points, inside a picture of a size. Says whether there
    /// is any.
    pub fn begin(&mut self, [low, high]: [[f64; 2]; 2], size: [usize; 2]) -> bool {
        let clamp = |value: f64, most: usize| value.clamp(0.0, most as f64) as i64;
        self.left = clamp(low[0].floor(), size[0]);
        self.top = clamp(low[1].floor(), size[1]);
        self.columns = (clamp(high[0].ceil(), size[0]) - self.left).max(0) as usize;
        self.rows = (clamp(high[1].ceil(), size[1]) - self.top).max(0) as usize;
        self.sums.clear();
        self.sums.resize((self.columns + 2) * self.rows, 0.0);
        self.columns > 0 && self.rows > 0
    }

    /// Adds the edges of a polygon, or a piece of its border.
    pub fn edges(&mut self, points: &[[f64; 2]], closed: bool) {
        points.windows(2).for_each(|pair| self.edge(pair[0], pair[1]));
        if let (true, [first, .., last]) = (closed, points) {
            self.edge(*last, *first);
        }
    }

    fn edge(&mut self, from: [f64; 2], to: [f64; 2]) {
        let origin = [self.left as f64, self.top as f64];
        let [a, b] = [from, to].map(|p| [p[0] - origin[0], p[1] - origin[1]]);
        let (sign, upper, lower) = if a[1] < b[1] { (1.0, a, b) } else { (-1.0, b, a) };
        let first = upper[1].max(0.0);
        let last = lower[1].min(self.rows as f64);
        if first >= last {
            return;
        }
        let slope = (lower[0] - upper[0]) / (lower[1] - upper[1]);
        let mut y = first;
        let mut row = first as usize;
        while row < self.rows && y < last {
            let next = last.min(row as f64 + 1.0);
            let [x, end] = [y, next].map(|y| upper[0] + slope * (y - upper[1]));
            self.span(row, x.min(end), x.max(end), sign * (next - y));
            (y, row) = (next, row + 1);
        }
    }

    /// Adds an edge within one row, from `x` to `end`, that is `height` high.
    fn span(&mut self, row: usize, x: f64, end: f64, height: f64) {
        let most = self.columns as f64;
        let [x, end] = [x.clamp(0.0, most), end.clamp(0.0, most)];
        let row = &mut self.sums[row * (self.columns + 2)..][..self.columns + 2];
        let (first, last) = (x as usize, end as usize);
        if first == last {
            let right = first as f64 + 1.0 - 0.5 * (x + end);
            row[first] += (height * right) as f32;
            row[first + 1] += (height * (1.0 - right)) as f32;
            return;
        }
        // The share of the area to the right of the edge, cell after cell.
        let per_cell = height / (end - x);
        let mut before = 0.0;
        for (k, sum) in row.iter_mut().enumerate().take(last + 1).skip(first) {
            let (enter, leave) = (x.max(k as f64), end.min(k as f64 + 1.0));
            let inside = per_cell * (leave - enter).max(0.0);
            let passed = per_cell * (enter - x).max(0.0);
            let area = passed + inside * (k as f64 + 1.0 - 0.5 * (enter + leave));
            *sum += (area - before) as f32;
            before = area;
        }
        row[last + 1] += (height - before) as f32;
    }

    /// Every pixel that is covered, with the share of it.
    pub fn for_each(&self, mut paint: impl FnMut(usize, usize, f64)) {
        for row in 0..self.rows {
            let mut sum = 0.0f32;
            let cells = &self.sums[row * (self.columns + 2)..][..self.columns];
            for (column, cell) in cells.iter().enumerate() {
                sum += cell;
                let covered = sum.abs().min(1.0);
                if covered > 1.0 / 512.0 {
                    let [x, y] = [self.left as usize + column, self.top as usize + row];
                    paint(x, y, f64::from(covered));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(points: &[[f64; 2]]) -> f64 {
        let mut coverage = Coverage::new();
        assert!(coverage.begin([[0.0; 2], [20.0, 20.0]], [20, 20]));
        coverage.edges(points, true);
        let mut sum = 0.0;
        coverage.for_each(|_, _, share| sum += share);
        sum
    }

    #[test]
    fn a_polygon_covers_its_area() {
        assert!(
            (covered(&[[2.25, 3.5], [9.75, 3.5], [9.75, 8.25], [2.25, 8.25]]) - 35.625).abs()
                < 1e-4
        );
        let triangle = covered(&[[1.3, 1.1], [18.7, 4.2], [6.4, 17.9]]);
        let exact = 0.5 * (17.4 * 16.8 - 3.1 * 5.1);
        assert!((triangle - exact).abs() < 0.05, "{triangle} {exact}");
        // Half of it lies outside.
        assert!(
            (covered(&[[-10.0, 5.0], [10.0, 5.0], [10.0, 9.0], [-10.0, 9.0]]) - 40.0).abs() < 1e-4
        );
        assert!(
            (covered(&[[15.0, 5.0], [35.0, 5.0], [35.0, 9.0], [15.0, 9.0]]) - 20.0).abs() < 1e-4
        );
    }

    #[test]
    fn steep_and_flat_edges_cover_their_side() {
        for [dx, dy] in [[17.3, 0.2], [0.2, 17.3], [17.3, 16.9], [3.0, 11.0]] {
            let sum = covered(&[[1.4, 1.7], [1.4 + dx, 1.7 + dy], [1.4, 1.7 + dy]]);
            assert!((sum - 0.5 * dx * dy).abs() < 0.02 * (1.0 + dx * dy), "{dx} {dy}: {sum}");
        }
    }
}
