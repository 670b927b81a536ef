//! Scratch memory: blocks that are taken, given back and used again, so that a solve allocates nothing.

use super::{Block, padded};
use crate::real::Real;

/// Spare blocks. Take what you need and give it back: after the first round of a computation that
/// repeats itself, no call allocates.
#[derive(Default)]
pub struct Scratch<T> {
    spare: Vec<Block<T>>,
}

impl<T: Real> Scratch<T> {
    /// No spare blocks yet.
    pub fn new() -> Self {
        Self { spare: Vec::new() }
    }

    /// A block of this shape with unspecified contents: the smallest spare one that is large
    /// enough, else the largest, which grows.
    pub fn take(&mut self, rows: usize, lanes: usize) -> Block<T> {
        let size = rows * padded(lanes);
        let fit = |block: &Block<T>| match block.capacity() {
            capacity if capacity >= size => (0, capacity),
            capacity => (1, usize::MAX - capacity),
        };
        let best = (0..self.spare.len()).min_by_key(|&i| fit(&self.spare[i]));
        let mut block = best.map_or_else(Block::default, |i| self.spare.swap_remove(i));
        block.reshape(rows, lanes);
        block
    }

    /// Returns a block for later use.
    pub fn give(&mut self, block: Block<T>) {
        self.spare.push(block);
    }
}
