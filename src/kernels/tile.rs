//! The register tile: a few rows by a few vectors of a product, summed over the inner dimension.

use crate::real::Real;
use crate::simd::Vector;

/// What the sums of a product start from; the bias has one value per row.
#[derive(Clone, Copy)]
pub(super) enum Seed<T> {
    Zero,
    Bias(*const T),
    Accumulate,
}

/// What becomes of the sums of a tile.
#[derive(Clone, Copy)]
pub(super) enum Finish<T> {
    /// They are the rows of C.
    Store,
    /// They are added to the rows of C.
    Add,
    /// Each row is weighted by the row of these factors, and added to the one row of C.
    Weigh(*const T),
}

/// Where the operands of C = seed + A B lie. A has a stride in both directions; the rows of B and C
/// are contiguous.
#[derive(Clone, Copy)]
pub(super) struct Operands<T> {
    pub a: *const T,
    pub a_row: usize,
    pub a_col: usize,
    pub b: *const T,
    pub b_row: usize,
    pub c: *mut T,
    pub c_row: usize,
    pub depth: usize,
    pub seed: Seed<T>,
    pub finish: Finish<T>,
}

impl<T> Operands<T> {
    /// The product without its first `rows` rows.
    #[inline(always)]
    unsafe fn below(mut self, rows: usize) -> Self {
        // SAFETY: the caller stays within the operands.
        unsafe {
            self.a = self.a.add(rows * self.a_row);
            match &mut self.finish {
                Finish::Store | Finish::Add => self.c = self.c.add(rows * self.c_row),
                Finish::Weigh(factors) => *factors = factors.add(rows * self.b_row),
            }
            if let Seed::Bias(bias) = &mut self.seed {
                *bias = bias.add(rows);
            }
        }
        self
    }

    /// The product without its first `lanes` lanes.
    #[inline(always)]
    unsafe fn beside(mut self, lanes: usize) -> Self {
        // SAFETY: the caller stays within the operands.
        unsafe {
            self.b = self.b.add(lanes);
            self.c = self.c.add(lanes);
            if let Finish::Weigh(factors) = &mut self.finish {
                *factors = factors.add(lanes);
            }
        }
        self
    }
}

/// C = seed + A B for `rows` rows and `lanes` lanes, a multiple of `V::LANES`.
///
/// Every element is one chain of fused multiply-adds along the inner dimension, whatever the tile
/// that holds it, so that equal lanes give equal results.
#[inline(always)]
pub(super) unsafe fn tiles<T: Real, V: Vector<T>>(all: Operands<T>, rows: usize, lanes: usize) {
    let vectors = lanes / V::LANES;
    let mut done = 0;
    // SAFETY: the caller vouches for operands of this size and for the instruction set.
    unsafe {
        if V::TILE_VECTORS == 4 {
            while done + 4 <= vectors {
                tile_column::<T, V, 4>(all.beside(done * V::LANES), rows);
                done += 4;
            }
        }
        while done + 2 <= vectors {
            tile_column::<T, V, 2>(all.beside(done * V::LANES), rows);
            done += 2;
        }
        while done < vectors {
            tile_column::<T, V, 1>(all.beside(done * V::LANES), rows);
            done += 1;
        }
    }
}

/// The first N vectors of every row.
#[inline(always)]
unsafe fn tile_column<T: Real, V: Vector<T>, const N: usize>(mut rest: Operands<T>, rows: usize) {
    let mut left = rows;
    // SAFETY: as in `tiles`; `left` counts the rows not yet done.
    unsafe {
        while left >= V::TILE_ROWS {
            if V::TILE_ROWS == 6 {
                tile::<T, V, 6, N>(rest);
            } else {
                tile::<T, V, 4, N>(rest);
            }
            rest = rest.below(V::TILE_ROWS);
            left -= V::TILE_ROWS;
        }
        if V::TILE_ROWS == 6 && left >= 4 {
            tile::<T, V, 4, N>(rest);
            rest = rest.below(4);
            left -= 4;
        }
        match left {
            3 => tile::<T, V, 3, N>(rest),
            2 => tile::<T, V, 2, N>(rest),
            1 => tile::<T, V, 1, N>(rest),
            _ => {}
        }
    }
}

/// M rows by N vectors, held in registers from the first product to the last.
#[inline(always)]
unsafe fn tile<T: Real, V: Vector<T>, const M: usize, const N: usize>(at: Operands<T>) {
    // SAFETY: as in `tiles`.
    unsafe {
        let mut sums = seeded::<T, V, M, N>(at);
        let (mut a, mut b) = (at.a, at.b);
        for _ in 0..at.depth {
            let mut lanes = [V::splat(T::zero()); N];
            for (j, lane) in lanes.iter_mut().enumerate() {
                *lane = V::load(b.add(j * V::LANES));
            }
            for (i, row) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.add(i * at.a_row));
                for (sum, lane) in row.iter_mut().zip(lanes) {
                    *sum = factor.mul_add(lane, *sum);
                }
            }
            a = a.add(at.a_col);
            b = b.add(at.b_row);
        }
        match at.finish {
            Finish::Store => store::<T, V, M, N>(at, sums),
            Finish::Add => add::<T, V, M, N>(at, sums),
            Finish::Weigh(factors) => weigh::<T, V, M, N>(at, factors, sums),
        }
    }
}

/// Writes the sums of a tile as rows of C.
#[inline(always)]
unsafe fn store<T: Real, V: Vector<T>, const M: usize, const N: usize>(
    at: Operands<T>,
    sums: [[V; N]; M],
) {
    for (i, row) in sums.iter().enumerate() {
        for (j, sum) in row.iter().enumerate() {
            // SAFETY: as in `tiles`.
            unsafe { sum.store(at.c.add(i * at.c_row + j * V::LANES)) };
        }
    }
}

/// Adds the sums of a tile to rows of C.
#[inline(always)]
unsafe fn add<T: Real, V: Vector<T>, const M: usize, const N: usize>(
    at: Operands<T>,
    mut sums: [[V; N]; M],
) {
    for (i, row) in sums.iter_mut().enumerate() {
        for (j, sum) in row.iter_mut().enumerate() {
            // SAFETY: as in `tiles`.
            unsafe { *sum = V::load(at.c.add(i * at.c_row + j * V::LANES)).add(*sum) };
        }
    }
    // SAFETY: as in `tiles`.
    unsafe { store::<T, V, M, N>(at, sums) }
}

/// Adds the sums of a tile, each times its factor, to the row of C, in the order of the rows.
#[inline(always)]
unsafe fn weigh<T: Real, V: Vector<T>, const M: usize, const N: usize>(
    at: Operands<T>,
    factors: *const T,
    sums: [[V; N]; M],
) {
    for j in 0..N {
        // SAFETY: as in `tiles`; the factors have the rows of the tile, as far apart as those of B.
        unsafe {
            let to = at.c.add(j * V::LANES);
            let mut total = V::load(to);
            for (i, row) in sums.iter().enumerate() {
                let factor = V::load(factors.add(i * at.b_row + j * V::LANES));
                total = factor.mul_add(row[j], total);
            }
            total.store(to);
        }
    }
}

/// What the sums of a tile start from.
#[inline(always)]
unsafe fn seeded<T: Real, V: Vector<T>, const M: usize, const N: usize>(
    at: Operands<T>,
) -> [[V; N]; M] {
    // SAFETY: as in `tiles`.
    unsafe {
        let mut sums = [[V::splat(T::zero()); N]; M];
        for (i, row) in sums.iter_mut().enumerate() {
            match at.seed {
                Seed::Zero => {}
                Seed::Bias(bias) => *row = [V::splat(*bias.add(i)); N],
                Seed::Accumulate => {
                    for (j, sum) in row.iter_mut().enumerate() {
                        *sum = V::load(at.c.add(i * at.c_row + j * V::LANES));
                    }
                }
            }
        }
        sums
    }
}
