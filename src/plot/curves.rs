//! Curves over a common axis, with a legend.

use super::axes::{Aspect, Axes, Axis, Legend, Plane, Range, Sign, Steps, plane_words};
use super::canvas::{Area, Canvas, Margins, Marker, Stroke, Theme};
use super::picture::Picture;
use crate::error::{Error, Result};
use crate::outcome::shown;

/// A picture of curves; made by [`curves`].
#[derive(Debug, Clone)]
pub struct CurvesPicture {
    plane: Plane,
    series: Vec<Series>,
    steps: [Steps; 2],
    problem: Option<Error>,
}

plane_words!(CurvesPicture);

#[derive(Debug, Clone)]
struct Series {
    label: String,
    points: Vec<[f64; 2]>,
    look: Look,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    Line,
    Dots,
    Guide,
}

/// Curves, to be added one by one.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let steps = [1.0, 2.0, 3.0];
/// plot::curves().line("loss", &steps, &[3.0, 2.5, 2.4]).axis_labels("step", "nats").save("loss.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn curves() -> CurvesPicture {
    let mut plane = Plane::new("", "");
    plane.aspect = Aspect::Free;
    CurvesPicture { plane, series: Vec::new(), steps: [Steps::Even; 2], problem: None }
}

impl CurvesPicture {
    /// A line through the points (x, y); NaN leaves a gap.
    pub fn line(self, label: &str, xs: &[f64], ys: &[f64]) -> Self {
        self.add(label, xs, ys, Look::Line)
    }

    /// The points (x, y), joined by a line.
    pub fn points(self, label: &str, xs: &[f64], ys: &[f64]) -> Self {
        self.add(label, xs, ys, Look::Dots)
    }

    /// A quiet line to compare the others with; it has a name, and takes no colour.
    pub fn guide(self, label: &str, xs: &[f64], ys: &[f64]) -> Self {
        self.add(label, xs, ys, Look::Guide)
    }

    fn add(mut self, label: &str, xs: &[f64], ys: &[f64], look: Look) -> Self {
        if xs.len() != ys.len() {
            let (x, y) = (xs.len(), ys.len());
            self.problem.get_or_insert(Error::shape(format!(
                "the curve `{label}` has {} of x and {y} of y: give both for every point",
                shown::count(x, "value")
            )));
        }
        let points = xs.iter().zip(ys).map(|(&x, &y)| [x, y]).collect();
        self.series.push(Series { label: label.to_string(), points, look });
        self
    }

    /// Makes the second axis logarithmic; values that are not positive are left out.
    pub fn log_y(mut self) -> Self {
        self.steps = [Steps::Even, Steps::Logarithmic];
        self
    }

    /// Makes both axes logarithmic; points with a value that is not positive are left out.
    pub fn log_log(mut self) -> Self {
        self.steps = [Steps::Logarithmic; 2];
        self
    }

    /// Whether a point has a place on the axes.
    fn shown(&self, point: &[f64; 2]) -> bool {
        let mut parts = point.iter().zip(self.steps);
        parts.all(|(value, steps)| value.is_finite() && (steps == Steps::Even || *value > 0.0))
    }

    fn all_shown(&self) -> impl Iterator<Item = &[f64; 2]> {
        self.series.iter().flat_map(|s| &s.points).filter(|p| self.shown(p))
    }

    fn axes(&self) -> Result<Axes> {
        if let Some(error) = &self.problem {
            return Err(error.clone());
        }
        if self.all_shown().next().is_none() {
            return Err(Error::empty(
                "there is no point to draw a curve through, all are NaN, infinite, or not positive on a \
                 logarithmic axis: give one point that is none of that",
            ));
        }
        let [x, y] = self.steps;
        let margin = if x == Steps::Logarithmic { 0.04 } else { 0.0 };
        let x_axis = Axis::of(self.range("x", x, self.plane.x, 0, margin)?, x);
        let y_axis = Axis::of(self.range("y", y, self.plane.y, 1, 0.06)?, y);
        Ok(self.plane.axes_of([x_axis, y_axis]).open())
    }

    /// The range that was given for an axis, else that of all points.
    fn range(
        &self,
        name: &str,
        steps: Steps,
        given: Option<[f64; 2]>,
        axis: usize,
        margin: f64,
    ) -> Result<Range> {
        match given {
            Some(ends) => Range::given(name, steps, ends),
            None => Range::around(name, steps, self.all_shown().map(|p| p[axis]), margin)?
                .ok_or_else(|| {
                    Error::empty(
                        "there is no finite point to draw a curve through: give one or more",
                    )
                }),
        }
    }
}

impl Picture for CurvesPicture {
    fn size(&self) -> (u32, u32) {
        self.plane.size.unwrap_or((1000, 640))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        Ok(self.axes()?.margins(canvas, area))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let frame = self.axes()?.place(canvas, area)?;
        frame.draw_grid(canvas);
        let mut legend = Legend::new();
        for (k, series) in self.series.iter().enumerate() {
            let stroke = self.stroke(k, canvas.theme());
            for run in series.points.split(|point| !self.shown(point)) {
                frame.draw_line(canvas, run, stroke);
                if series.look == Look::Dots || run.len() == 1 {
                    frame.draw_points(canvas, run, Marker::Dot, 4.5, stroke.ink);
                }
            }
            legend = legend.entry(&series.label, Sign::Line(stroke));
        }
        legend.draw(canvas, &frame);
        frame.finish(canvas)
    }
}

impl CurvesPicture {
    /// Colours in turn; guides take none.
    fn stroke(&self, k: usize, theme: &Theme) -> Stroke {
        let guide = |series: &&Series| series.look == Look::Guide;
        if guide(&&self.series[k]) {
            return Stroke::new(theme.axis).width(1.4).dashed(6.0, 4.0);
        }
        let color = theme.series(k - self.series[..k].iter().filter(guide).count());
        Stroke::new(color).width(theme.line)
    }
}
