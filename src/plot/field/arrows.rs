//! Arrows, and the heads of lines.

use super::ask::Ask;
use crate::error::Result;
use crate::plot::axes::Frame;
use crate::plot::canvas::{Canvas, Ink, Stroke};

/// Where an arrow stands, how fast the field is there, and its direction on the picture.
pub(super) struct Arrow {
    pub pixel: [f64; 2],
    pub speed: f64,
    along: [f64; 2],
}

/// The pixels between neighbouring arrows, and the arrows, without those that stand still or are infinite.
pub(super) fn arrows(
    ask: &Ask<'_>,
    t: f64,
    frame: &Frame,
    count: usize,
) -> Result<(f64, Vec<Arrow>)> {
    let inner = frame.inner();
    let (width, height) = (inner.width(), inner.height());
    let spacing = width.max(height) / count as f64;
    let whole = |length: f64| ((length / spacing).round() as usize).max(1);
    let (columns, rows) = (whole(width), whole(height));
    let pixel = |k: usize| inner.cell([columns, rows], [k % columns, k / columns], 0.0).middle();
    let pixels: Vec<[f64; 2]> = (0..columns * rows).map(pixel).collect();
    let points: Vec<[f64; 2]> = pixels.iter().map(|pixel| frame.point(*pixel)).collect();
    let [x, y] = frame.ranges();
    let scale = [width / (x[1] - x[0]), -height / (y[1] - y[0])];
    let velocities = ask(t, &points)?;
    let arrow = |(pixel, v): (&[f64; 2], [f64; 2])| {
        let moved = [v[0] * scale[0], v[1] * scale[1]];
        let (length, speed) = (moved[0].hypot(moved[1]), v[0].hypot(v[1]));
        let seen = length > 0.0 && length.is_finite() && speed.is_finite();
        seen.then(|| Arrow { pixel: *pixel, speed, along: moved.map(|part| part / length) })
    };
    Ok((spacing, pixels.iter().zip(velocities).filter_map(arrow).collect()))
}

impl Arrow {
    /// Draws the arrow around its place.
    pub fn draw(&self, canvas: &mut Canvas, length: f64, stroke: Stroke) {
        let [dx, dy] = self.along;
        let [x, y] = self.pixel;
        let tip = [x + 0.5 * length * dx, y + 0.5 * length * dy];
        let head = (0.42 * length).min(9.0 * canvas.unit());
        let neck = [tip[0] - 0.8 * head * dx, tip[1] - 0.8 * head * dy];
        let tail = [x - 0.5 * length * dx, y - 0.5 * length * dy];
        canvas.line(vec![tail, neck], stroke);
        draw_head(canvas, tip, self.along, head, stroke.ink);
    }
}

/// A triangle that points along a direction.
pub(super) fn draw_head(
    canvas: &mut Canvas,
    tip: [f64; 2],
    [dx, dy]: [f64; 2],
    length: f64,
    ink: Ink,
) {
    let wing = |side: f64| {
        [tip[0] - length * (dx - 0.42 * side * dy), tip[1] - length * (dy + 0.42 * side * dx)]
    };
    let notch = [tip[0] - 0.75 * length * dx, tip[1] - 0.75 * length * dy];
    canvas.polygon(vec![tip, wing(1.0), notch, wing(-1.0)], ink);
}
