//! NumPy arrays: NPY files, and NPZ archives of them.

mod archive;
mod extent;
mod header;
mod literal;
mod number;
mod open;
mod rows;
mod turned;
mod write;

pub(super) use archive::{open_archive, write_archive};
pub(super) use open::open;
pub(super) use write::{header, row};
