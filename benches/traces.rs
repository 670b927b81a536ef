//! What traces cost: exact divergences and products with probes, in evaluations of the velocity.
//!
//! `cargo bench -p liouville-benches --bench traces` prints, for every kind of field and several sizes, nanoseconds per
//! velocity of one sample and the ratios of the others to it, beside the cost that the field states
//! and by which `Trace::Auto` chooses. `f32`, one thread, blocks of 128 samples; all times are
//! medians of many short ones, taken in turns, so that what else the machine does touches few, and
//! all alike.

mod models;

use std::hint::black_box;
use std::time::Instant;

use liouville::columns::{Block, Scratch, columns_to_block};
use liouville::field::{At, Traced, evaluate};
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::StdRng;

const SAMPLES: usize = 128;
const ROUNDS: usize = 61;
/// Nanoseconds that one measurement takes, at least.
const SPAN: f64 = 2e5;

type AnyField = Box<dyn VectorField<f32>>;

/// Nanoseconds of `work`, once around.
fn time(repeats: usize, work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    (0..repeats).for_each(|_| work());
    start.elapsed().as_nanos() as f64 / repeats as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What is measured of a field: its velocity, its exact divergence, or products with some probes.
#[derive(Clone, Copy)]
enum Task {
    Velocity,
    Exact,
    Probes(usize),
}

const TASKS: [Task; 6] = [
    Task::Velocity,
    Task::Exact,
    Task::Probes(1),
    Task::Probes(4),
    Task::Probes(8),
    Task::Probes(16),
];

/// Blocks of a field's arguments and results.
struct Bench<'a> {
    field: &'a AnyField,
    points: Block<f32>,
    context: Block<f32>,
    times: Block<f32>,
    velocity: Block<f32>,
    scratch: Scratch<f32>,
}

impl<'a> Bench<'a> {
    fn new(field: &'a AnyField) -> Self {
        let points: DMatrix<f32> = models::noise(field.dim(), SAMPLES);
        let mut bench = Self {
            field,
            points: Block::default(),
            context: Block::new(field.context_dim(), SAMPLES),
            times: Block::new(1, SAMPLES),
            velocity: Block::new(field.dim(), SAMPLES),
            scratch: Scratch::new(),
        };
        columns_to_block(points.as_slice(), field.dim(), &mut bench.points);
        bench.times.fill(0.5);
        bench
    }

    fn run(&mut self, task: Task, repeats: usize) -> f64 {
        let at = At { t: self.times.row(0), x: self.points.view(), context: self.context.view() };
        let mut probes = Block::new(self.field.dim(), SAMPLES);
        let count = if let Task::Probes(count) = task { count } else { 1 };
        probes.reshape(self.field.dim(), count * SAMPLES);
        probes.fill(1.0);
        let mut traces = Block::new(count, SAMPLES);
        let (field, velocity, scratch) = (self.field, &mut self.velocity, &mut self.scratch);
        time(repeats, &mut || {
            let traced = match task {
                Task::Velocity => Traced::Velocity,
                Task::Exact => Traced::Exact,
                Task::Probes(_) => Traced::Probes(probes.view()),
            };
            evaluate(field, at, traced, velocity.view_mut(), traces.view_mut(), scratch);
            black_box(velocity.values());
        })
    }

    /// The median time of each task.
    fn measure(&mut self) -> [f64; TASKS.len()] {
        let repeats = TASKS.map(|task| {
            let once = (0..5).map(|_| self.run(task, 1)).fold(f64::INFINITY, f64::min);
            (SPAN / once) as usize + 1
        });
        let mut times: [Vec<f64>; TASKS.len()] = Default::default();
        for _ in 0..ROUNDS {
            for (i, task) in TASKS.into_iter().enumerate() {
                times[i].push(self.run(task, repeats[i]));
            }
        }
        times.map(median)
    }
}

fn analytic() -> Vec<(String, AnyField)> {
    let mut fields: Vec<(String, AnyField)> = Vec::new();
    for dim in [2, 64] {
        let linear = field::Linear::new(models::noise(dim, dim)).expect("square");
        fields.push((format!("linear {dim}"), Box::new(linear)));
    }
    for dim in [2, 64] {
        let [u, w]: [DVector<f32>; 2] =
            [0, 1].map(|k| models::noise(dim, 2).column(k).into_owned() * 0.1);
        let radial = field::Radial::new(u.clone(), 1.0, 0.5).expect("valid");
        fields.push((format!("radial {dim}"), Box::new(radial)));
        let planar = field::Planar::new(u, w, 0.1).expect("valid");
        fields.push((format!("planar {dim}"), Box::new(planar)));
    }
    let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin()]);
    fields.push(("closure 2".into(), Box::new(pendulum)));
    let waves = field::autonomous::<8, _>(|x| std::array::from_fn(|i| (x[(i + 1) % 8]).sin()));
    fields.push(("closure 8".into(), Box::new(waves)));
    for dim in [8, 64] {
        let springs = field::autonomous_dyn(dim, move |x, out| {
            for i in 0..dim {
                out[i] = (x[(i + 1) % dim] - x[i]).tanh();
            }
        });
        fields.push((format!("dyn closure {dim}"), Box::new(springs)));
    }
    fields
}

fn neural() -> Vec<(String, AnyField)> {
    let mut fields: Vec<(String, AnyField)> = Vec::new();
    let mut push = |dim: usize, hidden: &[usize], activation: Activation| {
        let field = models::random(dim, hidden, activation);
        fields.push((format!("mlp {dim} {hidden:?} {activation:?}"), Box::new(field)));
    };
    for (dim, hidden) in [
        (2, &[64][..]),
        (64, &[128]),
        (2, &[64, 64]),
        (2, &[128, 128]),
        (8, &[64, 64]),
        (64, &[64, 64]),
        (64, &[128, 128]),
        (64, &[256, 256]),
        (256, &[128, 128]),
    ] {
        push(dim, hidden, Activation::Tanh);
    }
    push(2, &[64, 64], Activation::Silu);
    push(64, &[128, 128], Activation::Silu);
    for dim in [2, 4, 8, 16, 32, 64] {
        push(dim, &[64, 64, 64], Activation::Tanh);
    }
    for dim in [8, 16, 64, 128] {
        push(dim, &[128, 128, 128], Activation::Tanh);
    }
    push(16, &[256, 256, 256, 256], Activation::Silu);
    for (dim, hidden) in [(2, &[64, 64][..]), (64, &[128, 128]), (8, &[64, 64, 64])] {
        let builder = Mlp::new(dim).hidden(hidden.to_vec()).gated();
        let field: field::Gated<f32> =
            builder.build(&mut StdRng::seed_from_u64(1)).expect("valid sizes");
        fields.push((format!("gated {dim} {hidden:?} Tanh"), Box::new(field)));
    }
    fields
}

fn main() {
    println!(
        "field                            ns    stated     exact   probes 1         4         8        16"
    );
    for (name, field) in analytic().into_iter().chain(neural()) {
        let [velocity, others @ ..] = Bench::new(&field).measure();
        print!("{name:<28} {:>7.1} {:>9.1}", velocity / SAMPLES as f64, field.divergence_cost());
        others.iter().for_each(|time| print!(" {:>9.2}", time / velocity));
        println!();
    }
}
