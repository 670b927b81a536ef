//! `check`: what a model is worth, by itself and on a table that it has not seen.

use std::path::PathBuf;

use liouville::Result;
use liouville::columns::Moments;
use liouville::description::Value as Note;
use liouville::model::Model;
use liouville::rand::SeedableRng;
use liouville::rand::rngs::ChaCha8Rng;
use liouville::real::Real;

use super::args::Check;
use super::beside::gaussian;
use super::found::{Column, Found, Given, Likelihood};
use super::integral::integral;
use super::means::Mean;
use super::measured::measured;
use super::out::{self, Out};
use super::own::Own;
use super::parts::Parts;
use super::stop::{Done, of_reading, usage};

/// The number of rows that members are examined on.
const LOOKED_AT: usize = 2000;

pub fn run(asked: &Check, out: Out) -> Done {
    if asked.data.is_none() {
        asked.input.check_unused("a table behind the model")?;
    }
    let model = out::model(&asked.model)?;
    let read = |path: &PathBuf| out::reader(path, &asked.input)?.read().map_err(of_reading);
    let table = asked.data.as_ref().map(read).transpose()?;
    let parts = table.map(|table| model.parts_of(&table)).transpose()?;
    if parts.is_none() && model.context_dim() > 0 {
        return Err(usage(
            "the model is conditional: give a table with its contexts behind the model",
        ));
    }
    let parts = parts.map(|(points, context)| Parts { points, context });
    let found = examine(&model, parts, asked.seed)?;
    out.say(&found.words(asked.members), found.figures())
}

/// Everything about a model, on rows that it has not seen if there are any, else on samples of its own.
fn examine(model: &Model, rows: Option<Parts>, seed: u64) -> Result<Found> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let given = rows.is_some();
    let rows = match rows {
        Some(rows) => rows,
        None => Parts { points: model.sample(LOOKED_AT, &mut rng)?.arrived().1, context: None },
    };
    let own = Own::of(model, &rows, &mut rng)?;
    let (likelihood, log_prob) = likelihood(model, &rows)?;
    let p_values = match given && !own.log_prob.is_empty() {
        true => Some(own.p_values(model, &rows, &mut rng)?),
        false => None,
    };
    let gaussian = if given { gaussian(model, &rows)? } else { None };
    let given = given.then(|| Given {
        gaussian: gaussian.as_ref().map(|found| Mean::of(found.iter().copied())),
        over: gaussian.map(|found| Mean::of(log_prob.iter().zip(found).map(|(own, g)| own - g))),
        density: p_values.as_ref().and_then(|all| all.last().copied()),
    });
    let few = rows.some(LOOKED_AT);
    let members = match model.scalar() == f32::NAME {
        true => measured::<f32>(model, &few)?,
        false => measured::<f64>(model, &few)?,
    };
    Ok(Found {
        columns: columns(model, &rows, &own, p_values.as_deref()),
        integral: integral(model, &own, &mut rng)?,
        fitted: fitted(model),
        given,
        likelihood,
        own,
        members,
    })
}

/// The mean log-density of rows, and that of each.
fn likelihood(model: &Model, rows: &Parts) -> Result<(Likelihood, Vec<f64>)> {
    let found = model.evaluate(&rows.points, rows.context.as_ref())?;
    let likelihood = Likelihood {
        rows: rows.points.ncols(),
        mean: Mean::of(found.log_prob.iter().copied()),
        zero: found.log_prob.iter().filter(|log_p| **log_p == f64::NEG_INFINITY).count(),
        failed: found.outcomes.iter().filter(|one| one.failure().is_some()).count(),
    };
    Ok((likelihood, found.log_prob.iter().copied().collect()))
}

/// What every column is in the rows and in the samples.
fn columns(model: &Model, rows: &Parts, own: &Own, p_values: Option<&[f64]>) -> Vec<Column> {
    let all = model.headings().iter().enumerate();
    let of = |parts: &Parts, i: usize| Moments::of(parts.points.row(i).iter().copied());
    all.map(|(i, heading)| Column {
        heading: heading.clone(),
        rows: of(rows, i),
        own: of(&own.parts, i),
        p_value: p_values.map(|all| all[i]),
    })
    .collect()
}

/// What the fit said, and how its held-out rows did, if the model is from one.
fn fitted(model: &Model) -> (Option<String>, Option<Mean>) {
    let note =
        |name: &str| model.notes().iter().find(|(own, _)| own == name).map(|(_, value)| value);
    let number = |name: &str| match note(name) {
        Some(Note::Number(value)) => Some(*value),
        _ => None,
    };
    let said = match note("verdict") {
        Some(Note::Word(word)) => Some(word.clone()),
        _ => None,
    };
    let nats = number("held-out nats").zip(number("standard error of held-out nats"));
    (said, nats.map(|(nats, error)| Mean { mean: -nats, error }))
}
