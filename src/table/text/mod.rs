//! Text with separators: CSV and its kin.

mod cell;
mod first;
mod lines;
mod read;
mod write;

pub(super) use read::Text;
pub(super) use write::{header, row};
