//! Curves over a common axis, with a legend.

use super::canvas::{Anchor, Area, Canvas, Color};
use super::frame::{Captions, Frame, Scaling};
use super::picture::Picture;
use super::range::{Range, Steps};
use super::style::{AXIS, INK, NUMBER, SERIES, WHITE, text_width};
use crate::error::{Error, Result};
use crate::outcome::shown;

/// A picture of curves; made by [`curves`].
#[derive(Debug, Clone)]
pub struct CurvesPicture {
    series: Vec<Series>,
    captions: Captions,
    scaling: Scaling,
    x: Option<[f64; 2]>,
    y: Option<[f64; 2]>,
    size: (u32, u32),
    problem: Option<Error>,
}

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
    CurvesPicture {
        series: Vec::new(),
        captions: Captions::default(),
        scaling: Scaling::Free,
        x: None,
        y: None,
        size: (1000, 640),
        problem: None,
    }
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

    /// What stands above.
    pub fn title(mut self, text: &str) -> Self {
        self.captions.title = text.to_string();
        self
    }

    /// What stands at the axes.
    pub fn axis_labels(mut self, x: &str, y: &str) -> Self {
        (self.captions.x, self.captions.y) = (x.to_string(), y.to_string());
        self
    }

    /// Makes the second axis logarithmic; values that are not positive are left out.
    pub fn log_y(mut self) -> Self {
        self.scaling = Scaling::LogY;
        self
    }

    /// Makes both axes logarithmic; points with a value that is not positive are left out.
    pub fn log_log(mut self) -> Self {
        self.scaling = Scaling::LogLog;
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

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }

    /// Whether a point has a place on the axes.
    fn shown(&self, point: &[f64; 2]) -> bool {
        let mut parts = point.iter().zip(self.scaling.steps());
        parts.all(|(value, steps)| value.is_finite() && (steps == Steps::Even || *value > 0.0))
    }

    fn all_shown(&self) -> impl Iterator<Item = &[f64; 2]> {
        self.series.iter().flat_map(|s| &s.points).filter(|p| self.shown(p))
    }

    fn ranges(&self) -> Result<[Range; 2]> {
        if self.all_shown().next().is_none() {
            return Err(Error::empty(
                "there is no point to draw a curve through, all are NaN, infinite, or not positive on a \
                 logarithmic axis: give one point that is none of that",
            ));
        }
        let [x, y] = self.scaling.steps();
        let margin = if x == Steps::Logarithmic { 0.04 } else { 0.0 };
        Ok([self.range("x", x, self.x, 0, margin)?, self.range("y", y, self.y, 1, 0.06)?])
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
        self.size
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        if let Some(error) = &self.problem {
            return Err(error.clone());
        }
        let frame = Frame::new(area, &self.captions, self.ranges()?, self.scaling)?;
        frame.draw_grid(canvas);
        for (k, series) in self.series.iter().enumerate() {
            let (color, width) =
                (self.color(k), if series.look == Look::Guide { 1.0 } else { 2.0 });
            for run in series.points.split(|point| !self.shown(point)) {
                frame.draw_line(canvas, run, color, 1.0, width);
                for point in run.iter().filter(|p| series.look == Look::Dots && frame.contains(**p))
                {
                    canvas.dot(frame.at(*point), 5.0, color, 1.0);
                }
            }
        }
        frame.draw_axes(canvas, &self.captions);
        self.draw_legend(canvas, &frame);
        Ok(())
    }
}

impl CurvesPicture {
    /// Colours in turn; guides take none.
    fn color(&self, k: usize) -> Color {
        let guide = |series: &&Series| series.look == Look::Guide;
        if guide(&&self.series[k]) {
            return AXIS;
        }
        SERIES[(k - self.series[..k].iter().filter(guide).count()) % SERIES.len()]
    }

    /// Names on a white ground, in the corner that hides the fewest points.
    fn draw_legend(&self, canvas: &mut Canvas, frame: &Frame) {
        let named: Vec<_> =
            self.series.iter().enumerate().filter(|(_, s)| !s.label.is_empty()).collect();
        let widest = named.iter().map(|(_, s)| text_width(&s.label, NUMBER)).fold(0.0, f64::max);
        if named.is_empty() {
            return;
        }
        let (width, height) = (widest + 68.0, 8.0 + 32.0 * named.len() as f64);
        let inner = frame.inner;
        let corner = |right: bool, below: bool| {
            let left = if right { inner.right - width - 10.0 } else { inner.left + 10.0 };
            let top = if below { inner.bottom - height - 10.0 } else { inner.top + 10.0 };
            Area { left, right: left + width, top, bottom: top + height }
        };
        let hidden = |ground: &Area| {
            let all =
                self.series.iter().flat_map(|series| &series.points).filter(|p| self.shown(p));
            let inside = |[x, y]: [f64; 2]| {
                (ground.left..ground.right).contains(&x) && (ground.top..ground.bottom).contains(&y)
            };
            all.filter(|point| inside(frame.at(**point))).count()
        };
        let corners =
            [corner(true, false), corner(true, true), corner(false, false), corner(false, true)];
        let Some(ground) = corners.into_iter().min_by_key(hidden) else {
            return;
        };
        canvas.fill(ground, WHITE);
        for (row, (k, series)) in named.into_iter().enumerate() {
            let y = ground.top + 20.0 + 32.0 * row as f64;
            let color = self.color(k);
            canvas.line(vec![[ground.left + 8.0, y], [ground.left + 44.0, y]], color, 3.0);
            canvas.text([ground.left + 54.0, y], &series.label, NUMBER, INK, Anchor::Left);
        }
    }
}
