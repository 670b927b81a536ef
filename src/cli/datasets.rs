//! `datasets`: samples of known densities.

use liouville::Result;
use liouville::data;
use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::SeedableRng;
use liouville::rand::rngs::ChaCha8Rng;

use super::args::{Datasets, Known};
use super::out::{self, Out, Rows, object};

pub fn run(asked: &Datasets, out: Out) -> Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(asked.seed);
    let points: DMatrix<f64> = match asked.name {
        Known::TwoMoons => data::two_moons(0.05).sample(asked.number, &mut rng)?,
        Known::EightGaussians => data::eight_gaussians().sample(asked.number, &mut rng)?,
        Known::Pinwheel => data::pinwheel().sample(asked.number, &mut rng)?,
        Known::SwissRoll => data::swiss_roll().sample(asked.number, &mut rng)?,
        Known::Rings => data::circles().sample(asked.number, &mut rng)?,
        Known::TwoSpirals => data::two_spirals().sample(asked.number, &mut rng)?,
        Known::Checkerboard => data::checkerboard().sample(asked.number, &mut rng)?,
    };
    let mut rows = Rows::to(asked.output.as_ref(), vec!["x".into(), "y".into()], out)?;
    rows.write(&points)?;
    rows.finish()?;
    match (out.json, asked.output.as_ref().is_some_and(|path| !out::is_standard(path))) {
        (true, true) => out.say("", object([("rows", points.ncols().into())])),
        _ => Ok(()),
    }
}
