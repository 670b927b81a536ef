//! Densities in the plane: heat maps with highest-density regions, beside data and other densities.
//!
//! | file | what |
//! | --- | --- |
//! | `ask`, `mass` | densities at points, and where their mass is searched |
//! | `sheet` | grids that are finer where a density changes |
//! | `contour`, `levels` | lines of one density, and those around shares of the mass |
//! | `heat` | values as colours |
//! | `difference` | one density less another |

pub(super) mod ask;
pub(super) mod contour;
mod difference;
mod heat;
mod levels;
pub(super) mod mass;
pub(super) mod sheet;

use std::sync::{Arc, OnceLock};

use nalgebra::DMatrix;

use super::axes::{Axes, Axis, ColorBar, Frame, Legend, Plane, Range, Sign, Steps, plane_words};
use super::canvas::{Area, Canvas, Ink, Margins, Pixels, Stroke, contrasting};
use super::picture::Picture;
use super::samples::{check_plane, draw_dots, points_of, range_of_samples};
use crate::density::Density;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;
use ask::{check_planar, log_densities};
use contour::joined;
use levels::Levels;
use mass::find_mass;
use sheet::{Budget, Sheet};

pub use difference::{DifferencePicture, difference};

/// A finer grid than this has more nodes than a picture has pixels.
const MOST_NODES: usize = 4000;

/// A picture of densities in the plane; made by [`density`].
pub struct DensityPicture<'a, T: Real> {
    plane: Plane,
    parts: Vec<Part<'a, T>>,
    resolution: usize,
    shares: Vec<f64>,
    look: Look,
    top: Option<f64>,
    samples: Option<DMatrix<T>>,
    found: OnceLock<Result<[Range; 2]>>,
    seen: OnceLock<Arc<Seen>>,
}

plane_words!(DensityPicture<'a, T> where ['a, T: Real]);

/// One panel.
struct Part<'a, T: Real> {
    title: Option<String>,
    source: Source<'a, T>,
}

enum Source<'a, T: Real> {
    Model(&'a dyn Density<T>),
    Points(DMatrix<T>),
}

/// What is drawn between contour lines.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Heat,
    Bands,
    Nothing,
}

/// A heat map of a density in the plane, with a colour bar and the borders of the smallest regions
/// that hold 50% and 90% of the mass. The ranges are found unless they are given.
///
/// The shares are of all mass, whether or not it lies in the picture; where not enough of it can be found, the
/// picture says that they are shares of what it shows. The density is asked for at as many points as a
/// grid of the [resolution](Self::resolution) has, most of them where it changes.
///
/// ```no_run
/// use liouville::prelude::*;
/// # let (model, held_out) = (data::two_moons(0.1), nalgebra::DMatrix::<f64>::zeros(2, 9));
/// # use liouville::nalgebra;
///
/// plot::density::<f64>(&model).title("model").beside_data("data", &held_out).save("moons.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn density<T: Real>(model: &dyn Density<T>) -> DensityPicture<'_, T> {
    DensityPicture {
        plane: Plane::new("x₁", "x₂"),
        parts: vec![Part { title: None, source: Source::Model(model) }],
        resolution: 200,
        shares: vec![0.5, 0.9],
        look: Look::Heat,
        top: None,
        samples: None,
        found: OnceLock::new(),
        seen: OnceLock::new(),
    }
}

impl<'a, T: Real> DensityPicture<'a, T> {
    /// The density is asked for at the square of this number of points. Default: 200.
    pub fn resolution(mut self, nodes: usize) -> Self {
        self.resolution = nodes;
        self.anew()
    }

    /// The shares of the mass within the contour lines. Default: 0.5 and 0.9; none draws no line.
    pub fn levels(mut self, shares: &[f64]) -> Self {
        self.shares = shares.to_vec();
        self.anew()
    }

    /// One colour between neighbouring contour lines, in place of a heat map.
    pub fn filled(mut self) -> Self {
        self.look = Look::Bands;
        self.shares = vec![0.1, 0.25, 0.5, 0.75, 0.9, 0.98];
        self.anew()
    }

    /// Contour lines alone.
    pub fn lines(mut self) -> Self {
        self.look = Look::Nothing;
        self
    }

    /// The density that has the last colour, so that pictures can be compared. Default: the greatest.
    pub fn brightest(mut self, density: f64) -> Self {
        self.top = Some(density);
        self
    }

    /// Draws samples (2 x n) on top.
    pub fn samples(mut self, points: &DMatrix<T>) -> Self {
        self.samples = Some(points.clone());
        self.anew()
    }

    /// Another density in a panel of its own, with the same axes and colours.
    pub fn beside(mut self, title: &str, model: &'a dyn Density<T>) -> Self {
        self.parts.push(Part { title: Some(title.into()), source: Source::Model(model) });
        self.anew()
    }

    /// A histogram of samples (2 x n) in a panel of its own, with the same axes and colours.
    pub fn beside_data(mut self, title: &str, points: &DMatrix<T>) -> Self {
        let source = Source::Points(points.clone());
        self.parts.push(Part { title: Some(title.into()), source });
        self.anew()
    }

    /// The ranges of the samples, else those of the mass; they are found once.
    fn ranges(&self) -> Result<[Range; 2]> {
        let find = || match &self.samples {
            Some(samples) => range_of_samples(samples),
            None => self.masses(),
        };
        self.found.get_or_init(find).clone()
    }

    /// The ranges that hold the mass of every model.
    fn masses(&self) -> Result<[Range; 2]> {
        let models = self.parts.iter().filter_map(|part| match part.source {
            Source::Model(model) => Some(model),
            Source::Points(_) => None,
        });
        let found = models.map(find_mass).collect::<Result<Vec<_>>>()?;
        let first = found.first().copied().ok_or_else(|| Error::empty("there is no density"))?;
        Ok(found[1..]
            .iter()
            .fold(first, |[x, y], [other_x, other_y]| [x.joined(*other_x), y.joined(*other_y)]))
    }

    fn check(&self) -> Result<()> {
        for part in &self.parts {
            match &part.source {
                Source::Model(model) => check_planar(*model)?,
                Source::Points(points) => check_plane("data", points)?,
            }
        }
        if !(2..=MOST_NODES).contains(&self.resolution) {
            return Err(Error::setting(format!(
                "a resolution of {} grid nodes along each axis: give 2 to {MOST_NODES}",
                self.resolution
            )));
        }
        if let Some(share) = self.shares.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
            return Err(Error::setting(format!(
                "a contour line around the share {share} of the mass: give shares between 0 and 1"
            )));
        }
        if let Some(top) = self.top.filter(|top| !(1e-280..1e280).contains(top)) {
            return Err(Error::setting(format!(
                "{top} as the brightest density: give a positive number"
            )));
        }
        self.samples.as_ref().map_or(Ok(()), |samples| check_plane("samples", samples))
    }

    /// Forgets what was found before something was changed.
    fn anew(mut self) -> Self {
        (self.found, self.seen) = (OnceLock::new(), OnceLock::new());
        self
    }

    /// Axes without a bar.
    fn axes(&self) -> Result<Axes> {
        self.check()?;
        self.plane.axes(|| self.ranges())
    }

    /// The colours of densities up to some number.
    fn bar(&self, canvas: &Canvas, top: f64) -> Result<ColorBar> {
        // What is so small is no colour; the bar shows what none would be.
        let found = if top > 1e-280 { top } else { 1.0 };
        let top = self.top.or(canvas.brightest()).unwrap_or(found);
        Ok(ColorBar::new(canvas.theme().sequential.clone(), [0.0, top])?.label("density"))
    }
}

/// What all panels show, and in which ranges.
struct Seen {
    ranges: [[f64; 2]; 2],
    panels: Vec<Shown>,
    top: f64,
}

/// What a panel shows.
enum Shown {
    Density(Sheet, Levels),
    Histogram(usize, Vec<f64>),
}

impl Shown {
    /// The greatest density of a model.
    fn top(&self) -> Option<f64> {
        match self {
            Self::Density(sheet, _) => Some(sheet.top()),
            Self::Histogram(..) => None,
        }
    }
}

impl<T: Real> Picture for DensityPicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        let panels = self.parts.len() as u32;
        self.plane.size.unwrap_or((120u32.saturating_add(panels.saturating_mul(880)), 840))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        match self.parts.len() {
            1 => Ok(self.barred(canvas)?.margins(canvas, area)),
            _ => Ok(Margins::default()),
        }
    }

    fn brightest(&self, canvas: &mut Canvas, area: Area) -> Result<Option<f64>> {
        let cells = self.cells(canvas, area)?;
        let least = canvas.least_margins();
        canvas.part(cells[0], least, |canvas| Ok(Some(self.seen(canvas, &cells)?.top)))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let cells = self.cells(canvas, area)?;
        let least = canvas.least_margins();
        canvas.part(cells[0], least, |canvas| {
            let seen = self.seen(canvas, &cells)?;
            self.draw_cells(canvas, &cells, &seen)
        })
    }
}

impl<T: Real> DensityPicture<'_, T> {
    /// The axes with room for a bar, if there is one.
    fn barred(&self, canvas: &Canvas) -> Result<Axes> {
        match self.look {
            Look::Nothing => self.axes(),
            _ => Ok(self.axes()?.bar(self.bar(canvas, 1.0)?)),
        }
    }

    /// The panels, all with plots of one size; the last has the bar.
    fn cells(&self, canvas: &mut Canvas, area: Area) -> Result<Vec<Area>> {
        let (axes, barred) = (self.axes()?, self.barred(canvas)?);
        let count = self.parts.len();
        let gap = canvas.theme().gap * canvas.unit();
        let cell = area.cell([count, 1], [0, 0], gap);
        let [with, without] = canvas.part(cell, Margins::default(), |canvas| {
            [barred, axes].map(|axes| axes.margins(canvas, cell).right)
        });
        let rest = area.inset(Margins { right: with - without, ..Margins::default() });
        let mut cells: Vec<Area> = (0..count).map(|k| rest.cell([count, 1], [k, 0], gap)).collect();
        if let Some(last) = cells.last_mut() {
            last.right = area.right;
        }
        Ok(cells)
    }

    /// What is seen in cells of the canvas; what was seen first is kept.
    fn seen(&self, canvas: &Canvas, cells: &[Area]) -> Result<Arc<Seen>> {
        let axes = if cells.len() == 1 { self.barred(canvas)? } else { self.axes()? };
        let ranges = axes.place(canvas, cells[0])?.ranges();
        if let Some(seen) = self.seen.get().filter(|seen| seen.ranges == ranges) {
            return Ok(seen.clone());
        }
        let panels = self.parts.iter().map(|part| self.shown(part, ranges));
        let panels = panels.collect::<Result<Vec<_>>>()?;
        // Bars of few samples are higher than what they were drawn from.
        let top = panels.iter().filter_map(Shown::top).fold(0.0, f64::max);
        let seen = Arc::new(Seen { ranges, panels, top });
        self.seen.set(seen.clone()).ok();
        Ok(seen)
    }

    fn draw_cells(&self, canvas: &mut Canvas, cells: &[Area], seen: &Seen) -> Result<()> {
        let last = cells.len() - 1;
        let bar = self.bar(canvas, seen.top)?;
        for (k, (part, shown)) in self.parts.iter().zip(&seen.panels).enumerate() {
            // What was found for the first panel holds for all.
            let [x, y] = seen.ranges.map(|[from, to]| Axis::linear(from, to));
            let mut axes = self.plane.axes_of([x?, y?]);
            axes = axes.title(part.title.as_deref().unwrap_or(&self.plane.title));
            if k == last && self.look != Look::Nothing {
                axes = axes.bar(bar.clone());
            }
            let frame = axes.fixed().place(canvas, cells[k])?;
            self.draw_part(canvas, &frame, shown, &bar)?;
        }
        Ok(())
    }

    fn shown(&self, part: &Part<'_, T>, ranges: [[f64; 2]; 2]) -> Result<Shown> {
        let model = match &part.source {
            Source::Model(model) => *model,
            Source::Points(points) => {
                let (cells, densities) = heat::histogram(&points_of(points), ranges);
                return Ok(Shown::Histogram(cells, densities));
            }
        };
        let ask = |points: &[[f64; 2]]| -> Result<Vec<f64>> {
            Ok(log_densities(model, points)?.into_iter().map(f64::exp).collect())
        };
        let given = |k: usize| Range::given(["x", "y"][k], Steps::Even, ranges[k]);
        let sheet = Sheet::of(&ask, [given(0)?, given(1)?], Budget::of(self.resolution))?;
        let levels = Levels::of(&ask, &sheet, || find_mass(model), &self.shares)?;
        Ok(Shown::Density(sheet.with_columns(heat::FINE), levels))
    }

    fn draw_part(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        shown: &Shown,
        bar: &ColorBar,
    ) -> Result<()> {
        match shown {
            Shown::Histogram(cells, densities) => {
                let rows = densities.chunks_exact(*cells).rev().flatten();
                let colors = rows.map(|density| bar.color(*density)).collect();
                frame.draw_image(canvas, Pixels::new(*cells, colors)?);
            }
            Shown::Density(sheet, levels) => {
                self.draw_density(canvas, frame, sheet, levels, bar)?;
            }
        }
        frame.finish(canvas)
    }

    fn draw_density(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        sheet: &Sheet,
        found: &Levels,
        bar: &ColorBar,
    ) -> Result<()> {
        let theme = canvas.theme().clone();
        let levels: Vec<f64> = found.levels.iter().flatten().copied().collect();
        let ground = match self.look {
            Look::Heat => {
                frame.draw_image(canvas, heat::heat_map(sheet, bar, theme.axis)?);
                bar.color(0.0)
            }
            Look::Bands => {
                let fine = sheet.clone().with_columns(2 * heat::FINE);
                frame.draw_image(canvas, heat::bands(&fine, &levels, bar, theme.axis)?);
                bar.color(0.0)
            }
            Look::Nothing => theme.background,
        };
        let letters = contrasting(ground);
        let mut legend = Legend::new().always().colors(ground, letters);
        for (name, stroke, levels) in self.contours(found, letters, bar) {
            for points in levels.iter().flat_map(|level| joined(&sheet.grid().contour(*level))) {
                frame.draw_line(canvas, &points, stroke);
            }
            legend = legend.entry(&name, Sign::Line(stroke));
        }
        if sheet.unknown() > 0.0 && self.look != Look::Nothing {
            legend = legend.entry("not computed", Sign::Patch(theme.axis.into()));
        }
        if let Some(samples) = &self.samples {
            draw_dots(canvas, frame, &points_of(samples), Ink::new(letters).alpha(0.55));
        }
        legend.draw(canvas, frame);
        Ok(())
    }

    /// The lines of a density: their name, their look, and the densities along them. Few have a look each,
    /// many have one together.
    fn contours(
        &self,
        found: &Levels,
        letters: [u8; 3],
        bar: &ColorBar,
    ) -> Vec<(String, Stroke, Vec<f64>)> {
        let whole = if found.of_all { "of the mass" } else { "of the mass shown" };
        let named = |shares: &[f64]| {
            let percent = shares.iter().map(|share| shown::number(100.0 * share));
            format!("{}% {whole}", percent.collect::<Vec<_>>().join(", "))
        };
        let pairs = self.shares.iter().zip(&found.levels);
        let mut known: Vec<(f64, f64)> =
            pairs.filter_map(|(s, level)| Some((*s, (*level)?))).collect();
        // Regions that are alike, as those of a flat density, are one: the last.
        known.reverse();
        known.dedup_by(|next, kept| (next.1 / kept.1 - 1.0).abs() < 1e-3);
        known.reverse();
        if self.look == Look::Bands || known.len() > 4 {
            let (shares, levels): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
            let stroke = Stroke::new(letters).width(1.0).alpha(0.5);
            return if shares.is_empty() { vec![] } else { vec![(named(&shares), stroke, levels)] };
        }
        let last = (known.len() as f64 - 1.0).max(1.0);
        let one = |(k, (share, level)): (usize, (f64, f64))| {
            let rank = k as f64 / last;
            let stroke = match self.look {
                Look::Nothing => Stroke::new(bar.color(0.0)).width(2.4 - rank),
                _ => Stroke::new(letters).alpha(0.85).width(2.6 - 1.3 * rank),
            };
            (named(&[share]), stroke, vec![level])
        };
        known.into_iter().enumerate().map(one).collect()
    }
}
