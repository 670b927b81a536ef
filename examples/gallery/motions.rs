//! Pictures of what a flow does in time.

use std::path::Path;

use liouville::nalgebra::DMatrix;
use liouville::plot::{Style, Theme};
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};

use super::toys::Toys;

pub fn film(toys: &Toys, file: &Path) -> liouville::Result<()> {
    plot::film(&toys.model).frames(45).size(360, 360).save(file)
}

pub fn turning(_: &Toys, file: &Path) -> liouville::Result<()> {
    let turning = (0..36).map(|k| {
        let (sin, cos) = (f64::from(k) / 36.0 * std::f64::consts::TAU).sin_cos();
        plot::field(move |_, x| [x[1] * cos + x[0] * sin, -x[0] * cos + x[1] * sin]).size(400, 400)
    });
    let dark = Style::new().theme(Theme::dark());
    plot::animation(turning).frames_per_second(15.0).with(dark).save(file)
}

pub fn filmstrip(toys: &Toys, file: &Path) -> liouville::Result<()> {
    plot::filmstrip(&toys.model).samples(150).save(file)
}

pub fn trajectories(toys: &Toys, file: &Path) -> liouville::Result<()> {
    plot::trajectories(&toys.model).title("from noise to moons").save(file)
}

pub fn pendulum(_: &Toys, file: &Path) -> liouville::Result<()> {
    let pendulum = field::autonomous::<2, _>(|x| [x[1], -x[0].sin() - x[1] * 0.15]);
    let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(pendulum).span(0.0, 6.0));
    let start: DMatrix<f64> = model.base().sample(40, &mut StdRng::seed_from_u64(1))?;
    let times: Vec<f64> = (0..=120).map(|k| 0.05 * f64::from(k)).collect();
    let ways = model.flow().trajectory(&start, None, &times)?;
    let picture = plot::field_of::<f64>(&model).trajectories(&ways).title("six seconds");
    picture.axis_labels("angle", "speed").save(file)
}

pub fn timeline(_: &Toys, file: &Path) -> liouville::Result<()> {
    let parting = field::autonomous::<1, _>(|x| [(x[0] * 2.0).sin() * 1.6 + 0.2]);
    let model = StandardNormal::new(1).pushed_by(ContinuousFlow::new(parting));
    plot::timeline::<f64>(&model).title("what a continuous flow does").save(file)
}
