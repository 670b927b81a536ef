//! A density on a grid that is finer where it has to be.

use super::contour::Grid;
use crate::error::Result;
use crate::plot::axes::Range;

/// Errors of interpolation below this share of the greatest value are not seen.
const SEEN: f64 = 2.5e-3;

/// As many nodes along a side as a picture has pixels.
const MANY: usize = 800;

/// Values on the nodes of a regular grid, `values[row * columns + column]`, rows from below; NaN where
/// there is none.
#[derive(Debug, Clone)]
pub(in crate::plot) struct Sheet {
    pub values: Vec<f64>,
    pub columns: usize,
    pub x: Range,
    pub y: Range,
}

/// What gives the values at points.
pub(in crate::plot) type Ask<'a> = dyn Fn(&[[f64; 2]]) -> Result<Vec<f64>> + 'a;

/// How fine a sheet may become.
#[derive(Debug, Clone, Copy)]
pub(in crate::plot) struct Budget {
    /// The nodes along a side to begin with.
    pub coarse: usize,
    /// As many points are asked for in all, at most.
    pub points: usize,
    /// The nodes along a side are not doubled beyond this.
    pub fine: usize,
}

impl Budget {
    /// As many points as a square with so many nodes along a side has, of which a quarter is spread evenly;
    /// all of them where they are as many as the pixels of a picture.
    pub fn of(resolution: usize) -> Self {
        let half = (resolution.div_ceil(2) + 1).max(2);
        let coarse = if resolution > MANY { resolution } else { half.min(resolution) };
        let fine = (4 * resolution).min(2 * MANY).max(coarse);
        Self { coarse, points: resolution * resolution, fine }
    }
}

impl Sheet {
    /// Values on an even grid, which is halved again and again: between the nodes there are new ones, whose
    /// values follow by cubic interpolation where the values around bend little, and are asked for
    /// elsewhere, the worst first, until as many points as allowed were asked for.
    pub fn of(ask: &Ask<'_>, [x, y]: [Range; 2], budget: Budget) -> Result<Self> {
        let columns = budget.coarse;
        let mut sheet = Self { values: Vec::new(), columns, x, y };
        let places: Vec<usize> = (0..columns * columns).collect();
        sheet.values = ask(&sheet.points(&places))?;
        let mut left = budget.points.saturating_sub(places.len());
        while left > 0 && 2 * sheet.columns - 1 <= budget.fine {
            let (finer, worst) = sheet.doubled(left);
            if worst.is_empty() {
                break;
            }
            sheet = finer;
            let values = ask(&sheet.points(&worst))?;
            for (place, value) in worst.iter().zip(values) {
                sheet.values[*place] = value;
            }
            left -= worst.len();
        }
        Ok(sheet)
    }

    fn points(&self, places: &[usize]) -> Vec<[f64; 2]> {
        let share = |k: usize| k as f64 / (self.columns as f64 - 1.0);
        let point =
            |k: &usize| [self.x.at(share(k % self.columns)), self.y.at(share(k / self.columns))];
        places.iter().map(point).collect()
    }

    /// The grid with nodes between, and the new nodes that have to be asked for.
    fn doubled(&self, most: usize) -> (Self, Vec<usize>) {
        let finer = self.between(cubic);
        let (top, columns) = (self.top(), finer.columns);
        let bends = [self.bends(1), self.bends(self.columns)];
        let off = |k: usize| self.bend_at(&bends, [k / columns, k % columns], top);
        let is_new = |k: &usize| (k % columns) % 2 == 1 || (k / columns) % 2 == 1;
        let mut worst: Vec<usize> =
            (0..finer.values.len()).filter(is_new).filter(|k| off(*k) > SEEN * top).collect();
        if worst.len() > most {
            worst.sort_by(|a, b| off(*b).total_cmp(&off(*a)));
            worst.truncate(most);
        }
        (finer, worst)
    }

    /// How far the middle of two neighbours is from a straight line at each node, by the second difference
    /// along rows or along columns.
    fn bends(&self, step: usize) -> Vec<f64> {
        let last = self.columns - 1;
        let bend = |k: usize| match (k / step) % self.columns {
            place if place == 0 || place == last => 0.0,
            _ => {
                0.125 * (self.values[k - step] - 2.0 * self.values[k] + self.values[k + step]).abs()
            }
        };
        (0..self.values.len()).map(bend).collect()
    }

    /// The greatest bend of the nodes around a new one; everything beside what is not known.
    fn bend_at(&self, bends: &[Vec<f64>; 2], [row, column]: [usize; 2], top: f64) -> f64 {
        let around = |place: usize| [place / 2, place.div_ceil(2)];
        let mut most = 0.0f64;
        for r in around(row) {
            for c in around(column) {
                let k = r * self.columns + c;
                let across = if column % 2 == 1 { bends[0][k] } else { 0.0 };
                let along = if row % 2 == 1 { bends[1][k] } else { 0.0 };
                let bend = across.max(along);
                most = most.max(if across.is_nan() || along.is_nan() { top } else { bend });
            }
        }
        most
    }

    /// The grid with nodes between that follow from their neighbours. Cubic curves swing beyond what is there
    /// beside a steep edge: no value is beyond the greatest, or below zero where none was.
    fn between(&self, between: Between) -> Self {
        let columns = 2 * self.columns - 1;
        let top = self.top();
        let least = if self.values.iter().any(|value| *value < 0.0) { -top } else { 0.0 };
        let mut values = doubled(&self.values, self.columns, between);
        let within = |value: f64| if value.is_nan() { value } else { value.max(least).min(top) };
        values.iter_mut().for_each(|value| *value = within(*value));
        Self { values, columns, x: self.x, y: self.y }
    }

    /// The same with more nodes, which follow by interpolation, until there are enough along a side.
    pub fn with_columns(mut self, enough: usize) -> Self {
        while self.columns < enough {
            self = self.between(cubic);
        }
        self
    }

    /// The greatest value, whatever its sign.
    pub fn top(&self) -> f64 {
        self.values.iter().map(|value| value.abs()).fold(0.0, f64::max)
    }

    /// The integral, by the trapezoid rule; nodes that are not known count as zero.
    pub fn mass(&self) -> f64 {
        let cells = (self.columns - 1) as f64;
        let cell = self.x.length() / cells * (self.y.length() / cells);
        let known = |k: usize| Some(self.values[k]).filter(|value| !value.is_nan()).unwrap_or(0.0);
        cell * (0..self.values.len()).map(|k| self.weight(k) * known(k)).sum::<f64>()
    }

    /// The share of a cell that belongs to a node.
    pub fn weight(&self, k: usize) -> f64 {
        let last = self.columns - 1;
        let half = |place: usize| if place == 0 || place == last { 0.5 } else { 1.0 };
        half(k % self.columns) * half(k / self.columns)
    }

    /// As a grid for contours.
    pub fn grid(&self) -> Grid<'_> {
        Grid { values: &self.values, columns: self.columns, x: self.x, y: self.y }
    }

    /// The share of nodes that are not known.
    pub fn unknown(&self) -> f64 {
        let unknown = self.values.iter().filter(|value| value.is_nan()).count();
        unknown as f64 / self.values.len() as f64
    }
}

/// The value between the k-th of a line and the next.
type Between = fn(&[f64], usize) -> f64;

fn straight(line: &[f64], k: usize) -> f64 {
    0.5 * (line[k] + line[k + 1])
}

/// On the polynomial through the four nearest, or three at the ends.
fn cubic(line: &[f64], k: usize) -> f64 {
    match (k.checked_sub(1).map(|before| line[before]), line.get(k + 2)) {
        (Some(before), Some(after)) => (9.0 * (line[k] + line[k + 1]) - before - after) / 16.0,
        (None, Some(after)) => (3.0 * line[k] + 6.0 * line[k + 1] - after) / 8.0,
        (Some(before), None) => (3.0 * line[k + 1] + 6.0 * line[k] - before) / 8.0,
        (None, None) => straight(line, k),
    }
}

/// A square of nodes with others between, first along rows, then along columns.
fn doubled(values: &[f64], columns: usize, between: Between) -> Vec<f64> {
    let along = |values: &[f64], columns: usize| -> Vec<f64> {
        let line = |line: &[f64]| -> Vec<f64> {
            let pair = |k: usize| [line[k], between(line, k)];
            let mut finer: Vec<f64> = (0..line.len() - 1).flat_map(pair).collect();
            finer.extend(line.last());
            finer
        };
        values.chunks_exact(columns).flat_map(line).collect()
    };
    let wide = along(values, columns);
    let high = along(&turned(&wide, 2 * columns - 1), columns);
    turned(&high, 2 * columns - 1)
}

/// Rows as columns.
fn turned(values: &[f64], columns: usize) -> Vec<f64> {
    let rows = values.len() / columns;
    (0..values.len()).map(|k| values[(k % rows) * columns + k / rows]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axes::Steps;

    fn sheet(f: impl Fn([f64; 2]) -> f64, resolution: usize) -> (Sheet, usize) {
        let asked = std::cell::Cell::new(0);
        let ask = |points: &[[f64; 2]]| {
            asked.set(asked.get() + points.len());
            Ok(points.iter().map(|point| f(*point)).collect())
        };
        let x = Range::given("x", Steps::Even, [-3.0, 3.0]).unwrap();
        let y = Range::given("y", Steps::Even, [-2.0, 2.0]).unwrap();
        (Sheet::of(&ask, [x, y], Budget::of(resolution)).unwrap(), asked.get())
    }

    #[test]
    fn ridges_are_as_exact_as_seen() {
        let ridge = |[x, y]: [f64; 2]| (-0.5 * ((x.hypot(y) - 1.2) / 0.04).powi(2)).exp();
        let (found, asked) = sheet(ridge, 200);
        assert!(found.columns > 300 && asked <= 200 * 200, "{} {asked}", found.columns);
        let places: Vec<usize> = (0..found.values.len()).collect();
        let points = found.points(&places);
        let off =
            found.values.iter().zip(&points).map(|(value, point)| (value - ridge(*point)).abs());
        assert!(off.fold(0.0, f64::max) < 0.01);
        // 2π · 1.2 · 0.04 · √(2π)
        let exact = std::f64::consts::TAU * 1.2 * 0.04 * std::f64::consts::TAU.sqrt();
        assert!((found.mass() / exact - 1.0).abs() < 2e-3, "{}", found.mass() / exact);
    }

    #[test]
    fn smooth_functions_are_asked_for_once_and_edges_are_followed() {
        let (found, asked) = sheet(|[x, y]| (-0.5 * (x * x + y * y)).exp(), 200);
        assert_eq!((asked, found.columns), (101 * 101, 101));
        let (found, asked) =
            sheet(|[x, y]| f64::from(u8::from(x.abs() < 1.03 && y.abs() < 0.77)), 200);
        assert!(found.columns == 401 && asked < 40_000, "{} {asked}", found.columns);
        // Each edge is known to half a cell.
        let bound = 2.0 * (2.0 * 1.03 * 0.005 + 2.0 * 0.77 * 0.0075);
        assert!((found.mass() - 4.0 * 1.03 * 0.77).abs() < bound, "{}", found.mass());
        assert!(found.values.iter().all(|value| (0.0..=1.01).contains(value)));
    }

    #[test]
    fn a_resolution_of_two_is_four_points() {
        let (found, asked) = sheet(|[x, y]| x + y, 2);
        assert_eq!((asked, found.columns), (4, 2));
    }
}
