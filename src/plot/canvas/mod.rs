//! Shapes in pixels, and the theme they are drawn in; nothing here knows of files.
//!
//! | file | what |
//! | --- | --- |
//! | `area`, `ink`, `pixels` | rectangles, colours and strokes, images |
//! | `font` | the widths and outlines of letters |
//! | `maps`, `theme` | colour maps, and everything that makes a picture look as it does |
//! | `shapes` | the canvas itself |

mod area;
mod font;
mod ink;
mod maps;
mod pixels;
mod shapes;
mod theme;

pub use area::{Area, Margins};
pub use ink::{Anchor, Color, Ink, Marker, Stroke};
pub use maps::ColorMap;
pub use pixels::Pixels;
pub use shapes::Canvas;
pub use theme::Theme;

pub(super) use font::{outline, width as text_width};
pub(super) use ink::{contrasting, mixed};
pub(super) use shapes::Shape;
