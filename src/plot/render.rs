//! From shapes to a PNG or SVG file, through plotters.

use std::path::Path;
use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, register_font};

use super::canvas::{Anchor, Canvas, Shape};
use crate::error::{Error, Result};

const FONT: &str = "DejaVu Sans, sans-serif";

/// More pixels than this are not painted: they would take a gigabyte.
const MOST_PIXELS: u64 = 80_000_000;

/// What kind of file is written.
#[derive(Clone, Copy)]
enum Kind {
    Png,
    Svg,
}

/// Where a picture goes.
pub(super) struct Target<'a> {
    path: &'a Path,
    kind: Kind,
    size: (u32, u32),
}

impl<'a> Target<'a> {
    /// An error for endings that are not known and sizes that cannot be painted.
    pub fn new(path: &'a Path, size: (u32, u32)) -> Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        let kind = match ending.as_deref() {
            Some("png") => Kind::Png,
            Some("svg") => Kind::Svg,
            _ => {
                return Err(Error::setting(format!(
                    "cannot draw {}: give it a name that ends in .png or .svg",
                    path.display()
                )));
            }
        };
        let pixels = u64::from(size.0) * u64::from(size.1);
        if pixels == 0 || pixels > MOST_PIXELS || size.0.max(size.1) > u32::from(u16::MAX) {
            return Err(Error::setting(format!(
                "a picture of {} x {} pixels cannot be painted: give 1 to {} each way, and not more than \
                 {MOST_PIXELS} together",
                size.0,
                size.1,
                u16::MAX
            )));
        }
        Ok(Self { path, kind, size })
    }

    /// Paints all shapes and writes them; the file is renamed into place when complete.
    pub fn write(&self, canvas: &Canvas) -> Result<()> {
        load_font()?;
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or("picture");
        let unfinished = self.path.with_file_name(format!(".{}-{name}", std::process::id()));
        let drawn = match self.kind {
            Kind::Png => save_png(&unfinished, self.size, canvas),
            Kind::Svg => save_svg(&unfinished, self.size, canvas),
        };
        let written =
            drawn.and_then(|()| std::fs::rename(&unfinished, self.path).map_err(|e| e.to_string()));
        written.map_err(|cause| {
            // What was written so far is of no use; that it may not exist is no further error.
            let _ = std::fs::remove_file(&unfinished);
            Error::file(self.path, "write", cause)
        })
    }
}

fn load_font() -> Result<()> {
    static LOADED: OnceLock<bool> = OnceLock::new();
    let bytes = include_bytes!("font/DejaVuSans-subset.ttf");
    let loaded = LOADED.get_or_init(|| register_font(FONT, FontStyle::Normal, bytes).is_ok());
    if *loaded {
        Ok(())
    } else {
        Err(Error::setting(
            "the font of the crate could not be read: this is a fault of the crate, report it",
        ))
    }
}

/// Paints at twice the size and averages, which makes lines and edges smooth.
fn save_png(
    path: &Path,
    (width, height): (u32, u32),
    canvas: &Canvas,
) -> std::result::Result<(), String> {
    const FINE: u32 = 2;
    let stride = 3 * (FINE * width) as usize;
    let mut fine = vec![0; stride * (FINE * height) as usize];
    paint(BitMapBackend::with_buffer(&mut fine, (FINE * width, FINE * height)), canvas, FINE)?;
    let pixel = |k: usize| {
        let (row, rest) = (k / (3 * width as usize), k % (3 * width as usize));
        let corner = 2 * row * stride + 6 * (rest / 3) + rest % 3;
        let four = [corner, corner + 3, corner + stride, corner + stride + 3];
        (four.iter().map(|&i| u32::from(fine[i])).sum::<u32>() / 4) as u8
    };
    let coarse: Vec<u8> = (0..3 * (width * height) as usize).map(pixel).collect();
    let file = std::fs::File::create(path).map_err(|error| error.to_string())?;
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let writer = encoder.write_header();
    let written = writer.and_then(|mut writer| {
        writer.write_image_data(&coarse)?;
        writer.finish()
    });
    written.map_err(|error| error.to_string())
}

/// Paints into memory, and leaves out attributes that only repeat what holds without them.
fn save_svg(path: &Path, size: (u32, u32), canvas: &Canvas) -> std::result::Result<(), String> {
    let mut text = String::new();
    paint(SVGBackend::with_string(&mut text, size), canvas, 1)?;
    let text = text.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "");
    std::fs::write(path, text).map_err(|error| error.to_string())
}

fn paint<B: DrawingBackend>(
    backend: B,
    canvas: &Canvas,
    scale: u32,
) -> std::result::Result<(), String> {
    let root = backend.into_drawing_area();
    let result = root.fill(&WHITE);
    let result = result.and_then(|()| {
        canvas.shapes.iter().try_for_each(|shape| put(&root, shape, f64::from(scale)))
    });
    result.and_then(|()| root.present()).map_err(|error| error.to_string())
}

type Drawn<B> = std::result::Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

fn put<B: DrawingBackend>(root: &DrawingArea<B, Shift>, shape: &Shape, scale: f64) -> Drawn<B> {
    let pixel = |[x, y]: [f64; 2]| ((scale * x).round() as i32, (scale * y).round() as i32);
    let ink = |[r, g, b]: [u8; 3], alpha: f64| RGBColor(r, g, b).mix(alpha);
    match shape {
        Shape::Box { area, color, alpha } => {
            let corners = [pixel([area.left, area.top]), pixel([area.right, area.bottom])];
            root.draw(&Rectangle::new(corners, ink(*color, *alpha).filled()))
        }
        Shape::Line { points, color, alpha, width } => {
            let style = ink(*color, *alpha).stroke_width((scale * width).round().max(1.0) as u32);
            if scale == 1.0 {
                let path: Vec<_> = points.iter().map(|&p| pixel(p)).collect();
                return root.draw(&PathElement::new(path, style));
            }
            // Painted one by one: the joints of a jagged line would stick out like needles.
            points.windows(2).try_for_each(|pair| {
                root.draw(&PathElement::new(vec![pixel(pair[0]), pixel(pair[1])], style))
            })
        }
        Shape::Dot { center, radius, color, alpha } => {
            let radius = (scale * radius).round().max(1.0) as i32;
            root.draw(&Circle::new(pixel(*center), radius, ink(*color, *alpha).filled()))
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
            let style = TextStyle::from((FONT, (scale * size).round() as i32).into_font())
                .color(&color)
                .pos(Pos::new(horizontal, VPos::Center))
                .transform(transform);
            root.draw_text(text, &style, pixel(*at))
        }
    }
}
