//! `check`: what a model is worth, by itself and on a table that it has not seen.

use std::fmt::Write;
use std::path::PathBuf;

use liouville::Result;
use liouville::density::{AnyBase, Pushforward, StandardNormal};
use liouville::description::Value as Note;
use liouville::diagnose::{Diagnose, Diagnosis};
use liouville::flow::AnyFlow;
use liouville::model::Model;
use liouville::nalgebra::DMatrix;
use liouville::rand::SeedableRng;
use liouville::rand::rngs::ChaCha8Rng;
use liouville::real::Real;
use serde_json::{Map, Value};

use super::args::Check;
use super::diagnosed;
use super::out::{self, Out, counted, number, object};
use super::stop::{Done, of_reading, usage};

/// The number of rows that are looked at.
const LOOKED_AT: usize = 2000;
/// The p-value of all tests of a member below which it is not called calibrated.
const CALIBRATED: f64 = 0.01;
/// A log-density that is off by more is not trusted, in nats.
const EXACT: f64 = 0.01;

pub fn run(asked: &Check, out: Out) -> Done {
    let model = out::model(&asked.model)?;
    let mut rng = ChaCha8Rng::seed_from_u64(asked.seed);
    let read = |path: &PathBuf| out::reader(path, &asked.input)?.read().map_err(of_reading);
    let table = asked.data.as_ref().map(read);
    let parts = table.transpose()?.map(|table| model.parts_of(&table)).transpose()?;
    let given = parts.is_some();
    let (points, context) = match parts {
        Some(parts) => parts,
        None if model.context_dim() > 0 => {
            return Err(usage(
                "the model is conditional: give a table with its contexts behind the model",
            ));
        }
        None => (model.sample(LOOKED_AT, &mut rng)?.arrived().1, None),
    };
    let likelihood = Likelihood::of(&model, &points, context.as_ref())?;
    let few = points.ncols().min(LOOKED_AT);
    let points = points.columns(0, few).into_owned();
    let context = context.map(|context| context.columns(0, few).into_owned());
    let own = Own::of(&model, context.as_ref(), &mut rng)?;
    let (inside, context) = model.inside(&points, context.as_ref())?;
    let members = match model.scalar() == f32::NAME {
        true => diagnosed::<f32>(&model, &inside, context.as_ref())?,
        false => diagnosed::<f64>(&model, &inside, context.as_ref())?,
    };
    let found = Found { given, likelihood, own, members, fitted: verdict_of(&model) };
    out.say(&found.words(), found.figures())
}

/// All that was found.
struct Found {
    /// Whether there is a table; the rows are samples of the model otherwise.
    given: bool,
    likelihood: Likelihood,
    own: Own,
    members: Vec<Diagnosis>,
    /// What was said of the model when it was fitted.
    fitted: Option<String>,
}

impl Found {
    /// What it comes to.
    fn verdict(&self) -> String {
        let Self { likelihood, own, members, .. } = self;
        let of = |count: usize, all: usize, what: &str, is: &str| {
            (count > 0).then(|| format!("{count} of {} {is}", counted(all as u64, what)))
        };
        let errors = members.iter().filter_map(|one| one.passage.as_ref());
        let errors = errors.flat_map(|passage| passage.reference.errors.iter().copied());
        let error = errors.fold(0.0, |most: f64, error| most.max(error.abs()));
        let doubts = [
            of(likelihood.failed, likelihood.rows, "row", "could not be computed"),
            of(likelihood.zero, likelihood.rows, "row", "have zero density"),
            of(own.lost, own.drawn, "sample", "of the model's own did not arrive"),
            of(own.impossible, own.drawn, "sample", "of the model's own have no density"),
            (error > EXACT).then(|| format!("log-densities are off by up to {error:.1e} nats")),
        ];
        let doubts: Vec<String> = doubts.into_iter().flatten().collect();
        let numbers = match doubts.as_slice() {
            [] => "every number could be computed".to_string(),
            _ => format!("do not trust this: {}", doubts.join(", ")),
        };
        let values: Vec<f64> = members.iter().map(|one| one.calibration.p_value()).collect();
        match values.as_slice() {
            [] => numbers,
            [p] if *p < CALIBRATED => format!("{numbers}; not calibrated (p = {p:.1e})"),
            [p] => format!("{numbers}; calibrated (p = {p:.2})"),
            many => {
                let good = many.iter().filter(|p| **p >= CALIBRATED).count();
                format!("{numbers}; {good} of {} members are calibrated by themselves", many.len())
            }
        }
    }

    fn words(&self) -> String {
        let (mut words, Self { likelihood, own, .. }) = (format!("{}\n", self.verdict()), self);
        if !self.given {
            words += "no table was given: the rows are the model's own samples\n";
        }
        if let Some(fitted) = &self.fitted {
            words += &format!("when it was fitted: {fitted}\n");
        }
        let rows = counted(likelihood.rows as u64, "row");
        let _ = writeln!(
            words,
            "{rows}: mean log-density {:.4} ± {:.4} nats; {} of density zero, {} failed",
            likelihood.mean, likelihood.error, likelihood.zero, likelihood.failed
        );
        let drawn = counted(own.drawn as u64, "sample");
        let _ = writeln!(
            words,
            "{drawn} of its own: {} did not arrive, {} have no density where they are",
            own.lost, own.impossible
        );
        for (k, member) in self.members.iter().enumerate() {
            let _ = writeln!(words, "\nmember {k}, in what it sees of the table:\n{member}");
        }
        words
    }

    fn figures(&self) -> Map<String, Value> {
        let Self { likelihood, own, .. } = self;
        object([
            ("verdict", self.verdict().into()),
            ("fitted", self.fitted.clone().into()),
            ("table", self.given.into()),
            ("rows", likelihood.rows.into()),
            ("mean_log_prob", number(likelihood.mean)),
            ("standard_error", number(likelihood.error)),
            ("zero_density", likelihood.zero.into()),
            ("failed", likelihood.failed.into()),
            ("samples", own.drawn.into()),
            ("samples_lost", own.lost.into()),
            ("samples_without_density", own.impossible.into()),
            ("members", self.members.iter().map(diagnosed::figures).collect()),
        ])
    }
}

/// What the fit said, if the model is from one.
fn verdict_of(model: &Model) -> Option<String> {
    let notes = model.notes();
    notes.iter().find_map(|(name, value)| match value {
        Note::Word(word) if name == "verdict" => Some(word.clone()),
        _ => None,
    })
}

/// The mean log-density of rows with its standard error.
struct Likelihood {
    rows: usize,
    mean: f64,
    error: f64,
    zero: usize,
    failed: usize,
}

impl Likelihood {
    fn of(model: &Model, points: &DMatrix<f64>, context: Option<&DMatrix<f64>>) -> Result<Self> {
        let found = model.evaluate(points, context)?;
        let finite: Vec<f64> = found.log_prob.iter().copied().filter(|x| x.is_finite()).collect();
        let count = finite.len() as f64;
        let mean = finite.iter().sum::<f64>() / count;
        let squares: f64 = finite.iter().map(|x| (x - mean).powi(2)).sum();
        Ok(Self {
            rows: points.ncols(),
            mean,
            error: (squares / (count - 1.0).max(1.0) / count).sqrt(),
            zero: found.log_prob.iter().filter(|log_p| **log_p == f64::NEG_INFINITY).count(),
            failed: found.outcomes.iter().filter(|one| one.failure().is_some()).count(),
        })
    }
}

/// Whether samples arrive, and have a density where they do.
struct Own {
    drawn: usize,
    lost: usize,
    impossible: usize,
}

impl Own {
    fn of(model: &Model, context: Option<&DMatrix<f64>>, rng: &mut ChaCha8Rng) -> Result<Self> {
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
        Ok(Self { drawn: count, lost, impossible })
    }
}

/// A diagnosis of every member on a standard normal base.
fn diagnosed<T: Real>(
    model: &Model,
    inside: &DMatrix<f64>,
    context: Option<&DMatrix<f64>>,
) -> Result<Vec<Diagnosis>> {
    let Some(members) = model.members::<T>() else { return Ok(Vec::new()) };
    let points = inside.map(T::of);
    let context = context.map(|context| context.map(T::of));
    let normal = members.members().iter().filter_map(on_normal);
    normal.map(|member| Diagnose::new().flow(&member, &points, context.as_ref())).collect()
}

fn on_normal<T: Real>(
    member: &Pushforward<AnyBase<T>, AnyFlow<T>>,
) -> Option<Pushforward<StandardNormal, AnyFlow<T>>> {
    let base = member.base().get::<StandardNormal>()?;
    Some(base.pushed_by(member.flow().clone()))
}
