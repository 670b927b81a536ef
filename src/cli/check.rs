//! `check`: what a model is worth, by itself and on a table that it has not seen.

use std::fmt::Write;

use liouville::density::{AnyBase, Pushforward, StandardNormal};
use liouville::diagnose::Diagnose;
use liouville::flow::AnyFlow;
use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::rand::SeedableRng;
use liouville::rand::rngs::ChaCha8Rng;
use liouville::real::Real;
use liouville::{Error, Result};
use serde_json::{Map, Value};

use super::args::Check;
use super::out::{self, Out, number};

/// The number of rows that are looked at.
const LOOKED_AT: usize = 2000;

pub fn run(asked: &Check, out: Out) -> Result<()> {
    let model = Model::load(&asked.model)?;
    let mut rng = ChaCha8Rng::seed_from_u64(asked.seed);
    let table = asked.data.as_ref().map(|path| out::reader(path, &asked.input)?.read());
    let parts = table.transpose()?.map(|table| model.parts_of(&table)).transpose()?;
    let (mut words, mut figures) = (String::new(), Map::new());
    let (points, context) = match parts {
        Some(parts) => parts,
        None if model.context_dim() > 0 => {
            return Err(Error::setting(
                "the model is conditional: give a table with its contexts behind the model",
            ));
        }
        None => {
            let _ = writeln!(words, "No table was given: these are the model's own samples.\n");
            (model.sample(LOOKED_AT, &mut rng)?.arrived().1, None)
        }
    };
    likelihood(&model, &points, context.as_ref(), &mut words, &mut figures)?;
    let few = points.ncols().min(LOOKED_AT);
    let points = points.columns(0, few).into_owned();
    let context = context.map(|context| context.columns(0, few).into_owned());
    own(&model, context.as_ref(), &mut rng, &mut words, &mut figures)?;
    let (inside, context) = model.inside(&points, context.as_ref())?;
    let found = match model.scalar() == f32::NAME {
        true => diagnosed::<f32>(&model, &inside, context.as_ref())?,
        false => diagnosed::<f64>(&model, &inside, context.as_ref())?,
    };
    for (k, (sentence, p_value)) in found.iter().enumerate() {
        let _ = writeln!(words, "\nmember {k}, in what it sees of the table:\n{sentence}");
        figures.insert(format!("calibration_p_value_{k}"), number(*p_value));
    }
    out.say(&words, figures)
}

/// The mean log-density with its standard error.
fn likelihood(
    model: &Model,
    points: &DMatrix<f64>,
    context: Option<&DMatrix<f64>>,
    words: &mut String,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let found = model.evaluate(points, context)?;
    let finite: Vec<f64> = found.log_prob.iter().copied().filter(|x| x.is_finite()).collect();
    let outside = found.log_prob.iter().filter(|log_p| **log_p == f64::NEG_INFINITY).count();
    let failed = found.outcomes.iter().filter(|outcome| outcome.failure().is_some()).count();
    let count = finite.len() as f64;
    let mean = finite.iter().sum::<f64>() / count;
    let variance = finite.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let error = (variance / count).sqrt();
    let _ = writeln!(
        words,
        "{} rows: mean log-density {mean:.4} ± {error:.4} nats; {outside} of density zero, {failed} failed",
        points.ncols()
    );
    figures.insert("rows".into(), points.ncols().into());
    figures.insert("mean_log_prob".into(), number(mean));
    figures.insert("standard_error".into(), number(error));
    figures.insert("zero_density".into(), outside.into());
    figures.insert("failed".into(), failed.into());
    Ok(())
}

/// Whether samples arrive, and have a density where they do.
fn own(
    model: &Model,
    context: Option<&DMatrix<f64>>,
    rng: &mut ChaCha8Rng,
    words: &mut String,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let count = context.map_or(LOOKED_AT, DMatrix::ncols);
    let drawn = model.sample_detailed(count, context, rng)?;
    let lost = drawn.failed().count();
    let (places, points) = drawn.arrived();
    let impossible = if places.is_empty() {
        0
    } else {
        let context = context.map(|context| context.select_columns(&places));
        let found = model.evaluate(&points, context.as_ref())?;
        found.log_prob.iter().filter(|log_p| !log_p.is_finite()).count()
    };
    let _ = writeln!(
        words,
        "{count} samples of its own: {lost} did not arrive, {impossible} have no density where they are"
    );
    figures.insert("samples_lost".into(), lost.into());
    figures.insert("samples_without_density".into(), impossible.into());
    Ok(())
}

/// A diagnosis in words and its p-value, for every member on a standard normal base.
fn diagnosed<T: Real>(
    model: &Model,
    inside: &DMatrix<f64>,
    context: Option<&DMatrix<f64>>,
) -> Result<Vec<(String, f64)>> {
    let Some(members) = model.members::<T>() else { return Ok(Vec::new()) };
    let points = inside.map(T::of);
    let context = context.map(|context| context.map(T::of));
    let normal = members.members().iter().filter_map(on_normal);
    normal
        .map(|member| {
            let found = Diagnose::new().flow(&member, &points, context.as_ref())?;
            Ok((found.to_string(), found.calibration.p_value()))
        })
        .collect()
}

fn on_normal<T: Real>(
    member: &Pushforward<AnyBase<T>, AnyFlow<T>>,
) -> Option<Pushforward<StandardNormal, AnyFlow<T>>> {
    let base = member.base().get::<StandardNormal>()?;
    Some(base.pushed_by(member.flow().clone()))
}
