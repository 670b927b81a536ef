//! A density in the plane: heat map, colour bar, highest-density regions.

use nalgebra::DMatrix;

use super::canvas::{Anchor, Area, Canvas};
use super::colormap::viridis;
use super::contour::{Grid, joined, mass_level};
use super::frame::{Captions, Frame, Scaling, fill_area};
use super::mass::{colourless, find_mass, grid};
use super::picture::Picture;
use super::range::{Range, Steps};
use super::samples::{check_plane, draw_dots, points_of};
use super::style::{AXIS, INK, LABEL, NUMBER, WHITE};
use super::ticks::{label, ticks};
use crate::density::Density;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// The number of colours in the map; cells of one colour are drawn as one.
const COLORS: f64 = 128.0;
/// A finer grid than this has more nodes than a picture has pixels.
const MOST_NODES: usize = 4000;
/// The shares of the mass within the contour lines.
const SHARES: [f64; 2] = [0.5, 0.9];

/// A picture of a density in the plane; made by [`density`].
pub struct DensityPicture<'a, T: Real> {
    model: &'a dyn Density<T>,
    x: Option<[f64; 2]>,
    y: Option<[f64; 2]>,
    resolution: usize,
    captions: Captions,
    scaling: Scaling,
    samples: Option<DMatrix<T>>,
    size: (u32, u32),
}

/// A heat map of a density in the plane, with a colour bar and the borders of the smallest regions
/// that hold 50% and 90% of the mass. The ranges are found unless they are given.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let moons = data::two_moons(0.1);
/// plot::density::<f64>(&moons).title("two moons").save("moons.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn density<T: Real>(model: &dyn Density<T>) -> DensityPicture<'_, T> {
    let captions = Captions { x: "x₁".into(), y: "x₂".into(), title: String::new() };
    DensityPicture {
        model,
        x: None,
        y: None,
        resolution: 200,
        captions,
        scaling: Scaling::Equal,
        samples: None,
        size: (1000, 840),
    }
}

impl<T: Real> DensityPicture<'_, T> {
    /// From where to where the first axis runs.
    pub fn x_range(mut self, from: f64, to: f64) -> Self {
        self.x = Some([from, to]);
        self
    }

    /// From where to where the second axis runs.
    pub fn y_range(mut self, from: f64, to: f64) -> Self {
        self.y = Some([from, to]);
        self
    }

    /// The number of grid nodes along each axis. Default: 200.
    pub fn resolution(mut self, nodes: usize) -> Self {
        self.resolution = nodes;
        self
    }

    /// Each axis has a unit of its own, as the columns of a table have, and the area is filled. By default one unit is
    /// equally long both ways.
    pub fn own_units(mut self) -> Self {
        self.scaling = Scaling::Free;
        self
    }

    /// What stands above.
    pub fn title(mut self, text: &str) -> Self {
        self.captions.title = text.to_string();
        self
    }

    /// What stands at the axes. Default: x₁ and x₂.
    pub fn axis_labels(mut self, x: &str, y: &str) -> Self {
        (self.captions.x, self.captions.y) = (x.to_string(), y.to_string());
        self
    }

    /// Draws samples (2 x n) on top.
    pub fn samples(mut self, points: &DMatrix<T>) -> Self {
        self.samples = Some(points.clone());
        self
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// Densities on a grid of nodes.
    fn evaluate(&self, nodes: usize, x: Range, y: Range) -> Result<Vec<f64>> {
        let points = grid(nodes, [x, y]);
        let log_prob = self.model.log_prob(&points).map_err(|e| e.during("drawing a density"))?;
        let densities: Vec<f64> = log_prob.iter().map(|value| value.wide().exp()).collect();
        match densities.iter().position(|density| !density.is_finite()) {
            Some(k) => Err(colourless(&points, k, log_prob[k])),
            None => Ok(densities),
        }
    }

    /// Ranges that were given, else those of the samples, else those of the mass.
    fn ranges(&self) -> Result<[Range; 2]> {
        let given = |name: &str, ends: Option<[f64; 2]>| {
            ends.map(|ends| Range::given(name, Steps::Even, ends)).transpose()
        };
        let (x, y) = (given("x", self.x)?, given("y", self.y)?);
        if let (Some(x), Some(y)) = (x, y) {
            return Ok([x, y]);
        }
        let found = match &self.samples {
            Some(samples) => range_of_samples(samples)?,
            None => find_mass(self.model)?,
        };
        Ok([x.unwrap_or(found[0]), y.unwrap_or(found[1])])
    }
}

/// The ranges of finite samples, with a margin.
fn range_of_samples<T: Real>(samples: &DMatrix<T>) -> Result<[Range; 2]> {
    let row = |name: &str, i: usize| {
        Range::around(name, Steps::Even, samples.row(i).iter().map(|x| x.wide()), 0.06)?.ok_or_else(
            || {
                Error::non_finite(format!(
                    "no sample has a finite {name}: give others, or the range"
                ))
            },
        )
    };
    Ok([row("x", 0)?, row("y", 1)?])
}

impl<T: Real> Picture for DensityPicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        if self.model.dim() != 2 {
            let dim = self.model.dim();
            return Err(Error::shape(format!(
                "a density in {} has no picture in the plane: give one in two, such as that of two rows",
                shown::count(dim, "dimension")
            )));
        }
        if !(2..=MOST_NODES).contains(&self.resolution) {
            return Err(Error::setting(format!(
                "a resolution of {} grid nodes along each axis: give 2 to {MOST_NODES}",
                self.resolution
            )));
        }
        if let Some(samples) = &self.samples {
            check_plane("samples", samples)?;
        }
        let mut ranges = self.ranges()?;
        // Room for the bar, and for the word above it where no title makes any.
        let top = if self.captions.title.is_empty() { LABEL } else { 0.0 };
        let area = area.inset(0.0, top, 130.0, 0.0);
        if self.x.is_none() && self.y.is_none() && self.scaling == Scaling::Equal {
            ranges = fill_area(area, &self.captions, ranges)?;
        }
        let frame = Frame::new(area, &self.captions, ranges, self.scaling)?;
        let [x, y] = ranges;
        let values = self.evaluate(self.resolution, x, y)?;
        let top = values.iter().copied().fold(0.0, f64::max);
        // What is so small is no colour; the bar shows what none would be.
        let heights =
            Range::given("density", Steps::Even, [0.0, if top > 1e-280 { top } else { 1.0 }])?;
        canvas.fill(frame.inner, viridis(0.0));
        draw_cells(canvas, frame.inner, &values, self.resolution, heights.to());
        let grid = Grid { values: &values, columns: self.resolution, x, y };
        for (share, width) in SHARES.iter().zip([2.0, 1.0]) {
            for line in joined(&grid.contour(mass_level(&values, *share))) {
                frame.draw_line(canvas, &line, WHITE, 0.85, width);
            }
        }
        if let Some(samples) = &self.samples {
            draw_dots(canvas, &frame, &points_of(samples), [255, 255, 255], 0.55);
        }
        frame.draw_axes(canvas, &self.captions);
        draw_bar(canvas, frame.inner, heights);
        draw_legend(canvas, frame.inner, &grid);
        Ok(())
    }
}

/// Draws every cell, runs of one colour at a time.
fn draw_cells(canvas: &mut Canvas, inner: Area, values: &[f64], columns: usize, top: f64) {
    let rows = values.len() / columns;
    let color = |k: usize| (values[k] / top * COLORS).round();
    let edge = |k: usize, count: usize, from: f64, length: f64| {
        (from + length * k as f64 / count as f64).round()
    };
    for row in 0..rows {
        let mut start = 0;
        while start < columns {
            let this = color(row * columns + start);
            let end =
                (start..columns).find(|&c| color(row * columns + c) != this).unwrap_or(columns);
            if this > 0.0 {
                let cell = Area {
                    left: edge(start, columns, inner.left, inner.width()),
                    right: edge(end, columns, inner.left, inner.width()),
                    top: edge(rows - 1 - row, rows, inner.top, inner.height()),
                    bottom: edge(rows - row, rows, inner.top, inner.height()),
                };
                canvas.fill(cell, viridis(this / COLORS));
            }
            start = end;
        }
    }
}

/// Draws the colour bar to the right of the plot.
fn draw_bar(canvas: &mut Canvas, inner: Area, heights: Range) {
    let bar = Area { left: inner.right + 26.0, right: inner.right + 52.0, ..inner };
    let steps = 128;
    for k in 0..steps {
        let at = |k: usize| (bar.bottom - bar.height() * k as f64 / steps as f64).round();
        let cell = Area { top: at(k + 1), bottom: at(k), ..bar };
        canvas.fill(cell, viridis((k as f64 + 0.5) / steps as f64));
    }
    let Area { left, top: upper, right, bottom } = bar;
    canvas.line(
        vec![[left, upper], [right, upper], [right, bottom], [left, bottom], [left, upper]],
        AXIS,
        1.0,
    );
    let marks = ticks(heights, 5);
    let step = marks.get(1).copied().unwrap_or(1.0);
    for mark in marks {
        let y = bottom - bar.height() * heights.share(Steps::Even, mark);
        canvas.line(vec![[right, y], [right + 6.0, y]], AXIS, 1.0);
        canvas.text([right + 11.0, y], &label(mark, step), NUMBER, INK, Anchor::Left);
    }
    canvas.text([left - 4.0, upper - 0.9 * LABEL], "density", NUMBER, INK, Anchor::Left);
}

/// Says what the contour lines are, in the corner that holds the least.
fn draw_legend(canvas: &mut Canvas, inner: Area, grid: &Grid<'_>) {
    let (width, height) = (235.0, 2.0 * 28.0 + 18.0);
    let rows = grid.values.len() / grid.columns;
    let covered = |(right, below): (bool, bool)| -> f64 {
        let part =
            |size: f64, whole: f64, count: usize| (size / whole * count as f64).ceil() as usize;
        let wide = part(width, inner.width(), grid.columns).min(grid.columns);
        let high = part(height, inner.height(), rows).min(rows);
        let first_column = if right { grid.columns - wide } else { 0 };
        let first_row = if below { 0 } else { rows - high };
        let row = |r: usize| {
            let start = r * grid.columns + first_column;
            grid.values[start..start + wide].iter().sum::<f64>()
        };
        (first_row..first_row + high).map(row).sum()
    };
    let corners = [(false, false), (true, false), (false, true), (true, true)];
    let best = corners.into_iter().min_by(|a, b| covered(*a).total_cmp(&covered(*b)));
    let (right, below) = best.unwrap_or((false, false));
    let left = if right { inner.right - width } else { inner.left + 16.0 };
    let top = if below { inner.bottom - height } else { inner.top };
    for (k, (share, line)) in SHARES.iter().zip([2.0, 1.0]).enumerate() {
        let y = top + 24.0 + 28.0 * k as f64;
        canvas.line(vec![[left, y], [left + 34.0, y]], WHITE, line);
        let text = format!("{:.0}% of the mass", 100.0 * share);
        canvas.text([left + 44.0, y], &text, NUMBER - 2.0, WHITE, Anchor::Left);
    }
}
