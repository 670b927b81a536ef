//! A density in the plane: heat map, colour bar, highest-density regions.

use std::collections::BTreeSet;

use nalgebra::DMatrix;

use super::canvas::{Anchor, Area, Canvas};
use super::colormap::viridis;
use super::contour::{Grid, joined, mass_level};
use super::frame::{Captions, Frame, Scaling, fill_area};
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
/// The first square that is searched runs so far from the origin.
const NEAREST: f64 = 4.0;
/// How often a square is narrowed to where the mass is: every time to some nodes of [`SEARCHED`], so that
/// this is enough for any scale above 1e-75.
const NARROWINGS: usize = 60;
/// The nodes along a side of a square that is searched.
const SEARCHED: usize = 81;
/// A density has mass one: what is found must hold this much of it.
const HELD: f64 = 0.75;
/// The shares of the mass within the contour lines.
const SHARES: [f64; 2] = [0.5, 0.9];

/// A picture of a density in the plane; made by [`density`].
pub struct DensityPicture<'a, T: Real> {
    model: &'a dyn Density<T>,
    x: Option<[f64; 2]>,
    y: Option<[f64; 2]>,
    resolution: usize,
    captions: Captions,
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

    /// Log-densities on a grid of nodes, minus infinity where they could not be computed: far from all mass
    /// a flow may fail, and a formula may overflow.
    fn survey(&self, ranges: [Range; 2]) -> Result<Vec<f64>> {
        let points = grid(SEARCHED, ranges);
        let (known, values) = match self.model.log_prob(&points) {
            Ok(values) => ((0..points.ncols()).collect(), values),
            Err(error) => {
                let failed: BTreeSet<usize> =
                    error.failed_columns().iter().map(|(column, _)| *column).collect();
                let known: Vec<usize> =
                    (0..points.ncols()).filter(|column| !failed.contains(column)).collect();
                if failed.is_empty() || known.is_empty() {
                    return Err(error.during("drawing a density"));
                }
                let values = self.model.log_prob(&points.select_columns(&known));
                (known, values.map_err(|error| error.during("drawing a density"))?)
            }
        };
        let mut all = vec![f64::NEG_INFINITY; points.ncols()];
        for (&column, &value) in known.iter().zip(values.iter()) {
            if value.wide() == f64::INFINITY {
                return Err(colourless(&points, column, value));
            }
            if !value.wide().is_nan() {
                all[column] = value.wide();
            }
        }
        Ok(all)
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
            None => self.find_mass()?,
        };
        Ok([x.unwrap_or(found[0]), y.unwrap_or(found[1])])
    }

    /// Widens a square until its border holds next to no mass, then narrows it to where the mass is, as
    /// often as it lies on a few nodes only. Far out all points may fail, and so they do farther still.
    fn find_mass(&self) -> Result<[Range; 2]> {
        let mut half = NEAREST;
        while half < T::LARGEST.sqrt() {
            let square = Range::given("x", Steps::Even, [-half, half])?;
            match self.narrow([square; 2]) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(error) if half > NEAREST && !error.failed_columns().is_empty() => break,
                Err(error) => return Err(error),
            }
            half *= if half < 100.0 { 1.7 } else { 10.0 };
        }
        Err(Error::setting(format!(
            "found no region that holds the density, in squares around the origin from ±{NEAREST} to ±{half:.0e}: give x_range and y_range, or samples"
        )))
    }

    /// Where the mass is within these ranges, if the border holds next to none and the inside enough.
    ///
    /// Densities count by their ratio to the largest on the grid, so that nodes that miss a narrow density
    /// by orders of magnitude still say where it is.
    fn narrow(&self, mut ranges: [Range; 2]) -> Result<Option<[Range; 2]>> {
        for _ in 0..NARROWINGS {
            let log_prob = self.survey(ranges)?;
            let most = log_prob.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if most == f64::NEG_INFINITY {
                return Ok(None);
            }
            let ratios: Vec<f64> = log_prob.iter().map(|value| (value - most).exp()).collect();
            let total: f64 = ratios.iter().sum();
            let border = (0..ratios.len()).filter(|&k| is_border(k)).map(|k| ratios[k]);
            if border.sum::<f64>() > 1e-4 * total {
                return Ok(None);
            }
            let narrower = mass_ranges(&ratios, SEARCHED, ranges);
            let crowded = (0..2).any(|k| narrower[k].length() < 0.2 * ranges[k].length());
            if !crowded {
                let cell = |range: Range| (range.length() / (SEARCHED as f64 - 1.0)).ln();
                let mass = most + total.ln() + cell(ranges[0]) + cell(ranges[1]);
                return Ok((mass > HELD.ln()).then_some(narrower));
            }
            if narrower == ranges {
                return Ok(None);
            }
            ranges = narrower;
        }
        Ok(None)
    }
}

/// The nodes of a grid, row after row.
fn grid<T: Real>(nodes: usize, [x, y]: [Range; 2]) -> DMatrix<T> {
    let along = |range: Range, k: usize| range.at(k as f64 / (nodes as f64 - 1.0));
    DMatrix::from_fn(2, nodes * nodes, |row, k| {
        T::of(if row == 0 { along(x, k % nodes) } else { along(y, k / nodes) })
    })
}

/// Whether a node of a searched grid lies at its border.
fn is_border(k: usize) -> bool {
    let last = SEARCHED - 1;
    [0, last].contains(&(k % SEARCHED)) || [0, last].contains(&(k / SEARCHED))
}

/// The error of a point whose density is no number.
fn colourless<T: Real>(points: &DMatrix<T>, k: usize, value: T) -> Error {
    let [x, y] = [points[(0, k)], points[(1, k)]].map(|number| shown::number(number.wide()));
    Error::non_finite(format!(
        "the log-density at ({x}, {y}) is {}, which has no colour: draw another range",
        shown::number(value.wide())
    ))
}

/// Where on a grid of nodes over some ranges most of the mass is, with a margin of two nodes or more.
fn mass_ranges(values: &[f64], nodes: usize, ranges: [Range; 2]) -> [Range; 2] {
    let level = mass_level(values, 0.995);
    let kept = || (0..values.len()).filter(|&k| values[k] >= level);
    let part = |range: Range, places: &mut dyn Iterator<Item = usize>| {
        let [first, last] = places.fold([nodes, 0], |[a, b], k| [a.min(k), b.max(k)]);
        let share = |k: usize| k as f64 / (nodes as f64 - 1.0);
        let margin = (0.12 * (share(last) - share(first))).max(2.0 / (nodes as f64 - 1.0));
        range.part([share(first) - margin, share(last) + margin])
    };
    [
        part(ranges[0], &mut kept().map(|k| k % nodes)),
        part(ranges[1], &mut kept().map(|k| k / nodes)),
    ]
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
        let area = area.inset(0.0, 0.0, 130.0, 0.0);
        if self.x.is_none() && self.y.is_none() {
            ranges = fill_area(area, &self.captions, ranges)?;
        }
        let frame = Frame::new(area, &self.captions, ranges, Scaling::Equal)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DVector;

    /// Two normal densities of equal weight, `apart` each way from a centre.
    struct Pair {
        center: [f64; 2],
        deviation: f64,
        apart: f64,
    }

    impl<T: Real> Density<T> for Pair {
        fn dim(&self) -> usize {
            2
        }

        fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
            let Self { center, deviation, apart } = self;
            let normal = |x: f64, y: f64| -> f64 {
                let scale = (std::f64::consts::TAU.ln() + 2.0 * deviation.ln()) + 2f64.ln();
                -0.5 * ((x / deviation).powi(2) + (y / deviation).powi(2)) - scale
            };
            let of = |x: f64, y: f64| {
                let sides = [-apart, *apart].map(|shift| normal(x - shift, y));
                let most = sides[0].max(sides[1]);
                most + sides.map(|side| (side - most).exp()).iter().sum::<f64>().ln()
            };
            let values = points
                .column_iter()
                .map(|x| T::of(of(x[0].wide() - center[0], x[1].wide() - center[1])));
            Ok(DVector::from_iterator(points.ncols(), values))
        }
    }

    fn check<T: Real>(pair: &Pair) {
        let found = density::<T>(pair).find_mass().expect("found");
        let Pair { center, deviation, apart } = *pair;
        for (k, half) in [(0, apart + 2.0 * deviation), (1, 2.0 * deviation)] {
            let (range, middle) = (found[k], center[k]);
            let what =
                format!("{center:?} ± {deviation:e}, {apart:e} apart, in {}: {range:?}", T::NAME);
            assert!(range.from() < middle - half && middle + half < range.to(), "{what}");
            assert!(range.length() < 12.0 * half, "{what}");
        }
    }

    #[test]
    fn ranges_are_found_at_any_scale_and_place() {
        for deviation in [1e-30, 1e-6, 1e-3, 0.1, 1.0, 7.0, 100.0, 3e3, 1e6, 1e15] {
            check::<f64>(&Pair { center: [0.0, 0.0], deviation, apart: 0.0 });
            check::<f32>(&Pair { center: [0.0, 0.0], deviation, apart: 0.0 });
            check::<f64>(&Pair { center: [0.0, 0.0], deviation, apart: 5.0 * deviation });
            for place in [3.0, 20.0, 1e4] {
                let center = [place * deviation, -0.37 * place * deviation];
                check::<f64>(&Pair { center, deviation, apart: 0.0 });
            }
        }
        check::<f64>(&Pair { center: [0.31, 1.73], deviation: 1e-4, apart: 0.0 });
    }

    #[test]
    fn one_of_two_narrow_peaks_is_not_taken_for_the_whole() {
        // No node of the first grids comes near either.
        let pair = Pair { center: [0.013, 0.021], deviation: 1e-4, apart: 1.77 };
        match density::<f64>(&pair).find_mass() {
            Ok(found) => {
                assert!(found[0].contains(-1.757) && found[0].contains(1.783), "{found:?}")
            }
            Err(error) => assert!(error.to_string().contains("x_range"), "{error}"),
        }
    }
}
