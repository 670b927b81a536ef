//! The ways of points through a field.

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::plot::axes::{Frame, Legend, Sign};
use crate::plot::canvas::{Canvas, Ink, Marker, Stroke, mixed};
use crate::plot::samples::{check_plane, points_of};
use crate::real::Real;

/// The way of every column: one 2 x n matrix for each time.
pub(super) fn through<T: Real>(steps: &[DMatrix<T>]) -> Result<Vec<Vec<[f64; 2]>>> {
    let columns = steps.first().map_or(0, DMatrix::ncols);
    for step in steps {
        check_plane("trajectories", step)?;
        if step.ncols() != columns {
            return Err(Error::shape(format!(
                "trajectories: {} at one time, {columns} at the first: give the same points at all",
                shown::count(step.ncols(), "point")
            )));
        }
    }
    let points: Vec<_> = steps.iter().map(points_of).collect();
    Ok((0..columns).map(|j| points.iter().map(|step| step[j]).collect()).collect())
}

/// Draws the ways, with their starts and ends.
pub(super) fn draw_paths(canvas: &mut Canvas, frame: &Frame, paths: &[Vec<[f64; 2]>]) {
    let theme = canvas.theme().clone();
    let [start, end] = [theme.series(0), theme.series(1)];
    let stroke = Stroke::new(mixed(theme.background, start, 0.55)).width(1.2).alpha(0.75);
    for path in paths {
        frame.draw_line(canvas, path, stroke);
    }
    for path in paths {
        for (point, color) in [(path.first(), start), (path.last(), end)] {
            let ink = Ink::new(color).alpha(0.9);
            let points: Vec<_> = point.copied().into_iter().collect();
            frame.draw_points(canvas, &points, Marker::Dot, 3.0, ink);
        }
    }
    if !paths.is_empty() {
        let signs = [Sign::Dot(start.into()), Sign::Dot(end.into())];
        let legend = Legend::new().entry("start", signs[0]).entry("end", signs[1]);
        legend.draw(canvas, frame);
    }
}
