//! Axes: from where to where they run, what stands at them, and the place of the plot between them.
//!
//! | file | what |
//! | --- | --- |
//! | `range`, `ticks`, `numbers` | from where to where axes run, and their numbers |
//! | `layout` | axes as they are asked for, and the room they need |
//! | `frame`, `clip` | axes in their place: from numbers to pixels, cut at the border |
//! | `bar`, `legend` | what colours and lines mean |
//! | `words` | the words that all pictures with axes share |

mod bar;
mod clip;
mod frame;
mod layout;
mod legend;
mod numbers;
mod range;
mod ticks;
mod words;

pub use bar::ColorBar;
pub use frame::Frame;
pub use layout::{Aspect, Axes, Axis};
pub use legend::{Legend, Sign};

pub(super) use frame::fitted;
pub(super) use numbers::{x_ticks, y_ticks};
pub(super) use range::{Range, Steps};
pub(super) use ticks::Ticks;
pub(super) use words::{Plane, plane_words};
