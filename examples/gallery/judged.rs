//! Pictures of densities of one coordinate, of training runs, and of how good a model is.

use std::path::Path;

use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};

use super::toys::Toys;

pub fn line(_: &Toys, file: &Path) -> liouville::Result<()> {
    let parting = field::autonomous::<1, _>(|x| [(x[0] * 2.0).sin() * 1.2 + 0.2]);
    let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(parting));
    let drawn: Samples<f64> = model.sample(2000, &mut StdRng::seed_from_u64(1))?;
    let base = StandardNormal::new(1);
    let picture = plot::line::<f64>(&model).name("flow").over("base", &base);
    picture.data("samples", &drawn).title("two heaps of one").save(file)
}

pub fn conditional(_: &Toys, file: &Path) -> liouville::Result<()> {
    let bent = field::conditional::<1, 1, _>(|_, x, c| [c[0].sin() * 3.0 - x[0] * c[0] * 0.4]);
    let family = StandardNormal::new(1).pushed_by(ContinuousFlow::new(bent));
    let picture = plot::conditional::<f64, _>(|context| family.given(context), [0.0, 5.0]);
    picture.axis_labels("time (s)", "height (m)").save(file)
}

pub fn ribbons(_: &Toys, file: &Path) -> liouville::Result<()> {
    let bent = field::conditional::<1, 1, _>(|_, x, c| [c[0].sin() * 3.0 - x[0] * c[0] * 0.4]);
    let family = StandardNormal::new(1).pushed_by(ContinuousFlow::new(bent));
    let contexts = DMatrix::from_fn(1, 300, |_, k| k as f64 / 60.0);
    let rng = &mut StdRng::seed_from_u64(2);
    let heights = family.sample_detailed(300, Some(&contexts), rng)?;
    let picture = plot::conditional::<f64, _>(|context| family.given(context), [0.0, 5.0]);
    let picture = picture.ribbons().data("held out", &contexts, &heights);
    picture.axis_labels("time (s)", "height (m)").save(file)
}

pub fn training(toys: &Toys, file: &Path) -> liouville::Result<()> {
    plot::training("found", &toys.report).over("rate 0.002", &toys.slow).save(file)
}

pub fn calibration(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let some = toys.held_out.columns(0, 1000).into_owned();
    let found = Diagnose::new().continuous(&toys.model, &some, None)?;
    plot::calibration(&found.calibration).title("is it calibrated?").save(file)
}

pub fn diagnosis(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let some = toys.held_out.columns(0, 1000).into_owned();
    let found = Diagnose::new().continuous(&toys.model, &some, None)?;
    plot::diagnosis(&found).save(file)
}

pub fn ranks(_: &Toys, file: &Path) -> liouville::Result<()> {
    let ranks: Vec<usize> = (0..600).map(|k| k * k * 37 % 101).collect();
    plot::ranks("mass", &ranks, 100).save(file)
}

pub fn weights(_: &Toys, file: &Path) -> liouville::Result<()> {
    let (target, proposal) = (StandardNormal::new(2), data::eight_gaussians());
    let drawn: DMatrix<f64> = proposal.sample(2000, &mut StdRng::seed_from_u64(1))?;
    let log_weights = target.log_prob(&drawn)? - proposal.log_prob(&drawn)?;
    plot::weights("a normal, by eight Gaussians", log_weights.as_slice()).save(file)
}
