//! The theme and the scale in which a picture is written.

use crate::plot::canvas::Theme;

/// How a picture is written: its theme, and how many pixels of a PNG make one of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    pub(in crate::plot) theme: Theme,
    pub(in crate::plot) scale: f64,
}

impl Style {
    /// The light theme, at the size that the picture has.
    pub fn new() -> Self {
        Self { theme: Theme::light(), scale: 1.0 }
    }

    /// The colours, sizes and distances.
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }

    /// A PNG has so many times more pixels each way, all in it as much larger: 2 or 3 for print.
    pub fn scale(mut self, factor: f64) -> Self {
        self.scale = factor;
        self
    }
}

impl Default for Style {
    fn default() -> Self {
        Self::new()
    }
}
