//! A list of shapes in pixels, which knows nothing of files.

/// A rectangle in pixels; y grows downward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The rectangle without margins of the given widths.
    pub(super) fn inset(&self, left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self {
            left: self.left + left,
            top: self.top + top,
            right: self.right - right,
            bottom: self.bottom - bottom,
        }
    }

    /// Cell (`column`, `row`) of a grid with gaps between its cells.
    pub(super) fn cell(
        &self,
        [columns, rows]: [usize; 2],
        [column, row]: [usize; 2],
        gap: f64,
    ) -> Self {
        let width = (self.width() - gap * (columns as f64 - 1.0)) / columns as f64;
        let height = (self.height() - gap * (rows as f64 - 1.0)) / rows as f64;
        let left = self.left + column as f64 * (width + gap);
        let top = self.top + row as f64 * (height + gap);
        Self { left, top, right: left + width, bottom: top + height }
    }
}

pub(super) type Color = [u8; 3];

/// Where a text hangs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    /// Its left end, at half its height.
    Left,
    /// Its right end, at half its height.
    Right,
    /// Its middle, both ways.
    Middle,
    /// Its middle, turned to read upward.
    MiddleUpward,
}

#[derive(Debug, Clone)]
pub(super) enum Shape {
    Box { area: Area, color: Color, alpha: f64 },
    Line { points: Vec<[f64; 2]>, color: Color, alpha: f64, width: f64 },
    Dot { center: [f64; 2], radius: f64, color: Color, alpha: f64 },
    Text { at: [f64; 2], text: String, size: f64, color: Color, anchor: Anchor },
}

/// The shapes of a picture, first below last.
#[derive(Debug, Clone, Default)]
pub struct Canvas {
    pub(super) shapes: Vec<Shape>,
}

impl Canvas {
    pub(super) fn fill(&mut self, area: Area, color: Color) {
        self.shapes.push(Shape::Box { area, color, alpha: 1.0 });
    }

    pub(super) fn line(&mut self, points: Vec<[f64; 2]>, color: Color, width: f64) {
        self.shapes.push(Shape::Line { points, color, alpha: 1.0, width });
    }

    pub(super) fn dot(&mut self, center: [f64; 2], radius: f64, color: Color, alpha: f64) {
        self.shapes.push(Shape::Dot { center, radius, color, alpha });
    }

    pub(super) fn text(
        &mut self,
        at: [f64; 2],
        text: &str,
        size: f64,
        color: Color,
        anchor: Anchor,
    ) {
        self.shapes.push(Shape::Text { at, text: text.to_string(), size, color, anchor });
    }
}
