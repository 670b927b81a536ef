//! Which coordinates a map moves, and which it keeps: the rows of a block in two parts.

use rand::Rng;
use rand::seq::SliceRandom;

use super::{Block, RowsMut, Scratch};
use crate::error::{Error, Result};
use crate::real::Real;

/// A choice of coordinates to be moved, at least one, while at least one is kept.
///
/// ```
/// use liouville::columns::Mask;
///
/// assert_eq!(Mask::halves(5, 0)?.moved(), [2, 3, 4]);
/// assert_eq!(Mask::halves(5, 1)?.moved(), [0, 1]);
/// assert_eq!(Mask::alternating(5, 0)?.moved(), [1, 3]);
/// assert!(Mask::new(&[true, true]).is_err());
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    kept: Vec<usize>,
    moved: Vec<usize>,
    place: Place,
}

/// Where the moved rows lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the kept ones.
    First,
    /// Behind the kept ones.
    Last,
    /// Here and there.
    Scattered,
}

impl Mask {
    /// The mask that moves the coordinates that are true.
    ///
    /// # Errors
    ///
    /// If all are moved, or none.
    pub fn new(moved: &[bool]) -> Result<Self> {
        let choose = |which: bool| (0..moved.len()).filter(|&i| moved[i] == which).collect();
        let (kept, moved): (Vec<usize>, Vec<usize>) = (choose(false), choose(true));
        let dim = kept.len() + moved.len();
        if dim < 2 {
            return Err(Error::setting(format!(
                "dimension {dim} cannot be split into what is kept and what is moved: give two coordinates or more"
            )));
        }
        if kept.is_empty() || moved.is_empty() {
            let which = if kept.is_empty() { "all" } else { "none" };
            return Err(Error::setting(format!(
                "{which} of {dim} coordinates are moved: keep one at least, and move one at least"
            )));
        }
        let place = match (
            moved.iter().max() < kept.iter().min(),
            kept.iter().max() < moved.iter().min(),
        ) {
            (true, _) => Place::First,
            (_, true) => Place::Last,
            _ => Place::Scattered,
        };
        Ok(Self { kept, moved, place })
    }

    /// Moves the second half of the coordinates in layers of even index, the first in others. The
    /// fastest choice, since both halves lie together.
    ///
    /// # Errors
    ///
    /// If `dim` is less than two.
    pub fn halves(dim: usize, layer: usize) -> Result<Self> {
        let second = layer.is_multiple_of(2);
        Self::new(&(0..dim).map(|i| (i >= dim / 2) == second).collect::<Vec<_>>())
    }

    /// Moves every other coordinate: those of odd index in layers of even index, and the others in
    /// layers of odd index (the checkerboard of Dinh et al. 2017).
    ///
    /// # Errors
    ///
    /// If `dim` is less than two.
    pub fn alternating(dim: usize, layer: usize) -> Result<Self> {
        Self::new(&(0..dim).map(|i| (i + layer) % 2 == 1).collect::<Vec<_>>())
    }

    /// Moves half of the coordinates, chosen at random.
    ///
    /// # Errors
    ///
    /// If `dim` is less than two.
    pub fn random<R: Rng + ?Sized>(dim: usize, rng: &mut R) -> Result<Self> {
        let mut moved: Vec<bool> = (0..dim).map(|i| i < dim / 2).collect();
        moved.shuffle(rng);
        Self::new(&moved)
    }

    /// The number of coordinates.
    pub fn dim(&self) -> usize {
        self.kept.len() + self.moved.len()
    }

    /// The coordinates that are kept, in order.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// The coordinates that are moved, in order.
    pub fn moved(&self) -> &[usize] {
        &self.moved
    }

    /// Does something to the kept and the moved rows of a block, which may both be changed.
    pub(crate) fn with_parts<T: Real>(
        &self,
        rows: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
        work: impl FnOnce(RowsMut<'_, T>, RowsMut<'_, T>, &mut Scratch<T>),
    ) {
        let mut rows = rows;
        match self.place {
            Place::First => {
                let (moved, kept) = rows.split_at(self.moved.len());
                work(kept, moved, scratch);
            }
            Place::Last => {
                let (kept, moved) = rows.split_at(self.kept.len());
                work(kept, moved, scratch);
            }
            Place::Scattered => {
                let mut parts = [&self.kept, &self.moved].map(|part| {
                    let mut block = scratch.take(part.len(), rows.lanes());
                    gather(part, &rows, &mut block);
                    block
                });
                let [kept, moved] = &mut parts;
                work(kept.view_mut(), moved.view_mut(), scratch);
                for (part, block) in [&self.kept, &self.moved].into_iter().zip(parts) {
                    scatter(part, &block, &mut rows);
                    scratch.give(block);
                }
            }
        }
    }
}

/// Copies the rows of these indices.
fn gather<T: Real>(indices: &[usize], rows: &RowsMut<'_, T>, part: &mut Block<T>) {
    for (k, &i) in indices.iter().enumerate() {
        part.row_mut(k).copy_from_slice(rows.row(i));
    }
}

/// Copies rows back to their indices.
fn scatter<T: Real>(indices: &[usize], part: &Block<T>, rows: &mut RowsMut<'_, T>) {
    for (k, &i) in indices.iter().enumerate() {
        rows.row_mut(i).copy_from_slice(part.row(k));
    }
}
