//! Samples in the plane as dots, one panel or several beside one another.

use nalgebra::DMatrix;

use super::canvas::{Area, Canvas, Color, Picture};
use super::frame::{Captions, Frame, Range, Scaling, check_range, fill_area, range_of};
use super::style::SERIES;
use crate::error::{Error, Result};
use crate::real::Real;

/// A picture of samples; made by [`samples`].
#[derive(Debug, Clone)]
pub struct SamplesPicture {
    groups: Vec<(String, Result<Vec<[f64; 2]>>)>,
    x: Option<Range>,
    y: Option<Range>,
    size: Option<(u32, u32)>,
}

/// The columns of a 2 x n matrix as dots.
///
/// ```no_run
/// use liouville::prelude::*;
/// # let (data, drawn) = (nalgebra::DMatrix::<f64>::zeros(2, 9), nalgebra::DMatrix::<f64>::zeros(2, 9));
///
/// plot::samples("data", &data).beside("model", &drawn).save("samples.png")?;
/// # Ok::<(), liouville::Error>(())
/// ```
pub fn samples<T: Real>(title: &str, points: &DMatrix<T>) -> SamplesPicture {
    SamplesPicture { groups: Vec::new(), x: None, y: None, size: None }.beside(title, points)
}

impl SamplesPicture {
    /// Another panel with the same axes.
    pub fn beside<T: Real>(mut self, title: &str, points: &DMatrix<T>) -> Self {
        let checked = check_plane(title, points).map(|()| points_of(points));
        self.groups.push((title.to_string(), checked));
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

    /// Width and height in pixels.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }
}

impl Picture for SamplesPicture {
    fn size(&self) -> (u32, u32) {
        self.size.unwrap_or((700 * self.groups.len() as u32, 700))
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let mut groups = Vec::new();
        for (title, points) in &self.groups {
            groups.push((title, points.clone()?));
        }
        let all = |i: usize| {
            range_of(groups.iter().flat_map(|(_, points)| points.iter().map(move |p| p[i])), 0.05)
        };
        let (Some(x), Some(y)) = (all(0), all(1)) else {
            return Err(Error::non_finite("no sample is finite"));
        };
        let mut x = check_range("x", self.x.unwrap_or(x))?;
        let mut y = check_range("y", self.y.unwrap_or(y))?;
        if self.x.is_none() && self.y.is_none() {
            let captions = Captions { title: "a".into(), x: "x".into(), y: "y".into() };
            [x, y] = fill_area(area.cell([groups.len(), 1], [0, 0], 10.0), &captions, [x, y]);
        }
        for (k, (title, points)) in groups.iter().enumerate() {
            let cell = area.cell([groups.len(), 1], [k, 0], 10.0);
            let captions = Captions { title: (*title).clone(), x: "x₁".into(), y: "x₂".into() };
            let frame = Frame::new(cell, &captions, x, y, Scaling::Equal);
            frame.draw_grid(canvas);
            draw_dots(canvas, &frame, points, SERIES[k % SERIES.len()], 0.45);
            frame.draw_axes(canvas, &captions);
        }
        Ok(())
    }
}

/// An error unless `points` is 2 x n with n > 0.
pub(super) fn check_plane<T: Real>(name: &str, points: &DMatrix<T>) -> Result<()> {
    if points.nrows() != 2 {
        let (rows, columns) = points.shape();
        return Err(Error::shape(format!(
            "{name}: {rows} x {columns} cannot be drawn in the plane; give 2 x n"
        )));
    }
    if points.ncols() == 0 {
        return Err(Error::empty(format!("{name}: there is no column to draw")));
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
