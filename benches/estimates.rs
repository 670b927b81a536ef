//! How far estimated log-densities are off, at equal numbers of products with the Jacobian per
//! evaluation: Rademacher probes, orthogonal probes, and Hutch++.
//!
//! `cargo bench -p liouville-benches --bench estimates` prints the root mean square error of log-determinants from data
//! to base, in nats, for three fields of three hidden layers in 64 dimensions: a random one, one
//! matched to handwritten digits, and one matched to a curved sheet of three dimensions with noise
//! 0.05 around it; beside the errors, the median milliseconds of a call for all points, one thread.
//! `-- random` leaves out the two fields that are trained first.

mod models;

use std::time::Instant;

use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

const DIM: usize = 64;
/// The number of points, and of random streams for each.
const POINTS: usize = 128;
const SEEDS: u64 = 8;

/// A random field whose velocities are of order one, and points of its model.
fn random(rng: &mut StdRng) -> (Mlp<f32>, DMatrix<f32>) {
    let field = models::random(DIM, &[128, 128, 128], Activation::Tanh);
    let model = StandardNormal::new(DIM).pushed_by(ContinuousFlow::new(field.clone()));
    let points = model.sample(POINTS, rng).expect("valid").into_matrix();
    (field, points)
}

/// A field matched to data, and some of the data.
fn matched(data: &DMatrix<f32>, rng: &mut StdRng) -> (Mlp<f32>, DMatrix<f32>) {
    let builder = Mlp::new(DIM).hidden([128, 128, 128]).activation(Activation::Silu);
    let field: Mlp<f32> = builder.build(rng).expect("valid sizes");
    let mut model = StandardNormal::new(DIM).pushed_by(ContinuousFlow::new(field));
    let trainer = Trainer::flow_matching().steps(3000).batch(256).average(0.99).quiet();
    trainer.fit(&mut model, data, rng).expect("trains");
    (model.flow().field().clone(), data.columns(0, POINTS).into_owned())
}

/// Handwritten digits, blurred and standardised.
fn digits(rng: &mut StdRng) -> DMatrix<f32> {
    let text = include_str!("../examples/data/digits8x8.csv");
    let rows = text.lines().skip(1).flat_map(|line| line.split(',').take(DIM));
    let pixels: Vec<f32> =
        rows.map(|cell| cell.parse::<f32>().expect("a number") + rng.random::<f32>()).collect();
    let images = DMatrix::from_vec(DIM, pixels.len() / DIM, pixels);
    data::Standardizer::fit(&images).and_then(|scale| scale.apply(&images)).expect("valid")
}

/// sin(W z) for three latent values z, of variance about one, with noise.
fn sheet(rng: &mut StdRng) -> DMatrix<f32> {
    fn normal(rng: &mut impl Rng) -> f32 {
        rng.sample(rand_distr::StandardNormal)
    }
    let w = DMatrix::from_fn(DIM, 3, |_, _| 0.7 * normal(rng));
    let latent = DMatrix::from_fn(3, 4096, |_, _| normal(rng));
    (w * latent).map(|angle| 1.4 * angle.sin() + 0.05 * normal(rng))
}

fn log_det(field: &Mlp<f32>, trace: Trace, points: &DMatrix<f32>) -> DVector<f32> {
    let flow = ContinuousFlow::new(field.clone()).tolerance(1e-4).trace(trace);
    flow.inverse(points).expect("valid").log_det
}

/// The median time of a call, in milliseconds.
fn milliseconds(field: &Mlp<f32>, points: &DMatrix<f32>, trace: Trace) -> f64 {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let once = || {
        let start = Instant::now();
        threads.install(|| log_det(field, trace, points));
        start.elapsed().as_secs_f64() * 1e3
    };
    let mut times: Vec<f64> = (0..15).map(|_| once()).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The root mean square error over points and seeds.
fn error(field: &Mlp<f32>, points: &DMatrix<f32>, trace: impl Fn(u64) -> Trace) -> f64 {
    let exact = log_det(field, Trace::Exact, points);
    let square =
        |seed: u64| f64::from((log_det(field, trace(seed), points) - &exact).norm_squared());
    ((0..SEEDS).map(square).sum::<f64>() / (SEEDS as f64 * POINTS as f64)).sqrt()
}

fn main() {
    let mut rng = StdRng::seed_from_u64(1);
    let sheet = sheet(&mut rng);
    let digits = digits(&mut rng);
    let mut cases = vec![("random", random(&mut rng))];
    if !std::env::args().any(|argument| argument == "random") {
        cases.push(("digits", matched(&digits, &mut rng)));
        cases.push(("sheet", matched(&sheet, &mut rng)));
    }
    println!("error (ms)  products         Rademacher         orthogonal            Hutch++");
    for (name, (field, points)) in &cases {
        for probes in [4, 8, 16, 32] {
            let (range, residual) = (probes / 2, probes - probes / 2);
            let kind = |k: usize, seed: u64| match k {
                0 => Trace::Hutchinson(Hutchinson { probes, noise: Noise::Rademacher, seed }),
                1 => Trace::Hutchinson(Hutchinson { probes, noise: Noise::Orthogonal, seed }),
                _ => Trace::HutchPlusPlus(HutchPlusPlus { range, residual, seed }),
            };
            print!("{name:<9} {probes:>10}");
            for k in 0..3 {
                let error = error(field, points, |seed| kind(k, seed));
                print!("  {error:>7.3} ({:>7.1})", milliseconds(field, points, kind(k, 0)));
            }
            println!();
        }
    }
}
