//! What the pictures show: two moons and a model of them, a posterior, wines and digits.

use std::path::Path;

use liouville::field::Mlp;
use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};
use liouville::train::{Adam, Report};

/// A continuous flow of a network on a standard normal.
pub type Learnt = Pushforward<StandardNormal, ContinuousFlow<Mlp<f32>>>;

/// Everything that is drawn.
pub struct Toys {
    /// Samples of two moons, one per column, that nothing was learnt from.
    pub held_out: DMatrix<f32>,
    /// What was learnt from others.
    pub model: Learnt,
    /// How it was learnt.
    pub report: Report,
    /// How it would have been at a tenth of the rate.
    pub slow: Report,
    /// Samples of a posterior in four dimensions.
    pub posterior: DMatrix<f64>,
    /// Samples of its prior.
    pub prior: DMatrix<f64>,
    /// The truth behind the posterior.
    pub truth: [f64; 4],
    /// 178 wines.
    pub wines: Table,
    /// Images of 8 x 8 pixels from 0 to 16.
    pub digits: DMatrix<f32>,
    /// What was learnt from the images.
    pub writer: Learnt,
}

impl Toys {
    pub fn new(short: bool) -> liouville::Result<Self> {
        let mut rng = StdRng::seed_from_u64(1);
        let density = data::two_moons(0.08);
        let moons: DMatrix<f32> = density.sample(5_000, &mut rng)?;
        let field = Mlp::new(2).build(&mut rng)?;
        let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
        let mut other = model.clone();
        let steps = if short { 80 } else { 500 };
        let trainer = Trainer::maximum_likelihood().steps(steps).quiet();
        let report = trainer.fit(&mut model, &moons, &mut rng)?;
        let trainer = trainer.learning_rate(2e-3);
        let slow = trainer.fit(&mut other, &moons, &mut rng)?;
        let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data"));
        let digits =
            Table::read(data.join("digits8x8.csv"))?.matrix().rows(0, 64).map(|x| x as f32);
        let mut writer = untrained_writer(&mut rng)?;
        let trainer = Trainer::flow_matching().optimizer(Adam::default()).learning_rate(2e-3);
        let trainer = trainer.steps(if short { 40 } else { 3_000 }).batch(256).quiet();
        trainer.fit(&mut writer, &digits, &mut rng)?;
        Ok(Self {
            held_out: density.sample(5_000, &mut rng)?,
            model,
            report,
            slow,
            posterior: bent(&StandardNormal::new(4).sample(20_000, &mut rng)?, 0.45),
            prior: bent(&StandardNormal::new(4).sample(20_000, &mut rng)?, 1.0),
            truth: [1.4, 0.55, 410.0, 0.1],
            wines: Table::read(data.join("wine.csv"))?,
            digits,
            writer,
        })
    }
}

fn untrained_writer(rng: &mut StdRng) -> liouville::Result<Learnt> {
    let field = Mlp::new(64).hidden([128, 128]).activation(Activation::Silu).build(rng)?;
    Ok(StandardNormal::new(64).pushed_by(ContinuousFlow::new(field).tolerance(1e-3)))
}

/// Masses, spins, distances and phases whose spread shrinks with what is known of them.
fn bent(normal: &DMatrix<f64>, spread: f64) -> DMatrix<f64> {
    DMatrix::from_fn(4, normal.ncols(), |i, j| {
        let at = |k: usize| spread * normal[(k, j)];
        match i {
            0 => 1.4 * (0.3 * at(0)).exp(),
            1 => 0.5 + 0.4 * (0.8 * at(1) - 0.7 * at(0)).tanh(),
            2 => 400.0 + 90.0 * at(2) + 70.0 * at(0) * at(0),
            _ => 0.3 * at(3) + 0.5 * (1.5 * at(2)).sin(),
        }
    })
}
