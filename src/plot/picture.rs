//! What can be drawn and saved.

use std::path::Path;

use super::canvas::{Area, Canvas};
use super::render::Target;
use crate::error::Result;

/// Something that can be drawn.
pub trait Picture {
    /// Width and height in pixels that suit it.
    fn size(&self) -> (u32, u32);

    /// Draws into an area.
    ///
    /// # Errors
    ///
    /// If what is drawn has the wrong shape, holds nothing that is finite or numbers beyond ±1e300, cannot
    /// be computed, or the area is too small for it.
    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()>;

    /// Writes the picture to `path`, as PNG or SVG by its ending. The file appears complete or not
    /// at all.
    ///
    /// # Errors
    ///
    /// As [`draw`](Picture::draw), if the ending is another, the picture has no pixels or too many, or
    /// the file cannot be written.
    fn save<P: AsRef<Path>>(&self, path: P) -> Result<()>
    where
        Self: Sized,
    {
        let (width, height) = self.size();
        let target = Target::new(path.as_ref(), (width, height))?;
        let area = Area { left: 0.0, top: 0.0, right: f64::from(width), bottom: f64::from(height) };
        let mut canvas = Canvas::default();
        self.draw(&mut canvas, area)?;
        target.write(&canvas)
    }
}

impl<P: Picture + ?Sized> Picture for Box<P> {
    fn size(&self) -> (u32, u32) {
        (**self).size()
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        (**self).draw(canvas, area)
    }
}
