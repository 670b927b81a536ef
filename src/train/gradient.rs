//! A gradient over many columns, summed in one order for any number of threads.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::Loss;
use crate::error::Result;
use crate::real::Real;

/// The number of columns that go forward and back together.
const BLOCK: usize = 64;
/// The most partial sums that exist at a time, so that memory does not grow with the batch.
const GROUPS: usize = 16;

/// Spare memory for as many threads as ask for it.
#[derive(Default)]
pub struct Pool<W> {
    spare: Mutex<Vec<W>>,
}

impl<W: Default> Pool<W> {
    /// No memory yet.
    pub fn new() -> Self {
        Self { spare: Mutex::new(Vec::new()) }
    }

    /// Runs `work` with spare memory.
    pub fn with<A>(&self, work: impl FnOnce(&mut W) -> A) -> A {
        // A poisoned lock guards nothing but memory whose contents do not matter.
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = spare().pop();
        let mut memory = taken.unwrap_or_default();
        let answer = work(&mut memory);
        spare().push(memory);
        answer
    }
}

/// Adds up losses and parameter sums over `columns`, in blocks that `work` computes.
///
/// The blocks are gathered into a fixed number of groups; each group is summed in order by one
/// thread, and the groups are summed in order: the result is the same, bit for bit, for any number
/// of threads. `work` gets a range of columns and the sums to add to, and returns the sum of their
/// losses.
///
/// # Errors
///
/// The first error, in the order of the columns.
pub fn accumulate<T: Real, W: Default + Send>(
    columns: usize,
    sums_len: usize,
    pool: &Pool<W>,
    work: impl Fn(Range<usize>, &mut W, &mut [T]) -> Result<Loss> + Sync,
) -> Result<(Loss, Vec<T>)> {
    let blocks = columns.div_ceil(BLOCK);
    let groups = blocks.clamp(1, GROUPS);
    let parts: Vec<Result<(Loss, Vec<T>)>> = (0..groups)
        .into_par_iter()
        .map(|group| {
            pool.with(|memory| {
                let mut sums = vec![T::zero(); sums_len];
                let mut total = Loss::default();
                for block in group * blocks / groups..(group + 1) * blocks / groups {
                    let range = block * BLOCK..((block + 1) * BLOCK).min(columns);
                    add(&mut total, work(range, memory, &mut sums)?);
                }
                Ok((total, sums))
            })
        })
        .collect();
    let mut total = Loss::default();
    let mut sums = vec![T::zero(); sums_len];
    for part in parts {
        let (loss, part) = part?;
        add(&mut total, loss);
        for (sum, value) in sums.iter_mut().zip(part) {
            *sum += value;
        }
    }
    Ok((total, sums))
}

fn add(total: &mut Loss, loss: Loss) {
    total.value += loss.value;
    total.effort += loss.effort;
}
