//! A density in the plane: heat map, colour bar, highest-density regions.

use std::sync::OnceLock;

use nalgebra::DMatrix;

use super::axes::{Axes, ColorBar, Legend, Plane, Range, Sign, Steps, plane_words};
use super::canvas::{Area, Canvas, Ink, Margins, Pixels, Stroke};
use super::contour::{Grid, joined, mass_level};
use super::mass::{colourless, find_mass, grid};
use super::picture::Picture;
use super::samples::{check_plane, draw_dots, points_of};
use crate::density::Density;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// A finer grid than this has more nodes than a picture has pixels.
const MOST_NODES: usize = 4000;
/// The shares of the mass within the contour lines.
const SHARES: [f64; 2] = [0.5, 0.9];

/// A picture of a density in the plane; made by [`density`].
pub struct DensityPicture<'a, T: Real> {
    plane: Plane,
    model: &'a dyn Density<T>,
    resolution: usize,
    samples: Option<DMatrix<T>>,
    found: OnceLock<Result<[Range; 2]>>,
}

plane_words!(DensityPicture<'a, T> where ['a, T: Real]);

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
    DensityPicture {
        plane: Plane::new("x₁", "x₂"),
        model,
        resolution: 200,
        samples: None,
        found: OnceLock::new(),
    }
}

impl<T: Real> DensityPicture<'_, T> {
    /// The number of grid nodes along each axis. Default: 200.
    pub fn resolution(mut self, nodes: usize) -> Self {
        self.resolution = nodes;
        self
    }

    /// Draws samples (2 x n) on top.
    pub fn samples(mut self, points: &DMatrix<T>) -> Self {
        (self.samples, self.found) = (Some(points.clone()), OnceLock::new());
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

    /// The ranges of the samples, else those of the mass; they are found once.
    fn ranges(&self) -> Result<[Range; 2]> {
        let find = || match &self.samples {
            Some(samples) => range_of_samples(samples),
            None => find_mass(self.model),
        };
        self.found.get_or_init(find).clone()
    }

    fn check(&self) -> Result<()> {
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
        self.samples.as_ref().map_or(Ok(()), |samples| check_plane("samples", samples))
    }

    /// The axes, with a bar for densities up to some number.
    fn axes(&self, canvas: &Canvas, top: f64) -> Result<(Axes, ColorBar)> {
        self.check()?;
        let bar = ColorBar::new(canvas.theme().sequential.clone(), [0.0, top])?.label("density");
        Ok((self.plane.axes(|| self.ranges())?.bar(bar.clone()), bar))
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
        self.plane.size.unwrap_or((1000, 840))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        Ok(self.axes(canvas, 1.0)?.0.margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let frame = self.axes(canvas, 1.0)?.0.place(canvas, area)?;
        let ranges = frame.ranges();
        let [x, y] = [
            Range::given("x", Steps::Even, ranges[0])?,
            Range::given("y", Steps::Even, ranges[1])?,
        ];
        let values = self.evaluate(self.resolution, x, y)?;
        let top = values.iter().copied().fold(0.0, f64::max);
        // What is so small is no colour; the bar shows what none would be.
        let (axes, bar) = self.axes(canvas, if top > 1e-280 { top } else { 1.0 })?;
        let frame = axes.place(canvas, area)?;
        frame.draw_image(canvas, heat_map(&values, self.resolution, &bar)?);
        let theme = canvas.theme().clone();
        let (ground, line) = (theme.sequential.at(0.0), [255; 3]);
        let grid = Grid { values: &values, columns: self.resolution, x, y };
        let mut legend = Legend::new().always().colors(ground, line);
        for (share, width) in SHARES.iter().zip([2.6, 1.3]) {
            let stroke = Stroke::new(line).alpha(0.85).width(width);
            for points in joined(&grid.contour(mass_level(&values, *share))) {
                frame.draw_line(canvas, &points, stroke);
            }
            let name = format!("{:.0}% of the mass", 100.0 * share);
            legend = legend.entry(&name, Sign::Line(stroke));
        }
        if let Some(samples) = &self.samples {
            draw_dots(canvas, &frame, &points_of(samples), Ink::new(line).alpha(0.55));
        }
        legend.draw(canvas, &frame);
        frame.finish(canvas)
    }
}

/// The colours of values on nodes, from the top down.
fn heat_map(values: &[f64], columns: usize, bar: &ColorBar) -> Result<Pixels> {
    let rows = values.chunks_exact(columns).rev();
    Ok(Pixels::new(columns, rows.flatten().map(|value| bar.color(*value)).collect())?.smooth())
}
