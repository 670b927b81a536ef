//! A velocity field in the plane as arrows, with trajectories.

use nalgebra::DMatrix;

use super::axes::{Axes, Frame, Legend, Plane, Range, Sign, Steps, plane_words};
use super::canvas::{Area, Canvas, Ink, Margins, Marker, Stroke, mixed};
use super::picture::Picture;
use super::samples::{check_plane, points_of};
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// More arrows along an axis than this are more than pixels.
const MOST_ARROWS: usize = 1000;

/// A velocity at a time and a point.
type Velocity<'a> = Box<dyn Fn(f64, [f64; 2]) -> [f64; 2] + 'a>;

/// A picture of a velocity field; made by [`field`].
pub struct FieldPicture<'a> {
    velocity: Velocity<'a>,
    time: f64,
    plane: Plane,
    arrows: usize,
    paths: Vec<Vec<[f64; 2]>>,
    problem: Option<Error>,
}

plane_words!(FieldPicture<'a> where ['a]);

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
        plane: Plane::new("x₁", "x₂"),
        arrows: 22,
        paths: Vec::new(),
        problem: None,
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

    /// The range of the paths along an axis.
    fn range(&self, name: &str, axis: usize) -> Result<Range> {
        let paths = self.paths.iter().flatten().map(|p| p[axis]);
        match Range::around(name, Steps::Even, paths, 0.08)? {
            Some(range) => Ok(range),
            None => Range::given(name, Steps::Even, [-3.0, 3.0]),
        }
    }

    fn axes(&self) -> Result<Axes> {
        self.plane.axes(|| Ok([self.range("x", 0)?, self.range("y", 1)?]))
    }

    /// The pixels between neighbouring arrows, and the velocity at each, without those that stand still
    /// or are infinite.
    fn arrows_in(&self, frame: &Frame) -> Result<(f64, Vec<Arrow>)> {
        let inner = frame.inner();
        let (width, height) = (inner.width(), inner.height());
        let spacing = width.max(height) / self.arrows as f64;
        let count = |length: f64| ((length / spacing).round() as usize).max(1);
        let (columns, rows) = (count(width), count(height));
        let along = |from: f64, length: f64, k: usize, n: usize| {
            from + length * (k as f64 + 0.5) / n as f64
        };
        let mut arrows = Vec::new();
        for k in 0..columns * rows {
            let point = frame.point([
                along(inner.left, width, k % columns, columns),
                along(inner.bottom, -height, k / columns, rows),
            ]);
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

    fn draw_arrows(&self, canvas: &mut Canvas, frame: &Frame) -> Result<()> {
        let (spacing, arrows) = self.arrows_in(frame)?;
        let fastest = arrows.iter().map(|arrow| arrow.speed).fold(0.0, f64::max);
        let theme = canvas.theme();
        let stroke = Stroke::new(mixed(theme.background, theme.axis, 0.75)).width(1.4);
        for arrow in arrows {
            let length = 0.85 * spacing * (arrow.speed / fastest).sqrt();
            let [px, py] = frame.at(arrow.point);
            let (dx, dy) = (arrow.along[0], -arrow.along[1]);
            let tip = [px + 0.5 * length * dx, py + 0.5 * length * dy];
            let tail = [px - 0.5 * length * dx, py - 0.5 * length * dy];
            canvas.line(vec![tail, tip], stroke);
            let head = (0.35 * length).min(9.0 * canvas.unit());
            let wing = |side: f64| {
                [tip[0] - head * (dx - 0.5 * side * dy), tip[1] - head * (dy + 0.5 * side * dx)]
            };
            canvas.line(vec![wing(1.0), tip, wing(-1.0)], stroke);
        }
        Ok(())
    }

    fn draw_paths(&self, canvas: &mut Canvas, frame: &Frame) {
        let theme = canvas.theme().clone();
        let [start, end] = [theme.series(0), theme.series(1)];
        let stroke = Stroke::new(mixed(theme.background, start, 0.55)).width(1.2).alpha(0.75);
        for path in &self.paths {
            frame.draw_line(canvas, path, stroke);
        }
        for path in &self.paths {
            for (point, color) in [(path.first(), start), (path.last(), end)] {
                let ink = Ink::new(color).alpha(0.9);
                let points: Vec<_> = point.copied().into_iter().collect();
                frame.draw_points(canvas, &points, Marker::Dot, 3.0, ink);
            }
        }
        if !self.paths.is_empty() {
            let signs = [Sign::Dot(start.into()), Sign::Dot(end.into())];
            let legend = Legend::new().entry("start", signs[0]).entry("end", signs[1]);
            legend.draw(canvas, frame);
        }
    }
}

impl Picture for FieldPicture<'_> {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or((900, 860))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        Ok(self.axes()?.margins(canvas, area))
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
        let frame = self.axes()?.place(canvas, area)?;
        self.draw_arrows(canvas, &frame)?;
        self.draw_paths(canvas, &frame);
        frame.finish(canvas)
    }
}
