//! The cells of a corner plot: as large as names and numbers at the edges leave room for, numbers at the edges only.

use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::axes::{Range, Steps, Ticks, fitted, x_ticks, y_ticks};
use crate::plot::canvas::{Anchor, Area, Canvas, Stroke, Theme};

/// The gap between cells, as a share of a cell.
const GAP: f64 = 0.07;
/// By this share of a cell numbers may reach into the gap: so little that those of the next keep apart.
const SPARE: f64 = 0.2 * GAP;
/// Cells smaller than this many pixels show nothing.
const SMALLEST: f64 = 12.0;

/// A square of cells and what stands around it.
pub(super) struct Layout {
    cells: Area,
    dim: usize,
    /// The numbers along every coordinate, and whether those below are turned upward.
    ticks: Vec<[Ticks; 2]>,
    upward: bool,
    labels: Vec<Vec<String>>,
    widest: f64,
    size: f64,
}

impl Layout {
    /// Finds the place for the cells of these ranges and names, below a title and captions of some height.
    pub fn new(
        canvas: &Canvas,
        area: Area,
        ranges: &[Range],
        names: &[String],
        above: f64,
    ) -> Result<Self> {
        let (theme, unit, dim) = (canvas.theme().clone(), canvas.unit(), ranges.len());
        let size = theme.label * if dim > 8 { 0.85 } else { 1.0 };
        // A first guess of the cells says how many numbers there are, and so how wide the margin is.
        let guess = 0.8 * area.width().min(area.height()) / dim as f64;
        let wrapped = |name: &String| wrapped(canvas, name, size, 1.05 * guess);
        let labels: Vec<Vec<String>> = names.iter().map(wrapped).collect();
        let lines = labels.iter().map(Vec::len).max().unwrap_or(1) as f64;
        let ticks: Vec<[Ticks; 2]> =
            ranges.iter().map(|range| both_ticks(canvas, *range, guess)).collect();
        let upward = dim > 1
            && ticks.iter().any(|[x, y]| x.major.len() < 3 && y.major.len() > x.major.len());
        let width = |(_, text): &(f64, String)| canvas.text_width(text, theme.number);
        let of = |k: usize| ticks.iter().flat_map(move |pair| pair[k].major.iter());
        let widest = of(1).map(width).fold(0.0, f64::max);
        let deep = if upward { widest } else { 1.2 * theme.number * unit };
        let label = (0.5 + 1.25 * lines) * size * unit;
        let margin = 14.0 * unit;
        let left = if dim > 1 { 12.0 * unit + widest + label } else { margin };
        let inner = Area {
            left: area.left + left,
            top: area.top + above + 0.6 * margin,
            right: area.right - margin,
            bottom: area.bottom - 12.0 * unit - deep - label - 0.3 * theme.number * unit,
        };
        let side = inner.width().min(inner.height());
        if side.is_nan() || side / (dim as f64) < SMALLEST {
            let [width, height] = [area.width(), area.height()].map(|x| shown::number(x.round()));
            return Err(Error::setting(format!(
                "{width} x {height} pixels are too few for a corner plot of {}: give the picture a larger size",
                shown::count(dim, "coordinate")
            )));
        }
        let left = inner.left + 0.5 * (inner.width() - side);
        let top = inner.top + 0.5 * (inner.height() - side);
        let cells = Area { left, top, right: left + side, bottom: top + side };
        Ok(Self { cells, dim, ticks, upward, labels, widest, size })
    }

    /// The cell of a column and a row.
    pub fn cell(&self, column: usize, row: usize) -> Area {
        let gap = GAP * self.cells.width() / self.dim as f64;
        self.cells.cell([self.dim, self.dim], [column, row], gap).rounded()
    }

    /// The square right of the middle and above it, which is empty.
    pub fn corner(&self) -> Area {
        Area { left: self.cell(self.dim.div_ceil(2), 0).left, ..self.cells }
    }

    /// The names and the numbers at the edges.
    pub fn draw(&self, canvas: &mut Canvas, ranges: &[Range]) {
        for (k, range) in ranges.iter().enumerate() {
            self.draw_below(canvas, k, *range);
            if k > 0 {
                self.draw_beside(canvas, k, *range);
            }
        }
    }

    fn draw_below(&self, canvas: &mut Canvas, k: usize, range: Range) {
        let (theme, unit) = (canvas.theme().clone(), canvas.unit());
        let cell = self.cell(k, self.dim - 1);
        let found = &self.ticks[k][usize::from(self.upward)];
        for (value, text) in &found.major {
            let x = cell.left + cell.width() * range.share(Steps::Even, *value);
            let width = canvas.text_width(text, theme.number);
            let across = if self.upward { theme.number * unit } else { width };
            if outside(x, across, [cell.left, cell.right], SPARE * cell.width()) {
                continue;
            }
            tick(canvas, &theme, [x, cell.bottom], [x, cell.bottom + 5.0 * unit]);
            let (down, anchor) = match self.upward {
                true => (9.0 * unit + 0.5 * width, Anchor::MiddleUpward),
                false => (9.0 * unit + 0.5 * theme.number * unit, Anchor::Middle),
            };
            canvas.text([x, cell.bottom + down], text, theme.number, theme.soft, anchor);
        }
        let deep = if self.upward { self.widest } else { 1.2 * theme.number * unit };
        let mut y = cell.bottom + 12.0 * unit + deep + 0.65 * self.size * unit;
        for line in self.lines(k, found) {
            let (text, size) = fitted(canvas, &line, 1.05 * cell.width(), self.size);
            canvas.text([cell.middle()[0], y], &text, size, theme.ink, Anchor::Middle);
            y += 1.2 * self.size * unit;
        }
    }

    fn draw_beside(&self, canvas: &mut Canvas, k: usize, range: Range) {
        let (theme, unit) = (canvas.theme().clone(), canvas.unit());
        let cell = self.cell(0, k);
        let found = &self.ticks[k][1];
        for (value, text) in &found.major {
            let y = cell.bottom - cell.height() * range.share(Steps::Even, *value);
            if outside(y, theme.number * unit, [cell.top, cell.bottom], SPARE * cell.height()) {
                continue;
            }
            tick(canvas, &theme, [cell.left - 5.0 * unit, y], [cell.left, y]);
            canvas.text([cell.left - 9.0 * unit, y], text, theme.number, theme.soft, Anchor::Right);
        }
        let lines = self.lines(k, found);
        let mut x = cell.left - 12.0 * unit - self.widest - 0.65 * self.size * unit;
        for line in lines.iter().rev() {
            let (text, size) = fitted(canvas, line, 1.05 * cell.height(), self.size);
            canvas.text([x, cell.middle()[1]], &text, size, theme.ink, Anchor::MiddleUpward);
            x -= 1.2 * self.size * unit;
        }
    }

    /// The lines of a name, with what the numbers are to be multiplied by.
    fn lines(&self, k: usize, ticks: &Ticks) -> Vec<String> {
        let mut lines = self.labels[k].clone();
        if let (Some(last), factor @ 1..) = (lines.last_mut(), ticks.factor.trim().len()) {
            let _ = factor;
            *last = format!("{last} ({})", ticks.factor.trim());
        }
        lines
    }
}

/// The numbers along a coordinate below and beside cells of a size.
fn both_ticks(canvas: &Canvas, range: Range, pixels: f64) -> [Ticks; 2] {
    [x_ticks(canvas, range, Steps::Even, pixels), y_ticks(canvas, range, Steps::Even, pixels)]
}

/// Whether a number would reach over the end of its cell towards that of the next.
fn outside(at: f64, across: f64, [from, to]: [f64; 2], spare: f64) -> bool {
    at - 0.5 * across < from - spare || at + 0.5 * across > to + spare
}

fn tick(canvas: &mut Canvas, theme: &Theme, from: [f64; 2], to: [f64; 2]) {
    canvas.line(vec![from, to], Stroke::new(theme.axis).width(1.0));
}

/// A name in one line, or in two where it is long and has a place to part.
fn wrapped(canvas: &Canvas, name: &str, size: f64, pixels: f64) -> Vec<String> {
    if canvas.text_width(name, size) <= pixels {
        return vec![name.to_string()];
    }
    let parts = name.char_indices().filter(|(_, c)| [' ', '_', '-'].contains(c));
    let halves = parts.map(|(k, c)| {
        let keep = k + if c == ' ' { 0 } else { c.len_utf8() };
        [name[..keep].to_string(), name[k + c.len_utf8()..].to_string()]
    });
    let longer = |halves: &[String; 2]| {
        halves.iter().map(|half| canvas.text_width(half, size)).fold(0.0, f64::max)
    };
    let best = halves.min_by(|a, b| longer(a).total_cmp(&longer(b)));
    best.map_or_else(|| vec![name.to_string()], |halves| halves.to_vec())
}
