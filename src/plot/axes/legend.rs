//! The legend: what lines, dots and areas mean, where it covers the least.

use super::frame::{Frame, fitted};
use crate::plot::canvas::{Anchor, Area, Canvas, Color, Ink, Pixels, Shape, Stroke};

/// What stands before a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sign {
    /// A piece of a line.
    Line(Stroke),
    /// A disc.
    Dot(Ink),
    /// A filled area.
    Patch(Ink),
}

/// Names of what is drawn. A single name is not shown: the title and the axes say what it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Legend {
    entries: Vec<(String, Sign)>,
    always: bool,
    ground: Option<(Color, Color)>,
}

impl Legend {
    /// A legend without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next name; one without letters is left out.
    pub fn entry(mut self, name: &str, sign: Sign) -> Self {
        if !name.is_empty() {
            self.entries.push((name.to_string(), sign));
        }
        self
    }

    /// Shows a single name, too.
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// The colours of the ground and of the letters. Default: those of the theme.
    pub fn colors(mut self, ground: Color, letters: Color) -> Self {
        self.ground = Some((ground, letters));
        self
    }

    /// Draws the legend inside a plot, where it covers the least of what was drawn there.
    pub fn draw(&self, canvas: &mut Canvas, frame: &Frame) {
        if self.entries.is_empty() || (self.entries.len() == 1 && !self.always) {
            return;
        }
        let (unit, theme) = (canvas.unit(), canvas.theme().clone());
        let row = 1.45 * theme.number * unit;
        let pad = 0.55 * theme.number * unit;
        let sign = 1.7 * theme.number * unit;
        let height = row * self.entries.len() as f64 + pad;
        let inner = frame.inner();
        let size = (0.8 * inner.height() / height).min(1.0);
        // Long names are written smaller, very long ones cut.
        let room = 0.9 * inner.width() - size * (sign + 2.6 * pad);
        if size < 0.45 || room < theme.number * unit {
            return;
        }
        let fit = |(name, _): &(String, Sign)| fitted(canvas, name, room, size * theme.number);
        let names: Vec<(String, f64)> = self.entries.iter().map(fit).collect();
        let letters_size = names.iter().map(|(_, size)| *size).fold(size * theme.number, f64::min);
        let widths = names.iter().map(|(name, _)| canvas.text_width(name, letters_size));
        let widest = widths.fold(0.0, f64::max);
        let [height, row, pad, sign] = [height, row, pad, sign].map(|x| size * x);
        let width = widest + sign + 2.6 * pad;
        let place = best_place(canvas, frame, [width, height]);
        let (ground, letters) = self.ground.unwrap_or((theme.background, theme.ink));
        canvas.fill(place, Ink::new(ground).alpha(0.82));
        for (k, ((name, _), (_, mark))) in names.iter().zip(&self.entries).enumerate() {
            let y = place.top + 0.5 * pad + row * (k as f64 + 0.5);
            let from = place.left + 0.9 * pad;
            draw_sign(canvas, *mark, [from, from + sign], y, 0.3 * row);
            let at = [from + sign + 0.7 * pad, y];
            canvas.text(at, name, letters_size, letters, Anchor::Left);
        }
    }
}

fn draw_sign(canvas: &mut Canvas, sign: Sign, [from, to]: [f64; 2], y: f64, half: f64) {
    match sign {
        Sign::Line(stroke) => canvas.line(vec![[from, y], [to, y]], stroke),
        Sign::Dot(ink) => canvas.dot([0.5 * (from + to), y], 5.0, ink),
        Sign::Patch(ink) => {
            let area = Area { left: from, top: y - half, right: to, bottom: y + half };
            canvas.fill(area, ink);
        }
    }
}

/// The first of the places along the border that covers the least.
fn best_place(canvas: &Canvas, frame: &Frame, [width, height]: [f64; 2]) -> Area {
    let inner = frame.inner();
    let gap = 0.6 * canvas.theme().gap * canvas.unit();
    let [spare_x, spare_y] = [inner.width() - width, inner.height() - height];
    let gap = gap.min(0.5 * spare_x).min(0.5 * spare_y).max(0.0);
    let place = |[x, y]: [f64; 2]| {
        let left = inner.left + gap + x * (spare_x - 2.0 * gap);
        let top = inner.top + gap + y * (spare_y - 2.0 * gap);
        Area { left, top, right: left + width, bottom: top + height }
    };
    let shares = [
        [1.0, 0.0],
        [0.0, 0.0],
        [1.0, 1.0],
        [0.0, 1.0],
        [0.5, 0.0],
        [0.5, 1.0],
        [1.0, 0.5],
        [0.0, 0.5],
    ];
    let grid = canvas.theme().grid;
    let is_grid =
        |shape: &&Shape| matches!(shape, Shape::Line { stroke, .. } if stroke.ink.color == grid);
    let drawn = || canvas.shapes[frame.first_shape()..].iter().filter(|shape| !is_grid(shape));
    let covered = |area: &Area| -> f64 { drawn().map(|shape| covered_by(area, shape)).sum() };
    let costs = shares.map(|share| (place(share), covered(&place(share))));
    let best = costs.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or_else(|| place(shares[0]), |(area, _)| area)
}

/// About how many pixels of a shape lie in an area.
fn covered_by(area: &Area, shape: &Shape) -> f64 {
    match shape {
        Shape::Line { points, stroke } => {
            let pieces = points.windows(2).map(|pair| length_inside(area, [pair[0], pair[1]]));
            stroke.width * stroke.ink.alpha * pieces.sum::<f64>()
        }
        Shape::Dot { center, radius, ink } if area.contains(*center) => {
            3.0 * radius * radius * ink.alpha
        }
        Shape::Polygon { points, ink } if points.len() > 4 => {
            // Along the border of a band, which is what matters to the eye.
            ink.alpha * points.iter().filter(|point| area.contains(**point)).count() as f64
        }
        Shape::Image { area: whole, pixels } => colored_inside(area, whole, pixels),
        _ => 0.0,
    }
}

fn length_inside(area: &Area, ends: [[f64; 2]; 2]) -> f64 {
    super::clip::segment(*area, ends).map_or(0.0, |[a, b]| (a[0] - b[0]).hypot(a[1] - b[1]))
}

/// How far the colours in a part of an image are from that of its ground.
fn colored_inside(area: &Area, whole: &Area, pixels: &Pixels) -> f64 {
    let ground = quietest(pixels);
    let cell = [whole.width() / pixels.columns() as f64, whole.height() / pixels.rows() as f64];
    let part = |from: f64, to: f64, start: f64, size: f64, count: usize| {
        let place = |at: f64| ((at - start) / size).clamp(0.0, count as f64) as usize;
        place(from)..place(to)
    };
    let columns = part(area.left, area.right, whole.left, cell[0], pixels.columns());
    let distance = |color: &Color| -> f64 {
        color.iter().zip(ground).map(|(a, b)| f64::from(a.abs_diff(b))).sum()
    };
    part(area.top, area.bottom, whole.top, cell[1], pixels.rows())
        .flat_map(|row| pixels.colors()[row * pixels.columns()..][columns.clone()].iter())
        .map(|color| distance(color) / 100.0 * cell[0] * cell[1])
        .sum()
}

/// The colour that most of the border of an image has.
fn quietest(pixels: &Pixels) -> Color {
    let mut border: Vec<Color> = pixels.colors()[..pixels.columns()].to_vec();
    border.extend(pixels.colors().iter().step_by(pixels.columns()));
    border.sort_unstable();
    border[border.len() / 2]
}
