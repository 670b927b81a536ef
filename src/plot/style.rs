//! The house style: colours and sizes in pixels.

use super::canvas::Color;

pub(super) const INK: Color = [38, 38, 46];
pub(super) const AXIS: Color = [120, 120, 130];
pub(super) const GRID: Color = [232, 232, 236];
pub(super) const WHITE: Color = [255, 255, 255];

/// Colours that are told apart by most people (Okabe and Ito 2008).
pub(super) const SERIES: [Color; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [230, 159, 0]];

pub(super) const TITLE: f64 = 30.0;
pub(super) const LABEL: f64 = 25.0;
pub(super) const NUMBER: f64 = 22.0;

/// About how wide a text is.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    0.6 * size * text.chars().count() as f64
}
