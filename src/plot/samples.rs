//! Samples in the plane as dots, one panel or several beside one another.

use nalgebra::{DMatrix, DVectorView};

use super::axes::{Axes, Frame, Plane, Range, plane_words};
use super::canvas::{Area, Canvas, Ink, Margins, Marker};
use super::corner::Sorted;
use super::picture::Picture;
use super::weighing::{Weights, weighed};
use crate::error::{Error, Result};
use crate::real::Real;

/// So few dots do not hide one another.
const FEW: f64 = 30.0;
/// Dots of a smaller radius than this are not seen.
const SMALLEST: f64 = 0.15;

/// A picture of samples; made by [`samples`].
#[derive(Debug, Clone)]
pub struct SamplesPicture {
    plane: Plane,
    groups: Vec<Group>,
}

/// What a panel shows.
#[derive(Debug, Clone)]
struct Group {
    title: String,
    points: Result<Vec<[f64; 2]>>,
    weights: Weights,
}

plane_words!(SamplesPicture);

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
    SamplesPicture { plane: Plane::new("x₁", "x₂"), groups: Vec::new() }.beside(title, points)
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
        self.groups.push(Group { title, points: checked, weights: Weights::Equal });
        self
    }

    /// Weights of the samples that were given last, one for each column, as of nested or importance sampling: the
    /// areas of dots are in proportion, and the title says how many equal samples they are worth, (Σ w)² / Σ w².
    pub fn weights(mut self, weights: &[f64]) -> Self {
        if let Some(group) = self.groups.last_mut() {
            group.weigh(weights);
        }
        self
    }

    /// The axes of a panel.
    fn axes(&self, title: &str) -> Result<Axes> {
        let axes = self.plane.axes(|| Ok([self.range("x", 0)?, self.range("y", 1)?]))?;
        Ok(axes.title(title).open())
    }

    /// The range of most points along an axis.
    fn range(&self, name: &str, axis: usize) -> Result<Range> {
        let mut values = Vec::new();
        for group in &self.groups {
            let all = group.points.clone()?.into_iter().map(|point| point[axis]);
            match group.weights.are_equal() {
                true => values.extend(all),
                false => {
                    let all: Vec<f64> = all.collect();
                    values.extend(Sorted::weighed(&all, &group.weights).bulk());
                }
            }
        }
        Range::around_most(name, values.into_iter(), 0.05)?.ok_or_else(|| nothing_finite(name))
    }
}

impl Group {
    /// The same with weights; what weighs nothing is left out.
    fn weigh(&mut self, weights: &[f64]) {
        let Ok(points) = &self.points else { return };
        let finite = |k: &usize| points[*k].iter().all(|value| value.is_finite());
        let kept: Vec<usize> = (0..points.len()).filter(finite).collect();
        self.points = weighed(weights, points.len(), &kept).map(|(weights, places)| {
            if !weights.are_equal() {
                let worth = weights.effective(places.len());
                self.title = format!("{} ({worth:.0} effective of {})", self.title, points.len())
                    .trim()
                    .to_string();
            }
            self.weights = weights;
            places.iter().map(|k| points[kept[*k]]).collect()
        });
    }
}

/// A title that says how many points are left out of sight.
fn noted(title: &str, points: &[[f64; 2]], [x, y]: [[f64; 2]; 2]) -> String {
    let beyond =
        |value: f64, [from, to]: [f64; 2]| value.is_finite() && !(from..=to).contains(&value);
    match points.iter().filter(|point| beyond(point[0], x) || beyond(point[1], y)).count() {
        0 => title.to_string(),
        count => {
            format!("{title} ({count} of {} beyond the axes)", points.len()).trim().to_string()
        }
    }
}

fn nothing_finite(name: &str) -> Error {
    Error::non_finite(format!("no sample has a finite {name}: give other samples, or the range"))
}

/// The ranges of most samples, with a margin.
pub(super) fn range_of_samples<T: Real>(samples: &DMatrix<T>) -> Result<[Range; 2]> {
    let row = |name: &str, i: usize| {
        Range::around_most(name, samples.row(i).iter().map(|x| x.wide()), 0.06)?
            .ok_or_else(|| nothing_finite(name))
    };
    Ok([row("x", 0)?, row("y", 1)?])
}

impl Picture for SamplesPicture {
    fn size(&self) -> (u32, u32) {
        let width = 700u32.saturating_mul(self.groups.len() as u32);
        self.plane.size.unwrap_or((width, 700))
    }

    fn margins(&self, canvas: &Canvas, area: Area) -> Result<Margins> {
        match self.groups.as_slice() {
            [one] => Ok(self.axes(&one.title)?.margins(canvas, area)),
            _ => Ok(Margins::default()),
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<()> {
        let gap = canvas.theme().gap * canvas.unit();
        for (k, group) in self.groups.iter().enumerate() {
            let (title, points) = (&group.title, &group.points.clone()?);
            let axes = self.axes(title)?;
            let cell = area.cell([self.groups.len(), 1], [k, 0], gap);
            canvas.part(cell, canvas.least_margins(), |canvas| {
                let seen = axes.place(canvas, cell)?.ranges();
                let frame = axes.title(&noted(title, points, seen)).place(canvas, cell)?;
                frame.draw_grid(canvas);
                let ink = Ink::new(canvas.theme().series(k)).alpha(0.45);
                draw_weighed(canvas, &frame, points, &group.weights, ink);
                frame.finish(canvas)
            })?;
        }
        Ok(())
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

/// Dots with areas in proportion to their weights, the large ones first so that none hides another.
fn draw_weighed(
    canvas: &mut Canvas,
    frame: &Frame,
    points: &[[f64; 2]],
    weights: &Weights,
    ink: Ink,
) {
    if weights.are_equal() {
        return draw_dots(canvas, frame, points, ink);
    }
    let (radius, ink) = dot(weights.effective(points.len()), ink);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_unstable_by(|a, b| weights.at(*b).total_cmp(&weights.at(*a)));
    let sized = |k: usize| (k, radius * weights.at(k).sqrt());
    for (k, radius) in order.into_iter().map(sized).take_while(|(_, radius)| *radius > SMALLEST) {
        frame.draw_points(canvas, &[points[k]], Marker::Dot, radius, ink);
    }
}

/// Dots that grow smaller and fainter the more there are.
pub(super) fn draw_dots(canvas: &mut Canvas, frame: &Frame, points: &[[f64; 2]], ink: Ink) {
    let (radius, ink) = dot(points.len() as f64, ink);
    frame.draw_points(canvas, points, Marker::Dot, radius, ink);
}

/// The radius and the ink of one dot of so many.
fn dot(count: f64, ink: Ink) -> (f64, Ink) {
    let crowd = (count / 500.0).max(1.0);
    let radius = (5.0 / crowd.powf(0.4)).clamp(1.1, 4.0);
    let alpha = if count <= FEW { ink.alpha.max(0.8) } else { ink.alpha };
    (radius, ink.alpha((alpha / crowd.powf(0.15)).max(0.2)))
}
