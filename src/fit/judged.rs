//! Held-out rows, judged: log-densities of model, Gaussian and mixture, and ranks among samples.

use nalgebra::DMatrix;
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::candidate::Closed;
use super::contest::Outcome;
use super::dressing::Dressing;
use super::rows::Rows;
use crate::error::Result;
use crate::model::Model;

/// The most rows whose ranks are taken, of one part of the table.
const RANKED: usize = 300;
/// How many samples are drawn for each, at least this many in all; and how many for each where contexts differ.
const DRAWN: [usize; 3] = [20, 1000, 99];

/// One held-out row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Rows with the same number are copies.
    pub group: usize,
    pub weight: f64,
    /// Its log-density by the model, the Gaussian and the mixture.
    pub log_prob: [f64; 3],
}

/// All held-out rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    pub rows: Vec<Row>,
    /// Of some rows, the rank of every column among samples, from zero to one, and last that of the density.
    pub ranks: Vec<Vec<f64>>,
}

impl Judged {
    /// Takes groups that the outcome of a contest has not seen.
    pub fn add(
        &mut self,
        outcome: &Outcome,
        rows: &Rows,
        groups: &[Vec<usize>],
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<()> {
        let own: Vec<usize> = groups.iter().flatten().copied().collect();
        let [points, contexts] = rows.select(&own);
        let (model, dressing) = (&outcome.model, &outcome.dressing);
        let found = [
            of_model(model, [&points, &contexts])?,
            of_closed(&outcome.gaussian, dressing, [&points, &contexts], rng)?,
            of_closed(&outcome.mixture.1, dressing, [&points, &contexts], rng)?,
        ];
        let first = self.rows.last().map_or(0, |row| row.group + 1);
        let numbers = groups.iter().enumerate();
        let numbers = numbers.flat_map(|(k, group)| group.iter().map(move |_| first + k));
        for (j, group) in numbers.enumerate() {
            let log_prob = found.each_ref().map(|values| values[j]);
            self.rows.push(Row { group, weight: rows.weight(own[j]), log_prob });
        }
        let ranked = points.ncols().min(RANKED);
        let [points, contexts] =
            [points, contexts].map(|matrix| matrix.columns(0, ranked).into_owned());
        let own = &found[0][..ranked];
        self.ranks.extend(ranks(model, [&points, &contexts], own, rng)?);
        Ok(())
    }
}

/// Log-densities by a model; what failed has none, which is no better than zero density.
fn of_model(model: &Model, [points, contexts]: [&DMatrix<f64>; 2]) -> Result<Vec<f64>> {
    let context = (contexts.nrows() > 0).then_some(contexts);
    let found = model.evaluate(points, context)?.log_prob;
    Ok(found.iter().map(|value| if value.is_nan() { f64::NEG_INFINITY } else { *value }).collect())
}

/// The same by a closed form of what a dressing shows.
fn of_closed(
    closed: &Closed,
    dressing: &Dressing,
    [points, contexts]: [&DMatrix<f64>; 2],
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Vec<f64>> {
    if let Some(model) = closed.model()? {
        return of_model(&dressing.dress(model)?, [points, contexts]);
    }
    let (seen, log_det) = dressing.undress_with(points, rng)?;
    let own = closed.log_prob([&seen, &dressing.contexts(contexts)])?;
    Ok(own.iter().zip(log_det.iter()).map(|(own, log_det)| own + log_det).collect())
}

/// Ranks of rows among samples of the model: uniform if the rows are the model's (Talts et al. 2018, Validating
/// Bayesian inference algorithms with simulation-based calibration).
fn ranks(
    model: &Model,
    [points, contexts]: [&DMatrix<f64>; 2],
    own: &[f64],
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Vec<Vec<f64>>> {
    let [each, least, alone] = DRAWN;
    let (dim, count) = points.shape();
    let conditional = contexts.nrows() > 0;
    let drawn = if conditional { alone * count } else { least.max(each * count) };
    let context = conditional
        .then(|| DMatrix::from_fn(contexts.nrows(), drawn, |k, j| contexts[(k, j / alone)]));
    let samples = model.sample_detailed(drawn, context.as_ref(), rng)?;
    let densities = of_samples(model, &samples, context.as_ref())?;
    let mut all = Vec::with_capacity(count);
    for (j, own) in own.iter().enumerate() {
        let among = if conditional { j * alone..(j + 1) * alone } else { 0..drawn };
        let mut rank = |value: f64, of: &dyn Fn(usize) -> f64| {
            let (mut below, mut equal, mut arrived) = (0.0, 0.0, 0.0);
            for other in among.clone().map(of).filter(|other| !other.is_nan()) {
                below += f64::from(other < value);
                equal += f64::from(other == value);
                arrived += 1.0;
            }
            // Ties are broken at random.
            (below + rng.random::<f64>() * (equal + 1.0)) / (arrived + 1.0)
        };
        let mut found: Vec<f64> =
            (0..dim).map(|i| rank(points[(i, j)], &|k| samples[(i, k)])).collect();
        found.push(rank(*own, &|k| densities[k]));
        all.push(found);
    }
    Ok(all)
}

/// The log-densities of samples; NaN for those that failed.
fn of_samples(
    model: &Model,
    samples: &DMatrix<f64>,
    context: Option<&DMatrix<f64>>,
) -> Result<Vec<f64>> {
    let failed = |j: usize| samples.column(j).iter().any(|value| value.is_nan());
    let clean = DMatrix::from_fn(samples.nrows(), samples.ncols(), |i, j| {
        if failed(j) { 0.0 } else { samples[(i, j)] }
    });
    let found = model.evaluate(&clean, context)?.log_prob;
    Ok(found.iter().enumerate().map(|(j, x)| if failed(j) { f64::NAN } else { *x }).collect())
}
