//! Pictures: densities, samples, fields with trajectories, curves, sheets of images; as PNG or SVG.
//!
//! Every picture is a builder that ends in [`save`](Picture::save); several go into one file through
//! [`panels`]. Text is drawn with a font that comes with the crate, so that no system library is
//! needed.
//!
//! | file | what |
//! | --- | --- |
//! | `picture` | what can be drawn and saved |
//! | `canvas`, `render` | shapes in pixels, and how they become a file |
//! | `range`, `ticks` | from where to where axes run, and their numbers |
//! | `frame`, `style`, `colormap` | axes around a plot, and the house style |
//! | `density`, `mass`, `contour` | heat map with highest-density regions, and where its mass is searched |
//! | `diagnosis` | what was found about a density, in panels |
//! | `samples`, `field`, `curves`, `images`, `panels` | the other pictures |

mod canvas;
mod colormap;
mod contour;
mod curves;
mod density;
mod diagnosis;
mod field;
mod frame;
mod images;
mod mass;
mod panels;
mod picture;
mod range;
mod render;
mod samples;
mod style;
mod ticks;

pub use canvas::{Area, Canvas};
pub use curves::{CurvesPicture, curves};
pub use density::{DensityPicture, density};
pub use diagnosis::diagnosis;
pub use field::{FieldPicture, field};
pub use images::{ImagesPicture, images};
pub use panels::{Panels, panels};
pub use picture::Picture;
pub use samples::{SamplesPicture, samples};
