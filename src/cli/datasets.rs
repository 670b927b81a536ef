//! `datasets`: samples of known densities.

use liouville::Result;
use liouville::data;
use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::SeedableRng;
use liouville::rand::rngs::ChaCha8Rng;

use super::args::{Datasets, Known};
use super::out::{self, Out, Rows, object};
use super::size;
use super::stop::Done;

/// The number of rows that are drawn at once.
const ROWS: u64 = 1 << 16;

pub fn run(asked: &Datasets, out: Out) -> Done {
    size::check(asked.number.into(), 2, asked.output.as_ref())?;
    let mut rng = ChaCha8Rng::seed_from_u64(asked.seed);
    let mut rows = Rows::to(asked.output.as_ref(), vec!["x".into(), "y".into()], out)?;
    let mut left = asked.number;
    while left > 0 {
        let count = left.min(ROWS);
        left -= count;
        rows.write(&drawn(asked.name, count as usize, &mut rng)?)?;
    }
    rows.finish()?;
    match (out.json, asked.output.as_ref().is_some_and(|path| !out::is_standard(path))) {
        (true, true) => out.say("", object([("rows", asked.number.into())])),
        _ => Ok(()),
    }
}

fn drawn(name: Known, count: usize, rng: &mut ChaCha8Rng) -> Result<DMatrix<f64>> {
    Ok(match name {
        Known::TwoMoons => data::two_moons(0.05).sample(count, rng)?,
        Known::EightGaussians => data::eight_gaussians().sample(count, rng)?,
        Known::Pinwheel => data::pinwheel().sample(count, rng)?,
        Known::SwissRoll => data::swiss_roll().sample(count, rng)?,
        Known::Rings => data::circles().sample(count, rng)?,
        Known::TwoSpirals => data::two_spirals().sample(count, rng)?,
        Known::Checkerboard => data::checkerboard().sample(count, rng)?,
    })
}
