//! A velocity field in the plane: arrows or streamlines, over a density, with trajectories.
//!
//! | file | what |
//! | --- | --- |
//! | `ask` | how velocities are asked for |
//! | `arrows` | arrows on a grid, and the heads of lines |
//! | `paths` | the ways of points through a field |
//! | `net` | a velocity between pixels |
//! | `streamlines` | evenly spaced lines along it |

mod arrows;
mod ask;
mod net;
mod paths;
mod streamlines;

use std::sync::OnceLock;

use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::axes::{Axes, ColorBar, Frame, Plane, Range, Steps, plane_words};
use super::canvas::{Area, Canvas, ColorMap, Margins, Stroke, Theme, mixed};
use super::density::sheet::Sheet;
use super::motion::{Under, seen_range};
use super::picture::Picture;
use super::samples::points_of;
use crate::density::{Density, Evolving, Moving};
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;
use arrows::{arrows, draw_head};
use ask::{Ask, Find};
use net::Net;
use paths::{draw_paths, through};
use streamlines::streamlines;

/// More arrows along an axis than this are more than pixels.
const MOST_ARROWS: usize = 1000;
/// The colours of speeds: lines are cut where these change.
const SHADES: f64 = 32.0;
/// The samples that are followed to see where something moves.
const SURVEYED: usize = 400;

/// How a velocity is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    Arrows(usize),
    Lines(usize),
}

/// A picture of a velocity field; made by [`field`] and [`field_of`].
pub struct FieldPicture<'a> {
    ask: Box<Ask<'a>>,
    find: Box<Find<'a>>,
    found: OnceLock<Result<[Range; 2]>>,
    time: f64,
    plane: Plane,
    look: Look,
    speed: bool,
    under: Option<Under<'a>>,
    paths: Vec<Vec<[f64; 2]>>,
    problem: Option<Error>,
}

plane_words!(FieldPicture<'a> where ['a]);

/// Arrows along a velocity in the plane; long ones are drawn shorter than in proportion.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// plot::field(|_, x| [x[1], -x[0].sin()])
///     .streamlines()
///     .speed()
///     .x_range(-4.0, 4.0)
///     .y_range(-3.0, 3.0)
///     .save("pendulum.svg")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn field<'a>(velocity: impl Fn(f64, [f64; 2]) -> [f64; 2] + 'a) -> FieldPicture<'a> {
    let ask = move |t: f64, points: &[[f64; 2]]| {
        Ok(points.iter().map(|point| velocity(t, *point)).collect())
    };
    FieldPicture::new(Box::new(ask), Box::new(|_| Ok(None)))
}

/// The field of what moves in time in the plane: a continuous flow, alone or with a base, or a model of a
/// table. What reads a context has it fixed first, by `given`. The ranges are those of samples at the time
/// of the picture, if there is a base to draw them from.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
/// plot::field_of::<f64>(&model).time(0.5).streamlines().over_evolving::<f64>(&model).save("field.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn field_of<T: Real>(moving: &dyn Moving<T>) -> FieldPicture<'_> {
    let ask = move |t: f64, points: &[[f64; 2]]| {
        let points = DMatrix::from_fn(2, points.len(), |row, k| T::of(points[k][row]));
        Ok(points_of(&moving.velocity_at(t, &points)?))
    };
    let find = move |t: f64| {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        match moving.drawn(t, SURVEYED, &mut rng)? {
            Some(points) => Ok(Some([seen_range("x", &points, 0)?, seen_range("y", &points, 1)?])),
            None => Ok(None),
        }
    };
    let mut picture = FieldPicture::new(Box::new(ask), Box::new(find));
    match moving.span() {
        Ok(_) if moving.coordinates() != 2 => {
            picture.problem = Some(not_planar(moving.coordinates()));
        }
        Ok(span) => picture.time = span.from,
        Err(error) => picture.problem = Some(error),
    }
    picture
}

fn not_planar(dim: usize) -> Error {
    Error::shape(format!(
        "a field in {} has no picture in the plane: give one in two",
        shown::count(dim, "dimension")
    ))
}

impl<'a> FieldPicture<'a> {
    fn new(ask: Box<Ask<'a>>, find: Box<Find<'a>>) -> Self {
        Self {
            ask,
            find,
            found: OnceLock::new(),
            time: 0.0,
            plane: Plane::new("x₁", "x₂"),
            look: Look::Arrows(22),
            speed: false,
            under: None,
            paths: Vec::new(),
            problem: None,
        }
    }

    /// The time at which the field is drawn. Default: 0, or the time of the base.
    pub fn time(mut self, t: f64) -> Self {
        (self.time, self.found) = (t, OnceLock::new());
        self
    }

    /// The number of arrows along the longer axis. Default: 22.
    pub fn arrows(mut self, count: usize) -> Self {
        self.look = Look::Arrows(count);
        self
    }

    /// Evenly spaced lines along the field (Jobard and Lefer 1997), in place of arrows.
    pub fn streamlines(self) -> Self {
        self.lines(32)
    }

    /// As [`streamlines`](FieldPicture::streamlines), about so many across the longer axis. Default: 32.
    pub fn lines(mut self, count: usize) -> Self {
        self.look = Look::Lines(count);
        self
    }

    /// Colours by speed, with a bar. A density below is then drawn in greys.
    pub fn speed(mut self) -> Self {
        self.speed = true;
        self
    }

    /// Over a heat map of a density.
    pub fn over<T: Real>(mut self, density: &'a dyn Density<T>) -> Self {
        (self.under, self.found) = (Some(Under::of(density)), OnceLock::new());
        self
    }

    /// Over a heat map of a density that changes in time, as it is at the time of the picture.
    pub fn over_evolving<T: Real>(mut self, density: &'a dyn Evolving<T>) -> Self {
        (self.under, self.found) = (Some(Under::evolving(density)), OnceLock::new());
        self
    }

    /// Draws the way of every column: `steps` holds one 2 x n matrix per time.
    pub fn trajectories<T: Real>(mut self, steps: &[DMatrix<T>]) -> Self {
        match through(steps) {
            Ok(paths) => self.paths.extend(paths),
            Err(error) => {
                self.problem.get_or_insert(error);
            }
        }
        self
    }

    /// The range of the paths along an axis, if there are any.
    fn range_of_paths(&self, name: &str, axis: usize) -> Result<Option<Range>> {
        let paths = self.paths.iter().flatten().map(|p| p[axis]);
        Range::around(name, Steps::Even, paths, 0.08)
    }

    /// The ranges of the paths, or of the density below, or of what moves.
    fn ranges(&self) -> Result<[Range; 2]> {
        let find = || {
            if let (Some(x), Some(y)) = (self.range_of_paths("x", 0)?, self.range_of_paths("y", 1)?)
            {
                return Ok([x, y]);
            }
            let found = match &self.under {
                Some(under) => Some(under.ranges(self.time)?),
                None => (self.find)(self.time)?,
            };
            let usual = Range::given("x", Steps::Even, [-3.0, 3.0])?;
            Ok(found.unwrap_or([usual; 2]))
        };
        self.found.get_or_init(find).clone()
    }

    /// Velocities, none of which is NaN.
    fn ask(&self, t: f64, points: &[[f64; 2]]) -> Result<Vec<[f64; 2]>> {
        let found = (self.ask)(t, points)?;
        match found.iter().position(|v| v.iter().any(|part| part.is_nan())) {
            Some(k) => {
                let [x, y, t] = [points[k][0], points[k][1], t].map(shown::number);
                Err(Error::non_finite(format!(
                    "the velocity at ({x}, {y}), t = {t} is NaN: draw a range in which it is defined"
                )))
            }
            None => Ok(found),
        }
    }

    fn check(&self) -> Result<()> {
        if let Some(error) = &self.problem {
            return Err(error.clone());
        }
        if !self.time.is_finite() {
            return Err(Error::setting(format!(
                "a field at t = {}: give a finite time",
                shown::number(self.time)
            )));
        }
        let (count, what) = match self.look {
            Look::Arrows(count) => (count, "arrows"),
            Look::Lines(count) => (count, "streamlines"),
        };
        match (1..=MOST_ARROWS).contains(&count) {
            true => Ok(()),
            false => Err(Error::setting(format!(
                "{count} {what} along the longer axis: give 1 to {MOST_ARROWS}"
            ))),
        }
    }

    fn axes(&self, bar: Option<&ColorBar>) -> Result<Axes> {
        let axes = self.plane.axes(|| self.ranges())?;
        Ok(match bar {
            Some(bar) => axes.bar(bar.clone()),
            None => axes,
        })
    }

    /// A bar of the size that any will have, before it is known what it says.
    fn any_bar(&self, theme: &Theme) -> Result<Option<ColorBar>> {
        let shown = self.speed || self.under.is_some();
        shown.then(|| self.bar(theme, 1.0)).transpose()
    }

    fn bar(&self, theme: &Theme, top: f64) -> Result<ColorBar> {
        let top = if top > 1e-280 && top < 1e300 { top } else { 1.0 };
        let label = if self.speed { "speed" } else { "density" };
        Ok(ColorBar::new(theme.sequential.clone(), [0.0, top])?.label(label))
    }
}

impl Picture for FieldPicture<'_> {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or(if self.speed || self.under.is_some() {
            (1000, 860)
        } else {
            (900, 860)
        })
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        self.check()?;
        Ok(self.axes(self.any_bar(canvas.theme())?.as_ref())?.margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        self.check()?;
        let theme = canvas.theme().clone();
        let any = self.any_bar(&theme)?;
        let frame = self.axes(any.as_ref())?.place(canvas, area)?;
        let net = Net::of(&|t, points| self.ask(t, points), self.time, &frame)?;
        let sheet = match &self.under {
            Some(under) => Some(under.sheet(self.time, &frame)?),
            None => None,
        };
        let top = match &sheet {
            Some(sheet) if !self.speed => sheet.top(),
            _ => net.fast(),
        };
        let bar = any.is_some().then(|| self.bar(&theme, top)).transpose()?;
        let frame = self.axes(bar.as_ref())?.place(canvas, area)?;
        if let Some(sheet) = &sheet {
            self.draw_density(canvas, &frame, sheet, bar.as_ref())?;
        }
        let speeds = bar.as_ref().filter(|_| self.speed);
        match self.look {
            Look::Arrows(count) => self.draw_arrows(canvas, &frame, count, speeds)?,
            Look::Lines(count) => self.draw_lines(canvas, &frame, &net, count, speeds),
        }
        draw_paths(canvas, &frame, &self.paths);
        frame.finish(canvas)
    }
}

impl FieldPicture<'_> {
    fn draw_density(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        sheet: &Sheet,
        bar: Option<&ColorBar>,
    ) -> Result<()> {
        let theme = canvas.theme();
        let greys = ColorMap::new(&[theme.background, mixed(theme.background, theme.ink, 0.42)]);
        let top = sheet.top().max(1e-300);
        let color = |value: f64| match bar {
            Some(bar) if !self.speed => bar.color(value),
            _ => greys.at(value / top),
        };
        frame.draw_image(canvas, super::motion::pixels(sheet, color)?);
        Ok(())
    }

    /// The line for a speed, or the one for all.
    fn stroke(&self, theme: &Theme, speed: f64, speeds: Option<&ColorBar>) -> Stroke {
        let lines = matches!(self.look, Look::Lines(_));
        let width = if lines { 1.7 } else { 1.5 };
        match speeds {
            Some(bar) => Stroke::new(bar.color(speed)).width(1.15 * width),
            None if self.under.is_some() => Stroke::new([255; 3]).alpha(0.75).width(width),
            None if lines => {
                Stroke::new(mixed(theme.background, theme.series(0), 0.85)).width(width)
            }
            // Arrows alone are what there is to see; below paths they are the ground.
            None if self.paths.is_empty() => {
                Stroke::new(mixed(theme.background, theme.ink, 0.8)).width(1.1 * width)
            }
            None => Stroke::new(mixed(theme.background, theme.axis, 0.85)).width(width),
        }
    }

    /// Draws arrows alone into axes that have their place, over what is there.
    pub(super) fn draw_arrows_on(
        mut self,
        canvas: &mut Canvas,
        frame: &Frame,
        count: usize,
    ) -> Result<()> {
        self.look = Look::Arrows(count);
        self.check()?;
        let ask = |t: f64, points: &[[f64; 2]]| self.ask(t, points);
        let (spacing, arrows) = arrows(&ask, self.time, frame, count)?;
        let fastest = arrows.iter().map(|arrow| arrow.speed).fold(0.0, f64::max);
        for arrow in arrows {
            let length = 0.85 * spacing * (arrow.speed / fastest).sqrt();
            arrow.draw(canvas, length, Stroke::new([255; 3]).alpha(0.55).width(1.4));
        }
        Ok(())
    }

    fn draw_arrows(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        count: usize,
        speeds: Option<&ColorBar>,
    ) -> Result<()> {
        let ask = |t: f64, points: &[[f64; 2]]| self.ask(t, points);
        let (spacing, arrows) = arrows(&ask, self.time, frame, count)?;
        let fastest = arrows.iter().map(|arrow| arrow.speed).fold(0.0, f64::max);
        let theme = canvas.theme().clone();
        for arrow in arrows {
            let length = 0.88 * spacing * (arrow.speed / fastest).sqrt();
            arrow.draw(canvas, length, self.stroke(&theme, arrow.speed, speeds));
        }
        Ok(())
    }

    fn draw_lines(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        net: &Net,
        count: usize,
        speeds: Option<&ColorBar>,
    ) {
        let (inner, theme) = (frame.inner(), canvas.theme().clone());
        let separation = inner.width().max(inner.height()) / count as f64;
        let fast = net.fast().max(1e-300);
        let shade = |pixel: [f64; 2]| (SHADES * net.speed(pixel) / fast).round();
        for line in streamlines(net, inner, separation) {
            let mut start = 0;
            for k in 1..line.len() {
                let last = k + 1 == line.len();
                if last || (speeds.is_some() && shade(line[k]) != shade(line[start])) {
                    let stroke = self.stroke(&theme, net.speed(line[start]), speeds);
                    canvas.line(line[start..=k].to_vec(), stroke);
                    start = k;
                }
            }
            // Heads far enough from one another to show the way, and one at least.
            let heads = (line.len() / 90).clamp(1, 6);
            for n in 0..heads {
                let k = ((n as f64 + 0.5) / heads as f64 * (line.len() - 1) as f64) as usize;
                if let Some(along) = net.direction(line[k]) {
                    let length = (0.34 * separation).min(11.0 * canvas.unit());
                    let tip = [0, 1].map(|i| line[k][i] + 0.5 * length * along[i]);
                    let ink = self.stroke(&theme, net.speed(line[k]), speeds).ink;
                    draw_head(canvas, tip, along, length, ink);
                }
            }
        }
    }
}
