//! Axes as they are asked for, the room they need, and the place that is left for the plot.

use super::bar::ColorBar;
use super::frame::Frame;
use super::numbers::{x_ticks, y_ticks};
use super::range::{Range, Steps};
use super::ticks::Ticks;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::canvas::{Area, Canvas, Margins};

/// Ranges of one unit that differ by more than this factor are drawn each at its own scale.
const SIMILAR: f64 = 3.5;

/// Whether one unit is equally long on both axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aspect {
    /// Equal, where the captions name the same unit (in brackets at the end, as in `x (mm)`) or none, both axes are linear, and
    /// their ranges differ by less than a factor of 3.5; otherwise free.
    #[default]
    Auto,
    /// One unit is equally long on both axes.
    Equal,
    /// The plot fills its area.
    Free,
}

/// One axis: its range, its steps, and what stands at it.
#[derive(Debug, Clone)]
pub struct Axis {
    range: Range,
    steps: Steps,
    label: String,
    stretches: bool,
}

impl Axis {
    /// An axis of equal steps.
    ///
    /// # Errors
    ///
    /// If these are not two finite numbers in ascending order that can be told apart.
    pub fn linear(from: f64, to: f64) -> Result<Self> {
        Ok(Self::of(Range::given("axis", Steps::Even, [from, to])?, Steps::Even))
    }

    /// An axis of equal ratios.
    ///
    /// # Errors
    ///
    /// If these are not two positive numbers in ascending order that can be told apart.
    pub fn logarithmic(from: f64, to: f64) -> Result<Self> {
        let steps = Steps::Logarithmic;
        Ok(Self::of(Range::given("axis", steps, [from, to])?, steps))
    }

    pub(in crate::plot) fn of(range: Range, steps: Steps) -> Self {
        Self { range, steps, label: String::new(), stretches: false }
    }

    /// What stands at the axis.
    pub fn label(mut self, text: &str) -> Self {
        self.label = text.to_string();
        self
    }

    /// The range may become longer, so that a plot of equal units fills its area.
    pub fn stretches(mut self, may: bool) -> Self {
        self.stretches = may && self.steps == Steps::Even;
        self
    }

    /// The unit in brackets at the end of the caption.
    fn unit(&self) -> &str {
        let opening = match self.label.trim_end().chars().last() {
            Some(')') => '(',
            Some(']') => '[',
            _ => return "",
        };
        self.label.rfind(opening).map_or("", |start| self.label[start + 1..].trim_end())
    }
}

/// Two axes, a title, and what else stands around a plot. Placed into an area they become a [`Frame`].
///
/// ```
/// use liouville::plot::{Area, Axes, Axis, Canvas, Picture, Stroke};
///
/// /// The graph of a parabola.
/// struct Parabola;
///
/// impl Picture for Parabola {
///     fn size(&self) -> (u32, u32) {
///         (600, 400)
///     }
///
///     fn draw(&self, canvas: &mut Canvas, area: Area) -> liouville::Result<()> {
///         let axes = Axes::new(Axis::linear(-1.0, 1.0)?.label("x"), Axis::linear(0.0, 1.0)?.label("x²"));
///         let frame = axes.title("a parabola").place(canvas, area)?;
///         frame.draw_grid(canvas);
///         let points: Vec<_> = (-50..=50).map(|k| f64::from(k) / 50.0).map(|x| [x, x * x]).collect();
///         let stroke = Stroke::new(canvas.theme().series(0));
///         frame.draw_line(canvas, &points, stroke);
///         frame.finish(canvas)
///     }
/// }
///
/// assert!(Parabola.to_svg()?.contains("a parabola"));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Axes {
    x: Axis,
    y: Axis,
    title: String,
    bar: Option<ColorBar>,
    open: bool,
    bare: bool,
    aspect: Aspect,
    above: f64,
}

impl Axes {
    /// Axes without a title.
    pub fn new(x: Axis, y: Axis) -> Self {
        let (title, aspect) = (String::new(), Aspect::default());
        Self { x, y, title, bar: None, open: false, bare: false, aspect, above: 0.0 }
    }

    /// What stands above.
    pub fn title(mut self, text: &str) -> Self {
        self.title = text.to_string();
        self
    }

    /// Whether one unit is equally long on both axes.
    pub fn aspect(mut self, aspect: Aspect) -> Self {
        self.aspect = aspect;
        self
    }

    /// A colour bar to the right.
    pub fn bar(mut self, bar: ColorBar) -> Self {
        self.bar = Some(bar);
        self
    }

    /// Ranges as they are, which were brought in line with an area before.
    pub(in crate::plot) fn fixed(mut self) -> Self {
        (self.x.stretches, self.y.stretches) = (false, false);
        self
    }

    /// Lines only below and to the left, in place of a border all around.
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// The border alone, without numbers and captions: the plot fills its area.
    pub fn bare(mut self) -> Self {
        (self.bare, self.aspect) = (true, Aspect::Free);
        self
    }

    /// Room for more between title and plot, in [units](Canvas::unit).
    pub fn room_above(mut self, height: f64) -> Self {
        self.above = height;
        self
    }

    /// The room around the plot in an area of the canvas.
    pub fn margins(&self, canvas: &Canvas, area: Area) -> Margins {
        self.margins_of(canvas, area, [self.x.range, self.y.range])
    }

    fn margins_of(&self, canvas: &Canvas, area: Area, [x, y]: [Range; 2]) -> Margins {
        if self.bare {
            return Margins::default();
        }
        let (theme, unit) = (canvas.theme(), canvas.unit());
        let line = |text: &str, size: f64| if text.is_empty() { 0.0 } else { 1.45 * size };
        let x_ticks = x_ticks(canvas, x, self.x.steps, area.width());
        let noted = |text: &str| if text.trim().is_empty() { 0.0 } else { 1.5 * theme.number };
        // A power of ten stands beside the caption, or where it would be.
        let below = line(&self.x.label, theme.label).max(noted(&x_ticks.factor));
        let bottom = unit * (10.0 + 1.3 * theme.number + below + 0.4 * theme.gap);
        let y_ticks = y_ticks(canvas, y, self.y.steps, area.height() - bottom - unit * theme.gap);
        let bar_label = if self.bar.is_some() { 1.75 * theme.number } else { 0.0 };
        let title = line(&self.title, 1.15 * theme.title);
        let room = 0.8 * theme.gap + title.max(bar_label).max(noted(&y_ticks.factor)) + self.above;
        let widest = |ticks: &Ticks| {
            let widths = ticks.major.iter().map(|(_, text)| canvas.text_width(text, theme.number));
            widths.fold(0.0, f64::max)
        };
        let bar = self.bar.as_ref().map_or(0.0, |bar| bar.room(canvas));
        Margins {
            left: unit * (11.0 + line(&self.y.label, theme.label) + 0.5 * theme.gap)
                + widest(&y_ticks),
            top: unit * room,
            right: bar.max(0.5 * widest(&x_ticks)) + unit * theme.gap,
            bottom,
        }
    }

    /// Leaves room for captions and numbers, and finds the place of the plot.
    ///
    /// # Errors
    ///
    /// If there is no room left.
    pub fn place(&self, canvas: &Canvas, area: Area) -> Result<Frame> {
        let asked = [self.x.range, self.y.range];
        let least = if self.bare { Margins::default() } else { canvas.least_margins() };
        let mut margins = self.margins(canvas, area).max(least);
        let equal = self.is_equal();
        let mut ranges = asked;
        // Longer ranges may have longer numbers, which leave less room.
        for _ in 0..2 {
            let inner = area.inset(margins);
            if inner.width() < 1.0 || inner.height() < 1.0 {
                return Err(too_small(area, margins));
            }
            ranges = if equal { self.stretched(asked, inner) } else { asked };
            margins = margins.max(self.margins_of(canvas, area, ranges));
        }
        let inner = area.inset(margins);
        if inner.width() < 1.0 || inner.height() < 1.0 {
            return Err(too_small(area, margins));
        }
        let inner = if equal { with_equal_units(inner, ranges) } else { inner };
        Ok(self.frame(canvas, area, rounded(inner), ranges))
    }

    fn frame(&self, canvas: &Canvas, area: Area, inner: Area, ranges: [Range; 2]) -> Frame {
        let steps = [self.x.steps, self.y.steps];
        let ticks = match self.bare {
            true => Default::default(),
            false => [
                x_ticks(canvas, ranges[0], steps[0], inner.width()),
                y_ticks(canvas, ranges[1], steps[1], inner.height()),
            ],
        };
        let caption = |text: &String| if self.bare { String::new() } else { text.clone() };
        Frame {
            area,
            inner,
            ranges,
            steps,
            ticks,
            labels: [caption(&self.x.label), caption(&self.y.label)],
            title: caption(&self.title),
            bar: self.bar.clone(),
            open: self.open,
            first: canvas.shapes.len(),
        }
    }

    fn is_equal(&self) -> bool {
        let even = self.x.steps == Steps::Even && self.y.steps == Steps::Even;
        let ratio = self.x.range.length() / self.y.range.length();
        let similar = (1.0 / SIMILAR..=SIMILAR).contains(&ratio);
        match self.aspect {
            Aspect::Equal => even,
            Aspect::Free => false,
            Aspect::Auto => even && similar && self.x.unit() == self.y.unit(),
        }
    }

    /// Longer ranges where they may be, so that equal units fill the area.
    fn stretched(&self, [x, y]: [Range; 2], inner: Area) -> [Range; 2] {
        let unit = (inner.width() / x.length()).min(inner.height() / y.length());
        let longer = |axis: &Axis, range: Range, pixels: f64| match axis.stretches {
            true => range.widened(0.5 * (pixels / unit - range.length())),
            false => range,
        };
        [longer(&self.x, x, inner.width()), longer(&self.y, y, inner.height())]
    }
}

/// The largest area in the middle of another on which one unit is equally long both ways.
fn with_equal_units(inner: Area, [x, y]: [Range; 2]) -> Area {
    let unit = (inner.width() / x.length()).min(inner.height() / y.length());
    let beside = (0.5 * (inner.width() - unit * x.length())).max(0.0);
    let above = (0.5 * (inner.height() - unit * y.length())).max(0.0);
    inner.inset(Margins { left: beside, top: above, right: beside, bottom: above })
}

/// Sharp sides, and an area that can be seen however narrow.
fn rounded(inner: Area) -> Area {
    let found = inner.rounded();
    let (left, top) = (found.left, found.top);
    Area { left, top, right: found.right.max(left + 1.0), bottom: found.bottom.max(top + 1.0) }
}

fn too_small(area: Area, margins: Margins) -> Error {
    let [width, height] = [area.width(), area.height()];
    let [wide, high] = [margins.left + margins.right, margins.top + margins.bottom];
    Error::setting(format!(
        "{} x {} pixels are too few for a plot whose axes and captions take {wide:.0} x {high:.0}: give the \
         picture a larger size",
        shown::number(width.round()),
        shown::number(height.round())
    ))
}
