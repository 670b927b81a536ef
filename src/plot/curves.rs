//! Curves and bands over a common axis, with a legend.

use super::axes::{Aspect, Axes, Axis, Frame, Legend, Plane, Range, Sign, Steps, plane_words};
use super::canvas::{Area, Canvas, Ink, Margins, Marker, Stroke, Theme};
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
    /// The other edge of a band.
    edge: Vec<[f64; 2]>,
    look: Look,
    hue: Hue,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Look {
    Line,
    Dots,
    /// Dots that no line joins.
    Marks,
    /// A thin line in a colour that lets through what is below.
    Faint,
    Guide,
    Band,
    Bars,
}

/// Where the colour of a curve comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Hue {
    /// The next in turn.
    Next,
    /// Of what others are compared with.
    Quiet,
    /// That of the k-th series.
    Of(usize),
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
        self.look(label, [xs, ys], Look::Line, Hue::Next)
    }

    /// The points (x, y), joined by a line.
    pub fn points(self, label: &str, xs: &[f64], ys: &[f64]) -> Self {
        self.look(label, [xs, ys], Look::Dots, Hue::Next)
    }

    /// A quiet line to compare the others with; it has a name, and takes no colour.
    pub fn guide(self, label: &str, xs: &[f64], ys: &[f64]) -> Self {
        self.look(label, [xs, ys], Look::Guide, Hue::Quiet)
    }

    /// A quiet band between two values at every x, such as what chance alone would do; it has a name, and
    /// takes no colour.
    ///
    /// ```no_run
    /// use liouville::prelude::*;
    ///
    /// let xs = [0.0, 1.0, 2.0];
    /// let picture = plot::curves().band("by chance", &xs, [&[-1.0; 3], &[1.0; 3]]);
    /// picture.line("found", &xs, &[0.3, 0.1, -1.4]).save("band.png")?;
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn band(self, label: &str, xs: &[f64], edges: [&[f64]; 2]) -> Self {
        self.ribbon(label, xs, edges, Hue::Quiet)
    }

    /// A band in a colour.
    pub(super) fn ribbon(
        self,
        label: &str,
        xs: &[f64],
        [low, high]: [&[f64]; 2],
        hue: Hue,
    ) -> Self {
        let mut picture =
            self.look(label, [xs, low], Look::Band, hue).look(label, [xs, high], Look::Band, hue);
        let edge = picture.series.pop().map_or_else(Vec::new, |series| series.points);
        if let Some(series) = picture.series.last_mut() {
            series.edge = edge;
        }
        picture
    }

    /// Bars from zero up between neighbouring edges, of which there is one more than heights.
    pub(super) fn bars(self, label: &str, edges: &[f64], heights: &[f64], hue: Hue) -> Self {
        let corners =
            edges.windows(2).zip(heights).flat_map(|(pair, h)| [[pair[0], *h], [pair[1], *h]]);
        let ends = [edges.first(), edges.last()].map(|x| x.map(|x| [*x, 0.0]));
        let outline = ends[0].into_iter().chain(corners).chain(ends[1]);
        let (xs, ys): (Vec<f64>, Vec<f64>) = outline.map(|[x, y]| (x, y)).unzip();
        self.look(label, [&xs, &ys], Look::Bars, hue)
    }

    /// Points with a look and a colour.
    pub(super) fn look(mut self, label: &str, [xs, ys]: [&[f64]; 2], look: Look, hue: Hue) -> Self {
        if xs.len() != ys.len() {
            let (x, y) = (xs.len(), ys.len());
            self.problem.get_or_insert(Error::shape(format!(
                "the curve `{label}` has {} of x and {y} of y: give both for every point",
                shown::count(x, "value")
            )));
        }
        let points = xs.iter().zip(ys).map(|(&x, &y)| [x, y]).collect();
        self.series.push(Series { label: label.to_string(), points, edge: Vec::new(), look, hue });
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
        self.series.iter().flat_map(|s| s.points.iter().chain(&s.edge)).filter(|p| self.shown(p))
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

/// Implements [`Picture`] for one with a field `plane` that draws curves, which its method `chart` makes, in the
/// size that it is given, or one that is usual for it.
macro_rules! chart_picture {
    ($picture:ty, $usual:expr) => {
        impl crate::plot::Picture for $picture {
            fn size(&self) -> (u32, u32) {
                let usual: fn(&$picture) -> (u32, u32) = $usual;
                self.plane.size.unwrap_or_else(|| usual(self))
            }

            fn margins(
                &self,
                canvas: &crate::plot::Canvas,
                area: crate::plot::Area,
            ) -> crate::error::Result<crate::plot::Margins> {
                self.chart()?.margins(canvas, area)
            }

            fn draw(
                &self,
                canvas: &mut crate::plot::Canvas,
                area: crate::plot::Area,
            ) -> crate::error::Result<()> {
                self.chart()?.draw(canvas, area)
            }
        }
    };
}
pub(super) use chart_picture;

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
        if self.series.iter().any(|series| series.look == Look::Band) {
            // What a band is, no title and no axis says.
            legend = legend.always();
        }
        for (k, series) in self.series.iter().enumerate() {
            let stroke = self.stroke(k, canvas.theme());
            let sign = self.draw_series(canvas, &frame, series, stroke);
            legend = legend.entry(&series.label, self.seen(k, sign));
        }
        legend.draw(canvas, &frame);
        frame.finish(canvas)
    }
}

impl CurvesPicture {
    /// Draws one of all; returns what stands for it in the legend.
    fn draw_series(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        series: &Series,
        stroke: Stroke,
    ) -> Sign {
        match series.look {
            Look::Band => {
                let ink = stroke.ink.alpha(if series.hue == Hue::Quiet { 0.22 } else { 0.25 });
                self.draw_band(canvas, frame, series, ink);
                return Sign::Patch(ink);
            }
            Look::Bars => {
                let ink = stroke.ink.alpha(0.4);
                frame.draw_polygon(canvas, &series.points, ink);
                frame.draw_line(canvas, &series.points, stroke.width(1.4));
                return Sign::Patch(ink);
            }
            Look::Marks => {
                frame.draw_points(canvas, &series.points, Marker::Dot, 4.0, stroke.ink);
                return Sign::Dot(stroke.ink);
            }
            _ => {}
        }
        for run in series.points.split(|point| !self.shown(point)) {
            frame.draw_line(canvas, run, stroke);
            if series.look == Look::Dots || run.len() == 1 {
                frame.draw_points(canvas, run, Marker::Dot, 4.5, stroke.ink);
            }
        }
        Sign::Line(stroke)
    }

    /// The sign of a band inside another has the colour of both.
    fn seen(&self, k: usize, sign: Sign) -> Sign {
        let Series { look, hue, .. } = self.series[k];
        let is_around = |other: &Series| other.look == Look::Band && other.hue == hue;
        match sign {
            Sign::Patch(ink) if look == Look::Band && self.series[..k].iter().any(is_around) => {
                Sign::Patch(ink.alpha(1.0 - (1.0 - ink.alpha) * (1.0 - ink.alpha)))
            }
            _ => sign,
        }
    }

    /// Fills a band where both of its edges have a place.
    fn draw_band(&self, canvas: &mut Canvas, frame: &Frame, series: &Series, ink: Ink) {
        let pairs: Vec<_> =
            series.points.iter().copied().zip(series.edge.iter().copied()).collect();
        for run in pairs.split(|(low, high)| !(self.shown(low) && self.shown(high))) {
            let there = run.iter().map(|(low, _)| *low);
            let outline: Vec<_> = there.chain(run.iter().rev().map(|(_, high)| *high)).collect();
            frame.draw_polygon(canvas, &outline, ink);
        }
    }

    /// Colours in turn; what is quiet takes none.
    fn stroke(&self, k: usize, theme: &Theme) -> Stroke {
        let Series { look, hue, .. } = self.series[k];
        let in_turn = || self.series[..k].iter().filter(|series| series.hue == Hue::Next).count();
        let color = match hue {
            Hue::Next => theme.series(in_turn()),
            Hue::Of(place) => theme.series(place),
            Hue::Quiet => theme.axis,
        };
        match look {
            Look::Guide => Stroke::new(color).width(1.4).dashed(6.0, 4.0),
            Look::Faint => Stroke::new(color).width(0.6 * theme.line).alpha(0.3),
            _ => Stroke::new(color).width(theme.line),
        }
    }
}
