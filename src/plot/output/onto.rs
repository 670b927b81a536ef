//! Shapes drawn onto a drawing area of plotters, of whatever backend.

use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, register_font};

use super::resample::resampled;
use super::stroke::dashes;
use crate::error::{Error, Result};
use crate::plot::canvas::{Anchor, Area, Canvas, Ink, Pixels, Shape, Stroke};

const FONT: &str = "DejaVu Sans, sans-serif";

type Drawn<B> = std::result::Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Draws all shapes, on the ground of the theme.
pub(in crate::plot) fn onto<B: DrawingBackend>(
    canvas: &Canvas,
    root: &DrawingArea<B, Shift>,
) -> Result<()> {
    load_font()?;
    let [r, g, b] = canvas.theme().background;
    let filled = root.fill(&RGBColor(r, g, b));
    let drawn = filled.and_then(|()| canvas.shapes.iter().try_for_each(|shape| put(root, shape)));
    drawn.map_err(|cause| {
        Error::setting(format!("the drawing area did not take the picture: {cause}"))
    })
}

fn load_font() -> Result<()> {
    static LOADED: OnceLock<bool> = OnceLock::new();
    let bytes = include_bytes!("../font/DejaVuSans-subset.ttf");
    match LOADED.get_or_init(|| register_font(FONT, FontStyle::Normal, bytes).is_ok()) {
        true => Ok(()),
        false => Err(Error::setting(
            "the font of the crate could not be read: this is a fault of the crate, report it",
        )),
    }
}

fn pixel([x, y]: [f64; 2]) -> (i32, i32) {
    (x.round() as i32, y.round() as i32)
}

fn rgba(ink: Ink) -> RGBAColor {
    let [r, g, b] = ink.color;
    RGBColor(r, g, b).mix(ink.alpha)
}

fn put<B: DrawingBackend>(root: &DrawingArea<B, Shift>, shape: &Shape) -> Drawn<B> {
    match shape {
        Shape::Polygon { points, ink } => {
            let corners: Vec<_> = points.iter().map(|point| pixel(*point)).collect();
            root.draw(&Polygon::new(corners, rgba(*ink).filled()))
        }
        Shape::Line { points, stroke } => put_line(root, points, stroke),
        Shape::Dot { center, radius, ink } => {
            let radius = radius.round().max(1.0) as i32;
            root.draw(&Circle::new(pixel(*center), radius, rgba(*ink).filled()))
        }
        Shape::Text { at, text, size, color, anchor } => {
            let color = RGBColor(color[0], color[1], color[2]);
            let horizontal = match anchor {
                Anchor::Left => HPos::Left,
                Anchor::Right => HPos::Right,
                Anchor::Middle | Anchor::MiddleUpward => HPos::Center,
            };
            let transform = match anchor {
                Anchor::MiddleUpward => FontTransform::Rotate270,
                _ => FontTransform::None,
            };
            let style = TextStyle::from((FONT, size.round() as i32).into_font())
                .color(&color)
                .pos(Pos::new(horizontal, VPos::Center))
                .transform(transform);
            root.draw_text(text, &style, pixel(*at))
        }
        Shape::Image { area, pixels } => put_image(root, *area, pixels),
    }
}

fn put_line<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    points: &[[f64; 2]],
    stroke: &Stroke,
) -> Drawn<B> {
    let style = rgba(stroke.ink).stroke_width(stroke.width.round().max(1.0) as u32);
    let runs = match stroke.dash.filter(|lengths| lengths.iter().all(|length| *length > 0.1)) {
        Some(lengths) => dashes(points, lengths),
        None => vec![points.to_vec()],
    };
    runs.iter().try_for_each(|run| {
        let path: Vec<_> = run.iter().map(|point| pixel(*point)).collect();
        root.draw(&PathElement::new(path, style))
    })
}

/// Runs of one colour as rectangles, which every backend has.
fn put_image<B: DrawingBackend>(
    root: &DrawingArea<B, Shift>,
    area: Area,
    pixels: &Pixels,
) -> Drawn<B> {
    let area = area.rounded();
    let columns = area.width().max(0.0) as usize;
    let colors = resampled(pixels, [columns, area.height().max(0.0) as usize]);
    for (row, line) in colors.chunks_exact(columns.max(1)).enumerate() {
        let mut start = 0;
        for run in line.chunk_by(|a, b| a == b) {
            let corner = |x: usize, y: usize| pixel([area.left + x as f64, area.top + y as f64]);
            let (from, to) = (corner(start, row), corner(start + run.len(), row + 1));
            let ink = rgba(Ink::new(run[0])).filled();
            root.draw(&Rectangle::new([from, to], ink))?;
            start += run.len();
        }
    }
    Ok(())
}
