//! What layers in closed form cost: eight couplings or autoregressive layers in 16 dimensions with two
//! hidden layers of 64, in `f32`, on one thread.
//!
//! `cargo bench -p liouville-benches --bench layers`; log-densities, samples and likelihood gradients of 4096 points. The
//! parameters are random, and of the size that training leaves behind.

mod models;

use criterion::{Criterion, criterion_group, criterion_main};
use liouville::flow::autoregressive::Order;
use liouville::flow::layers::{AffineCoupling, Maf, RealNvpCoupling, SplineCoupling, SplineMaf};
use liouville::flow::{Direction, Track, transport};
use liouville::prelude::*;
use liouville::train::{MaximumLikelihood, MiniBatch, Objective, Pool, Trainable};
use models::peak::{print_floor, products};
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const DIM: usize = 16;
const POINTS: usize = 4096;

type Model = Pushforward<StandardNormal, Chain<f32>>;

/// Eight layers whose last weights were moved away from zero.
fn model<L>(make: impl Fn(usize, &mut StdRng) -> Result<L, liouville::Error>) -> Model
where
    L: TrainableFlow<f32, Tape: 'static> + Clone + 'static,
{
    let mut rng = StdRng::seed_from_u64(1);
    let layers = Chain::new().try_repeat(8, |i| make(i, &mut rng)).expect("splits");
    let mut model = StandardNormal::new(DIM).pushed_by(layers);
    let values = model.parameters().iter().map(|p| p + rng.random_range(-0.05f32..0.05)).collect();
    let values: Vec<f32> = values;
    model.set_parameters(&values).expect("parameters that fit");
    model
}

/// From layer to layer, the other way round.
fn order(i: usize) -> Order {
    if i.is_multiple_of(2) { Order::Natural } else { Order::Reversed }
}

fn models() -> [(&'static str, Model); 6] {
    let hidden = [64, 64];
    [
        (
            "alternating affine couplings",
            model(|i, rng| AffineCoupling::alternating(DIM, i, hidden, rng)),
        ),
        ("affine couplings", model(|i, rng| AffineCoupling::halves(DIM, i, hidden, rng))),
        (
            "alternating RealNVP couplings",
            model(|i, rng| RealNvpCoupling::alternating(DIM, i, hidden, rng)),
        ),
        ("spline couplings", model(|i, rng| SplineCoupling::halves(DIM, i, hidden, rng))),
        (
            "masked autoregressive layers",
            model(|i, rng| {
                Maf::<f32>::new(DIM).order(order(i)).hidden(hidden).build::<f32, _>(rng)
            }),
        ),
        (
            "masked autoregressive splines",
            model(|i, rng| {
                SplineMaf::<f32>::new(DIM).order(order(i)).hidden(hidden).build::<f32, _>(rng)
            }),
        ),
    ]
}

fn layers(c: &mut Criterion) {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let mut rng = StdRng::seed_from_u64(2);
    let noise: DMatrix<f32> = StandardNormal::new(DIM).sample(POINTS, &mut rng).expect("samples");
    for (name, model) in models() {
        let parameters = match name {
            "affine couplings" => 2 * DIM / 2,
            "spline couplings" => 23 * DIM / 2,
            _ => 0,
        };
        if parameters > 0 {
            // A gradient is one way there, and one back to the weights and to what they act on.
            let once = (8 * POINTS) as f64 * products(&[DIM / 2, 64, 64, parameters]);
            for (work, passes) in
                [("log_prob", 1.0), ("sampling", 1.0), ("likelihood gradient", 3.0)]
            {
                print_floor(&format!("{work} of 4096 points, 8 {name}, dim 16"), passes * once);
            }
        }
        let sample = || transport(model.flow(), Direction::Forward, &noise, None, Track::Points);
        let points = sample().expect("valid").points;
        c.bench_function(&format!("log_prob of 4096 points, 8 {name}, dim 16"), |b| {
            b.iter(|| threads.install(|| model.log_prob(&points).expect("valid")));
        });
        c.bench_function(&format!("sampling of 4096 points, 8 {name}, dim 16"), |b| {
            b.iter(|| threads.install(|| sample().expect("valid")));
        });
        let contexts = DMatrix::zeros(0, POINTS);
        let batch = MiniBatch { points: &points, contexts: &contexts, seed: 1, accuracy: None };
        let (pool, mut gradient) = (Pool::new(), vec![0.0; model.parameters().len()]);
        c.bench_function(&format!("likelihood gradient of 4096 points, 8 {name}, dim 16"), |b| {
            b.iter(|| {
                let gradient = &mut gradient;
                let work = || MaximumLikelihood.gradient(&model, batch, &pool, gradient);
                threads.install(work).expect("valid")
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).without_plots();
    targets = layers
}
criterion_main!(benches);
