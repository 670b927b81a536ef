//! `sample`: samples of a model, a piece at a time.

use liouville::Error;
use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::rand::SeedableRng;
use liouville::rand::rngs::ChaCha8Rng;
use liouville::table::Table;

use super::args::Draw;
use super::out::{self, Out, Rows, object};
use super::size;
use super::stop::{Done, of_reading, usage};

/// The number of samples that are drawn at once.
const ROWS: u64 = 1 << 15;

pub fn run(asked: &Draw, out: Out) -> Done {
    if let Some(output) = asked.output.as_deref().filter(|output| !out::is_standard(output)) {
        out::check_output(output, &[&asked.model])?;
    }
    if asked.context.is_none() {
        asked.input.check_unused("one by --context")?;
    }
    let model = out::model(&asked.model)?;
    let contexts = contexts(&model, asked)?;
    let mut columns = model.headings().to_vec();
    if contexts.is_some() {
        columns.extend_from_slice(model.context_headings());
    }
    let sets = contexts.as_ref().map_or(1, DMatrix::ncols);
    let all = u128::from(asked.number) * sets as u128;
    size::check(all, columns.len(), asked.output.as_ref())?;
    let mut rows = Rows::to(asked.output.as_ref(), columns, out)?;
    let mut rng = ChaCha8Rng::seed_from_u64(asked.seed);
    let (mut drawn, mut failed) = (0u64, 0u64);
    for set in 0..sets {
        let context = contexts.as_ref().map(|contexts| contexts.columns(set, 1).into_owned());
        let mut left = asked.number;
        while left > 0 {
            let count = left.min(ROWS);
            left -= count;
            let samples = model.sample_detailed(count as usize, context.as_ref(), &mut rng)?;
            let (_, mut points) = samples.arrived();
            failed += count - points.ncols() as u64;
            drawn += points.ncols() as u64;
            if let Some(context) = &context {
                points = beside(&points, context);
            }
            if points.ncols() > 0 {
                rows.write(&points)?;
            }
        }
    }
    rows.finish()?;
    if drawn == 0 {
        let all = out::counted(failed, "sample");
        return Err(Error::training(format!("none of {all} arrived where it should")).into());
    }
    if failed > 0 {
        eprintln!(
            "warning: {failed} of {} did not arrive and are left out",
            out::counted(drawn + failed, "sample")
        );
    }
    match (out.json, asked.output.as_ref().is_some_and(|path| !out::is_standard(path))) {
        (true, true) => out.say("", object([("drawn", drawn.into()), ("failed", failed.into())])),
        _ => Ok(()),
    }
}

/// The same rows for every column, below it.
fn beside(points: &DMatrix<f64>, context: &DMatrix<f64>) -> DMatrix<f64> {
    let dim = points.nrows();
    DMatrix::from_fn(dim + context.nrows(), points.ncols(), |i, j| {
        if i < dim { points[(i, j)] } else { context[i - dim] }
    })
}

fn contexts(model: &Model, asked: &Draw) -> Done<Option<DMatrix<f64>>> {
    let names: Vec<&str> = model.context_headings().iter().map(|column| column.name()).collect();
    match (&asked.context, names.is_empty()) {
        (None, true) => Ok(None),
        (None, false) => Err(usage(format!(
            "the model is conditional on {}: give a table with these columns by --context",
            names.join(", ")
        ))),
        (Some(_), true) => Err(usage("the model reads no context: leave out --context")),
        (Some(path), false) => {
            let table: Table =
                out::reader(path, &asked.input)?.columns(names).read().map_err(of_reading)?;
            Ok(model.contexts_of(&table)?)
        }
    }
}
