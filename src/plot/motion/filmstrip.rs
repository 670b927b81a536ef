//! A density at several times, side by side on one colour scale.

use super::edges::{bare, draw_below, draw_beside, room};
use super::under::{Under, draw_samples, lifted, pixels, sampled, seen_range};
use crate::density::Evolving;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::axes::{Aspect, ColorBar, Plane, Range, Steps, fitted, plane_words};
use crate::plot::canvas::{Anchor, Area, Canvas, Margins};
use crate::plot::density::sheet::{Budget, Sheet};
use crate::plot::picture::Picture;
use crate::plot::samples::points_of;
use crate::real::Real;

/// So many samples say where the density lies.
const SURVEYED: usize = 1500;
/// More panels than this are too small.
const MOST: usize = 60;
/// Panels in a row, at most.
const IN_A_ROW: usize = 6;

/// A density at several times; made by [`filmstrip`].
pub struct FilmstripPicture<'a, T: Real> {
    plane: Plane,
    model: &'a dyn Evolving<T>,
    times: Option<Vec<f64>>,
    samples: usize,
    own: bool,
}

plane_words!(FilmstripPicture<'a, T> where ['a, T: Real]);

/// The density of a continuous flow in the plane at six times, from base to data, on one colour scale, whose
/// colours change faster where the density is low, so that the base is seen beside narrow data.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
/// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum));
/// plot::filmstrip::<f64>(&model).save("filmstrip.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn filmstrip<T: Real>(model: &dyn Evolving<T>) -> FilmstripPicture<'_, T> {
    let plane = Plane::new("x₁", "x₂");
    FilmstripPicture { plane, model, times: None, samples: 0, own: false }
}

impl<T: Real> FilmstripPicture<'_, T> {
    /// The times. Default: six, from that of the base to that of the data.
    pub fn times(mut self, times: &[f64]) -> Self {
        self.times = Some(times.to_vec());
        self
    }

    /// Draws so many samples on their way. Default: none.
    pub fn samples(mut self, count: usize) -> Self {
        self.samples = count;
        self
    }

    /// Every panel has a colour scale of its own, up to the highest density there.
    pub fn own_scales(mut self) -> Self {
        self.own = true;
        self
    }

    fn times_of(&self) -> Result<Vec<f64>> {
        let span = self.model.span()?;
        let even = || (0..6).map(|k| span.from + span.length() * f64::from(k) / 5.0).collect();
        let times: Vec<f64> = self.times.clone().unwrap_or_else(even);
        if times.is_empty() || times.len() > MOST {
            return Err(Error::setting(format!(
                "a filmstrip of {}: give 1 to {MOST}",
                shown::count(times.len(), "time")
            )));
        }
        match times.iter().find(|t| !t.is_finite()) {
            Some(t) => Err(Error::non_finite(format!("a density at t = {t}: give finite times"))),
            None => Ok(times),
        }
    }

    fn shape(&self) -> [usize; 2] {
        let count = self.times.as_ref().map_or(6, Vec::len).clamp(1, MOST);
        let rows = count.div_ceil(IN_A_ROW);
        [count.div_ceil(rows), rows]
    }
}

/// Whether one unit is equally long on axes whose ranges have this ratio.
fn is_equal(aspect: Aspect, ratio: f64) -> bool {
    match aspect {
        Aspect::Equal => true,
        Aspect::Auto => (1.0 / 3.5..=3.5).contains(&ratio),
        Aspect::Free => false,
    }
}

/// Ranges that hold the samples of several times, equally long in units where they are similar.
pub(super) fn common_ranges<T: Real>(
    model: &dyn Evolving<T>,
    plane: &Plane,
    times: &[f64],
) -> Result<[Range; 2]> {
    if model.coordinates() != 2 {
        return Err(Error::shape(format!(
            "a density in {} has no picture in the plane: give one in two",
            shown::count(model.coordinates(), "dimension")
        )));
    }
    let steps = sampled(model, times, SURVEYED, 1)?;
    let range = |name: &str, axis: usize| {
        let each: Vec<Range> =
            steps.iter().map(|step| seen_range(name, step, axis)).collect::<Result<_>>()?;
        let ends = each.iter().flat_map(|range| [range.from(), range.to()]);
        Range::around(name, Steps::Even, ends, 0.0)?
            .ok_or_else(|| Error::non_finite(format!("no sample has a finite {name}")))
    };
    let given = |name: &str, axis: usize, ends: Option<[f64; 2]>| match ends {
        Some(ends) => Range::given(name, Steps::Even, ends),
        None => range(name, axis),
    };
    let [x, y] = [given("x", 0, plane.x)?, given("y", 1, plane.y)?];
    let ratio = x.length() / y.length();
    let equal = is_equal(plane.aspect, ratio);
    let longest = x.length().max(y.length());
    let square = |range: Range, given: bool| match equal && !given {
        true => range.widened(0.5 * (longest - range.length())),
        false => range,
    };
    Ok([square(x, plane.x.is_some()), square(y, plane.y.is_some())])
}

impl<T: Real> Picture for FilmstripPicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        let [columns, rows] = self.shape().map(|count| count as u32);
        self.plane.size.unwrap_or((230 * columns + 190, 270 * rows + 110))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let times = self.times_of()?;
        let ranges = common_ranges(self.model, &self.plane, &times)?;
        let under = Under::evolving(self.model);
        let sheets: Vec<Sheet> = times
            .iter()
            .map(|t| under.sheet_of(*t, ranges, Budget::of(120)))
            .collect::<Result<_>>()?;
        let top = sheets.iter().map(Sheet::top).fold(0.0, f64::max);
        let top = if top > 1e-280 { top } else { 1.0 };
        let bar = ColorBar::new(lifted(&canvas.theme().sequential), [0.0, top])?.label("density");
        let points = match self.samples {
            0 => None,
            count => Some(sampled(self.model, &times, count, 2)?),
        };
        let strip = Strip::new(canvas, area, self.shape(), ranges, &self.plane, !self.own)?;
        for (k, (t, sheet)) in times.iter().zip(&sheets).enumerate() {
            let panel = strip.panel(k);
            let frame = bare(canvas, panel, ranges)?;
            let own = sheet.top().max(1e-300);
            let map = canvas.theme().sequential.clone();
            let color = |p: f64| if self.own { map.at(p / own) } else { bar.color(p) };
            frame.draw_image(canvas, pixels(sheet, color)?);
            if let Some(points) = &points {
                draw_samples(canvas, &frame, &points_of(&points[k]));
            }
            frame.finish(canvas)?;
            strip.draw_words(canvas, k, *t, times.len(), ranges, &self.plane);
        }
        strip.finish(canvas, area, &self.plane, (!self.own).then_some(&bar))
    }
}

/// Equal panels in rows.
struct Strip {
    cells: Area,
    shape: [usize; 2],
    gap: f64,
    head: f64,
}

impl Strip {
    fn new(
        canvas: &Canvas,
        area: Area,
        shape: [usize; 2],
        ranges: [Range; 2],
        plane: &Plane,
        bar: bool,
    ) -> Result<Self> {
        let (theme, unit) = (canvas.theme(), canvas.unit());
        let [columns, rows] = shape.map(|count| count as f64);
        let gap = 0.7 * theme.gap * unit;
        let head = 1.5 * theme.number * unit;
        let title = if plane.title.is_empty() { 0.0 } else { 1.7 * theme.title * unit };
        let guess = Area::new([0.0; 2], [area.width() / columns, 0.7 * area.height() / rows]);
        let around = room(canvas, guess, ranges[1], [&plane.labels[0], &plane.labels[1]]);
        let right = if bar {
            unit * 56.0 + canvas.text_width("0.00", theme.number)
        } else {
            unit * theme.gap
        };
        let inner = area.inset(Margins { top: title, right, ..around });
        let wide = (inner.width() - gap * (columns - 1.0)) / columns;
        let high = (inner.height() - gap * (rows - 1.0)) / rows - head;
        let ratio = ranges[0].length() / ranges[1].length();
        let [wide, high] = if is_equal(plane.aspect, ratio) {
            let wide = wide.min(high * ratio);
            [wide, wide / ratio]
        } else {
            [wide, high]
        };
        if wide.is_nan() || wide.min(high) < 8.0 {
            return Err(Error::setting(format!(
                "{} x {} pixels are too few for {} panels: give the picture a larger size",
                shown::number(area.width().round()),
                shown::number(area.height().round()),
                shape[0] * shape[1]
            )));
        }
        let width = columns * wide + gap * (columns - 1.0);
        let height = rows * (high + head) + gap * (rows - 1.0);
        let left = inner.left + 0.5 * (inner.width() - width);
        let top = inner.top + 0.5 * (inner.height() - height);
        let cells = Area { left, top, right: left + width, bottom: top + height };
        Ok(Self { cells, shape, gap, head })
    }

    fn panel(&self, k: usize) -> Area {
        let cell = self.cells.cell(self.shape, [k % self.shape[0], k / self.shape[0]], self.gap);
        Area { top: cell.top + self.head, ..cell }.rounded()
    }

    /// The time above a panel, and numbers at the outer sides.
    fn draw_words(
        &self,
        canvas: &mut Canvas,
        k: usize,
        t: f64,
        count: usize,
        [x, y]: [Range; 2],
        plane: &Plane,
    ) {
        let (theme, panel) = (canvas.theme().clone(), self.panel(k));
        let above = [panel.middle()[0], panel.top - 0.55 * self.head];
        let (text, size) = fitted(canvas, &time_text(t), panel.width(), theme.number);
        canvas.text(above, &text, size, theme.ink, Anchor::Middle);
        if k.is_multiple_of(self.shape[0]) {
            draw_beside(canvas, panel, y, &plane.labels[1]);
        }
        if k + self.shape[0] >= count {
            draw_below(canvas, panel, x, [0.09, 0.91], &plane.labels[0]);
        }
    }

    fn finish(
        &self,
        canvas: &mut Canvas,
        area: Area,
        plane: &Plane,
        bar: Option<&ColorBar>,
    ) -> Result<()> {
        let theme = canvas.theme().clone();
        let (title, size) = fitted(canvas, &plane.title, 0.95 * area.width(), theme.title);
        let above = [self.cells.middle()[0], self.cells.top - 0.8 * theme.title * canvas.unit()];
        canvas.text(above, &title, size, theme.ink, Anchor::Middle);
        let whole = Area { top: self.panel(0).top, ..self.cells };
        bar.map_or(Ok(()), |bar| bar.draw(canvas, whole, area.right))
    }
}

/// A time with the digits it needs, two at most.
pub(super) fn time_text(t: f64) -> String {
    let text = format!("{t:.2}").replace('-', "−");
    format!("t = {}", text.trim_end_matches('0').trim_end_matches('.'))
}
