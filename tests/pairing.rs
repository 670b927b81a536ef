//! Pairing noise and data by optimal transport leaves conditional densities what they are.

use liouville::prelude::*;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// x given c = ±1, with equal odds, is normal with mean 3c and deviation 0.3.
fn two_kinds(count: usize, rng: &mut StdRng) -> [DMatrix<f32>; 2] {
    let contexts = DMatrix::from_fn(1, count, |_, _| if rng.random() { 1.0f32 } else { -1.0 });
    let noise: DMatrix<f32> = StandardNormal::new(1).sample(count, rng).expect("valid");
    [&contexts * 3.0 + noise * 0.3, contexts]
}

/// The mean and the deviation of samples given c = 1, after flow matching.
fn learned(seed: u64, columns: usize, steps: usize) -> [f64; 2] {
    let mut rng = StdRng::seed_from_u64(seed);
    let [data, contexts] = two_kinds(columns, &mut rng);
    let field = Mlp::new(1).context(1).hidden([32, 32]).build(&mut rng).expect("valid sizes");
    let mut model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(field));
    let trainer = Trainer::flow_matching().pairing(Pairing::OptimalTransport);
    let trainer = trainer.batch(128).steps(steps).learning_rate(1e-2).average(0.999).quiet();
    trainer.fit_given(&mut model, &data, &contexts, &mut rng).expect("trains");
    let one = DMatrix::from_element(1, 1, 1.0f32);
    let samples = model.given(one).sample(4000, &mut rng).expect("arrives").map(f64::from);
    [samples.mean(), samples.variance().sqrt()]
}

/// Paired across contexts, the mean is 2.35 and the deviation 0.86: half of the base goes to each kind.
#[test]
fn within_equal_contexts_the_conditional_density_is_learned() {
    for seed in 1..3 {
        let [mean, deviation] = learned(seed, 4000, 2000);
        assert!((mean - 3.0).abs() < 0.05, "seed {seed}: the mean is {mean}");
        assert!((deviation - 0.3).abs() < 0.03, "seed {seed}: the deviation is {deviation}");
    }
}
