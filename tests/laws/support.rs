//! What the laws share: random inputs, and fields evaluated on plain matrices.

use liouville::columns::{Block, Scratch, columns_to_block};
use liouville::field::At;
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Both directions.
pub const BOTH: [Direction; 2] = [Direction::Forward, Direction::Inverse];

/// How many random cases each law sees; `LIOUVILLE_CASES` asks for more.
pub fn cases(few: u32) -> u32 {
    std::env::var("LIOUVILLE_CASES").ok().and_then(|value| value.parse().ok()).unwrap_or(few)
}

/// Seeds for the parameters of flows, as many as give each law `cases` cases at `each` cases a seed,
/// with their numbers. The first is `LIOUVILLE_SEED`, or random.
pub fn seeds(each: u32) -> impl Iterator<Item = (u32, u64)> {
    let given = std::env::var("LIOUVILLE_SEED").ok().and_then(|value| value.parse().ok());
    let first: u32 = given.unwrap_or_else(rand::random);
    let mut rng = StdRng::seed_from_u64(u64::from(first));
    let draws = cases(each).div_ceil(each);
    (0..draws).map(move |k| (k, u64::from(if k == 0 { first } else { rng.random() })))
}

/// A matrix with entries in ±scale.
pub fn matrix<T: Real>(rows: usize, columns: usize, scale: f64, seed: u64) -> DMatrix<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    DMatrix::from_fn(rows, columns, |_, _| T::of(rng.random_range(-scale..scale)))
}

/// The same context for every column.
pub fn contexts<T: Real>(rows: usize, columns: usize) -> DMatrix<T> {
    let one = matrix::<T>(rows, 1, 1.0, 77);
    DMatrix::from_fn(rows, columns, |i, _| one[i])
}

/// Columns with a time and a context each, as blocks.
pub struct Inputs<T> {
    pub t: Block<T>,
    pub x: Block<T>,
    pub context: Block<T>,
}

impl<T: Real> Inputs<T> {
    pub fn new(t: &DMatrix<T>, x: &DMatrix<T>, context: &DMatrix<T>) -> Self {
        let [mut times, mut points, mut contexts] = std::array::from_fn(|_| Block::default());
        columns_to_block(t.as_slice(), 1, &mut times);
        columns_to_block(x.as_slice(), x.nrows(), &mut points);
        contexts.reshape(0, x.ncols());
        if context.nrows() > 0 {
            columns_to_block(context.as_slice(), context.nrows(), &mut contexts);
        }
        Self { t: times, x: points, context: contexts }
    }

    pub fn at(&self) -> At<'_, T> {
        At { t: self.t.row(0), x: self.x.view(), context: self.context.view() }
    }
}

/// Random inputs for a field: times in [0, 1], points and contexts in ±1.5.
pub fn random_inputs<T: Real, F: VectorField<T> + ?Sized>(
    field: &F,
    columns: usize,
    seed: u64,
) -> [DMatrix<T>; 3] {
    let t = matrix::<T>(1, columns, 0.5, seed).map(|t| t + T::of(0.5));
    let x = matrix(field.dim(), columns, 1.5, seed + 1);
    [t, x, matrix(field.context_dim(), columns, 1.5, seed + 2)]
}

/// The velocity of every column.
pub fn velocity<T: Real, F: VectorField<T> + ?Sized>(
    field: &F,
    [t, x, context]: [&DMatrix<T>; 3],
) -> DMatrix<T> {
    let inputs = Inputs::new(t, x, context);
    let mut out = Block::new(field.dim(), x.ncols());
    field.velocity(inputs.at(), out.view_mut(), &mut Scratch::new());
    to_matrix(&out, x.ncols())
}

/// Velocity and exact divergence of every column.
pub fn divergence<T: Real, F: VectorField<T> + ?Sized>(
    field: &F,
    [t, x, context]: [&DMatrix<T>; 3],
) -> (DMatrix<T>, Vec<T>) {
    let inputs = Inputs::new(t, x, context);
    let mut out = Block::new(field.dim(), x.ncols());
    let mut trace = Block::new(1, x.ncols());
    field.divergence(inputs.at(), out.view_mut(), trace.row_mut(0), &mut Scratch::new());
    (to_matrix(&out, x.ncols()), trace.row(0)[..x.ncols()].to_vec())
}

/// The first columns of a block.
pub fn to_matrix<T: Real>(block: &Block<T>, columns: usize) -> DMatrix<T> {
    DMatrix::from_fn(block.rows(), columns, |i, j| block.row(i)[j])
}

/// The derivative of `f` at 0 by a central difference of order six.
pub fn derivative(step: f64, f: impl Fn(f64) -> f64) -> f64 {
    let difference = |k: f64| f(k * step) - f(-k * step);
    (45.0 * difference(1.0) - 9.0 * difference(2.0) + difference(3.0)) / (60.0 * step)
}
