//! Pictures of samples of any dimension, of images, and of the maps of a layer.

use std::path::Path;

use liouville::flow::transformer::Spline;
use liouville::nalgebra::DMatrix;
use liouville::plot::{Style, Theme};
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};

use super::toys::Toys;

pub fn posterior(toys: &Toys, file: &Path) -> liouville::Result<()> {
    plot::corner(&toys.posterior)
        .label("posterior")
        .over("prior", &toys.prior)
        .names(["mass (GeV)", "spin", "distance (Mpc)", "phase"])
        .truths(&toys.truth)
        .save(file)
}

pub fn weighted(toys: &Toys, file: &Path) -> liouville::Result<()> {
    // As if masses near 1.6 had been more likely beforehand.
    let weight = |mass: &f64| (-0.5 * ((mass - 1.6) / 0.1).powi(2)).exp();
    let weights: Vec<f64> = toys.posterior.row(0).iter().map(weight).collect();
    plot::corner(&toys.posterior)
        .weights(&weights)
        .label("other prior")
        .over("as drawn", &toys.posterior)
        .names(["mass (M☉)", "spin", "distance (Mpc)", "phase"])
        .save(file)
}

pub fn wine(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let names = ["alcohol", "flavanoids", "color_intensity", "hue", "proline"];
    let wines = toys.wines.select(names)?;
    plot::corner(&wines).title("178 wines").save(file)
}

pub fn smooth(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let three = toys.posterior.rows(0, 3).into_owned();
    let picture = plot::corner(&three).smooth().names(["mass", "spin", "distance"]);
    picture.with(Style::new().theme(Theme::dark())).save(file)
}

pub fn digits(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let drawn = toys.writer.sample(100, &mut StdRng::seed_from_u64(1))?;
    let real = toys.digits.columns(0, 100).into_owned();
    plot::images("real", &real).beside("drawn", &drawn).range(0.0, 16.0).save(file)
}

pub fn ways_between_digits(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let [starts, ends] = [0, 6].map(|from| toys.digits.columns(from, 6).into_owned());
    let ways = plot::interpolated(toys.writer.flow(), &starts, &ends, 11)?;
    let picture = plot::images("from one digit to another", &ways).per_row(11).range(0.0, 16.0);
    picture.size(800, 480).save(file)
}

pub fn splines(_: &Toys, file: &Path) -> liouville::Result<()> {
    let raw = DMatrix::from_fn(23, 4, |i, j| 1.5 * ((i * (j + 2)) as f64).sin());
    plot::transformer::<f64, _>(&Spline::new(8, 3.0)?, &raw, [-3.5, 3.5])?.save(file)
}
