//! What the panels of a picture of densities show.

use super::levels::Levels;
use super::sheet::Sheet;

/// What all panels show, and in which ranges.
pub(super) struct Seen {
    pub ranges: [[f64; 2]; 2],
    /// The nodes along a side that are seen.
    pub fine: usize,
    pub panels: Vec<Shown>,
    pub top: f64,
}

/// What a panel shows.
pub(super) enum Shown {
    Density(Sheet, Levels),
    Histogram(usize, Vec<f64>),
}

impl Shown {
    /// The greatest density of a model.
    pub fn top(&self) -> Option<f64> {
        match self {
            Self::Density(sheet, _) => Some(sheet.top()),
            Self::Histogram(..) => None,
        }
    }
}
