//! A velocity field in the plane as arrows, with trajectories.

use nalgebra::DMatrix;

use super::canvas::{Anchor, Area, Canvas, Color};
use super::frame::{Captions, Frame, Scaling, fill_area};
use super::picture::Picture;
use super::range::{Range, Steps};
use super::samples::{check_plane, points_of};
use super::style::{INK, NUMBER, SERIES};
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

const ARROW: Color = [170, 174, 186];
/// More arrows along an axis than this are more than pixels.
const MOST_ARROWS: usize = 1000;

/// A velocity at a time and a point.
type Velocity<'a> = Box<dyn Fn(f64, [f64; 2]) -> [f64; 2] + 'a>;

/// A picture of a velocity field; made by [`field`].
pub struct FieldPicture<'a> {
    velocity: Velocity<'a>,
    time: f64,
    x: Option<[f64; 2]>,
    y: Option<[f64; 2]>,
    arrows: usize,
    paths: Vec<Vec<[f64; 2]>>,
    problem: Option<Error>,
    captions: Captions,
    size: (u32, u32),
}

/// Arrows along a velocity in the plane; long ones are drawn shorter than in proportion.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// plot::field(|_, x| [x[1], -x[0].sin()]).x_range(-4.0, 4.0).y_range(-3.0, 3.0).save("pendulum.svg")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn field<'a>(velocity: impl Fn(f64, [f64; 2]) -> [f64; 2] + 'a) -> FieldPicture<'a> {
    FieldPicture {
        velocity: Box::new(velocity),
        time: 0.0,
        x: None,
        y: None,
        arrows: 22,
        paths: Vec::new(),
        problem: None,
        captions: Captions { x: "x₁".into(), y: "x₂".into(), title: String::new() },
        size: (900, 860),
    }
}

/// Where an arrow stands, how fast the field is there, and its direction.
struct Arrow {
    point: [f64; 2],
    speed: f64,
    along: [f64; 2],
}

impl FieldPicture<'_> {
    /// The time at which the field is drawn. Default: 0.
    pub fn time(mut self, t: f64) -> Self {
        self.time = t;
        self
    }

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

    /// The number of arrows along the longer axis. Default: 22.
    pub fn arrows(mut self, count: usize) -> Self {
        self.arrows = count;
        self
    }

    /// Draws the way of every column: `steps` holds one 2 x n matrix per time.
    pub fn trajectories<T: Real>(mut self, steps: &[DMatrix<T>]) -> Self {
        let columns = steps.first().map_or(0, DMatrix::ncols);
        for step in steps {
            let shape = check_plane("trajectories", step);
            let count = || {
                format!(
                    "trajectories: {} at one time, {columns} at the first: give the same points at all",
                    shown::count(step.ncols(), "point")
                )
            };
            let checked = shape.and_then(|()| {
                if step.ncols() == columns { Ok(()) } else { Err(Error::shape(count())) }
            });
            if let Err(error) = checked {
                self.problem.get_or_insert(error);
                return self;
            }
        }
        let points: Vec<_> = steps.iter().map(points_of).collect();
        self.paths.extend((0..columns).map(|j| points.iter().map(|step| step[j]).collect()));
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

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// The range that was given for an axis, else that of the paths.
    fn range(&self, name: &str, given: Option<[f64; 2]>, axis: usize) -> Result<Range> {
        let paths = self.paths.iter().flatten().map(|p| p[axis]);
        match given {
            Some(ends) => Range::given(name, Steps::Even, ends),
            None => match Range::around(name, Steps::Even, paths, 0.08)? {
                Some(range) => Ok(range),
                None => Range::given(name, Steps::Even, [-3.0, 3.0]),
            },
        }
    }

    /// The pixels between neighbouring arrows, and the velocity at each, without those that stand still
    /// or are infinite.
    fn arrows_in(&self, frame: &Frame, [x, y]: [Range; 2]) -> Result<(f64, Vec<Arrow>)> {
        let (width, height) = (frame.inner.width(), frame.inner.height());
        let spacing = width.max(height) / self.arrows as f64;
        let count = |length: f64| ((length / spacing).round() as usize).max(1);
        let (columns, rows) = (count(width), count(height));
        let along = |range: Range, k: usize, n: usize| range.at((k as f64 + 0.5) / n as f64);
        let mut arrows = Vec::new();
        for k in 0..columns * rows {
            let point = [along(x, k % columns, columns), along(y, k / columns, rows)];
            let v = (self.velocity)(self.time, point);
            let speed = v[0].hypot(v[1]);
            if v.iter().any(|part| part.is_nan()) {
                let [x, y, t] = [point[0], point[1], self.time].map(shown::number);
                return Err(Error::non_finite(format!(
                    "the velocity at ({x}, {y}), t = {t} is NaN: draw a range in which it is defined"
                )));
            }
            if speed > 0.0 && speed.is_finite() {
                arrows.push(Arrow { point, speed, along: [v[0] / speed, v[1] / speed] });
            }
        }
        Ok((spacing, arrows))
    }

    fn draw_arrows(&self, canvas: &mut Canvas, frame: &Frame, ranges: [Range; 2]) -> Result<()> {
        let (spacing, arrows) = self.arrows_in(frame, ranges)?;
        let fastest = arrows.iter().map(|arrow| arrow.speed).fold(0.0, f64::max);
        for arrow in arrows {
            let length = 0.85 * spacing * (arrow.speed / fastest).sqrt();
            let [px, py] = frame.at(arrow.point);
            let (dx, dy) = (arrow.along[0], -arrow.along[1]);
            let tip = [px + 0.5 * length * dx, py + 0.5 * length * dy];
            let tail = [px - 0.5 * length * dx, py - 0.5 * length * dy];
            canvas.line(vec![tail, tip], ARROW, 1.0);
            let head = (0.35 * length).min(9.0);
            let wing = |side: f64| {
                [tip[0] - head * (dx - 0.5 * side * dy), tip[1] - head * (dy + 0.5 * side * dx)]
            };
            canvas.line(vec![wing(1.0), tip, wing(-1.0)], ARROW, 1.0);
        }
        Ok(())
    }

    fn draw_paths(&self, canvas: &mut Canvas, frame: &Frame) {
        for path in &self.paths {
            frame.draw_line(canvas, path, SERIES[4], 0.75, 1.0);
        }
        for path in &self.paths {
            for (end, color) in [(path.first(), SERIES[0]), (path.last(), SERIES[1])] {
                if let Some(point) = end.filter(|point| frame.contains(**point)) {
                    canvas.dot(frame.at(*point), 3.0, color, 0.9);
                }
            }
        }
        if !self.paths.is_empty() {
            let y = frame.inner.top - 17.0;
            for (k, (text, color)) in
                [("start", SERIES[0]), ("end", SERIES[1])].into_iter().enumerate()
            {
                let x = frame.inner.right - 170.0 + 95.0 * k as f64;
                canvas.dot([x, y], 5.0, color, 1.0);
                canvas.text([x + 12.0, y], text, NUMBER, INK, Anchor::Left);
            }
        }
    }
}

impl Picture for FieldPicture<'_> {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        if let Some(error) = &self.problem {
            return Err(error.clone());
        }
        if !(1..=MOST_ARROWS).contains(&self.arrows) {
            return Err(Error::setting(format!(
                "{} arrows along the longer axis: give 1 to {MOST_ARROWS}",
                self.arrows
            )));
        }
        let mut ranges = [self.range("x", self.x, 0)?, self.range("y", self.y, 1)?];
        let room = if self.paths.is_empty() { 0.0 } else { 26.0 };
        let area = area.inset(0.0, room, 0.0, 0.0);
        if self.x.is_none() && self.y.is_none() {
            ranges = fill_area(area, &self.captions, ranges)?;
        }
        let frame = Frame::new(area, &self.captions, ranges, Scaling::Equal)?;
        self.draw_arrows(canvas, &frame, ranges)?;
        self.draw_paths(canvas, &frame);
        frame.draw_axes(canvas, &self.captions);
        Ok(())
    }
}
