//! From shapes to files, pixels, and other people's canvases.
//!
//! | file | what |
//! | --- | --- |
//! | `style` | theme and scale of what is written |
//! | `coverage`, `stroke`, `raster` | shapes painted as smooth pixels |
//! | `resample` | images in the size they are painted in |
//! | `png`, `svg`, `onto` | PNG, SVG, and drawing areas of plotters |
//! | `target` | endings of names, and sizes that can be painted |
//! | `palette`, `frames` | animations: colours of all frames, as GIF and APNG |

mod coverage;
mod frames;
mod onto;
mod palette;
mod png;
mod raster;
mod resample;
mod stroke;
mod style;
mod svg;
mod target;

pub use style::Style;

pub(super) use frames::Film;
pub(super) use onto::onto;
pub(super) use raster::paint;
pub(super) use svg::svg;
pub(super) use target::{Target, check_size};
