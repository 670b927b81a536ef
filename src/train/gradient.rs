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
    let group = |blocks: Range<usize>, sums: &mut [T]| {
        pool.with(|memory| {
            let mut total = Loss::default();
            for block in blocks {
                let range = block * BLOCK..((block + 1) * BLOCK).min(columns);
                add(&mut total, work(range, memory, sums)?);
            }
            Ok(total)
        })
    };
    let (total, sums) = in_groups(columns.div_ceil(BLOCK), sums_len, &pool.sums, &group)?;
    finish(&sums)?;
    spare(&pool.sums).push(sums);
    Ok(total)
}

/// What becomes of a range of blocks, behind a reference: everything around it is compiled once, not once
/// for every model.
type Group<'a, T> = &'a (dyn Fn(Range<usize>, &mut [T]) -> Result<Loss> + Sync);

/// All blocks in groups on all threads, each group summed in order, then the groups in order.
fn in_groups<T: Real>(
    blocks: usize,
    sums_len: usize,
    memory: &Mutex<Vec<Vec<T>>>,
    group: Group<'_, T>,
) -> Result<(Loss, Vec<T>)> {
    let groups = blocks.clamp(1, GROUPS);
    let one = |k: usize| {
        let mut sums = zeros(memory, sums_len);
        let total = group(k * blocks / groups..(k + 1) * blocks / groups, &mut sums)?;
        Ok((total, sums))
    };
    let parts: Vec<Result<(Loss, Vec<T>)>> = (0..groups).into_par_iter().map(one).collect();
    let (mut total, mut sums) = (Loss::default(), zeros(memory, sums_len));
    for part in parts {
        let (loss, part) = part?;
        add(&mut total, loss);
        axpy(T::one(), &part, &mut sums);
        spare(memory).push(part);
    }
    Ok((total, sums))
}

/// Spare sums, set to zero.
fn zeros<T: Real>(memory: &Mutex<Vec<Vec<T>>>, len: usize) -> Vec<T> {
    let mut sums = spare(memory).pop().unwrap_or_default();
    sums.clear();
    sums.resize(len, T::zero());
    sums
}

fn add(total: &mut Loss, loss: Loss) {
    total.value += loss.value;
    total.penalty += loss.penalty;
    total.effort += loss.effort;
    total.estimated = Estimate::roughest(total.estimated, loss.estimated);
}
