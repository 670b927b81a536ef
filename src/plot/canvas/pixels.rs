//! Images: rows of coloured cells.

use super::ink::Color;
use crate::error::{Error, Result};

/// A matrix of colours, its rows from the top down.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    columns: usize,
    colors: Vec<Color>,
    smooth: bool,
}

impl Pixels {
    /// Colours row after row.
    ///
    /// # Errors
    ///
    /// If there is no colour, or their number is no multiple of the columns.
    pub fn new(columns: usize, colors: Vec<Color>) -> Result<Self> {
        if columns == 0 || colors.is_empty() || !colors.len().is_multiple_of(columns) {
            return Err(Error::shape(format!(
                "{} colours in rows of {columns} are no image: give one or more full rows",
                colors.len()
            )));
        }
        Ok(Self { columns, colors, smooth: false })
    }

    /// Colours between those of neighbouring cells where the image is enlarged, in place of cells that can
    /// be seen.
    pub fn smooth(mut self) -> Self {
        self.smooth = true;
        self
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.colors.len() / self.columns
    }

    /// All colours, row after row from the top down.
    pub fn colors(&self) -> &[Color] {
        &self.colors
    }

    /// Red, green and blue of every pixel, row after row from the top down.
    pub fn bytes(&self) -> &[u8] {
        self.colors.as_flattened()
    }

    pub(in crate::plot) fn is_smooth(&self) -> bool {
        self.smooth
    }
}
