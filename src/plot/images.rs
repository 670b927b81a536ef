//! A sheet of small grey images, one per column.

use nalgebra::DMatrix;

use super::axes::{Range, Steps, fitted};
use super::canvas::{Anchor, Area, Canvas, Margins, Pixels};
use super::picture::Picture;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;

/// The longer side of a sheet where no size is given.
const SHEET: f64 = 720.0;

/// A sheet of images; made by [`images`].
#[derive(Debug, Clone)]
pub struct ImagesPicture {
    groups: Vec<(String, Vec<Vec<f64>>)>,
    shape: Option<[usize; 2]>,
    range: Option<[f64; 2]>,
    size: Option<(u32, u32)>,
    per_row: Option<usize>,
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
    ImagesPicture { groups: Vec::new(), shape: None, range: None, size: None, per_row: None }
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

    /// How many images stand in a row, as of a [path between two](super::interpolated). Default: as many as in a
    /// column. Where no size is given, it follows.
    pub fn per_row(mut self, count: usize) -> Self {
        self.per_row = Some(count);
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

    /// As large as the sheets are in pixels of whole size, whatever the number of images in a row.
    fn usual_size(&self) -> (u32, u32) {
        let groups = self.groups.len().max(1) as f64;
        let most = self.groups.iter().map(|(_, images)| images.len()).max().unwrap_or(1);
        let [across, down] = grid(most, self.per_row);
        let pixels = self.groups.iter().flat_map(|(_, images)| images).map(Vec::len).next();
        let side = (pixels.unwrap_or(1) as f64).sqrt().round();
        let [rows, columns] = self.shape.map_or([side; 2], |shape| shape.map(|n| n as f64));
        let ratio = (across as f64 * columns.max(1.0)) / (down as f64 * rows.max(1.0));
        let [width, height] =
            if ratio < 1.0 { [SHEET * ratio, SHEET] } else { [SHEET, SHEET / ratio] };
        let pixels = |length: f64, least: f64| length.round().max(least) as u32;
        // Beside a sheet there is a gap, above it a title.
        (pixels(groups * (width + 44.0), 160.0), pixels(height + 72.0, 110.0))
    }

    fn check(&self) -> Result<([usize; 2], Range)> {
        let pixels = self.groups.iter().flat_map(|(_, images)| images).map(Vec::len).next();
        let Some(pixels) = pixels.filter(|pixels| *pixels > 0) else {
            return Err(Error::empty(
                "there is no image to draw: give one or more, of one pixel or more",
            ));
        };
        if self.per_row == Some(0) {
            return Err(Error::setting("images in rows of 0: give one or more"));
        }
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

impl Picture for ImagesPicture {
    fn size(&self) -> (u32, u32) {
        self.size.unwrap_or_else(|| self.usual_size())
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let (shape, greys) = self.check()?;
        let (unit, theme) = (canvas.unit(), canvas.theme().clone());
        let gap = theme.gap * unit;
        let inner = area.inset(Margins { left: gap, right: gap, ..Margins::default() });
        for (k, (title, images)) in self.groups.iter().enumerate() {
            let cell = inner.cell([self.groups.len(), 1], [k, 0], 2.0 * gap);
            let above = if title.is_empty() { gap } else { 2.0 * theme.title * unit };
            let room = cell.inset(Margins { top: above, bottom: gap, ..Margins::default() });
            let places = places(room, images.len(), self.per_row, shape).ok_or_else(|| {
                let (width, height) = (area.width(), area.height());
                let count = shown::count(images.len(), "image");
                Error::setting(format!(
                    "{title}: {count} do not fit into {width:.0} x {height:.0} pixels: draw fewer, \
                     or give the picture a larger size"
                ))
            })?;
            let top = places.first().map_or(room.top, |place| place.top);
            let (text, size) = fitted(canvas, title, cell.width(), theme.title);
            let middle = [room.middle()[0], top - 0.95 * theme.title * unit];
            canvas.text(middle, &text, size, theme.ink, Anchor::Middle);
            for (image, place) in images.iter().zip(places) {
                draw_image(canvas, place, image, shape, greys)?;
            }
        }
        Ok(())
    }
}

/// Where images stand in the middle of an area, with square pixels; none if these are too small.
fn places(
    room: Area,
    count: usize,
    per_row: Option<usize>,
    [rows, columns]: [usize; 2],
) -> Option<Vec<Area>> {
    let [across, down] = grid(count, per_row);
    let [wide, high] = [room.width() / across as f64, room.height() / down as f64];
    let gap = (0.08 * wide.min(high)).clamp(0.0, 8.0);
    let pixel = ((wide - gap) / columns as f64).min((high - gap) / rows as f64);
    // Whole pixels where that costs little.
    let pixel = if pixel >= 6.0 { pixel.floor() } else { pixel };
    let [width, height] = [pixel * columns as f64, pixel * rows as f64];
    if width.max(height) < 1.0 || width.is_nan() {
        return None;
    }
    let left = room.middle()[0] - 0.5 * (across as f64 * (width + gap) - gap);
    let top = room.middle()[1] - 0.5 * (down as f64 * (height + gap) - gap);
    let place = |n: usize| {
        let (column, row) = ((n % across) as f64, (n / across) as f64);
        let corner = [left + column * (width + gap), top + row * (height + gap)];
        Area::new(corner, [corner[0] + width, corner[1] + height])
    };
    Some((0..count).map(place).collect())
}

/// How many images are beside and above one another.
fn grid(count: usize, per_row: Option<usize>) -> [usize; 2] {
    let across = per_row.unwrap_or((count as f64).sqrt().ceil() as usize).clamp(1, count.max(1));
    [across, count.div_ceil(across).max(1)]
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
