//! The workloads that flows are judged by: log-densities, samples, gradients and flow matching, in
//! `f32` at tolerance 1e-5, on one thread and on two.
//!
//! `cargo bench -p liouville-benches --bench flows`; the two-dimensional field was trained on rings, the other is random.

mod models;

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use liouville::flow::{Direction, Flow, Track, transport};
use liouville::prelude::*;
use liouville::train::{
    FlowMatching, Kind, MaximumLikelihood, MiniBatch, Objective, Optimizer, OptimizerState, Pool,
    Task, Trainable,
};
use models::peak::{print_floor, products};
use nalgebra::DMatrix;
use rayon::{ThreadPool, ThreadPoolBuilder};

type Model = Pushforward<StandardNormal, ContinuousFlow<Mlp<f32>>>;

/// The operations of one velocity of the rings' field, time included.
const VELOCITY: f64 = 2.0 * (3 * 64 + 64 * 64 + 64 * 2) as f64;

fn rings() -> Model {
    StandardNormal::new(2).pushed_by(ContinuousFlow::new(models::rings()).tolerance(1e-5))
}

fn wide(trace: Trace) -> Model {
    let flow = ContinuousFlow::new(models::wide()).tolerance(1e-5).trace(trace);
    StandardNormal::new(64).pushed_by(flow)
}

fn threads(count: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(count).build().expect("a pool")
}

/// The samples that come from the given noise.
fn pushed(model: &Model, noise: &DMatrix<f32>) -> DMatrix<f32> {
    let moved = transport(model.flow(), Direction::Forward, noise, None, Track::Points);
    moved.expect("valid").points
}

fn points(model: &Model, count: usize) -> DMatrix<f32> {
    pushed(model, &models::noise(Flow::<f32>::dim(model.flow()), count))
}

/// Root mean square and largest size.
fn spread(errors: impl Iterator<Item = f64>) -> String {
    let errors: Vec<f64> = errors.collect();
    let rms = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
    let worst = errors.iter().fold(0.0f64, |worst, e| worst.max(e.abs()));
    format!("{rms:.1e} rms, {worst:.1e} at most")
}

/// Prints how far log-densities and samples are from the reference.
fn delivered_errors() {
    let models::Reference { z, x, log_prob } = models::reference();
    let model = rings();
    let found = model.log_prob(&x.map(|value| value as f32)).expect("valid");
    let errors = found.iter().zip(&log_prob).map(|(ours, known)| f64::from(*ours) - known);
    println!("error of log_prob, rings: {}", spread(errors));
    let found = pushed(&model, &z.map(|value| value as f32));
    let errors = found.iter().zip(x.iter()).map(|(ours, known)| f64::from(*ours) - known);
    println!("error of samples, rings: {}", spread(errors));
}

fn log_densities(c: &mut Criterion) {
    delivered_errors();
    let cases = [
        ("log_prob, 4096 points, 2-64-64-2, exact", rings(), 4096),
        ("log_prob, 512 points, 64-128-128-64, exact", wide(Trace::Exact), 512),
        ("log_prob, 512 points, 64-128-128-64, one probe", wide(Trace::hutchinson(1)), 512),
    ];
    for (name, model, count) in &cases {
        let points = points(model, *count);
        let all = model.evaluate(&points, None).expect("valid");
        let mean = all.efforts.iter().map(|e| e.evaluations).sum::<u64>() as f64 / *count as f64;
        println!("{name}: {mean:.1} evaluations per point");
        if Flow::<f32>::dim(model.flow()) == 2 {
            // One stage in six has no weight, and needs no trace.
            let each = VELOCITY + 5.0 / 6.0 * products(&[64, 64]);
            print_floor(name, mean * *count as f64 * each);
        }
        for count in [1, 2] {
            let threads = threads(count);
            c.bench_function(&format!("{name}, {count} thread(s)"), |b| {
                b.iter(|| threads.install(|| model.log_prob(&points).expect("valid")));
            });
        }
    }
}

fn sampling(c: &mut Criterion) {
    let (name, model, threads) = ("sampling, 4096 points, 2-64-64-2", rings(), threads(1));
    let noise = models::noise(2, 4096);
    let moved = transport(model.flow(), Direction::Forward, &noise, None, Track::Points);
    let evaluations = moved.expect("valid").efforts.iter().map(|e| e.evaluations).sum::<u64>();
    println!("{name}: {:.1} evaluations per point", evaluations as f64 / 4096.0);
    print_floor(name, evaluations as f64 * VELOCITY);
    c.bench_function(&format!("{name}, 1 thread(s)"), |b| {
        b.iter(|| threads.install(|| pushed(&model, &noise)));
    });
}

fn gradients(c: &mut Criterion) {
    let cases = [
        ("likelihood gradient, batch 512, 2-64-64-2, exact", rings(), 512),
        ("likelihood gradient, batch 128, 64-128-128-64, exact", wide(Trace::Exact), 128),
    ];
    for (name, model, count) in &cases {
        let points = points(model, *count);
        let contexts = DMatrix::zeros(0, *count);
        let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
        for count in [1, 2] {
            let (pool, mut gradient) = (Pool::new(), vec![0.0; model.parameters().len()]);
            let threads = threads(count);
            c.bench_function(&format!("{name}, {count} thread(s)"), |b| {
                b.iter(|| {
                    let gradient = &mut gradient;
                    let work = || MaximumLikelihood.gradient(model, batch, &pool, gradient);
                    threads.install(work).expect("valid")
                });
            });
        }
    }
}

fn flow_matching(c: &mut Criterion) {
    let (mut model, threads) = (rings(), threads(1));
    let (points, contexts) = (points(&model, 512), DMatrix::zeros(0, 512));
    let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
    let objective = FlowMatching::default();
    let mut parameters = model.parameters();
    let (pool, mut gradient) = (Pool::new(), vec![0.0; parameters.len()]);
    let adam = liouville::train::Adam::default();
    let task = Task { dim: 2, rows: 512, context_dim: 0, free: true, kind: Kind::Matched };
    let mut adam = Optimizer::<f32>::start(&adam, &model.layout(), &task);
    let mut step = || {
        let loss = objective.gradient(&model, batch, &pool, &mut gradient).expect("valid");
        adam.step(1e-6, &mut parameters, &gradient);
        model.set_parameters(&parameters).expect("parameters that fit");
        loss
    };
    // Forth, and back to the weights and to all activations.
    let back = VELOCITY + products(&[64, 64, 2]);
    print_floor("flow-matching step, batch 512, 2-64-64-2", 512.0 * (VELOCITY + back));
    c.bench_function("flow-matching step, batch 512, 2-64-64-2, 1 thread(s)", |b| {
        // A training loop runs inside the pool: going in and out for every step is not part of it.
        b.iter_custom(|count| {
            threads.install(|| {
                let start = Instant::now();
                for _ in 0..count {
                    black_box(step());
                }
                start.elapsed()
            })
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).without_plots();
    targets = log_densities, sampling, gradients, flow_matching
}
criterion_main!(benches);
