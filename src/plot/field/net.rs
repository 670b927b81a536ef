//! A velocity on a net of pixels, between whose nodes it is interpolated.

use super::ask::Ask;
use crate::error::Result;
use crate::plot::axes::Frame;

/// The cells along the longer side.
const CELLS: f64 = 110.0;

/// Velocities in pixels, and speeds in the units of the axes, on nodes over a plot.
pub(super) struct Net {
    columns: usize,
    rows: usize,
    corner: [f64; 2],
    cell: [f64; 2],
    along: Vec<[f64; 2]>,
    speeds: Vec<f64>,
}

impl Net {
    /// Asks for the velocity on all nodes.
    pub fn of(ask: &Ask<'_>, t: f64, frame: &Frame) -> Result<Self> {
        let inner = frame.inner();
        let side = inner.width().max(inner.height()) / CELLS;
        let count = |length: f64| ((length / side).ceil() as usize).max(2);
        let (columns, rows) = (count(inner.width()) + 1, count(inner.height()) + 1);
        let cell = [inner.width() / (columns - 1) as f64, inner.height() / (rows - 1) as f64];
        let pixel = |k: usize| {
            [
                inner.left + cell[0] * (k % columns) as f64,
                inner.top + cell[1] * (k / columns) as f64,
            ]
        };
        let points: Vec<[f64; 2]> = (0..columns * rows).map(|k| frame.point(pixel(k))).collect();
        let velocities = ask(t, &points)?;
        let [x, y] = frame.ranges();
        let scale = [inner.width() / (x[1] - x[0]), -inner.height() / (y[1] - y[0])];
        let along = velocities.iter().map(|[x, y]| {
            let moved = [x * scale[0], y * scale[1]];
            // What is infinite has no direction.
            if moved.iter().all(|part| part.is_finite()) { moved } else { [0.0; 2] }
        });
        let along = along.collect();
        let speeds = velocities.iter().map(|[x, y]| x.hypot(*y)).collect();
        Ok(Self { columns, rows, corner: [inner.left, inner.top], cell, along, speeds })
    }

    /// The greatest speed that is not one of a few outliers.
    pub fn fast(&self) -> f64 {
        let mut known: Vec<f64> = self.speeds.iter().copied().filter(|s| s.is_finite()).collect();
        known.sort_unstable_by(f64::total_cmp);
        known.get((0.995 * known.len() as f64) as usize).or(known.last()).copied().unwrap_or(0.0)
    }

    /// The node before a pixel along both axes, and the shares of the cell behind it; none outside.
    fn place(&self, pixel: [f64; 2]) -> Option<([usize; 2], [f64; 2])> {
        let last = [self.columns - 1, self.rows - 1];
        let at = [0, 1].map(|k| (pixel[k] - self.corner[k]) / self.cell[k]);
        let inside = |k: usize| (0.0..=last[k] as f64).contains(&at[k]);
        if !(inside(0) && inside(1)) {
            return None;
        }
        let node = [0, 1].map(|k| (at[k] as usize).min(last[k] - 1));
        Some((node, [at[0] - node[0] as f64, at[1] - node[1] as f64]))
    }

    fn between<V: Copy>(&self, pixel: [f64; 2], values: &[V], part: impl Fn(V) -> f64) -> f64 {
        let Some(([i, j], [s, t])) = self.place(pixel) else { return f64::NAN };
        let at = |i: usize, j: usize| part(values[j * self.columns + i]);
        let row = |j: usize| (1.0 - s) * at(i, j) + s * at(i + 1, j);
        (1.0 - t) * row(j) + t * row(j + 1)
    }

    /// The direction at a pixel, of length one; none outside, and where nothing moves.
    pub fn direction(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        let moved = [0, 1].map(|k| self.between(pixel, &self.along, |v| v[k]));
        let length = moved[0].hypot(moved[1]);
        (length > 0.0 && length.is_finite()).then(|| moved.map(|part| part / length))
    }

    /// The speed at a pixel, in the units of the axes.
    pub fn speed(&self, pixel: [f64; 2]) -> f64 {
        self.between(pixel, &self.speeds, |speed| speed)
    }
}
