//! What regularisation buys: evaluations, likelihood and training time of the same model trained with
//! none, with the penalties of RNODE, with STEER's random ends, and with both.
//!
//! `cargo bench -p liouville-benches --bench regularised`; fields of two hidden layers of 64 in `f32`, trained at tolerance
//! 1e-4 for 500 steps. The likelihood is that of samples never seen in training, solved at 1e-6.

use std::time::Instant;

use liouville::prelude::*;
use liouville::train::Regularised;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

type Model = Pushforward<StandardNormal, ContinuousFlow<Mlp<f32>>>;

/// Samples to learn from, and samples to be judged by.
struct Task {
    name: &'static str,
    train: DMatrix<f32>,
    test: DMatrix<f32>,
}

fn plane<D: Sample<f32, Drawn = DMatrix<f32>>>(name: &'static str, density: &D) -> Task {
    let mut rng = StdRng::seed_from_u64(1);
    let mut draw = |count| density.sample(count, &mut rng).expect("valid");
    Task { name, train: draw(20_000), test: draw(4000) }
}

/// Four toys side by side, turned so that every coordinate depends on every other.
fn eight_dimensions() -> Task {
    let toys = [
        plane("", &data::two_moons(0.1)),
        plane("", &data::pinwheel()),
        plane("", &data::eight_gaussians()),
        plane("", &data::circles()),
    ];
    let mut rng = StdRng::seed_from_u64(2);
    let noise: DMatrix<f32> = StandardNormal::new(8).sample(8, &mut rng).expect("valid");
    let turn = noise.qr().q();
    let stack = |of: fn(&Task) -> &DMatrix<f32>, shift: usize| {
        let columns = of(&toys[0]).ncols();
        // Toys are drawn from one seed; shifted against one another they are independent.
        let value = |i: usize, j: usize| of(&toys[i / 2])[(i % 2, (j + i / 2 * shift) % columns)];
        &turn * DMatrix::from_fn(8, columns, value)
    };
    let (train, test) = (stack(|task| &task.train, 4000), stack(|task| &task.test, 800));
    Task { name: "four toys, 8-d", train, test }
}

/// Trains, and prints one row of the table.
fn row(task: &Task, name: &str, objective: Regularised) {
    let mut rng = StdRng::seed_from_u64(3);
    let dim = task.train.nrows();
    let field = Mlp::new(dim).hidden([64, 64]).build(&mut rng).expect("valid sizes");
    let mut model: Model =
        StandardNormal::new(dim).pushed_by(ContinuousFlow::new(field).tolerance(1e-4));
    let trainer = Trainer::new(objective).steps(500).learning_rate(1e-2).average(0.99).quiet();
    let start = Instant::now();
    trainer.fit(&mut model, &task.train, &mut rng).expect("trains");
    let seconds = start.elapsed().as_secs_f64();
    let evaluations = [1e-3, 1e-5].map(|tolerance| {
        let (_, evaluations) = judge(&model, &task.test, tolerance);
        evaluations
    });
    let (nats, _) = judge(&model, &task.test, 1e-6);
    println!(
        "| {} | {name} | {:.1} | {:.1} | {nats:.4} | {seconds:.1} |",
        task.name, evaluations[0], evaluations[1]
    );
}

/// The mean negative log-likelihood in nats, and the mean number of evaluations per sample.
fn judge(model: &Model, test: &DMatrix<f32>, tolerance: f64) -> (f64, f64) {
    let flow = model.flow().clone().tolerance(tolerance);
    let all = StandardNormal::new(test.nrows()).pushed_by(flow).evaluate(test, None);
    let all = all.expect("valid");
    let evaluations: u64 = all.efforts.iter().map(|effort| effort.evaluations).sum();
    let nats: f64 = all.log_prob.iter().map(|value| -f64::from(*value)).sum();
    (nats / test.ncols() as f64, evaluations as f64 / test.ncols() as f64)
}

fn main() {
    println!(
        "| data | trained with | evaluations at 1e-3 | at 1e-5 | held-out nats | training, s |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let none = Regularised::default();
    let rnode = |weight| Regularised { kinetic_energy: weight, jacobian_norm: weight, ..none };
    let variants = [
        ("maximum likelihood", none),
        ("RNODE, weights 0.01", rnode(0.01)),
        ("RNODE, weights 0.05", rnode(0.05)),
        ("STEER, share 0.1", Regularised { steer: 0.1, ..none }),
        ("STEER, share 0.25", Regularised { steer: 0.25, ..none }),
        ("both, 0.05 and 0.1", Regularised { steer: 0.1, ..rnode(0.05) }),
    ];
    let tasks = [
        plane("two moons", &data::two_moons(0.05)),
        plane("checkerboard", &data::checkerboard()),
        eight_dimensions(),
    ];
    for task in &tasks {
        for (name, objective) in variants {
            row(task, name, objective);
        }
    }
}
