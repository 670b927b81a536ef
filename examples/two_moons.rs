//! Learns the two moons by maximum likelihood, measures how far the model is from the truth, and draws it.
//!
//! `cargo run --release --example two_moons [-- FOLDER]`; `SHORT=1` trains for a moment only.

use std::error::Error;
use std::path::PathBuf;

use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::{SeedableRng, rngs::StdRng};

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "pictures/two_moons".into()));
    std::fs::create_dir_all(&folder)?;
    let mut rng = StdRng::seed_from_u64(1);

    let moons = data::two_moons(0.05);
    let train: DMatrix<f32> = moons.sample(20_000, &mut rng)?;
    let test: DMatrix<f32> = moons.sample(20_000, &mut rng)?;

    let field = Mlp::new(2).build(&mut rng)?;
    let mut model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
    let trainer = match std::env::var_os("SHORT") {
        Some(_) => Trainer::maximum_likelihood().steps(60),
        None => Trainer::maximum_likelihood(),
    };
    let report = trainer.fit(&mut model, &train, &mut rng)?;

    // The truth is known here, so the model can be held against it.
    let learned = model.log_prob(&test)?;
    let gap = moons.log_prob(&test)? - &learned;
    let error = (gap.variance() / gap.len() as f32).sqrt();
    let evaluated = model.evaluate(&test, None)?;
    let evaluations =
        evaluated.efforts.iter().map(|e| e.evaluations as f64).sum::<f64>() / test.ncols() as f64;
    println!("{report}");
    println!("test nats/sample     {:.4}", -learned.mean());
    println!("divergence, nats     {:.4} +- {error:.4} from the true density", gap.mean());
    println!("evaluations/sample   {evaluations:.1} for a log-density");

    let drawn = model.sample(4_000, &mut rng)?;
    let start: DMatrix<f32> = model.base().sample(150, &mut rng)?;
    let times: Vec<f64> = (0..=40).map(|k| f64::from(k) / 40.0).collect();
    let paths = model.flow().trajectory(&start, None, &times)?;
    let (x, loss) = report.curve(|step| step.loss);
    let (checked, held_out) = report.held_out_curve();
    let (_, evaluations) = report.curve(|step| step.evaluations);

    plot::density(&model).title("two moons, learned").save(folder.join("density.png"))?;
    plot::samples("data", &test.columns(0, 4_000).into_owned())
        .beside("model", &drawn)
        .save(folder.join("samples.png"))?;
    let velocity = |t: f64, x: [f64; 2]| velocity_at(model.flow(), t, x);
    plot::field(velocity)
        .time(1.0)
        .trajectories(&paths)
        .title("from noise to moons")
        .save(folder.join("trajectories.png"))?;
    let losses = plot::curves()
        .line("mini-batch", &x, &loss)
        .points("held out", &checked, &held_out)
        .axis_labels("step", "nats per sample");
    let work =
        plot::curves().line("", &x, &evaluations).axis_labels("step", "evaluations of the field");
    plot::panels().add(losses).add(work).save(folder.join("curves.png"))?;
    println!("pictures             {}", folder.display());
    Ok(())
}

/// The velocity of the learned field at one point, from two places a moment apart.
fn velocity_at(flow: &ContinuousFlow<Mlp<f32>>, t: f64, x: [f64; 2]) -> [f64; 2] {
    let moment = 1e-3;
    let start = DMatrix::from_column_slice(2, 1, &x.map(|x| x as f32));
    match flow.trajectory(&start, None, &[t, t - moment]) {
        Ok(path) => [0, 1].map(|i| f64::from(path[0][i] - path[1][i]) / moment),
        Err(_) => [f64::NAN; 2],
    }
}
