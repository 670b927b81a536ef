//! Held-out likelihoods of flows of every kind, trained alike: nats per sample, and seconds.
//!
//! `benches/peers/compare_likelihoods FOLDER` writes the sets and runs this, zuko and nflows; alone it is
//! `cargo bench -p liouville-benches --bench likelihood -- SETS STEPS SEEDS`. The sets are raw `f32`, samples one after the
//! other, in files named `NAME.train.DIM.f32` and `NAME.test.DIM.f32`.

use std::path::Path;

use liouville::flow::layers::{RealNvpCoupling, SplineCoupling};
use liouville::prelude::*;
use liouville::train::{Adam, MaximumLikelihood, Objective, Schedule};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sets::{Set, sets};

mod sets;

const HIDDEN: [usize; 2] = [64, 64];

/// How often, and from where; as the trainer does unless told otherwise.
#[derive(Clone, Copy)]
struct Training {
    steps: Option<usize>,
    seed: u64,
}

/// As `benches/peers/likelihood_training.py` trains other libraries.
fn alike(steps: usize) -> Trainer<MaximumLikelihood, Adam> {
    let trainer = Trainer::maximum_likelihood().optimizer(Adam::default());
    trainer
        .learning_rate(2e-3)
        .schedule(Schedule::cosine())
        .average(0.0)
        .steps(steps)
        .batch(512)
        .clip(10.0)
        .held_out(0.1)
        .check_every((steps / 20).max(1))
        .quiet()
}

/// Trains one model and prints its line.
fn report<F>(set: &Set, kind: &str, training: Training, flow: F, mut rng: StdRng)
where
    F: TrainableFlow<f32>,
    MaximumLikelihood: Objective<f32, Pushforward<StandardNormal, F>>,
{
    let mut model = StandardNormal::new(set.train.nrows()).pushed_by(flow);
    let report = match training.steps {
        Some(steps) => alike(steps).fit(&mut model, &set.train, &mut rng),
        None => Trainer::maximum_likelihood().quiet().fit(&mut model, &set.train, &mut rng),
    };
    let report = report.expect("trains");
    let nats = -model.log_prob(&set.test).expect("finite").mean();
    let (name, seed, seconds) = (&set.name, training.seed, report.seconds());
    println!("liouville\t{name}\t{kind}\t{seed}\t{nats:.4}\t{seconds:.1}");
}

/// The kinds and sizes of `benches/peers/likelihood_{zuko,nflows}.py`, and a continuous flow.
fn run(set: &Set, training: Training) {
    let dim = set.train.nrows();
    let rng = || StdRng::seed_from_u64(training.seed);
    let mut r = rng();
    let layers =
        Chain::new().try_repeat(8, |i| RealNvpCoupling::<f32>::alternating(dim, i, HIDDEN, &mut r));
    report(set, "RealNVP", training, layers.expect("splits"), r);
    let mut r = rng();
    let layers =
        Chain::new().try_repeat(5, |i| SplineCoupling::<f32>::alternating(dim, i, HIDDEN, &mut r));
    report(set, "RQ-NSF (C)", training, layers.expect("splits"), r);
    let mut r = rng();
    let layers = Stack::maf(dim).hidden(HIDDEN).build(&mut r);
    report(set, "MAF", training, layers.expect("valid sizes"), r);
    let mut r = rng();
    let field: Mlp<f32> = Mlp::new(dim).hidden(HIDDEN).build(&mut r).expect("valid sizes");
    report(set, "continuous", training, ContinuousFlow::new(field).tolerance(1e-4), r);
}

/// What comes of leaving every choice out, of the flow and of the training.
fn run_defaults(set: &Set, seed: u64) {
    let (dim, training) = (set.train.nrows(), Training { steps: None, seed });
    let stacks = [
        ("RealNVP", Stack::real_nvp(dim)),
        ("RQ-NSF", Stack::spline_coupling(dim)),
        ("MAF", Stack::maf(dim)),
    ];
    for (kind, stack) in stacks {
        let mut r = StdRng::seed_from_u64(seed);
        let layers = stack.build(&mut r).expect("valid sizes");
        report(set, &format!("{kind}, defaults"), training, layers, r);
    }
    let mut r = StdRng::seed_from_u64(seed);
    let field: Mlp<f32> = Mlp::new(dim).build(&mut r).expect("valid sizes");
    report(set, "continuous, defaults", training, ContinuousFlow::new(field), r);
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [folder, steps, seeds] = given.as_slice() else {
        println!("skipped: name a folder of sets, a number of steps and a number of seeds");
        return;
    };
    let steps = steps.parse().expect("a number of steps");
    let seeds: u64 = seeds.parse().expect("a number of seeds");
    // One core, as the peers have.
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    threads.install(|| {
        for set in sets(Path::new(folder)) {
            (0..seeds).for_each(|seed| run(&set, Training { steps: Some(steps), seed }));
            (0..seeds).for_each(|seed| run_defaults(&set, seed));
        }
    });
}
