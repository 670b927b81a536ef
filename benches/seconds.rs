//! Seconds of training until a continuous flow is near the truth, with every choice left out.
//!
//! `benches/peers/compare_seconds` writes the sets by this, and runs it beside other libraries; alone it is
//! `cargo bench -p liouville-benches --bench seconds -- write FOLDER`, then `-- FOLDER SEEDS`.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use liouville::data::{Formula, Plane};
use liouville::prelude::*;
use liouville::train::{Loss, MaximumLikelihood, MiniBatch, Objective, Pool, Trainable, Warning};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sets::{Set, read, sets};

mod sets;

/// Points to train on, and as many fresh ones.
const COUNT: usize = 20_000;
/// How near the truth is near, in nats.
const TARGET: f64 = 0.05;

type Model = Pushforward<StandardNormal, ContinuousFlow<Mlp<f32>>>;

/// What is compared: every choice is left out.
fn choices<O>(objective: O, rng: &mut StdRng) -> liouville::Result<(Model, Trainer<O>)> {
    let field = Mlp::new(2).build(rng)?;
    let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    Ok((model, Trainer::new(objective).quiet()))
}

/// Seconds that a core spent on this thread, which alone computes; where the system does not say, those that passed.
#[derive(Debug)]
struct Clock {
    start: Instant,
    busy: Option<f64>,
}

impl Clock {
    fn start() -> Self {
        Self { start: Instant::now(), busy: busy() }
    }

    fn seconds(&self) -> f64 {
        let spent = busy().zip(self.busy).map(|(now, before)| now - before);
        spent.unwrap_or_else(|| self.start.elapsed().as_secs_f64())
    }
}

/// What Linux counts for this thread.
fn busy() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? * 1e-9)
}

/// Maximum likelihood that keeps the models which a run judges by its held-out samples, with the seconds
/// until then. They are measured afterwards, and so take no time from the run.
#[derive(Debug)]
struct Watched {
    objective: MaximumLikelihood,
    clock: Clock,
    seen: Arc<Mutex<Vec<(f64, Model)>>>,
}

impl Objective<f32, Model> for Watched {
    type Memory = <MaximumLikelihood as Objective<f32, Model>>::Memory;

    fn name(&self) -> &'static str {
        Objective::<f32, Model>::name(&self.objective)
    }

    fn warnings(&self, data: &DMatrix<f32>, contexts: &DMatrix<f32>, batch: usize) -> Vec<Warning> {
        Objective::<f32, Model>::warnings(&self.objective, data, contexts, batch)
    }

    fn loss(
        &self,
        model: &Model,
        batch: MiniBatch<'_, f32>,
        pool: &Pool<f32, Self::Memory>,
    ) -> liouville::Result<Loss> {
        let loss = self.objective.loss(model, batch, pool);
        let seconds = self.clock.seconds();
        // Not where the tolerance of training is tried, nor for every part of the held-out samples again.
        let mut seen = self.seen.lock().expect("one thread");
        let known = |(_, last): &(f64, Model)| last.parameters() == model.parameters();
        if batch.accuracy.is_none() && !seen.last().is_some_and(known) {
            seen.push((seconds, model.clone()));
        }
        loss
    }

    fn gradient(
        &self,
        model: &Model,
        batch: MiniBatch<'_, f32>,
        pool: &Pool<f32, Self::Memory>,
        gradient: &mut [f32],
    ) -> liouville::Result<Loss> {
        self.objective.gradient(model, batch, pool, gradient)
    }
}

/// Nats above the truth on the fresh points, at tolerance 1e-5.
fn excess(model: Model, fresh: &DMatrix<f32>, truth: &DMatrix<f32>) -> f64 {
    let (base, flow) = (*model.base(), model.flow().clone());
    let found = base.pushed_by(flow.tolerance(1e-5)).log_prob(fresh).expect("finite");
    let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / COUNT as f64;
    mean(truth.as_slice()) - mean(found.as_slice())
}

/// One run: prints the seconds until the first candidate that is near enough, and those of the whole run.
fn run(set: &Set, truth: &DMatrix<f32>, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let clock = Clock::start();
    let objective =
        Watched { objective: MaximumLikelihood, clock: Clock::start(), seen: Arc::clone(&seen) };
    let (mut model, trainer) = choices(objective, &mut rng).expect("valid choices");
    trainer.fit(&mut model, &set.train, &mut rng).expect("trains");
    let whole = (clock.seconds(), model);
    let candidates = std::mem::take(&mut *seen.lock().expect("one thread"));
    let near = |(seconds, model): (f64, Model)| {
        let excess = excess(model, &set.test, truth);
        eprintln!("{}, seed {seed}, {seconds:.2} s: {excess:.4}", set.name);
        (excess <= TARGET).then_some(seconds)
    };
    let first = candidates.into_iter().find_map(near).unwrap_or(f64::INFINITY);
    let all = near(whole).unwrap_or(f64::INFINITY);
    println!("liouville\t{}\t{seed}\t{first:.2}\tdefaults", set.name);
    println!("liouville, whole run\t{}\t{seed}\t{all:.2}\tdefaults", set.name);
}

fn write(folder: &Path) {
    fn one<F: Formula>(folder: &Path, name: &str, density: &Plane<F>, rng: &mut StdRng) {
        let file = |part: &str, values: &[f32], dim: usize| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let path = folder.join(format!("{name}.{part}.{dim}.f32"));
            std::fs::write(path, bytes).expect("writable");
        };
        for part in ["train", "test"] {
            let points: DMatrix<f32> = density.sample(COUNT, rng).expect("valid settings");
            file(part, points.as_slice(), 2);
            if part == "test" {
                let truth = density.log_prob(&points).expect("finite points");
                file("truth", truth.as_slice(), 1);
            }
        }
    }
    std::fs::create_dir_all(folder).expect("writable");
    let mut rng = StdRng::seed_from_u64(1);
    one(folder, "two_moons", &data::two_moons(0.05), &mut rng);
    one(folder, "checkerboard", &data::checkerboard(), &mut rng);
    one(folder, "rings", &data::circles(), &mut rng);
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    // One core, as the others have.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    threads.install(|| match given.as_slice() {
        [word, folder] if word == "write" => write(Path::new(folder)),
        [folder, seeds] => {
            let seeds: u64 = seeds.parse().expect("a number of seeds");
            for set in sets(Path::new(folder)) {
                let file = format!("{}.truth.1.f32", set.name);
                let truth = read(&Path::new(folder).join(file), 1);
                (0..seeds).for_each(|seed| run(&set, &truth, seed));
            }
        }
        _ => println!("skipped: name a folder of sets and a number of seeds"),
    });
}
