//! The canvas: a list of shapes in pixels.

use super::area::{Area, Margins};
use super::font;
use super::ink::{Anchor, Color, Ink, Marker, Stroke};
use super::pixels::Pixels;
use super::theme::Theme;

/// A picture whose sides have this geometric mean has units of one pixel.
const NORMAL_SIDE: f64 = 900.0;

/// One thing that is drawn; all lengths are in pixels.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plot) enum Shape {
    Polygon { points: Vec<[f64; 2]>, ink: Ink },
    Line { points: Vec<[f64; 2]>, stroke: Stroke },
    Dot { center: [f64; 2], radius: f64, ink: Ink },
    Text { at: [f64; 2], text: String, size: f64, color: Color, anchor: Anchor },
    Image { area: Area, pixels: Pixels },
}

/// The shapes of a picture, first below last.
///
/// Places are in pixels. Sizes of letters, widths of lines and radii of dots are in units, which grow with
/// the picture, so that a small picture has small letters.
#[derive(Debug, Clone)]
pub struct Canvas {
    pub(in crate::plot) shapes: Vec<Shape>,
    theme: Theme,
    unit: f64,
    least: Margins,
    brightest: Option<f64>,
}

impl Canvas {
    /// An empty canvas for an area.
    pub fn new(theme: Theme, area: Area) -> Self {
        let unit = unit_of(area);
        Self { shapes: Vec::new(), theme, unit, least: Margins::default(), brightest: None }
    }

    /// The colours and sizes to be drawn with.
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    /// The pixels of one unit of length.
    pub fn unit(&self) -> f64 {
        self.unit
    }

    /// The margins that axes leave free at least, so that they stand in line with others.
    pub fn least_margins(&self) -> Margins {
        self.least
    }

    /// The number that has the last colour in all panels, where they share their colours.
    pub fn brightest(&self) -> Option<f64> {
        self.brightest
    }

    /// Draws something with one number for the last colour.
    pub(in crate::plot) fn with_brightest<R>(
        &mut self,
        brightest: Option<f64>,
        draw: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let kept = std::mem::replace(&mut self.brightest, brightest);
        let drawn = draw(self);
        self.brightest = kept;
        drawn
    }

    /// Draws something with the units that suit a part of the canvas, and at least these margins there.
    pub fn part<R>(&mut self, area: Area, least: Margins, draw: impl FnOnce(&mut Self) -> R) -> R {
        let kept = (self.unit, self.least);
        (self.unit, self.least) = (unit_of(area), least);
        let drawn = draw(self);
        (self.unit, self.least) = kept;
        drawn
    }

    /// Draws something in another theme, on the ground of that theme.
    pub fn themed<R>(&mut self, theme: &Theme, area: Area, draw: impl FnOnce(&mut Self) -> R) -> R {
        if self.theme == *theme {
            return draw(self);
        }
        let kept = std::mem::replace(&mut self.theme, theme.clone());
        self.fill(area, theme.background);
        let drawn = draw(self);
        self.theme = kept;
        drawn
    }

    /// A filled rectangle.
    pub fn fill(&mut self, area: Area, ink: impl Into<Ink>) {
        let mut points = area.outline();
        points.pop();
        self.polygon(points, ink);
    }

    /// The border of a rectangle.
    pub fn border(&mut self, area: Area, stroke: Stroke) {
        self.line(area.outline(), stroke);
    }

    /// A filled polygon; it closes by itself.
    pub fn polygon(&mut self, points: Vec<[f64; 2]>, ink: impl Into<Ink>) {
        self.shapes.push(Shape::Polygon { points, ink: ink.into() });
    }

    /// A line through points.
    pub fn line(&mut self, points: Vec<[f64; 2]>, stroke: Stroke) {
        let (unit, dash) = (self.unit, stroke.dash);
        let stroke = Stroke {
            width: stroke.width * unit,
            dash: dash.map(|lengths| lengths.map(|length| length * unit)),
            ..stroke
        };
        self.shapes.push(Shape::Line { points, stroke });
    }

    /// A disc.
    pub fn dot(&mut self, center: [f64; 2], radius: f64, ink: impl Into<Ink>) {
        self.shapes.push(Shape::Dot { center, radius: radius * self.unit, ink: ink.into() });
    }

    /// A mark at a point.
    pub fn marker(&mut self, marker: Marker, center: [f64; 2], radius: f64, ink: impl Into<Ink>) {
        let ink = ink.into();
        if marker == Marker::Dot {
            return self.dot(center, radius, ink);
        }
        let scale = radius * self.unit;
        for corners in marker.corners() {
            let place = |[x, y]: [f64; 2]| [center[0] + scale * x, center[1] + scale * y];
            self.polygon(corners.into_iter().map(place).collect(), ink);
        }
    }

    /// A text of a size in units, in one line. A letter that the font lacks is an empty box.
    pub fn text(&mut self, at: [f64; 2], text: &str, size: f64, color: Color, anchor: Anchor) {
        let text = font::readable(text);
        if !text.is_empty() {
            let size = size * self.unit;
            self.shapes.push(Shape::Text { at, text, size, color, anchor });
        }
    }

    /// How many pixels wide a text of a size in units is.
    pub fn text_width(&self, text: &str, size: f64) -> f64 {
        self.unit * size * font::width(text)
    }

    /// An image that fills an area.
    pub fn image(&mut self, area: Area, pixels: Pixels) {
        self.shapes.push(Shape::Image { area, pixels });
    }
}

/// Letters shrink less than the picture does, and are read down to nine pixels, until there is no room.
fn unit_of(area: Area) -> f64 {
    let side = (area.width().max(0.0) * area.height().max(0.0)).sqrt();
    let share = side / NORMAL_SIDE;
    match share {
        1.0.. => share,
        _ => share.powf(0.75).max(0.47).min(share / 0.27),
    }
}
