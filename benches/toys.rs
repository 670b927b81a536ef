//! How far continuous flows with every choice left out come from the truth, on densities in the plane, and in
//! how many seconds of one core.
//!
//! `cargo bench -p liouville-benches --bench toys -- FIRST_SEED SEEDS [LIMIT [SET...]]`; LIMIT, in seconds, is
//! given to [`Trainer::seconds`]; 0 leaves that out, too.

use std::time::Instant;

use liouville::data::{Formula, Plane};
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Points to train on, and as many fresh ones.
const COUNT: usize = 20_000;

/// What is asked of all sets alike.
struct Task {
    seeds: std::ops::Range<u64>,
    limit: f64,
    only: Vec<String>,
}

/// One run: nats above the truth on fresh points at tolerance 1e-5, seconds, and steps.
fn run<F: Formula>(density: &Plane<F>, limit: f64, seed: u64) -> liouville::Result<[f64; 3]> {
    let mut rng = StdRng::seed_from_u64(seed);
    let points: DMatrix<f32> = density.sample(COUNT, &mut rng)?;
    let fresh: DMatrix<f32> = density.sample(COUNT, &mut rng)?;
    let start = Instant::now();
    let field = Mlp::new(2).build(&mut rng)?;
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    let trainer = Trainer::maximum_likelihood().quiet();
    let trainer = if limit > 0.0 { trainer.seconds(limit) } else { trainer };
    let report = trainer.fit(&mut model, &points, &mut rng)?;
    let seconds = start.elapsed().as_secs_f64();
    for event in &report.events {
        eprintln!("  {event}");
    }
    let mean = |values: nalgebra::DVector<f32>| values.map(f64::from).mean();
    let excess = mean(density.log_prob(&fresh)?) - mean(model.log_prob(&fresh)?);
    Ok([excess, seconds, report.steps.len() as f64])
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn report<F: Formula>(name: &str, density: &Plane<F>, task: &Task) {
    if !task.only.is_empty() && !task.only.iter().any(|only| only == name) {
        return;
    }
    let runs: Vec<[f64; 3]> =
        task.seeds.clone().map(|seed| run(density, task.limit, seed).expect("trains")).collect();
    let [excess, seconds, steps] =
        [0, 1, 2].map(|k| median(runs.iter().map(|run| run[k]).collect()));
    let all: Vec<String> = runs.iter().map(|run| format!("{:.4}", run[0])).collect();
    println!("{name:16} {excess:8.4} nats {seconds:7.2} s {steps:7} steps   of {}", all.join(" "));
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let number =
        |k: usize, usual: f64| given.get(k).map_or(usual, |text| text.parse().expect("a number"));
    if given.len() < 2 {
        println!("skipped: name a first seed and a number of seeds");
        return;
    }
    let first = number(0, 0.0) as u64;
    let seeds = first..first + number(1, 5.0) as u64;
    let only = given.iter().skip(3).cloned().collect();
    let task = Task { seeds, limit: number(2, 0.0), only };
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    threads.install(|| {
        report("two_moons", &data::two_moons(0.05), &task);
        report("eight_gaussians", &data::eight_gaussians(), &task);
        report("rings", &data::circles(), &task);
        report("pinwheel", &data::pinwheel(), &task);
        report("swiss_roll", &data::swiss_roll(), &task);
        report("spirals", &data::two_spirals(), &task);
        report("checkerboard", &data::checkerboard(), &task);
    });
}
