//! Shapes as the text of an SVG file.

use std::fmt::Write;

use super::png;
use super::raster::{MIDDLE, is_upright};
use crate::error::Result;
use crate::plot::canvas::{Anchor, Area, Canvas, Color, Ink, Pixels, Shape, Stroke};

/// All shapes of a canvas as the text of an SVG file.
pub(in crate::plot) fn svg(canvas: &Canvas, (width, height): (u32, u32)) -> Result<String> {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" font-family=\"DejaVu Sans, Verdana, sans-serif\" stroke-linejoin=\"round\">\n"
    );
    let ground = hex(canvas.theme().background);
    text += &format!("<rect width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>\n");
    for shape in &canvas.shapes {
        text += &element(shape)?;
    }
    text += "</svg>\n";
    Ok(text)
}

fn element(shape: &Shape) -> Result<String> {
    Ok(match shape {
        Shape::Polygon { points, ink } => {
            format!("<path d=\"{}Z\"{}/>\n", path(points), fill(*ink))
        }
        Shape::Line { points, stroke } => line(points, stroke),
        Shape::Dot { center, radius, ink } => {
            let [x, y] = center.map(number);
            format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\"{}/>\n", number(*radius), fill(*ink))
        }
        Shape::Text { at, text, size, color, anchor } => words(*at, text, *size, *color, *anchor),
        Shape::Image { area, pixels } => image(*area, pixels)?,
    })
}

/// A number with at most two digits behind the point.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".into() } else { short.into() }
}

fn hex([r, g, b]: Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn fill(ink: Ink) -> String {
    let opacity = match ink.alpha {
        1.0 => String::new(),
        alpha => format!(" fill-opacity=\"{}\"", number(alpha)),
    };
    format!(" fill=\"{}\"{opacity}", hex(ink.color))
}

fn path(points: &[[f64; 2]]) -> String {
    let mut text = String::new();
    for (k, [x, y]) in points.iter().enumerate() {
        // Writing into a string does not fail.
        let _ = write!(text, "{}{} {}", if k == 0 { 'M' } else { 'L' }, number(*x), number(*y));
    }
    text
}

fn line(points: &[[f64; 2]], stroke: &Stroke) -> String {
    let mut look = format!(" stroke=\"{}\"", hex(stroke.ink.color));
    if stroke.ink.alpha < 1.0 {
        look += &format!(" stroke-opacity=\"{}\"", number(stroke.ink.alpha));
    }
    look += &format!(" stroke-width=\"{}\"", number(stroke.width));
    if let Some([dash, gap]) = stroke.dash {
        look += &format!(" stroke-dasharray=\"{} {}\"", number(dash), number(gap));
    }
    if is_upright(points) {
        look += " shape-rendering=\"crispEdges\"";
    }
    format!("<path d=\"{}\" fill=\"none\"{look}/>\n", path(points))
}

fn words(at: [f64; 2], text: &str, size: f64, color: Color, anchor: Anchor) -> String {
    let place = match anchor {
        Anchor::Left => "",
        Anchor::Right => " text-anchor=\"end\"",
        Anchor::Middle | Anchor::MiddleUpward => " text-anchor=\"middle\"",
    };
    let [x, y] = at;
    let (x, y, turn) = match anchor {
        Anchor::MiddleUpward => {
            let x = x + MIDDLE * size;
            (x, y, format!(" transform=\"rotate(-90 {} {})\"", number(x), number(y)))
        }
        _ => (x, y + MIDDLE * size, String::new()),
    };
    let (x, y, size) = (number(x), number(y), number(size));
    let (color, text) = (hex(color), escaped(text));
    format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{color}\"{place}{turn}>{text}</text>\n"
    )
}

/// Without letters that mean something else in XML or may not be in it.
fn escaped(text: &str) -> String {
    let mut all = String::new();
    for letter in text.chars() {
        match letter {
            '&' => all += "&amp;",
            '<' => all += "&lt;",
            '>' => all += "&gt;",
            '"' => all += "&quot;",
            '\u{fffe}' | '\u{ffff}' => all.push('\u{fffd}'),
            _ if letter.is_control() => {}
            _ => all.push(letter),
        }
    }
    all
}

fn image(area: Area, pixels: &Pixels) -> Result<String> {
    let [x, y, width, height] =
        [area.left, area.top, area.width().max(0.0), area.height().max(0.0)].map(number);
    let look = if pixels.is_smooth() { "" } else { " style=\"image-rendering:pixelated\"" };
    let data = base64(&png::encoded(pixels)?);
    Ok(format!(
        "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\"{look} \
         href=\"data:image/png;base64,{data}\"/>\n"
    ))
}

/// Bytes as letters (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |k: usize| u32::from(three.get(k).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for k in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * k)) as usize & 63]);
            text.push(if k > three.len() { '=' } else { letter });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_the_letters_of_the_standard() {
        let known = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (count, letters) in known.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..count]), letters);
        }
    }

    #[test]
    fn texts_stay_texts() {
        assert_eq!(escaped("a < b & \"c\"\u{0}\n"), "a &lt; b &amp; &quot;c&quot;");
        assert_eq!(
            [number(1.0), number(-0.001), number(2.345)],
            ["1", "0", "2.35"].map(String::from)
        );
    }
}
