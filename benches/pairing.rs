//! What optimal-transport pairs of noise and data cost, and how near they are to the best.
//!
//! `cargo bench -p liouville-benches --bench pairing` prints for every toy set and for blobs in 10 and 64 dimensions
//! the median milliseconds of a pairing of 256 samples on one thread, and the mean squared distance of
//! the pairs in units of the least possible, the mean and the largest over twenty batches; then the
//! milliseconds of larger batches.

use std::time::Instant;

use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

type Kind = (&'static str, fn(usize, &mut StdRng) -> DMatrix<f32>);

/// Two blobs, of deviations that differ from row to row.
fn blobs<const DIM: usize>(count: usize, rng: &mut StdRng) -> DMatrix<f32> {
    let points: DMatrix<f32> = StandardNormal::new(DIM).sample(count, rng).expect("valid");
    DMatrix::from_fn(DIM, count, |i, j| {
        let side = if j % 2 == 0 { 1.0 } else { -1.0 };
        side + (0.1 + 0.2 * (i % 5) as f32) * points[(i, j)]
    })
}

const KINDS: [Kind; 10] = [
    ("two moons", |n, rng| data::two_moons(0.05).sample(n, rng).expect("valid")),
    ("eight gaussians", |n, rng| data::eight_gaussians().sample(n, rng).expect("valid")),
    ("pinwheel", |n, rng| data::pinwheel().sample(n, rng).expect("valid")),
    ("rings", |n, rng| data::circles().sample(n, rng).expect("valid")),
    ("swiss roll", |n, rng| data::swiss_roll().sample(n, rng).expect("valid")),
    ("spirals", |n, rng| data::two_spirals().sample(n, rng).expect("valid")),
    ("checkerboard", |n, rng| data::checkerboard().sample(n, rng).expect("valid")),
    ("normal, 2", |n, rng| StandardNormal::new(2).sample(n, rng).expect("valid")),
    ("blobs, 10", blobs::<10>),
    ("blobs, 64", blobs::<64>),
];

fn squared(noise: &DMatrix<f32>, data: &DMatrix<f32>, i: usize, j: usize) -> f64 {
    noise.column(j).iter().zip(&data.column(i)).map(|(z, x)| f64::from(z - x).powi(2)).sum()
}

/// The least total, by the Hungarian algorithm as it is taught.
fn least(noise: &DMatrix<f32>, data: &DMatrix<f32>) -> f64 {
    let n = data.ncols();
    let costs = DMatrix::from_fn(n, n, |j, i| squared(noise, data, i, j));
    let (mut u, mut v) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let (mut owner, mut way) = (vec![0; n + 1], vec![0; n + 1]);
    for i in 1..=n {
        owner[0] = i;
        let (mut at, mut far, mut used) = (0, vec![f64::INFINITY; n + 1], vec![false; n + 1]);
        while owner[at] != 0 {
            used[at] = true;
            let (row, mut step, mut next) = (owner[at], f64::INFINITY, 0);
            for j in (1..=n).filter(|&j| !used[j]) {
                let reduced = costs[(j - 1, row - 1)] - u[row] - v[j];
                if reduced < far[j] {
                    (far[j], way[j]) = (reduced, at);
                }
                if far[j] < step {
                    (step, next) = (far[j], j);
                }
            }
            for j in 0..=n {
                if used[j] {
                    u[owner[j]] += step;
                    v[j] -= step;
                } else {
                    far[j] -= step;
                }
            }
            at = next;
        }
        while at != 0 {
            owner[at] = owner[way[at]];
            at = way[at];
        }
    }
    (1..=n).map(|j| costs[(j - 1, owner[j] - 1)]).sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The milliseconds of a pairing, and the pairs.
fn pair(noise: &DMatrix<f32>, data: &DMatrix<f32>) -> (f64, Vec<usize>) {
    let (contexts, start) = (DMatrix::zeros(0, data.ncols()), Instant::now());
    let partner = Pairing::OptimalTransport.pair(noise, data, &contexts).expect("finite");
    (start.elapsed().as_secs_f64() * 1e3, partner)
}

fn batch(kind: Kind, count: usize, seed: u64) -> [DMatrix<f32>; 2] {
    let mut rng = StdRng::seed_from_u64(seed);
    let data = kind.1(count, &mut rng);
    [StandardNormal::new(data.nrows()).sample(count, &mut rng).expect("valid"), data]
}

fn main() {
    println!("{:<18}{:>8}{:>10}{:>10}", "256 samples", "ms", "mean", "largest");
    for kind in KINDS {
        let (mut times, mut ratios) = (Vec::new(), Vec::new());
        for seed in 0..20 {
            let [noise, data] = batch(kind, 256, seed);
            let (time, partner) = pair(&noise, &data);
            let energy = (0..256).map(|i| squared(&noise, &data, i, partner[i])).sum::<f64>();
            times.push(time);
            ratios.push(energy / least(&noise, &data));
        }
        let largest = ratios.iter().copied().fold(0.0, f64::max);
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        println!("{:<18}{:>8.2}{mean:>10.4}{largest:>10.4}", kind.0, median(times));
    }
    for count in [64, 512, 1024, 4096] {
        let times = (0..9).map(|seed| {
            let [noise, data] = batch(KINDS[0], count, seed);
            pair(&noise, &data).0
        });
        println!("two moons, {count} samples: {:.2} ms", median(times.collect()));
    }
}
