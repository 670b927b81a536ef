//! Pictures in the plane: densities, samples, fields, and what a flow bends.

use std::path::Path;

use liouville::plot::Aspect;
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};

use super::toys::Toys;

pub fn density(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let picture = plot::density(&toys.model).title("learnt").beside_data("data", &toys.held_out);
    picture.save(file)
}

pub fn regions(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let picture = plot::density(&toys.model).filled().levels(&[0.25, 0.5, 0.75, 0.95]);
    picture.title("shares of the mass").save(file)
}

pub fn lines(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let some = toys.held_out.columns(0, 1500).into_owned();
    plot::density(&toys.model).lines().samples(&some).title("model over data").save(file)
}

pub fn difference(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let truth = data::two_moons(0.08);
    plot::difference::<f32>(&toys.model, &truth).title("learnt − true").save(file)
}

pub fn known(_: &Toys, file: &Path) -> liouville::Result<()> {
    let (gaussians, roll) = (data::eight_gaussians(), data::swiss_roll());
    let (pinwheel, board) = (data::pinwheel(), data::checkerboard());
    plot::panels()
        .add(plot::density::<f64>(&gaussians).levels(&[]).title("eight Gaussians"))
        .add(plot::density::<f64>(&roll).levels(&[]).title("Swiss roll"))
        .add(plot::density::<f64>(&pinwheel).levels(&[]).title("pinwheel"))
        .add(plot::density::<f64>(&board).levels(&[]).title("checkerboard"))
        .save(file)
}

pub fn samples(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let drawn = toys.model.sample(5000, &mut StdRng::seed_from_u64(1))?;
    plot::samples("data", &toys.held_out).beside("model", &drawn).save(file)
}

pub fn arrows(_: &Toys, file: &Path) -> liouville::Result<()> {
    let picture = plot::field(|_, x| [x[1], -x[0].sin() - 0.15 * x[1]]);
    let picture = picture.x_range(-7.0, 7.0).y_range(-3.5, 3.5).title("a damped pendulum");
    picture.axis_labels("angle", "speed").size(900, 500).save(file)
}

pub fn streamlines(_: &Toys, file: &Path) -> liouville::Result<()> {
    let picture = plot::field(|_, x| [x[1], -x[0].sin() - 0.15 * x[1]]).streamlines().speed();
    let picture = picture.x_range(-7.0, 7.0).y_range(-3.5, 3.5).title("a damped pendulum");
    picture.axis_labels("angle", "speed").aspect(Aspect::Equal).size(900, 500).save(file)
}

pub fn streamlines_over_density(toys: &Toys, file: &Path) -> liouville::Result<()> {
    let picture = plot::field_of::<f32>(&toys.model).time(0.7).streamlines();
    picture.over_evolving::<f32>(&toys.model).title("t = 0.7").save(file)
}

pub fn chessboard(toys: &Toys, file: &Path) -> liouville::Result<()> {
    plot::lattice(toys.model.flow()).title("a chessboard, from base to data").save(file)
}

pub fn volumes(toys: &Toys, file: &Path) -> liouville::Result<()> {
    plot::lattice(toys.model.flow()).log_det().title("volumes, from base to data").save(file)
}
