//! The numbers of axes, in the letters of a canvas.

use super::range::{Range, Steps};
use super::ticks::{Room, Ticks, ticks};
use crate::plot::canvas::Canvas;

/// Numbers side by side.
pub(in crate::plot) fn x_ticks(canvas: &Canvas, range: Range, steps: Steps, pixels: f64) -> Ticks {
    let number = canvas.theme().number;
    let size = number * canvas.unit();
    let extent = |text: &str| canvas.text_width(text, number) + 0.8 * size;
    ticks(range, steps, &Room { pixels, apart: 4.4 * size, extent: &extent })
}

/// Numbers above one another.
pub(in crate::plot) fn y_ticks(canvas: &Canvas, range: Range, steps: Steps, pixels: f64) -> Ticks {
    let size = canvas.theme().number * canvas.unit();
    ticks(range, steps, &Room { pixels, apart: 3.4 * size, extent: &|_| 1.5 * size })
}
