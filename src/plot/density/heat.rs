//! Values on a sheet as colours.

use super::sheet::Sheet;
use crate::error::Result;
use crate::plot::axes::ColorBar;
use crate::plot::canvas::{Area, Color, Pixels};

/// The nodes along a side of an image, at least: cells are then smaller than what is seen.
pub(super) const FINE: usize = 350;
/// The pixels that such an image has along a side where a picture has its usual size.
const USUAL: f64 = 760.0;

/// As many nodes along a side of an image in an area as are seen there.
pub(super) fn fine(inner: Area) -> usize {
    let share = inner.width().max(inner.height()) / USUAL;
    ((FINE as f64 * share) as usize).clamp(FINE / 4, FINE)
}

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

/// Samples as the share of them in each cell, over the area of the cell, rows from below; with so many cells
/// that those which hold any hold half a dozen.
pub(super) fn histogram(points: &[[f64; 2]], ranges: [[f64; 2]; 2]) -> (usize, Vec<f64>) {
    let count = points.iter().filter(|point| point.iter().all(|value| value.is_finite())).count();
    let cells = |held: f64| ((count as f64 / held).sqrt().round() as usize).clamp(8, 160);
    let coarse = counted(points, ranges, cells(3.0));
    let used = coarse.iter().filter(|held| **held > 0.0).count() as f64 / coarse.len() as f64;
    let fine = cells(6.0 * used.max(1e-3));
    let area: f64 = ranges.iter().map(|[from, to]| (to - from) / fine as f64).product();
    let density = |held: f64| held / (count.max(1) as f64 * area);
    (fine, counted(points, ranges, fine).into_iter().map(density).collect())
}

/// How many points each cell holds.
fn counted(points: &[[f64; 2]], [x, y]: [[f64; 2]; 2], cells: usize) -> Vec<f64> {
    let place = |value: f64, [from, to]: [f64; 2]| {
        let share = (value - from) / (to - from);
        (0.0..=1.0).contains(&share).then(|| ((share * cells as f64) as usize).min(cells - 1))
    };
    let mut held = vec![0.0; cells * cells];
    for point in points {
        if let (Some(column), Some(row)) = (place(point[0], x), place(point[1], y)) {
            held[row * cells + column] += 1.0;
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_a_density() {
        let points: Vec<[f64; 2]> = (0..1000)
            .map(|k| [f64::from(k % 40) / 20.0 + 0.01, f64::from(k / 40) / 50.0])
            .collect();
        let ranges = [[-1.0, 3.0], [-0.5, 1.5]];
        let (cells, densities) = histogram(&points, ranges);
        let mass = densities.iter().sum::<f64>() * 8.0 / (cells * cells) as f64;
        assert!((mass - 1.0).abs() < 1e-12 && cells > 18, "{mass} {cells}");
        let (_, none) = histogram(&[[f64::NAN; 2]], ranges);
        assert!(none.iter().all(|density| *density == 0.0));
    }
}
