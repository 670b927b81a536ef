//! Flows trained by maximum likelihood come close to the entropy of what they learn, and never below it.

use liouville::data::{self, Formula, Plane};
use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Trains on 20,000 samples, and compares the likelihood of 20,000 others with the truth on them.
fn learn<F: Formula>(name: &str, density: &Plane<F>, steps: usize, bound: f64) {
    let mut rng = StdRng::seed_from_u64(1);
    let train: DMatrix<f32> = density.sample(20_000, &mut rng).expect("valid");
    let test: DMatrix<f32> = density.sample(20_000, &mut rng).expect("valid");
    let field = Mlp::new(2).build(&mut rng).expect("valid sizes");
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).tolerance(1e-4));
    let trainer = Trainer::maximum_likelihood().steps(steps).quiet();
    let report = trainer.fit(&mut model, &train, &mut rng).expect("trains");

    let learned = model.log_prob(&test).expect("valid").map(f64::from);
    let truth = density.log_prob(&test).expect("valid").map(f64::from);
    // Paired with the true density of the same samples, the difference is an estimate of the
    // divergence, which is never negative.
    let gap = truth - &learned;
    let (divergence, error) = (gap.mean(), (gap.variance() / gap.len() as f64).sqrt());
    println!(
        "{name}: {:.4} nats, {divergence:.4} +- {error:.4} above the entropy, {:.1} s",
        -learned.mean(),
        report.seconds()
    );
    assert!(
        divergence > -3.0 * error,
        "{name}: the likelihood beats the true density by {} standard errors, which is a bug in the likelihood",
        -divergence / error
    );
    assert!(divergence < bound, "{name}: {divergence} nats above the entropy");
}

#[test]
fn two_moons() {
    learn("two moons", &data::two_moons(0.05), 1_000, 0.03);
}

#[test]
fn eight_gaussians() {
    learn("eight gaussians", &data::eight_gaussians(), 750, 0.03);
}

#[test]
fn circles() {
    learn("circles", &data::circles(), 1_000, 0.04);
}

#[test]
fn checkerboard() {
    learn("checkerboard", &data::checkerboard(), 2_000, 0.13);
}

#[test]
fn two_spirals() {
    learn("two spirals", &data::two_spirals(), 1_000, 0.07);
}
