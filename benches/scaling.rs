//! How the cost of exact log-densities grows: with points, with threads, with precision, in memory;
//! and what the two ways to a gradient cost.
//!
//! `cargo bench -p liouville-benches --bench scaling`; the field is 2-64-64-2, the tolerance 1e-5. Peak memory is read from
//! Linux's `/proc`, and left out elsewhere.

mod models;

use std::time::Instant;

use liouville::flow::continuous::Gradient;
use liouville::prelude::*;
use liouville::train::{MaximumLikelihood, MiniBatch, Objective, Pool, Trainable};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::ThreadPoolBuilder;

type Model<T> = Pushforward<StandardNormal, ContinuousFlow<Mlp<T>>>;

fn model<T: Real>() -> Model<T> {
    StandardNormal::new(2).pushed_by(ContinuousFlow::new(models::rings()).tolerance(1e-5))
}

/// The least of some runs, in microseconds a point.
fn cost<T: Real>(model: &Model<T>, points: &DMatrix<T>, threads: usize, runs: usize) -> f64 {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let run = || {
        let start = Instant::now();
        pool.install(|| model.log_prob(points)).expect("valid");
        start.elapsed().as_secs_f64() * 1e6 / points.ncols() as f64
    };
    (0..runs).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// The most memory that this process ever held, in megabytes.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1e3)
}

/// Points that repeat, so that every size holds the same mixture of easy and hard ones.
fn repeated<T: Real>(points: &DMatrix<T>, count: usize) -> DMatrix<T> {
    DMatrix::from_fn(points.nrows(), count, |i, j| points[(i, j % points.ncols())])
}

/// The peak memory before and after one gradient of the likelihood over all points.
fn gradient_memory(model: &Model<f32>, points: &DMatrix<f32>) -> Option<[f64; 2]> {
    let before = peak()?;
    gradient(model, points, &Pool::new());
    Some([before, peak()?])
}

type Of<F> = Pushforward<StandardNormal, ContinuousFlow<F>>;
type Memory<F> = Pool<f32, <MaximumLikelihood as Objective<f32, Of<F>>>::Memory>;

/// One gradient of the likelihood, and the seconds it took.
fn gradient<F: TrainableField<f32>>(
    model: &Of<F>,
    points: &DMatrix<f32>,
    pool: &Memory<F>,
) -> (Vec<f32>, f64) {
    let contexts = DMatrix::zeros(0, points.ncols());
    let batch = MiniBatch { points, contexts: &contexts, seed: 1, accuracy: None };
    let mut gradient = vec![0.0; model.parameters().len()];
    let start = Instant::now();
    MaximumLikelihood.gradient(model, batch, pool, &mut gradient).expect("valid");
    (gradient, start.elapsed().as_secs_f64())
}

/// Time and memory of the two gradients of 256 points in 64 dimensions.
fn discrete_and_adjoint<F: TrainableField<f32> + Clone>(name: &str, field: F, length: f64) {
    let base = StandardNormal::new(64);
    let flow = ContinuousFlow::new(field).span(0.0, length).tolerance(1e-5);
    let points = flow.forward(&models::noise::<f32>(64, 256)).expect("arrives").points;
    let evaluated = base.pushed_by(flow.clone()).evaluate(&points, None).expect("valid");
    let steps = evaluated.efforts.iter().map(|effort| effort.accepted).sum::<u64>() / 256;
    let adjoint = Gradient::Adjoint(automatic().tolerance(1e-5));
    // Peaks only grow: the one that takes less comes first.
    let results = [("adjoint", adjoint), ("discrete", Gradient::Discrete)].map(|(way, kind)| {
        let model = base.pushed_by(flow.clone().gradient(kind));
        let (pool, before) = (Pool::new(), peak().unwrap_or(f64::NAN));
        let (found, first) = gradient(&model, &points, &pool);
        let grown = peak().unwrap_or(f64::NAN) - before;
        let runs = (0..3).map(|_| gradient(&model, &points, &pool).1);
        let milliseconds = 1e3 * runs.fold(first, f64::min);
        println!(
            "{name}, {steps} steps a point, {way} gradient: {milliseconds:.1} ms, peak memory {grown:.1} MB more"
        );
        DMatrix::from_vec(found.len(), 1, found)
    });
    let error = (&results[0] - &results[1]).norm() / results[1].norm();
    println!("{name}: they differ by {error:.1e} of their norm");
}

/// A rotation in 64 dimensions, whose way back is as tame as its way there.
fn rotation() -> field::Linear<f32> {
    let noise = models::noise::<f32>(64, 64);
    field::Linear::new((&noise - noise.transpose()) * 0.1).expect("square")
}

fn main() {
    discrete_and_adjoint("64-128-128-64", models::wide::<f32>(), 1.0);
    discrete_and_adjoint("rotation in 64-d", rotation(), 400.0);
    let (single, double) = (model::<f32>(), model::<f64>());
    let points = single.sample(1000, &mut StdRng::seed_from_u64(3)).expect("valid");
    for count in [2000, 200_000] {
        let points = repeated(&points, count);
        if let Some([before, after]) = gradient_memory(&single, &points) {
            println!(
                "a gradient over {count} points: peak memory {before:.0} MB before, {after:.0} MB after"
            );
        }
    }
    let million = repeated(&points, 1_000_000);
    let before = peak();
    let largest = cost(&single, &million, 1, 1);
    if let (Some(before), Some(after)) = (before, peak()) {
        println!("peak memory beyond 1,000,000 points: {:.0} MB", after - before);
    }
    drop(million);
    println!("1,000,000 points: {largest:.2} us a point");
    for count in [1000, 10_000, 100_000] {
        let points = repeated(&points, count);
        let one = cost(&single, &points, 1, 5);
        let two = cost(&single, &points, 2, 5);
        println!("{count} points: {one:.2} us a point, two threads {:.2} times faster", one / two);
    }
    let one = cost(&single, &repeated(&points, 10_000), 1, 5);
    let wide = repeated(&points, 10_000).map(f64::from);
    println!("f64 costs {:.2} times f32", cost(&double, &wide, 1, 5) / one);
}
