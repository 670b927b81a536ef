//! Several pictures in one file.

use super::canvas::{Area, Canvas, Margins};
use super::picture::Picture;
use crate::error::{Error, Result};

/// A grid of pictures; made by [`panels`].
pub struct Panels<'a> {
    pictures: Vec<Box<dyn Picture + 'a>>,
    columns: usize,
    shared: bool,
}

/// A grid of two columns, to be filled row by row.
///
/// ```no_run
/// use liouville::prelude::*;
///
/// let moons = data::two_moons(0.1);
/// let left = plot::density::<f64>(&moons);
/// let right = plot::field(|_, x| [x[1], -x[0]]);
/// plot::panels().add(left).add(right).save("both.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn panels<'a>() -> Panels<'a> {
    Panels { pictures: Vec::new(), columns: 2, shared: false }
}

impl<'a> Panels<'a> {
    /// The next picture.
    #[expect(clippy::should_implement_trait, reason = "the word of a builder, not of arithmetic")]
    pub fn add(mut self, picture: impl Picture + 'a) -> Self {
        self.pictures.push(Box::new(picture));
        self
    }

    /// The number of columns. Default: 2.
    pub fn columns(mut self, count: usize) -> Self {
        self.columns = count;
        self
    }

    /// One number for the last colour of all heat maps, so that they can be compared.
    pub fn shared_colors(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Columns and rows of the grid.
    fn shape(&self) -> [usize; 2] {
        let columns = self.columns.clamp(1, self.pictures.len().max(1));
        [columns, self.pictures.len().div_ceil(columns).max(1)]
    }
}

impl Picture for Panels<'_> {
    fn size(&self) -> (u32, u32) {
        let [columns, rows] = self.shape();
        let largest = self.pictures.iter().map(|picture| picture.size());
        let (width, height) = largest.fold((1, 1), |(w, h), (x, y)| (w.max(x), h.max(y)));
        (width.saturating_mul(columns as u32), height.saturating_mul(rows as u32))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        if self.pictures.is_empty() {
            return Err(Error::empty("there are no panels to draw: add a picture"));
        }
        if self.columns == 0 {
            return Err(Error::setting("panels in 0 columns: give one or more"));
        }
        let shape = self.shape();
        let cells: Vec<Area> = (0..self.pictures.len())
            .map(|k| area.cell(shape, [k % shape[0], k / shape[0]], 0.0))
            .collect();
        let margins =
            self.each(canvas, &cells, |picture, canvas, cell| picture.margins(canvas, cell))?;
        let least: Vec<Margins> = (0..cells.len()).map(|k| common(&margins, shape[0], k)).collect();
        let brightest = match self.shared {
            true => self.brightest_of(canvas, &cells, &least)?,
            false => canvas.brightest(),
        };
        canvas.with_brightest(brightest, |canvas| {
            let panels = self.pictures.iter().zip(cells).zip(least);
            panels.into_iter().try_for_each(|((picture, cell), least)| {
                canvas.part(cell, least, |canvas| picture.draw(canvas, cell))
            })
        })
    }
}

impl Panels<'_> {
    /// What each picture says of itself in its cell.
    fn each<R>(
        &self,
        canvas: &mut Canvas,
        cells: &[Area],
        say: impl Fn(&dyn Picture, &mut Canvas, Area) -> Result<R>,
    ) -> Result<Vec<R>> {
        let pairs = self.pictures.iter().zip(cells);
        let none = Margins::default();
        pairs
            .map(|(picture, cell)| canvas.part(*cell, none, |canvas| say(picture, canvas, *cell)))
            .collect()
    }

    fn brightest_of(
        &self,
        canvas: &mut Canvas,
        cells: &[Area],
        least: &[Margins],
    ) -> Result<Option<f64>> {
        let mut found: Option<f64> = None;
        for ((picture, cell), least) in self.pictures.iter().zip(cells).zip(least) {
            let one = canvas.part(*cell, *least, |canvas| picture.brightest(canvas, *cell))?;
            found = found.into_iter().chain(one).reduce(f64::max);
        }
        Ok(found)
    }
}

/// The margins of a panel with which its row and its column are in line.
fn common(all: &[Margins], columns: usize, k: usize) -> Margins {
    let widest = |of: fn(&Margins) -> f64, with: &dyn Fn(usize) -> bool| {
        (0..all.len()).filter(|other| with(*other)).map(|other| of(&all[other])).fold(0.0, f64::max)
    };
    let column = |other: usize| other % columns == k % columns;
    let row = |other: usize| other / columns == k / columns;
    Margins {
        left: widest(|margins| margins.left, &column),
        right: widest(|margins| margins.right, &column),
        top: widest(|margins| margins.top, &row),
        bottom: widest(|margins| margins.bottom, &row),
    }
}
