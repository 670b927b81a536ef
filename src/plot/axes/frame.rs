//! Axes in their place: from numbers to pixels, and what is drawn inside and around.

use super::bar::ColorBar;
use super::clip;
use super::range::{Range, Steps};
use super::ticks::Ticks;
use crate::error::Result;
use crate::plot::canvas::{Anchor, Area, Canvas, Ink, Marker, Pixels, Stroke};

/// The length of a tick, in units.
const TICK: f64 = 5.0;

/// Axes that have their place: the map from numbers to pixels.
#[derive(Debug, Clone)]
pub struct Frame {
    pub(super) area: Area,
    pub(super) inner: Area,
    pub(super) ranges: [Range; 2],
    pub(super) steps: [Steps; 2],
    pub(super) ticks: [Ticks; 2],
    pub(super) labels: [String; 2],
    pub(super) title: String,
    pub(super) bar: Option<ColorBar>,
    pub(super) open: bool,
    pub(super) first: usize,
}

impl Frame {
    /// The place of the plot.
    pub fn inner(&self) -> Area {
        self.inner
    }

    /// From where to where the axes run.
    pub fn ranges(&self) -> [[f64; 2]; 2] {
        self.ranges.map(|range| [range.from(), range.to()])
    }

    /// The pixel of a point.
    pub fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [shares_x, shares_y] =
            [self.ranges[0].share(self.steps[0], x), self.ranges[1].share(self.steps[1], y)];
        [
            self.inner.left + self.inner.width() * shares_x,
            self.inner.bottom - self.inner.height() * shares_y,
        ]
    }

    /// The point of a pixel.
    pub fn point(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let shares = [
            (x - self.inner.left) / self.inner.width(),
            (self.inner.bottom - y) / self.inner.height(),
        ];
        [0, 1].map(|k| match self.steps[k] {
            Steps::Even => self.ranges[k].at(shares[k]),
            Steps::Logarithmic => {
                let [from, to] = [self.ranges[k].from().ln(), self.ranges[k].to().ln()];
                (from + shares[k] * (to - from)).exp()
            }
        })
    }

    /// Whether a point lies within the axes.
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        self.ranges[0].contains(x) && self.ranges[1].contains(y)
    }

    /// The shapes that were drawn before the axes had their place.
    pub(super) fn first_shape(&self) -> usize {
        self.first
    }

    /// Draws grid lines, to be covered by the plot.
    pub fn draw_grid(&self, canvas: &mut Canvas) {
        let stroke = Stroke::new(canvas.theme().grid).width(1.0);
        let Area { left, top, right, bottom } = self.inner;
        for (x, _) in &self.ticks[0].major {
            let [x, _] = self.at([*x, self.ranges[1].from()]);
            canvas.line(vec![[x, top], [x, bottom]], stroke);
        }
        for (y, _) in &self.ticks[1].major {
            let [_, y] = self.at([self.ranges[0].from(), *y]);
            canvas.line(vec![[left, y], [right, y]], stroke);
        }
    }

    /// Draws a line through points, as far as it is inside.
    pub fn draw_line(&self, canvas: &mut Canvas, points: &[[f64; 2]], stroke: Stroke) {
        let pixels: Vec<_> = points.iter().map(|point| self.at(*point)).collect();
        for run in clip::line(self.inner, &pixels) {
            canvas.line(run, stroke);
        }
    }

    /// Fills a polygon, as far as it is inside. One with a corner that is no finite number is left out.
    pub fn draw_polygon(&self, canvas: &mut Canvas, points: &[[f64; 2]], ink: impl Into<Ink>) {
        let pixels: Vec<_> = points.iter().map(|point| self.at(*point)).collect();
        if pixels.iter().flatten().all(|value| value.is_finite()) {
            let inside = clip::polygon(self.inner, pixels);
            if inside.len() > 2 {
                canvas.polygon(inside, ink);
            }
        }
    }

    /// Marks the points that lie within.
    pub fn draw_points(
        &self,
        canvas: &mut Canvas,
        points: &[[f64; 2]],
        marker: Marker,
        radius: f64,
        ink: impl Into<Ink>,
    ) {
        let ink = ink.into();
        for point in points.iter().filter(|point| self.contains(**point)) {
            canvas.marker(marker, self.at(*point), radius, ink);
        }
    }

    /// An image that fills the plot.
    pub fn draw_image(&self, canvas: &mut Canvas, pixels: Pixels) {
        canvas.image(self.inner, pixels);
    }

    /// Draws border, numbers, captions and the colour bar.
    ///
    /// # Errors
    ///
    /// If the colour bar cannot be drawn.
    pub fn finish(&self, canvas: &mut Canvas) -> Result<()> {
        let stroke = Stroke::new(canvas.theme().axis).width(1.0);
        let Area { left, top, right, bottom } = self.inner;
        match self.open {
            true => canvas.line(vec![[left, top], [left, bottom], [right, bottom]], stroke),
            false => canvas.border(self.inner, stroke),
        }
        self.draw_x(canvas, stroke);
        let widest = self.draw_y(canvas, stroke);
        self.draw_captions(canvas, widest);
        self.bar.as_ref().map_or(Ok(()), |bar| bar.draw(canvas, self.inner, self.area.right))
    }

    fn draw_x(&self, canvas: &mut Canvas, stroke: Stroke) {
        let (unit, theme) = (canvas.unit(), canvas.theme().clone());
        let bottom = self.inner.bottom;
        let place = |x: f64| self.at([x, self.ranges[1].from()])[0];
        for x in &self.ticks[0].minor {
            let x = place(*x);
            canvas.line(vec![[x, bottom], [x, bottom + 0.6 * TICK * unit]], stroke);
        }
        let below = bottom + unit * (8.0 + 0.6 * theme.number);
        for (x, text) in &self.ticks[0].major {
            let x = place(*x);
            canvas.line(vec![[x, bottom], [x, bottom + TICK * unit]], stroke);
            canvas.text([x, below], text, theme.number, theme.soft, Anchor::Middle);
        }
        let beside = [self.inner.right, below + unit * 1.35 * theme.number];
        canvas.text(beside, self.ticks[0].factor.trim(), theme.number, theme.soft, Anchor::Right);
    }

    /// Draws the numbers of the second axis; returns the width of the widest.
    fn draw_y(&self, canvas: &mut Canvas, stroke: Stroke) -> f64 {
        let (unit, theme) = (canvas.unit(), canvas.theme().clone());
        let left = self.inner.left;
        let place = |y: f64| self.at([self.ranges[0].from(), y])[1];
        for y in &self.ticks[1].minor {
            let y = place(*y);
            canvas.line(vec![[left - 0.6 * TICK * unit, y], [left, y]], stroke);
        }
        let mut widest = 0.0f64;
        for (y, text) in &self.ticks[1].major {
            let y = place(*y);
            canvas.line(vec![[left - TICK * unit, y], [left, y]], stroke);
            canvas.text([left - 9.0 * unit, y], text, theme.number, theme.soft, Anchor::Right);
            widest = widest.max(canvas.text_width(text, theme.number));
        }
        let above = [left, self.inner.top - 0.9 * theme.number * unit];
        canvas.text(above, self.ticks[1].factor.trim(), theme.number, theme.soft, Anchor::Left);
        widest
    }

    fn draw_captions(&self, canvas: &mut Canvas, widest: f64) {
        let (unit, theme) = (canvas.unit(), canvas.theme().clone());
        let [x, y] = self.inner.middle();
        let below = self.inner.bottom + unit * (8.0 + 1.3 * theme.number + 0.75 * theme.label);
        let wide = 2.0 * (x - self.area.left).min(self.area.right - x);
        let high = 2.0 * (y - self.area.top).min(self.area.bottom - y);
        let caption = |text: &str, room: f64, size: f64| fitted(canvas, text, room, size);
        let (x_text, x_size) = caption(&self.labels[0], wide, theme.label);
        let (y_text, y_size) = caption(&self.labels[1], high, theme.label);
        // The caption of the bar stands at the same height.
        let beside_bar =
            self.bar.as_ref().map(|bar| bar.caption(canvas, self.inner, self.area.right).1);
        let free =
            beside_bar.map_or(wide, |[left, _]| wide.min(2.0 * (left - x) - unit * theme.gap));
        let (title, title_size) = caption(&self.title, 0.98 * free.max(0.0), theme.title);
        canvas.text([x, below], &x_text, x_size, theme.ink, Anchor::Middle);
        let beside = self.inner.left - unit * (13.0 + 0.7 * theme.label) - widest;
        canvas.text([beside, y], &y_text, y_size, theme.ink, Anchor::MiddleUpward);
        let above = self.inner.top - unit * 0.85 * theme.title;
        canvas.text([x, above], &title, title_size, theme.ink, Anchor::Middle);
    }
}

/// No more letters of a text are looked at: no line has as many.
const LONGEST: usize = 1000;

/// A text that fits into some pixels: smaller where it is long, and cut where it is very long.
pub(in crate::plot) fn fitted(
    canvas: &Canvas,
    text: &str,
    pixels: f64,
    size: f64,
) -> (String, f64) {
    let mut kept: String = text.chars().take(LONGEST).collect();
    let smaller = size * (pixels / canvas.text_width(&kept, size).max(1e-9)).clamp(0.6, 1.0);
    let mut shown = kept.clone();
    while canvas.text_width(&shown, smaller) > pixels && kept.pop().is_some() {
        shown = format!("{}…", kept.trim_end());
    }
    (shown, smaller)
}
