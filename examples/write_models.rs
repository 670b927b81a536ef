//! Models as files, beside log-densities that another program must find in them: `read_model.py` does.
//!
//! `cargo run --release --example write_models -- models && python3 examples/read_model.py models`

use std::path::Path;

use liouville::columns::Moments;
use liouville::density::AnyBase;
use liouville::flow::AnyFlow;
use liouville::flow::continuous::{Frame, Whitening};
use liouville::flow::elementwise::{Constrain, free, interval, positive};
use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::prelude::*;
use liouville::rand::rngs::StdRng;
use liouville::rand::{RngExt, SeedableRng};
use liouville::save::Save;

type Any = Pushforward<AnyBase<f64>, AnyFlow<f64>>;

/// The coordinates of every model, and how many points it is asked for.
const DIM: usize = 3;
const COUNT: usize = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "models".into());
    std::fs::create_dir_all(&folder)?;
    let mut rng = StdRng::seed_from_u64(1);
    let contexts = DMatrix::from_fn(1, COUNT, |_, _| rng.random_range(-1.0..1.0));
    let real_nvp = Stack::real_nvp(DIM).layers(4).hidden([16, 16]).context(1).build(&mut rng)?;
    let splines =
        Stack::spline_coupling(DIM).layers(3).hidden([16, 16]).context(1).build(&mut rng)?;
    let network = Mlp::new(DIM).hidden([16, 16]).time_frequencies(1).context(1).last_scale(1.0);
    let (shear, standard) =
        (DMatrix::from_fn(DIM, 100, |i, j| ((i * i + j) as f64).sin()), &contexts);
    let field = ContinuousFlow::new(network.build(&mut rng)?)
        .tolerance(1e-11)
        .framed(Frame::fit(&shear, Some(standard))?);
    for (name, flow) in [
        ("real_nvp", moved(AnyFlow::new(real_nvp), &mut rng)?),
        ("splines", moved(AnyFlow::new(splines), &mut rng)?),
        ("field", AnyFlow::new(field)),
    ] {
        let density: Any = Pushforward::new(AnyBase::new(StandardNormal::new(DIM)), flow);
        write(Path::new(&folder), name, &density, &contexts, &mut rng)?;
    }
    Ok(())
}

/// The same flow away from where it starts, which is next to the identity.
fn moved(mut flow: AnyFlow<f64>, rng: &mut StdRng) -> liouville::Result<AnyFlow<f64>> {
    let values = flow.parameters().into_iter().map(|value| value + rng.random_range(-0.3..0.3));
    flow.set_parameters(&values.collect::<Vec<_>>())?;
    Ok(flow)
}

/// The density by itself, and as a model of a table with a positive column, a free one and a share.
fn write(
    folder: &Path,
    name: &str,
    density: &Any,
    contexts: &DMatrix<f64>,
    rng: &mut StdRng,
) -> liouville::Result<()> {
    let place = |ending: &str| folder.join(format!("{name}{ending}"));
    density.save(place(".safetensors"))?;
    let points = density.sample_detailed(COUNT, Some(contexts), rng)?.all_arrived()?;
    let log_prob = density.given(contexts.clone()).log_prob(&points)?;
    table(["x0", "x1", "x2", "c0", "log_prob"], &points, contexts, log_prob.as_slice())?
        .write(place(".csv"))?;

    let supports = Constrain::new().then(positive(1)).then(free(1)).then(interval(0.0, 1.0, 1)?);
    let preparation = Chain::new().then(Whitening::fit(&points)?).then(supports);
    let model = Model::new(density.clone())
        .prepared_by(AnyFlow::new(preparation))?
        .contexts_standardised(vec![Moments { mean: 20.0, deviation: 5.0 }])?
        .columns(["mass", "charge", "share"])?
        .contexts(["temperature"])?;
    let contexts = contexts.map(|c| 20.0 + 5.0 * c);
    let points = model.sample_detailed(COUNT, Some(&contexts), rng)?.all_arrived()?;
    let log_prob = model.given(contexts.clone()).log_prob(&points)?;
    model.save(place("_model.safetensors"))?;
    table(
        ["mass", "charge", "share", "temperature", "log_prob"],
        &points,
        &contexts,
        log_prob.as_slice(),
    )?
    .write(place("_model.csv"))
}

fn table(
    names: [&str; DIM + 2],
    points: &DMatrix<f64>,
    contexts: &DMatrix<f64>,
    log_prob: &[f64],
) -> liouville::Result<Table> {
    let [parts, context, found] = [&names[..DIM], &names[DIM..=DIM], &names[DIM + 1..]];
    Table::new(parts.iter().copied(), points.clone())?
        .beside(&Table::new(context.iter().copied(), contexts.clone())?)?
        .with(found[0], log_prob)
}
