//! What shapes are drawn with: colours, strokes, markers, and where a text hangs.

/// Red, green and blue.
pub type Color = [u8; 3];

/// A colour that may let through what is below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ink {
    pub(in crate::plot) color: Color,
    pub(in crate::plot) alpha: f64,
}

impl Ink {
    /// A colour that covers what is below.
    pub fn new(color: Color) -> Self {
        Self { color, alpha: 1.0 }
    }

    /// How much of what is below is covered: 0 for nothing, 1 for all.
    pub fn alpha(mut self, share: f64) -> Self {
        self.alpha = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self
    }
}

impl From<Color> for Ink {
    fn from(color: Color) -> Self {
        Self::new(color)
    }
}

/// How a line is drawn. Lengths are in [units](super::Canvas::unit): they grow with the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    pub(in crate::plot) ink: Ink,
    pub(in crate::plot) width: f64,
    pub(in crate::plot) dash: Option<[f64; 2]>,
}

impl Stroke {
    /// A line of width 2.
    pub fn new(ink: impl Into<Ink>) -> Self {
        Self { ink: ink.into(), width: 2.0, dash: None }
    }

    /// How wide the line is.
    pub fn width(mut self, width: f64) -> Self {
        self.width = width.max(0.0);
        self
    }

    /// How much of what is below is covered: 0 for nothing, 1 for all.
    pub fn alpha(mut self, share: f64) -> Self {
        self.ink = self.ink.alpha(share);
        self
    }

    /// Broken into dashes: the lengths of a dash and of a gap.
    pub fn dashed(mut self, dash: f64, gap: f64) -> Self {
        self.dash = (dash > 0.0 && gap > 0.0).then_some([dash, gap]);
        self
    }
}

/// The shape of a mark at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Dot,
    /// A square on its side.
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle on its side.
    Triangle,
    /// Two strokes, as of an x.
    Cross,
}

impl Marker {
    /// The corners of polygons that make the marker of radius one; none for a disc.
    pub(in crate::plot) fn corners(self) -> Vec<Vec<[f64; 2]>> {
        let turned = |[x, y]: [f64; 2]| [0.7 * (x - y), 0.7 * (x + y)];
        let bar = |x: f64, y: f64| [[-x, -y], [x, -y], [x, y], [-x, y]].map(turned).to_vec();
        match self {
            Self::Dot => Vec::new(),
            Self::Square => vec![vec![[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]]],
            Self::Diamond => vec![vec![[0.0, -1.2], [1.2, 0.0], [0.0, 1.2], [-1.2, 0.0]]],
            Self::Triangle => vec![vec![[0.0, -1.15], [1.1, 0.8], [-1.1, 0.8]]],
            Self::Cross => vec![bar(1.25, 0.3), bar(0.3, 1.25)],
        }
    }
}

/// Where a text hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end, at half the height of its capitals.
    Left,
    /// Its right end, at half the height of its capitals.
    Right,
    /// Its middle, both ways.
    Middle,
    /// Its middle, turned to read upward.
    MiddleUpward,
}

/// A colour between two: `share` of the second.
pub(in crate::plot) fn mixed(from: Color, to: Color, share: f64) -> Color {
    std::array::from_fn(|channel| {
        let (from, to) = (f64::from(from[channel]), f64::from(to[channel]));
        (from + share * (to - from)).round() as u8
    })
}

/// White on dark colours and near-black on light ones.
pub(in crate::plot) fn contrasting([r, g, b]: Color) -> Color {
    let light = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
    if light < 140.0 { [255; 3] } else { [20; 3] }
}
