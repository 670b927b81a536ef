//! Shapes painted as pixels with smooth edges.

use super::coverage::Coverage;
use super::resample::resampled;
use super::stroke::{dashes, disc, outlines};
use crate::error::Result;
use crate::plot::canvas::{
    Anchor, Area, Canvas, Color, Ink, Pixels, Shape, Stroke, mixed, outline,
};

/// The height of the middle of capitals above the base line, in units of the size.
pub(super) const MIDDLE: f64 = 0.36;

/// Pixels that are being painted.
struct Paper {
    size: [usize; 2],
    scale: f64,
    colors: Vec<Color>,
    coverage: Coverage,
}

/// All shapes of a canvas in so many pixels, each of the canvas `scale` of them long.
pub(in crate::plot) fn paint(canvas: &Canvas, size: (u32, u32), scale: f64) -> Result<Pixels> {
    let size = [size.0 as usize, size.1 as usize];
    let colors = vec![canvas.theme().background; size[0] * size[1]];
    let mut paper = Paper { size, scale, colors, coverage: Coverage::new() };
    canvas.shapes.iter().for_each(|shape| paper.put(shape));
    Pixels::new(size[0], paper.colors)
}

impl Paper {
    fn put(&mut self, shape: &Shape) {
        match shape {
            Shape::Polygon { points, ink } => {
                let points = self.scaled(points);
                self.polygons([points.as_slice()].into_iter(), *ink);
            }
            Shape::Line { points, stroke } => self.line(points, stroke),
            Shape::Dot { center, radius, ink } => {
                let center = center.map(|value| value * self.scale);
                let points = disc(center, radius * self.scale);
                self.polygons([points.as_slice()].into_iter(), *ink);
            }
            Shape::Text { at, text, size, color, anchor } => {
                self.text(*at, text, *size, *color, *anchor);
            }
            Shape::Image { area, pixels } => self.image(*area, pixels),
        }
    }

    fn scaled(&self, points: &[[f64; 2]]) -> Vec<[f64; 2]> {
        points.iter().map(|point| point.map(|value| value * self.scale)).collect()
    }

    /// Polygons of one orientation as one shape.
    fn polygons<'a>(&mut self, all: impl Iterator<Item = &'a [[f64; 2]]> + Clone, ink: Ink) {
        let points = all.clone().flatten();
        if points.clone().flatten().all(|value| value.is_finite())
            && self.coverage.begin(bounds(points), self.size)
        {
            all.for_each(|points| self.coverage.edges(points, true));
            self.blend(ink);
        }
    }

    fn blend(&mut self, ink: Ink) {
        let (colors, columns) = (&mut self.colors, self.size[0]);
        self.coverage.for_each(|x, y, share| {
            let color = &mut colors[y * columns + x];
            *color = mixed(*color, ink.color, share * ink.alpha);
        });
    }

    fn line(&mut self, points: &[[f64; 2]], stroke: &Stroke) {
        let mut points = self.scaled(points);
        let mut width = (stroke.width * self.scale).max(0.4);
        if is_upright(&points) {
            width = width.round().max(1.0);
            points.iter_mut().for_each(|point| *point = point.map(|value| sharp(value, width)));
        }
        let dash = stroke.dash.map(|lengths| lengths.map(|length| length * self.scale));
        let runs = match dash.filter(|lengths| lengths.iter().all(|length| *length > 0.1)) {
            Some(lengths) => dashes(&points, lengths),
            None => vec![points],
        };
        let mut pieces = Vec::new();
        for run in &runs {
            outlines(run, width, |piece| pieces.push(piece.to_vec()));
        }
        self.polygons(pieces.iter().map(Vec::as_slice), stroke.ink);
    }

    fn text(&mut self, at: [f64; 2], text: &str, size: f64, color: Color, anchor: Anchor) {
        let size = size * self.scale;
        let at = at.map(|value| value * self.scale);
        let width = size * crate::plot::canvas::text_width(text);
        let back = match anchor {
            Anchor::Left => 0.0,
            Anchor::Right => width,
            Anchor::Middle | Anchor::MiddleUpward => 0.5 * width,
        };
        let place = |[x, y]: [f64; 2]| {
            let [x, y] = [size * x - back, size * (y + MIDDLE)];
            match anchor {
                Anchor::MiddleUpward => [at[0] + y, at[1] - x],
                _ => [at[0] + x, at[1] + y],
            }
        };
        let curves: Vec<Vec<_>> =
            outline(text).into_iter().map(|curve| curve.into_iter().map(place).collect()).collect();
        let points = curves.iter().flatten();
        if points.clone().flatten().all(|value| value.is_finite())
            && self.coverage.begin(bounds(points), self.size)
        {
            curves.iter().for_each(|curve| self.coverage.edges(curve, false));
            self.blend(Ink::new(color));
        }
    }

    fn image(&mut self, area: Area, pixels: &Pixels) {
        let place = |value: f64, most: usize| (value * self.scale).round().clamp(0.0, most as f64);
        let [left, right] = [area.left, area.right].map(|x| place(x, self.size[0]) as usize);
        let [top, bottom] = [area.top, area.bottom].map(|y| place(y, self.size[1]) as usize);
        if left >= right || top >= bottom {
            return;
        }
        let colors = resampled(pixels, [right - left, bottom - top]);
        for (row, line) in colors.chunks_exact(right - left).enumerate() {
            self.colors[(top + row) * self.size[0] + left..][..line.len()].copy_from_slice(line);
        }
    }
}

/// The least and the greatest of both coordinates.
fn bounds<'a>(points: impl Iterator<Item = &'a [f64; 2]>) -> [[f64; 2]; 2] {
    points.fold([[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]], |[low, high], point| {
        [[0, 1].map(|k| low[k].min(point[k])), [0, 1].map(|k| high[k].max(point[k]))]
    })
}

/// Whether all pieces of a line go straight up or across.
pub(super) fn is_upright(points: &[[f64; 2]]) -> bool {
    points.windows(2).all(|pair| pair[0][0] == pair[1][0] || pair[0][1] == pair[1][1])
}

/// The place of the middle of a line whose sides are sharp.
fn sharp(value: f64, width: f64) -> f64 {
    if width as i64 % 2 == 1 { value.floor() + 0.5 } else { value.round() }
}
