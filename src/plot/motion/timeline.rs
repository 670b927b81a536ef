//! Time against the one coordinate of a flow: trajectories over the density, between base and data.

use nalgebra::DMatrix;

use super::edges::{bare, draw_below, draw_beside, room};
use super::under::{lifted, sampled, seen_range};
use crate::density::Evolving;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::axes::{Plane, Range, Steps, fitted};
use crate::plot::canvas::{Anchor, Area, Canvas, Ink, Margins, Pixels, Stroke};
use crate::plot::picture::Picture;
use crate::real::Real;

/// Times and places at which the density is asked for.
const NODES: [usize; 2] = [161, 321];
/// The samples whose quantiles are followed.
const SURVEYED: usize = 4001;
/// The times of a trajectory.
const STEPS: usize = 120;
/// The share of the width that each of the two densities at the sides takes.
const SIDE: f64 = 0.15;

/// Time against the coordinate of a one-dimensional flow; made by [`timeline`].
pub struct TimelinePicture<'a, T: Real> {
    plane: Plane,
    model: &'a dyn Evolving<T>,
    lines: usize,
}

/// What a continuous flow of one coordinate does: its density at all times with trajectories over it, the
/// density of the base at the left, and that of the data at the right. Between neighbouring trajectories
/// is always the same mass.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let parting = field::autonomous::<1, _>(|x| [(x[0] * 2.0).sin()]);
/// let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(parting));
/// plot::timeline::<f64>(&model).title("two heaps of one").save("timeline.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn timeline<T: Real>(model: &dyn Evolving<T>) -> TimelinePicture<'_, T> {
    TimelinePicture { plane: Plane::new("time", "x"), model, lines: 20 }
}

impl<T: Real> TimelinePicture<'_, T> {
    /// The number of trajectories. Default: 20.
    pub fn lines(mut self, count: usize) -> Self {
        self.lines = count;
        self
    }

    /// What stands above.
    pub fn title(mut self, text: &str) -> Self {
        self.plane.title = text.to_string();
        self
    }

    /// What stands at the axes. Default: time and x.
    pub fn axis_labels(mut self, time: &str, coordinate: &str) -> Self {
        self.plane.labels = [time.to_string(), coordinate.to_string()];
        self
    }

    /// From where to where the coordinate runs. Default: where samples are at the first and at the last time.
    pub fn y_range(mut self, from: f64, to: f64) -> Self {
        self.plane.y = Some([from, to]);
        self
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.plane.size = Some((width, height));
        self
    }

    fn check(&self) -> Result<()> {
        if self.model.coordinates() != 1 {
            return Err(Error::shape(format!(
                "time against the coordinate of a flow in {}: give a flow in one, or draw `trajectories`",
                shown::count(self.model.coordinates(), "dimension")
            )));
        }
        match self.lines < SURVEYED {
            true => Ok(()),
            false => Err(Error::setting(format!(
                "{} trajectories: give fewer than {SURVEYED}",
                self.lines
            ))),
        }
    }

    /// The quantiles of the samples at all times: in one dimension they are trajectories.
    fn paths(&self, times: &[f64]) -> Result<(Vec<Vec<[f64; 2]>>, Range)> {
        let steps = sampled(self.model, times, SURVEYED, 1)?;
        let (first, last) =
            (seen_range("x", &steps[0], 0)?, seen_range("x", &steps[steps.len() - 1], 0)?);
        let ends = [first.from(), first.to(), last.from(), last.to()];
        let range = Range::around("x", Steps::Even, ends.into_iter(), 0.0)?.unwrap_or(first);
        let mut order: Vec<usize> = (0..SURVEYED).collect();
        order.sort_by(|a, b| steps[0][*a].wide().total_cmp(&steps[0][*b].wide()));
        let path = |k: usize| {
            let place = ((k as f64 + 0.5) / self.lines as f64 * SURVEYED as f64) as usize;
            let column = order[place.min(SURVEYED - 1)];
            times.iter().zip(&steps).map(|(t, step)| [*t, step[column].wide()]).collect()
        };
        Ok(((0..self.lines).map(path).collect(), range))
    }

    /// The densities at one time on the nodes of a range.
    fn densities(&self, t: f64, range: Range) -> Result<Vec<f64>> {
        let node = |k: usize| range.at(k as f64 / (NODES[1] - 1) as f64);
        let points = DMatrix::from_fn(1, NODES[1], |_, k| T::of(node(k)));
        let found = self.model.log_prob_at(t, &points)?;
        Ok(found
            .iter()
            .map(|value| value.wide().exp())
            .map(|p| if p.is_nan() { 0.0 } else { p })
            .collect())
    }
}

impl<T: Real> Picture for TimelinePicture<'_, T> {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or((1200, 640))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        self.check()?;
        let span = self.model.span()?;
        let at = |k: usize, count: usize| span.from + span.length() * k as f64 / count as f64;
        let times: Vec<f64> = (0..=STEPS).map(|k| at(k, STEPS)).collect();
        let (paths, found) = self.paths(&times)?;
        let y = match self.plane.y {
            Some(ends) => Range::given("x", Steps::Even, ends)?,
            None => found,
        };
        let [low, high] = [span.from.min(span.to), span.from.max(span.to)];
        let x = Range::given("time", Steps::Even, [low, high])?;
        let columns: Vec<Vec<f64>> = (0..NODES[0])
            .map(|k| self.densities(x.at(k as f64 / (NODES[0] - 1) as f64), y))
            .collect::<Result<_>>()?;
        let ends = [self.densities(span.from, y)?, self.densities(span.to, y)?];
        let places = Places::new(canvas, area, y, &self.plane)?;
        let frame = bare(canvas, places.middle, [x, y])?;
        frame.draw_image(canvas, heat(canvas, &columns)?);
        let stroke = Stroke::new([255; 3]).width(1.5).alpha(0.8);
        paths.iter().for_each(|path| frame.draw_line(canvas, path, stroke));
        frame.finish(canvas)?;
        // The base lies at the left end, wherever time runs to.
        let left = usize::from(span.from > span.to);
        draw_side(canvas, places.left, &ends[left], Way::Left);
        draw_side(canvas, places.right, &ends[1 - left], Way::Right);
        let names = if left == 0 { ["base", "data"] } else { ["data", "base"] };
        places.draw_words(canvas, &self.plane, names, [x, y]);
        Ok(())
    }
}

/// Where the three panels are.
struct Places {
    left: Area,
    middle: Area,
    right: Area,
}

impl Places {
    fn new(canvas: &Canvas, area: Area, y: Range, plane: &Plane) -> Result<Self> {
        let (theme, unit) = (canvas.theme(), canvas.unit());
        let around = room(canvas, area, y, [&plane.labels[0], &plane.labels[1]]);
        let title = if plane.title.is_empty() { 0.0 } else { 1.6 * theme.title * unit };
        let top = title + unit * (1.5 * theme.label + 0.4 * theme.gap);
        let inner = area.inset(Margins { top, right: unit * theme.gap, ..around }).rounded();
        if inner.width() < 30.0 || inner.height() < 10.0 {
            return Err(Error::setting(format!(
                "{} x {} pixels are too few for time against a coordinate: give the picture a larger size",
                shown::number(area.width().round()),
                shown::number(area.height().round())
            )));
        }
        let side = (SIDE * inner.width()).round();
        let gap = (0.35 * theme.gap * unit).round();
        Ok(Self {
            left: Area { right: inner.left + side, ..inner },
            middle: Area {
                left: inner.left + side + gap,
                right: inner.right - side - gap,
                ..inner
            },
            right: Area { left: inner.right - side, ..inner },
        })
    }

    fn draw_words(&self, canvas: &mut Canvas, plane: &Plane, names: [&str; 2], [x, y]: [Range; 2]) {
        let (theme, unit) = (canvas.theme().clone(), canvas.unit());
        let Area { left, top, bottom, .. } = self.left;
        let edge = vec![[left, top], [left, bottom]];
        canvas.line(edge, Stroke::new(theme.axis).width(1.0));
        draw_beside(canvas, self.left, y, &plane.labels[1]);
        draw_below(canvas, self.middle, x, [0.0, 1.0], &plane.labels[0]);
        let above = self.middle.top - 0.8 * theme.label * unit;
        for (area, name) in [(self.left, names[0]), (self.right, names[1])] {
            let (text, size) = fitted(canvas, name, area.width(), theme.label);
            canvas.text([area.middle()[0], above], &text, size, theme.ink, Anchor::Middle);
        }
        let whole = self.right.right - self.left.left;
        let (title, size) = fitted(canvas, &plane.title, whole, theme.title);
        let above = self.middle.top - unit * (1.5 * theme.label + 0.8 * theme.title);
        canvas.text([self.middle.middle()[0], above], &title, size, theme.ink, Anchor::Middle);
    }
}

/// Densities at all times, rows of the image from above. The few highest have the last colour.
fn heat(canvas: &Canvas, columns: &[Vec<f64>]) -> Result<Pixels> {
    let mut all: Vec<f64> = columns.iter().flatten().copied().filter(|p| p.is_finite()).collect();
    all.sort_unstable_by(f64::total_cmp);
    let top = all.get((0.997 * all.len() as f64) as usize).copied().unwrap_or(1.0).max(1e-300);
    let map = lifted(&canvas.theme().sequential);
    let color = |k: usize| {
        let (row, column) = (k / columns.len(), k % columns.len());
        map.at(columns[column][NODES[1] - 1 - row] / top)
    };
    let count = columns.len() * NODES[1];
    Ok(Pixels::new(columns.len(), (0..count).map(color).collect())?.smooth())
}

/// To which side a density grows.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Left,
    Right,
}

/// A density along the vertical, with its ground at the side of the panel in the middle.
fn draw_side(canvas: &mut Canvas, area: Area, values: &[f64], way: Way) {
    let top = values.iter().copied().fold(1e-300, f64::max);
    let theme = canvas.theme().clone();
    let place = |(k, value): (usize, &f64)| {
        let share = 0.94 * (value / top).min(1.0) * area.width();
        let y = area.bottom - area.height() * k as f64 / (values.len() - 1) as f64;
        [if way == Way::Left { area.right - share } else { area.left + share }, y]
    };
    let line: Vec<[f64; 2]> = values.iter().enumerate().map(place).collect();
    let ground = if way == Way::Left { area.right } else { area.left };
    let color = theme.series(if way == Way::Left { 0 } else { 1 });
    let mut filled = line.clone();
    filled.extend([[ground, area.top], [ground, area.bottom]]);
    canvas.polygon(filled, Ink::new(color).alpha(0.28));
    canvas.line(line, Stroke::new(color).width(2.0));
    let edge = vec![[ground, area.top], [ground, area.bottom]];
    canvas.line(edge, Stroke::new(theme.axis).width(1.0));
}
