//! Samples in the plane as dots, one panel or several beside one another.

use nalgebra::{DMatrix, DVectorView};

use super::canvas::{Area, Canvas, Color};
use super::frame::{Captions, Frame, Scaling, fill_area};
use super::picture::Picture;
use super::range::{Range, Steps};
use super::style::SERIES;
use crate::error::{Error, Result};
use crate::real::Real;

/// A picture of samples; made by [`samples`].
#[derive(Debug, Clone)]
pub struct SamplesPicture {
    groups: Vec<(String, Result<Vec<[f64; 2]>>)>,
    x: Option<[f64; 2]>,
    y: Option<[f64; 2]>,
    size: Option<(u32, u32)>,
    labels: [String; 2],
    scaling: Scaling,
}

/// The columns of a 2 x n matrix as dots. Columns that are NaN or infinite have no place; the title says
/// how many there are.
///
/// ```no_run
/// use liouville::nalgebra::DMatrix;
/// use liouville::prelude::*;
/// # let (data, drawn) = (DMatrix::<f64>::zeros(2, 9), DMatrix::<f64>::zeros(2, 9));
///
/// plot::samples("data", &data).beside("model", &drawn).save("samples.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn samples<T: Real>(title: &str, points: &DMatrix<T>) -> SamplesPicture {
    let (groups, labels) = (Vec::new(), ["x₁".into(), "x₂".into()]);
    let scaling = Scaling::Equal;
    SamplesPicture { groups, x: None, y: None, size: None, labels, scaling }.beside(title, points)
}

impl SamplesPicture {
    /// Another panel with the same axes.
    pub fn beside<T: Real>(mut self, title: &str, points: &DMatrix<T>) -> Self {
        let checked = check_plane(title, points).map(|()| points_of(points));
        let placed = |column: DVectorView<'_, T>| column.iter().all(|value| value.is_finite());
        let lost = points.column_iter().filter(|column| !placed(*column)).count();
        let title = match lost {
            0 => title.to_string(),
            _ => format!("{title} ({lost} of {} not finite)", points.ncols()),
        };
        self.groups.push((title, checked));
        self
    }

    /// From where to where the first axis runs.
    pub fn x_range(mut self, from: f64, to: f64) -> Self {
        self.x = Some([from, to]);
        self
    }

    /// From where to where the second axis runs.
    pub fn y_range(mut self, from: f64, to: f64) -> Self {
        self.y = Some([from, to]);
        self
    }

    /// What stands at the axes. Default: x₁ and x₂.
    pub fn axis_labels(mut self, x: &str, y: &str) -> Self {
        self.labels = [x.to_string(), y.to_string()];
        self
    }

    /// Each axis has a unit of its own, as the columns of a table have, and panels are filled. By default one unit
    /// is equally long both ways.
    pub fn own_units(mut self) -> Self {
        self.scaling = Scaling::Free;
        self
    }

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }
}

impl Picture for SamplesPicture {
    fn size(&self) -> (u32, u32) {
        self.size.unwrap_or((700u32.saturating_mul(self.groups.len() as u32), 700))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let mut groups = Vec::new();
        for (title, points) in &self.groups {
            groups.push((title, points.clone()?));
        }
        let count = groups.len();
        let cell = |k: usize| area.cell([count, 1], [k, 0], 10.0);
        let mut ranges =
            [self.range("x", self.x, &groups, 0)?, self.range("y", self.y, &groups, 1)?];
        if self.x.is_none() && self.y.is_none() && self.scaling == Scaling::Equal {
            let captions = Captions { title: "a".into(), x: "x".into(), y: "y".into() };
            ranges = fill_area(cell(0), &captions, ranges)?;
        }
        for (k, (title, points)) in groups.iter().enumerate() {
            let [x, y] = self.labels.clone();
            let captions = Captions { title: (*title).clone(), x, y };
            let frame = Frame::new(cell(k), &captions, ranges, self.scaling)?;
            frame.draw_grid(canvas);
            draw_dots(canvas, &frame, points, SERIES[k % SERIES.len()], 0.45);
            frame.draw_axes(canvas, &captions);
        }
        Ok(())
    }
}

/// The name and the points of a panel.
type Group<'a> = (&'a String, Vec<[f64; 2]>);

impl SamplesPicture {
    /// The range that was given for an axis, else that of all points.
    fn range(
        &self,
        name: &str,
        given: Option<[f64; 2]>,
        groups: &[Group<'_>],
        axis: usize,
    ) -> Result<Range> {
        if let Some(ends) = given {
            return Range::given(name, Steps::Even, ends);
        }
        let values = groups.iter().flat_map(|(_, points)| points.iter().map(|p| p[axis]));
        Range::around(name, Steps::Even, values, 0.05)?.ok_or_else(|| {
            Error::non_finite(format!(
                "no sample has a finite {name}: give other samples, or the range"
            ))
        })
    }
}

/// An error unless `points` is 2 x n with n > 0.
pub(super) fn check_plane<T: Real>(name: &str, points: &DMatrix<T>) -> Result<()> {
    if points.nrows() != 2 {
        let (rows, columns) = points.shape();
        return Err(Error::shape(format!(
            "{name}: a {rows} x {columns} matrix is no set of points in the plane: give two rows, and a column for each point"
        )));
    }
    if points.ncols() == 0 {
        return Err(Error::empty(format!("{name}: there is no column to draw, give one or more")));
    }
    Ok(())
}

pub(super) fn points_of<T: Real>(points: &DMatrix<T>) -> Vec<[f64; 2]> {
    points.column_iter().map(|point| [point[0].wide(), point[1].wide()]).collect()
}

/// Dots that grow smaller and fainter the more there are.
pub(super) fn draw_dots(
    canvas: &mut Canvas,
    frame: &Frame,
    points: &[[f64; 2]],
    color: Color,
    alpha: f64,
) {
    let crowd = (points.len() as f64 / 500.0).max(1.0);
    let radius = (5.0 / crowd.powf(0.4)).clamp(1.0, 4.0);
    let alpha = (alpha / crowd.powf(0.15)).max(0.2);
    for point in points.iter().filter(|point| frame.contains(**point)) {
        canvas.dot(frame.at(*point), radius, color, alpha);
    }
}
