//! Matrix products at the shapes of small networks: ours, `gemm` and `matrixmultiply`, one thread;
//! and splines. (`faer` 0.24 came to 246 GFLOP/s at 64 x 64 where ours came to 266, and to 98 at 64 x 3
//! where ours came to 186; it takes too long to compile to stay here.)
//!
//! `cargo bench -p liouville-benches --bench kernels` prints GFLOP/s, the median of several runs, beside the peak of fused
//! multiply-adds that the same core reaches; and milliseconds for 4096 samples of 8 coordinates through
//! splines of 8 bins, each coordinate with parameters of its own.

mod models;

use std::hint::black_box;

use liouville::columns::{Block, Scratch};
use liouville::flow::Direction;
use liouville::flow::transformer::{Mapped, Spline, Transformer};
use liouville::kernels::{Start, Weights, product};
use liouville::prelude::Real;
use models::peak::{peak, rate};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The number of samples in a block.
const LANES: usize = 64;

/// C = A B with A row-major, B and C as rows of lanes.
struct Shape {
    rows: usize,
    cols: usize,
    a: Vec<f32>,
    b: Block<f32>,
    c: Block<f32>,
}

impl Shape {
    fn new(rows: usize, cols: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let a = (0..rows * cols).map(|_| rng.random_range(-1.0..1.0)).collect();
        let mut b = Block::new(cols, LANES);
        b.values_mut().iter_mut().for_each(|value| *value = rng.random_range(-1.0..1.0));
        Self { rows, cols, a, b, c: Block::new(rows, LANES) }
    }

    fn flops(&self) -> usize {
        2 * self.rows * self.cols * LANES
    }

    fn ours(&mut self) -> f64 {
        let flops = self.flops();
        rate(flops, || {
            let a = Weights::new(black_box(&self.a[..]), self.rows, self.cols);
            product(a, self.b.view(), Start::Zero, self.c.view_mut());
        })
    }

    fn by_gemm(&mut self) -> f64 {
        let (m, k, n, flops) = (self.rows, self.cols, LANES, self.flops());
        rate(flops, || {
            // SAFETY: shapes and strides are those of the three matrices.
            unsafe {
                gemm::gemm(
                    m,
                    n,
                    k,
                    self.c.values_mut().as_mut_ptr(),
                    1,
                    n as isize,
                    false,
                    black_box(self.a.as_ptr()),
                    1,
                    k as isize,
                    self.b.values().as_ptr(),
                    1,
                    n as isize,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }
        })
    }

    fn by_matrixmultiply(&mut self) -> f64 {
        let (m, k, n, flops) = (self.rows, self.cols, LANES, self.flops());
        rate(flops, || {
            // SAFETY: shapes and strides are those of the three matrices.
            unsafe {
                matrixmultiply::sgemm(
                    m,
                    k,
                    n,
                    1.0,
                    black_box(self.a.as_ptr()),
                    k as isize,
                    1,
                    self.b.values().as_ptr(),
                    n as isize,
                    1,
                    0.0,
                    self.c.values_mut().as_mut_ptr(),
                    n as isize,
                    1,
                );
            }
        })
    }
}

/// Milliseconds for 64 calls of `work`, which does a 64th of it; from the median of short runs.
fn milliseconds(work: impl FnMut()) -> f64 {
    // One call counts as so many operations that a run is five calls.
    let operations = 20_000_000;
    64.0 * operations as f64 / rate(operations, work) * 1e-6
}

/// Milliseconds for 4096 samples of 8 coordinates: spline, inverse, and the reverse pass of each.
fn splines<T: Real>() -> [f64; 4] {
    const DIM: usize = 8;
    const { assert!(64 * LANES == 4096) };
    let (spline, mut rng) = (Spline::default(), StdRng::seed_from_u64(1));
    let mut fill = |rows: usize, scale: f64| {
        let mut block = Block::<T>::new(rows, LANES);
        let values = block.values_mut().iter_mut();
        values.for_each(|value| *value = T::of(scale * rng.random_range(-1.0..1.0)));
        block
    };
    let raw = fill(DIM * Transformer::<T>::parameters(&spline), 1.0);
    let (input, bar) = (fill(DIM, 5.0), fill(DIM, 1.0));
    let (mut points, mut raw_bar) = (input.clone(), raw.clone());
    let (mut log_det, scratch) = (vec![T::zero(); LANES], &mut Scratch::new());
    let ways = [Direction::Inverse, Direction::Forward];
    let there = ways.map(|direction| {
        milliseconds(|| {
            points.values_mut().copy_from_slice(input.values());
            let view = points.view_mut();
            spline.apply(direction, black_box(raw.view()), view, &mut log_det, scratch);
        })
    });
    log_det.fill(T::one());
    let back = ways.map(|direction| {
        milliseconds(|| {
            points.values_mut().copy_from_slice(bar.values());
            let (raw, output) = (black_box(raw.view()), input.view());
            let mapped = Mapped { raw, input: input.view(), output };
            let by_raw = raw_bar.view_mut();
            spline.pullback(direction, mapped, points.view_mut(), &log_det, by_raw, scratch);
        })
    });
    [there[0], there[1], back[0], back[1]]
}

fn main() {
    println!("splines, ms      spline   inverse   reverse of spline   reverse of inverse");
    for (name, [there, back, by_there, by_back]) in
        [("f32", splines::<f32>()), ("f64", splines::<f64>())]
    {
        println!("{name} {there:>19.2} {back:>9.2} {by_there:>19.2} {by_back:>20.2}");
    }
    println!("peak of fused multiply-adds: {:.0} GFLOP/s", peak());
    println!("rows x cols, {LANES} lanes     ours     gemm  matrixmultiply");
    for (rows, cols) in [(64, 64), (128, 128), (128, 64), (64, 3), (2, 64), (64, 65), (16, 16)] {
        let mut shape = Shape::new(rows, cols);
        let rates = [shape.ours(), shape.by_gemm(), shape.by_matrixmultiply()];
        let [ours, gemm, other] = rates;
        println!("{rows:>4} x {cols:<4} {ours:>17.1} {gemm:>8.1} {other:>15.1}");
    }
}
