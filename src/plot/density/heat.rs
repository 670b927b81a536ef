//! Values on a sheet as colours.

use super::sheet::Sheet;
use crate::error::Result;
use crate::plot::axes::ColorBar;
use crate::plot::canvas::{Color, Pixels};

/// The nodes along a side of an image, at least: cells are then smaller than what is seen.
pub(super) const FINE: usize = 350;

/// The colours of all nodes; those that are not known have one of their own.
pub(super) fn heat_map(sheet: &Sheet, bar: &ColorBar, unknown: Color) -> Result<Pixels> {
    let color = |value: f64| if value.is_nan() { unknown } else { bar.color(value) };
    Ok(image(sheet, color)?.smooth())
}

/// One colour for all values between two neighbouring levels: that of the mean of the two.
pub(super) fn bands(
    sheet: &Sheet,
    levels: &[f64],
    bar: &ColorBar,
    unknown: Color,
) -> Result<Pixels> {
    let mut borders: Vec<f64> = [&[0.0], levels, &[sheet.top()]].concat();
    borders.sort_by(f64::total_cmp);
    image(sheet, |value| {
        if value.is_nan() {
            return unknown;
        }
        let above = borders[1..borders.len() - 1].partition_point(|border| *border <= value);
        let low = if above == 0 { 0.0 } else { 0.5 * (borders[above] + borders[above + 1]) };
        bar.color(low)
    })
}

/// Rows of a sheet from the top down.
fn image(sheet: &Sheet, color: impl Fn(f64) -> Color) -> Result<Pixels> {
    let rows = sheet.values.chunks_exact(sheet.columns).rev();
    Pixels::new(sheet.columns, rows.flatten().map(|value| color(*value)).collect())
}

/// Samples as the share of them in each cell, over the area of the cell; rows from below. Cells hold a
/// dozen samples where most of them are.
pub(super) fn histogram(points: &[[f64; 2]], [x, y]: [[f64; 2]; 2]) -> (usize, Vec<f64>) {
    let count = points.iter().filter(|point| point.iter().all(|value| value.is_finite())).count();
    let cells = ((count as f64 / 3.0).sqrt().round() as usize).clamp(8, 120);
    let place = |value: f64, [from, to]: [f64; 2]| {
        let share = (value - from) / (to - from);
        (0.0..=1.0).contains(&share).then(|| ((share * cells as f64) as usize).min(cells - 1))
    };
    let area = (x[1] - x[0]) / cells as f64 * ((y[1] - y[0]) / cells as f64);
    let mut densities = vec![0.0; cells * cells];
    for point in points {
        if let (Some(column), Some(row)) = (place(point[0], x), place(point[1], y)) {
            densities[row * cells + column] += 1.0 / (count as f64 * area);
        }
    }
    (cells, densities)
}
