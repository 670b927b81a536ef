//! A gradient over many columns, summed in one order for any number of threads.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::Loss;
use crate::error::Result;
use crate::kernels::axpy;
use crate::real::Real;
use crate::trace::Estimate;

/// The number of columns that go forward and back together.
const BLOCK: usize = 64;
/// The most partial sums that exist at a time, so that memory does not grow with the batch.
const GROUPS: usize = 16;

/// Spare memory for as many threads as ask for it, and spare sums for their results.
#[derive(Default)]
pub struct Pool<T, W> {
    memory: Mutex<Vec<W>>,
    sums: Mutex<Vec<Vec<T>>>,
}

/// The spare things behind a lock; a poisoned one guards nothing but memory whose contents do not
/// matter.
fn spare<A>(things: &Mutex<Vec<A>>) -> MutexGuard<'_, Vec<A>> {
    things.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Real, W: Default> Pool<T, W> {
    /// No memory yet.
    pub fn new() -> Self {
        Self { memory: Mutex::new(Vec::new()), sums: Mutex::new(Vec::new()) }
    }

    /// Runs `work` with spare memory.
    pub fn with<A>(&self, work: impl FnOnce(&mut W) -> A) -> A {
        let taken = spare(&self.memory).pop();
        let mut memory = taken.unwrap_or_default();
        let answer = work(&mut memory);
        spare(&self.memory).push(memory);
        answer
    }

    /// Spare sums, set to zero.
    fn zeros(&self, len: usize) -> Vec<T> {
        let taken = spare(&self.sums).pop();
        let mut sums = taken.unwrap_or_default();
        sums.clear();
        sums.resize(len, T::zero());
        sums
    }
}

/// Adds up losses and parameter sums over `columns`, in blocks that `work` computes.
///
/// The blocks are gathered into a fixed number of groups; each group is summed in order by one
/// thread, and the groups are summed in order: the result is the same, bit for bit, for any number
/// of threads. `work` gets a range of columns and the sums to add to, and returns the sum of their
/// losses; `finish` gets the total of the sums.
///
/// # Errors
///
/// The first error, in the order of the columns, or that of `finish`.
pub fn accumulate<T: Real, W: Default + Send>(
    columns: usize,
    sums_len: usize,
    pool: &Pool<T, W>,
    work: impl Fn(Range<usize>, &mut W, &mut [T]) -> Result<Loss> + Sync,
    finish: impl FnOnce(&[T]) -> Result<()>,
) -> Result<Loss> {
    let blocks = columns.div_ceil(BLOCK);
    let groups = blocks.clamp(1, GROUPS);
    let one = |group: usize| {
        pool.with(|memory| {
            let mut sums = pool.zeros(sums_len);
            let mut total = Loss::default();
            for block in group * blocks / groups..(group + 1) * blocks / groups {
                let range = block * BLOCK..((block + 1) * BLOCK).min(columns);
                add(&mut total, work(range, memory, &mut sums)?);
            }
            Ok((total, sums))
        })
    };
    let (mut total, mut sums) = (Loss::default(), pool.zeros(sums_len));
    for part in spread(groups, &one) {
        let (loss, part) = part?;
        add(&mut total, loss);
        axpy(T::one(), &part, &mut sums);
        spare(&pool.sums).push(part);
    }
    finish(&sums)?;
    spare(&pool.sums).push(sums);
    Ok(total)
}

/// The losses of a group of blocks and its sums of parameters.
type Part<T> = Result<(Loss, Vec<T>)>;

/// All groups on all threads, in order; compiled once, not once for every model.
fn spread<T: Real>(groups: usize, one: &(dyn Fn(usize) -> Part<T> + Sync)) -> Vec<Part<T>> {
    (0..groups).into_par_iter().map(one).collect()
}

fn add(total: &mut Loss, loss: Loss) {
    total.value += loss.value;
    total.penalty += loss.penalty;
    total.effort += loss.effort;
    total.estimated = Estimate::roughest(total.estimated, loss.estimated);
}
