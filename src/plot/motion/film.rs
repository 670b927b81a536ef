//! A flow on its way as an animation: density, samples and field over time.

use std::path::Path;

use super::filmstrip::{common_ranges, time_text};
use super::under::{Under, draw_samples, lifted, pixels, sampled};
use crate::density::Evolving;
use crate::error::{Error, Result};
use crate::plot::animation::animation;
use crate::plot::axes::{Axes, Axis, Plane, Range, Steps, plane_words};
use crate::plot::canvas::{Area, Canvas, Margins};
use crate::plot::density::sheet::{Budget, Sheet};
use crate::plot::field::field_of;
use crate::plot::output::Style;
use crate::plot::picture::Picture;
use crate::plot::samples::points_of;
use crate::real::Real;

/// More frames than this are longer than anybody looks.
const MOST: usize = 2000;
/// Density is drawn in so many steps: smoother ones take twice the memory, and are hardly seen.
const SHADES: f64 = 48.0;
/// The nodes along a side of a frame to begin with, and the points that are asked for in all.
const BUDGET: Budget = Budget { coarse: 49, points: 9000, fine: 200 };

/// A flow on its way; made by [`film`].
pub struct Film<'a, T: Real> {
    plane: Plane,
    model: &'a dyn Evolving<T>,
    frames: usize,
    samples: usize,
    arrows: bool,
    one_scale: bool,
    rate: f64,
    rest: f64,
    style: Style,
}

plane_words!(Film<'a, T> where ['a, T: Real]);

/// An animation of a continuous flow in the plane from base to data: its density, and samples on their way.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
/// plot::film::<f64>(&model).field().save("pendulum.gif")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn film<T: Real>(model: &dyn Evolving<T>) -> Film<'_, T> {
    Film {
        plane: Plane::new("x₁", "x₂").sized(480, 480),
        model,
        frames: 60,
        samples: 150,
        arrows: false,
        one_scale: false,
        rate: 20.0,
        rest: 1.0,
        style: Style::new(),
    }
}

impl<T: Real> Film<'_, T> {
    /// The number of frames from base to data. Default: 60.
    pub fn frames(mut self, count: usize) -> Self {
        self.frames = count;
        self
    }

    /// How many samples are shown on their way; none for 0. Default: 150.
    pub fn samples(mut self, count: usize) -> Self {
        self.samples = count;
        self
    }

    /// Shows the field as arrows.
    pub fn field(mut self) -> Self {
        self.arrows = true;
        self
    }

    /// Colours mean the same in all frames. By default they run up to the highest density in each, so that
    /// the base is seen beside narrow data.
    pub fn one_scale(mut self) -> Self {
        self.one_scale = true;
        self
    }

    /// How many frames are shown in a second. Default: 20.
    pub fn frames_per_second(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// For how many seconds the last frame stays. Default: 1.
    pub fn rest(mut self, seconds: f64) -> Self {
        self.rest = seconds;
        self
    }

    /// The theme and the scale.
    pub fn with(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Writes the animation, as GIF or APNG by the ending of the name: `.gif`, or `.png` and `.apng`.
    ///
    /// # Errors
    ///
    /// If the flow takes no time or is not in the plane, the ending is another, there are no frames or too
    /// many, what is drawn cannot be computed, or the file cannot be written.
    pub fn save<P: AsRef<Path>>(&self, path: P) -> Result<()> {
        let frames = self.shots()?;
        let style = self.style.clone();
        let size = self.plane.size.unwrap_or((480, 480));
        let animation = animation(frames).with(style).size(size.0, size.1);
        animation.frames_per_second(self.rate).save(path)
    }

    /// All frames, the last as often as it rests.
    fn shots(&self) -> Result<Vec<Shot<'_, T>>> {
        if !(2..=MOST).contains(&self.frames) || !(0.0..=60.0).contains(&self.rest) {
            return Err(Error::setting(format!(
                "a film of {} frames that rests for {} seconds: give 2 to {MOST}, and up to 60 seconds",
                self.frames, self.rest
            )));
        }
        let span = self.model.span()?;
        let at = |k: usize| span.from + span.length() * k as f64 / (self.frames - 1) as f64;
        let times: Vec<f64> = (0..self.frames).map(at).collect();
        let few: Vec<f64> = (0..5).map(|k| times[k * (self.frames - 1) / 4]).collect();
        let ranges = common_ranges(self.model, &self.plane, &few)?;
        let points = match self.samples {
            0 => vec![Vec::new(); times.len()],
            count => sampled(self.model, &times, count, 2)?.iter().map(points_of).collect(),
        };
        let under = Under::evolving(self.model);
        let sheets: Vec<Sheet> =
            times.iter().map(|t| under.sheet_of(*t, ranges, BUDGET)).collect::<Result<_>>()?;
        let top = sheets.iter().map(Sheet::top).fold(1e-300, f64::max);
        let plane = Plane { title: String::new(), ..self.plane.clone() };
        let shot = |((t, sheet), points): ((&f64, Sheet), Vec<[f64; 2]>)| {
            let top = if self.one_scale { top } else { sheet.top().max(1e-300) };
            let title = [self.plane.title.as_str(), &clock(*t)].join("  ");
            let plane = Plane { title: title.trim().to_string(), ..plane.clone() };
            Shot { film: self, t: *t, plane, ranges, sheet, top, points }
        };
        let mut shots: Vec<Shot<'_, T>> = times.iter().zip(sheets).zip(points).map(shot).collect();
        let rest = (self.rest * self.rate).min(600.0) as usize;
        if let Some(last) = shots.last().cloned() {
            shots.extend(std::iter::repeat_n(last, rest));
        }
        Ok(shots)
    }
}

/// A time with two digits, so that it stands still while it runs.
fn clock(t: f64) -> String {
    let short = time_text(t);
    let digits = short.split_once('.').map_or(0, |(_, digits)| digits.len());
    match digits {
        0 => format!("{short}.00"),
        1 => format!("{short}0"),
        _ => short,
    }
}

/// One frame.
struct Shot<'a, T: Real> {
    film: &'a Film<'a, T>,
    t: f64,
    plane: Plane,
    ranges: [Range; 2],
    sheet: Sheet,
    top: f64,
    points: Vec<[f64; 2]>,
}

impl<T: Real> Clone for Shot<'_, T> {
    fn clone(&self) -> Self {
        let (plane, sheet, points) = (self.plane.clone(), self.sheet.clone(), self.points.clone());
        Self { plane, sheet, points, ..*self }
    }
}

impl<T: Real> Shot<'_, T> {
    fn axes(&self) -> Axes {
        // Ranges stay what they are from one frame to the next.
        let axis = |k: usize| Axis::of(self.ranges[k], Steps::Even).label(&self.plane.labels[k]);
        Axes::new(axis(0), axis(1)).title(&self.plane.title).aspect(self.plane.aspect)
    }
}

impl<T: Real> Picture for Shot<'_, T> {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or((480, 480))
    }

    fn style(&self) -> Style {
        self.film.style.clone()
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        Ok(self.axes().margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let frame = self.axes().place(canvas, area)?;
        let map = match self.film.one_scale {
            true => lifted(&canvas.theme().sequential),
            false => canvas.theme().sequential.clone(),
        };
        let color = |p: f64| map.at((SHADES * p / self.top).round() / SHADES);
        // Shades are told apart pixel by pixel: from node to node their borders would be stairs.
        let enough = (0.75 * frame.inner().width()).clamp(2.0, 400.0) as usize;
        let sheet = self.sheet.clone().with_columns(enough);
        frame.draw_image(canvas, pixels(&sheet, color)?);
        if self.film.arrows {
            field_of(self.film.model).time(self.t).draw_arrows_on(canvas, &frame, 15)?;
        }
        draw_samples(canvas, &frame, &self.points);
        frame.finish(canvas)
    }
}
