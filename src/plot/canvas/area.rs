//! Rectangles in pixels.

/// A rectangle in pixels; y grows downward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Where it begins.
    pub left: f64,
    /// Where it begins, from above.
    pub top: f64,
    /// Where it ends.
    pub right: f64,
    /// Where it ends, below.
    pub bottom: f64,
}

/// What is left free at the sides of a rectangle, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Margins {
    /// Before the left side.
    pub left: f64,
    /// Above.
    pub top: f64,
    /// Behind the right side.
    pub right: f64,
    /// Below.
    pub bottom: f64,
}

impl Margins {
    /// The wider of two at each side.
    pub fn max(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

impl Area {
    /// The rectangle between two corners, the first one above and to the left.
    pub fn new([left, top]: [f64; 2], [right, bottom]: [f64; 2]) -> Self {
        Self { left, top, right, bottom }
    }

    /// From left to right.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From top to bottom.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The point in the middle.
    pub fn middle(&self) -> [f64; 2] {
        [0.5 * (self.left + self.right), 0.5 * (self.top + self.bottom)]
    }

    /// Whether a point lies within.
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// The rectangle without margins.
    pub fn inset(&self, margins: Margins) -> Self {
        Self {
            left: self.left + margins.left,
            top: self.top + margins.top,
            right: self.right - margins.right,
            bottom: self.bottom - margins.bottom,
        }
    }

    /// Cell (`column`, `row`) of a grid with gaps between its cells.
    pub fn cell(&self, [columns, rows]: [usize; 2], [column, row]: [usize; 2], gap: f64) -> Self {
        let width = (self.width() - gap * (columns as f64 - 1.0)) / columns as f64;
        let height = (self.height() - gap * (rows as f64 - 1.0)) / rows as f64;
        let left = self.left + column as f64 * (width + gap);
        let top = self.top + row as f64 * (height + gap);
        Self { left, top, right: left + width, bottom: top + height }
    }

    /// With corners at whole pixels, so that its sides are sharp.
    pub fn rounded(&self) -> Self {
        Self {
            left: self.left.round(),
            top: self.top.round(),
            right: self.right.round(),
            bottom: self.bottom.round(),
        }
    }

    /// The corners, from the upper left one round and back to it.
    pub fn outline(&self) -> Vec<[f64; 2]> {
        let Self { left, top, right, bottom } = *self;
        vec![[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    }
}
