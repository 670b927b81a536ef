//! What can be drawn, and what becomes of it.

use std::path::Path;

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::DrawingBackend;

use super::canvas::{Area, Canvas, Margins, Pixels};
use super::output::{Style, Target, check_size, onto, paint, svg};
use crate::error::Result;

/// Something that can be drawn. [`Axes`](super::Axes) shows how to make one.
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

    /// What the picture leaves free around its plot in an area, so that those beside one another can be
    /// brought in line. Default: nothing, which stands in line with nothing.
    ///
    /// # Errors
    ///
    /// As [`draw`](Picture::draw).
    fn margins(&self, _canvas: &Canvas, _area: Area) -> Result<Margins> {
        Ok(Margins::default())
    }

    /// The greatest number that the picture shows as a colour in an area, so that those beside one another can
    /// share their colours. Default: none.
    ///
    /// # Errors
    ///
    /// As [`draw`](Picture::draw).
    fn brightest(&self, _canvas: &mut Canvas, _area: Area) -> Result<Option<f64>> {
        Ok(None)
    }

    /// The theme and scale in which the picture is written. Default: light, at its own size.
    fn style(&self) -> Style {
        Style::new()
    }

    /// The picture in another theme or at another scale.
    ///
    /// ```no_run
    /// use liouville::plot::{Style, Theme};
    /// use liouville::prelude::*;
    ///
    /// let moons = data::two_moons(0.1);
    /// let print = Style::new().theme(Theme::dark()).scale(2.0);
    /// plot::density::<f64>(&moons).with(print).save("moons.png")?;
    /// # Ok::<(), liouville::Error>(())
    /// ```
    fn with(self, style: Style) -> Styled<Self>
    where
        Self: Sized,
    {
        Styled { picture: self, style }
    }

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
        let target = Target::new(path.as_ref())?;
        target.write(&drawn(self, self.size())?, self.size(), &self.style())
    }

    /// The text of an SVG file.
    ///
    /// # Errors
    ///
    /// As [`draw`](Picture::draw), or if the picture has no pixels or too many.
    fn to_svg(&self) -> Result<String> {
        svg(&drawn(self, self.size())?, self.size())
    }

    /// The pixels.
    ///
    /// # Errors
    ///
    /// As [`to_svg`](Picture::to_svg).
    fn to_rgb(&self) -> Result<Pixels> {
        let scale = self.style().scale;
        let size = check_size(self.size(), scale)?;
        paint(&drawn(self, self.size())?, size, scale)
    }

    /// Draws onto a drawing area of [plotters], of whatever backend, in the size that it has.
    ///
    /// ```
    /// use liouville::plot::plotters::coord::Shift;
    /// use liouville::plot::plotters::prelude::{DrawingArea, DrawingBackend};
    /// use liouville::prelude::*;
    ///
    /// fn left_half<B: DrawingBackend>(root: &DrawingArea<B, Shift>) -> liouville::Result<()> {
    ///     let (left, _) = root.split_horizontally(500);
    ///     plot::density::<f64>(&data::two_moons(0.1)).draw_on(&left)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`draw`](Picture::draw), or if the backend cannot draw.
    fn draw_on<B: DrawingBackend>(&self, root: &DrawingArea<B, Shift>) -> Result<()>
    where
        Self: Sized,
    {
        onto(&drawn(self, root.dim_in_pixel())?, root)
    }
}

/// The shapes of a picture in a size.
fn drawn(picture: &(impl Picture + ?Sized), size: (u32, u32)) -> Result<Canvas> {
    check_size(size, 1.0)?;
    let area = Area::new([0.0; 2], [f64::from(size.0), f64::from(size.1)]);
    let mut canvas = Canvas::new(picture.style().theme, area);
    picture.draw(&mut canvas, area)?;
    Ok(canvas)
}

/// A picture in a style of its own; made by [`with`](Picture::with).
#[derive(Debug, Clone)]
pub struct Styled<P> {
    picture: P,
    style: Style,
}

impl<P: Picture> Picture for Styled<P> {
    fn size(&self) -> (u32, u32) {
        self.picture.size()
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        canvas.themed(&self.style.theme, area, |canvas| self.picture.draw(canvas, area))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        self.picture.margins(canvas, area)
    }

    fn brightest(&self, canvas: &mut Canvas, area: Area) -> Result<Option<f64>> {
        self.picture.brightest(canvas, area)
    }

    fn style(&self) -> Style {
        self.style.clone()
    }
}

impl<P: Picture + ?Sized> Picture for Box<P> {
    fn size(&self) -> (u32, u32) {
        (**self).size()
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        (**self).draw(canvas, area)
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        (**self).margins(canvas, area)
    }

    fn brightest(&self, canvas: &mut Canvas, area: Area) -> Result<Option<f64>> {
        (**self).brightest(canvas, area)
    }

    fn style(&self) -> Style {
        (**self).style()
    }
}
