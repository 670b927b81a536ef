//! Axes around a rectangle, and the map from numbers to pixels inside it.

use super::canvas::{Anchor, Area, Canvas, Color, Shape};
use super::range::{Range, Steps};
use super::style::{AXIS, GRID, INK, LABEL, NUMBER, TITLE, text_width};
use super::ticks::{label, log_ticks, ticks};
use crate::error::{Error, Result};

/// What stands around a plot.
#[derive(Debug, Clone, Default)]
pub(super) struct Captions {
    pub title: String,
    pub x: String,
    pub y: String,
}

/// How numbers become places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scaling {
    /// One unit is equally long both ways.
    Equal,
    /// The plot fills its area.
    Free,
    /// The plot fills its area, and y is logarithmic.
    LogY,
    /// The plot fills its area, and both axes are logarithmic.
    LogLog,
}

impl Scaling {
    /// The steps of x and of y.
    pub fn steps(self) -> [Steps; 2] {
        match self {
            Self::Equal | Self::Free => [Steps::Even, Steps::Even],
            Self::LogY => [Steps::Even, Steps::Logarithmic],
            Self::LogLog => [Steps::Logarithmic, Steps::Logarithmic],
        }
    }
}

/// Axes that have been drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub inner: Area,
    x: Range,
    y: Range,
    shape: Scaling,
}

impl Frame {
    /// Leaves room for captions and numbers, and finds the place of the plot.
    ///
    /// # Errors
    ///
    /// If there is no room left.
    pub fn new(
        area: Area,
        captions: &Captions,
        [x, y]: [Range; 2],
        shape: Scaling,
    ) -> Result<Self> {
        let mut frame = Self { inner: area, x, y, shape };
        let widest =
            frame.y_ticks().iter().map(|(_, text)| text_width(text, NUMBER)).fold(0.0, f64::max);
        let line = |text: &str, size: f64| if text.is_empty() { 0.0 } else { 1.7 * size };
        let left = 14.0 + widest + 12.0 + line(&captions.y, LABEL);
        let bottom = 12.0 + 1.5 * NUMBER + line(&captions.x, LABEL);
        let inner = area.inset(left, 14.0 + line(&captions.title, TITLE), 26.0, bottom);
        if inner.width() < 1.0 || inner.height() < 1.0 {
            let (width, height) = (area.width(), area.height());
            let [more, higher] = [width - inner.width(), height - inner.height()];
            return Err(Error::setting(format!(
                "{width:.0} x {height:.0} pixels are too few for a plot whose axes and captions take \
                 {more:.0} x {higher:.0}: give the picture a larger size"
            )));
        }
        frame.inner = if shape == Scaling::Equal { frame.with_equal_units(inner) } else { inner };
        Ok(frame)
    }

    /// The largest area in the middle of another on which one unit is equally long both ways.
    fn with_equal_units(&self, inner: Area) -> Area {
        let unit = (inner.width() / self.x.length()).min(inner.height() / self.y.length());
        let spare_x = inner.width() - unit * self.x.length();
        let spare_y = inner.height() - unit * self.y.length();
        inner.inset(spare_x / 2.0, spare_y / 2.0, spare_x / 2.0, spare_y / 2.0)
    }

    /// The pixel of a point.
    pub fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [steps_x, steps_y] = self.shape.steps();
        [
            self.inner.left + self.inner.width() * self.x.share(steps_x, x),
            self.inner.bottom - self.inner.height() * self.y.share(steps_y, y),
        ]
    }

    /// Whether a point lies within the axes.
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        self.x.contains(x) && self.y.contains(y)
    }

    fn x_ticks(&self) -> Vec<(f64, String)> {
        let most = (self.inner.width() / 110.0).clamp(2.0, 8.0) as usize;
        axis_ticks(self.x, most, self.shape.steps()[0])
    }

    fn y_ticks(&self) -> Vec<(f64, String)> {
        let most = (self.inner.height() / 80.0).clamp(2.0, 8.0) as usize;
        axis_ticks(self.y, most, self.shape.steps()[1])
    }

    /// Draws grid lines, to be covered by the plot.
    pub fn draw_grid(&self, canvas: &mut Canvas) {
        for (x, _) in self.x_ticks() {
            let [x, _] = self.at([x, self.y.from()]);
            canvas.line(vec![[x, self.inner.top], [x, self.inner.bottom]], GRID, 1.0);
        }
        for (y, _) in self.y_ticks() {
            let [_, y] = self.at([self.x.from(), y]);
            canvas.line(vec![[self.inner.left, y], [self.inner.right, y]], GRID, 1.0);
        }
    }

    /// Draws border, numbers and captions.
    pub fn draw_axes(&self, canvas: &mut Canvas, captions: &Captions) {
        let Area { left, top, right, bottom } = self.inner;
        let border = vec![[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
        canvas.line(border, AXIS, 1.0);
        for (x, text) in self.x_ticks() {
            let [x, _] = self.at([x, self.y.from()]);
            canvas.line(vec![[x, bottom], [x, bottom + 7.0]], AXIS, 1.0);
            canvas.text([x, bottom + 9.0 + 0.75 * NUMBER], &text, NUMBER, INK, Anchor::Middle);
        }
        let mut widest = 0.0f64;
        for (y, text) in self.y_ticks() {
            let [_, y] = self.at([self.x.from(), y]);
            canvas.line(vec![[left - 7.0, y], [left, y]], AXIS, 1.0);
            canvas.text([left - 12.0, y], &text, NUMBER, INK, Anchor::Right);
            widest = widest.max(text_width(&text, NUMBER));
        }
        let middle = [(left + right) / 2.0, (top + bottom) / 2.0];
        let below = bottom + 9.0 + 1.5 * NUMBER + 0.8 * LABEL;
        canvas.text([middle[0], below], &captions.x, LABEL, INK, Anchor::Middle);
        let beside = left - 16.0 - widest - 0.8 * LABEL;
        canvas.text([beside, middle[1]], &captions.y, LABEL, INK, Anchor::MiddleUpward);
        canvas.text([middle[0], top - 0.9 * TITLE], &captions.title, TITLE, INK, Anchor::Middle);
    }

    /// Draws a line through points, as far as it is inside.
    pub fn draw_line(
        &self,
        canvas: &mut Canvas,
        points: &[[f64; 2]],
        color: Color,
        alpha: f64,
        width: f64,
    ) {
        let mut run: Vec<[f64; 2]> = Vec::new();
        let mut flush = |run: &mut Vec<[f64; 2]>| {
            if run.len() > 1 {
                let points = std::mem::take(run);
                canvas.shapes.push(Shape::Line { points, color, alpha, width });
            }
            run.clear();
        };
        for pair in points.windows(2) {
            let ends = [self.at(pair[0]), self.at(pair[1])];
            match clip(self.inner, ends) {
                None => flush(&mut run),
                Some([from, to]) => {
                    if run.last() != Some(&from) {
                        flush(&mut run);
                        run.push(from);
                    }
                    run.push(to);
                }
            }
        }
        flush(&mut run);
    }
}

fn axis_ticks(range: Range, most: usize, steps: Steps) -> Vec<(f64, String)> {
    match steps {
        // Powers far apart are all written as powers.
        Steps::Logarithmic if range.to() > 1e4 * range.from() => {
            let label = |value: f64| format!("{value:.0e}").replace('-', "−");
            log_ticks(range, most).into_iter().map(|value| (value, label(value))).collect()
        }
        Steps::Logarithmic => labelled_each(log_ticks(range, most)),
        Steps::Even => labelled(ticks(range, most)),
    }
}

fn labelled(values: Vec<f64>) -> Vec<(f64, String)> {
    let step = values.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
    values.into_iter().map(|value| (value, label(value, step))).collect()
}

fn labelled_each(values: Vec<f64>) -> Vec<(f64, String)> {
    values.into_iter().map(|value| (value, label(value, value))).collect()
}

/// The part of a segment inside an area (Liang and Barsky 1984).
fn clip(area: Area, [from, to]: [[f64; 2]; 2]) -> Option<[[f64; 2]; 2]> {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    if !(dx.is_finite() && dy.is_finite()) {
        return None;
    }
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    let sides = [
        (-dx, from[0] - area.left),
        (dx, area.right - from[0]),
        (-dy, from[1] - area.top),
        (dy, area.bottom - from[1]),
    ];
    for (speed, room) in sides {
        if speed == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            enter = enter.max(room / speed);
        } else {
            leave = leave.min(room / speed);
        }
    }
    let at = |s: f64| [from[0] + s * dx, from[1] + s * dy];
    if enter > leave {
        return None;
    }
    // The ends themselves, so that neighbouring segments join.
    let first = if enter == 0.0 { from } else { at(enter) };
    Some([first, if leave == 1.0 { to } else { at(leave) }])
}

/// Widens the range that leaves room in `area`, so that a plot of equal units fills it.
pub(super) fn fill_area(area: Area, captions: &Captions, [x, y]: [Range; 2]) -> Result<[Range; 2]> {
    let inner = Frame::new(area, captions, [x, y], Scaling::Free)?.inner;
    let unit = (inner.width() / x.length()).min(inner.height() / y.length());
    let widen = |range: Range, pixels: f64| range.widened(0.5 * (pixels / unit - range.length()));
    Ok([widen(x, inner.width()), widen(y, inner.height())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_cut_at_the_border() {
        let area = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        assert_eq!(clip(area, [[-5.0, 5.0], [5.0, 5.0]]), Some([[0.0, 5.0], [5.0, 5.0]]));
        assert_eq!(clip(area, [[1.0, 1.0], [2.0, 3.0]]), Some([[1.0, 1.0], [2.0, 3.0]]));
        assert_eq!(clip(area, [[-1.0, -1.0], [-2.0, 20.0]]), None);
        assert_eq!(clip(area, [[f64::NAN, 0.0], [1.0, 1.0]]), None);
    }
}
