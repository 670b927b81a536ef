//! A sheet of small grey images, one per column.

use nalgebra::DMatrix;

use super::axes::{Range, Steps};
use super::canvas::{Anchor, Area, Canvas, Margins, Pixels};
use super::picture::Picture;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// A sheet of images; made by [`images`].
#[derive(Debug, Clone)]
pub struct ImagesPicture {
    groups: Vec<(String, Vec<Vec<f64>>)>,
    shape: Option<[usize; 2]>,
    range: Option<[f64; 2]>,
    size: Option<(u32, u32)>,
}

/// Every column as a small image, dark for large values, its rows from the top down.
///
/// ```no_run
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// # let (digits, drawn) = (DMatrix::<f64>::zeros(64, 9), DMatrix::<f64>::zeros(64, 9));
///
/// plot::images("data", &digits).beside("model", &drawn).shape(8, 8).range(0.0, 16.0).save("digits.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn images<T: Real>(title: &str, columns: &DMatrix<T>) -> ImagesPicture {
    ImagesPicture { groups: Vec::new(), shape: None, range: None, size: None }
        .beside(title, columns)
}

impl ImagesPicture {
    /// Another sheet beside the first.
    pub fn beside<T: Real>(mut self, title: &str, columns: &DMatrix<T>) -> Self {
        let images =
            columns.column_iter().map(|image| image.iter().map(|value| value.wide()).collect());
        self.groups.push((title.to_string(), images.collect()));
        self
    }

    /// The rows and columns of each image. Default: a square.
    pub fn shape(mut self, rows: usize, columns: usize) -> Self {
        self.shape = Some([rows, columns]);
        self
    }

    /// The values of white and black. Default: the least and the greatest of all.
    pub fn range(mut self, white: f64, black: f64) -> Self {
        self.range = Some([white, black]);
        self
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    fn check(&self) -> Result<([usize; 2], Range)> {
        let pixels = self.groups.iter().flat_map(|(_, images)| images).map(Vec::len).next();
        let Some(pixels) = pixels.filter(|pixels| *pixels > 0) else {
            return Err(Error::empty(
                "there is no image to draw: give one or more, of one pixel or more",
            ));
        };
        let side = (pixels as f64).sqrt().round() as usize;
        let [rows, columns] = self.shape.unwrap_or([side, side]);
        for (title, images) in &self.groups {
            if let Some(image) =
                images.iter().find(|image| Some(image.len()) != rows.checked_mul(columns))
            {
                let values = shown::count(image.len(), "value");
                return Err(Error::shape(format!(
                    "{title}: a column of {values} is no image of {rows} x {columns} pixels: give \
                     the rows and columns by `shape`"
                )));
            }
        }
        let values = self.groups.iter().flat_map(|(_, images)| images).flatten().copied();
        let range = match self.range {
            Some(ends) => Range::given("grey", Steps::Even, ends)?,
            None => Range::around("grey", Steps::Even, values, 0.0)?.ok_or_else(|| {
                Error::non_finite(
                    "no value of any image is finite: give other images, or leave out what failed",
                )
            })?,
        };
        Ok(([rows, columns], range))
    }
}

/// The number of images along a side of a sheet.
fn side(count: usize) -> usize {
    (count as f64).sqrt().ceil() as usize
}

impl Picture for ImagesPicture {
    fn size(&self) -> (u32, u32) {
        self.size.unwrap_or((760u32.saturating_mul(self.groups.len() as u32), 800))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let (shape, greys) = self.check()?;
        for (k, (title, images)) in self.groups.iter().enumerate() {
            let (unit, theme) = (canvas.unit(), canvas.theme().clone());
            let gap = 1.5 * theme.gap * unit;
            let cell = area.inset(Margins { left: gap, right: gap, ..Margins::default() });
            let cell = cell.cell([self.groups.len(), 1], [k, 0], 1.5 * gap);
            let above = if title.is_empty() { gap } else { 2.0 * theme.title * unit };
            let sheet = cell.inset(Margins { top: above, bottom: gap, ..Margins::default() });
            let side = side(images.len()).max(1);
            let least = sheet.width().min(sheet.height()) / side as f64;
            if least < 1.0 {
                let (width, height) = (area.width(), area.height());
                let count = shown::count(images.len(), "image");
                return Err(Error::setting(format!(
                    "{title}: {count} do not fit into {width:.0} x {height:.0} pixels: draw fewer, \
                     or give the picture a larger size"
                )));
            }
            let middle = [sheet.middle()[0], sheet.top - 0.95 * theme.title * unit];
            canvas.text(middle, title, theme.title, theme.ink, Anchor::Middle);
            for (n, image) in images.iter().enumerate() {
                let gap = (0.2 * least).min(8.0);
                let place = sheet.cell([side, side], [n % side, n / side], gap);
                draw_image(canvas, place, image, shape, greys)?;
            }
        }
        Ok(())
    }
}

/// Row after row; NaN has the colour of a grid.
fn draw_image(
    canvas: &mut Canvas,
    place: Area,
    image: &[f64],
    [_, columns]: [usize; 2],
    greys: Range,
) -> Result<()> {
    let color = |value: &f64| {
        let share = greys.share(Steps::Even, *value).clamp(0.0, 1.0);
        match share.is_nan() {
            true => canvas.theme().grid,
            false => [(255.0 * (1.0 - share)).round() as u8; 3],
        }
    };
    let pixels = Pixels::new(columns, image.iter().map(color).collect())?;
    canvas.image(place, pixels);
    Ok(())
}
