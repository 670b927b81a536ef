//! Samples in memory: matrices of columns outside, blocks of lanes inside.
//!
//! Users hand over a nalgebra matrix, dim x n, one sample per column. Inside, up to a few hundred
//! samples travel together as a [`Block`]: row `i` holds coordinate `i` of every sample, side by
//! side, so that a vector register holds the same coordinate of several samples and no sum ever
//! crosses from one sample to another. That layout is what makes a sample's result independent
//! of its neighbours.

mod asked;
mod block;
mod gather;
mod mask;
mod moments;
mod scratch;

pub use asked::{Contexts, PACKET, check_points};
pub use block::{Block, LANES, Rows, RowsMut, padded};
pub use gather::{block_to_columns, columns_to_block, move_lane, pad_lanes};
pub use mask::Mask;
pub use moments::Moments;
pub use scratch::Scratch;
