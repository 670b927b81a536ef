//! Held-out rows, judged: log-densities of model, Gaussian and mixture, and ranks among samples.

use nalgebra::DMatrix;
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::blend::{Shares, blended};
use super::entrants::Entrants;
use super::nats::{Judgement, Row};
use super::radial::Said;
use super::rows::{Rows, flat};
use crate::error::Result;
use crate::model::Model;

/// The most rows whose ranks are taken, of one part of the table.
const RANKED: usize = 300;
/// How many samples are drawn for each, at least this many in all; and how many for each where contexts differ.
const DRAWN: [usize; 3] = [20, 1000, 99];

/// All held-out rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    /// With their log-densities by the model.
    pub rows: Vec<Judgement>,
    /// Of some rows, the rank of every column among samples, from zero to one, and last that of the density.
    pub ranks: Vec<Vec<f64>>,
    /// How many samples were drawn, and how many of them lie beyond all rows of the table in each column.
    pub drawn: usize,
    pub beyond: Vec<usize>,
}

/// A part of the rows that nothing has learnt from, and what is said of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub groups: Vec<Vec<usize>>,
    pub rows: Vec<Row>,
    /// By each flow.
    pub said: Vec<Vec<Said>>,
}

impl Part {
    /// Groups with numbers from `first` on.
    pub fn new(
        entrants: &Entrants,
        rows: &Rows,
        groups: &[Vec<usize>],
        first: usize,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Self> {
        let own = flat(groups);
        let [points, contexts] = rows.select(&own);
        let [gaussian, mixture] = entrants.closed([&points, &contexts], rng)?;
        let said = entrants.said([&points, &contexts])?;
        let numbers = groups.iter().enumerate();
        let numbers = numbers.flat_map(|(k, group)| group.iter().map(move |_| first + k));
        let row = |(j, (group, row)): (usize, (usize, usize))| Row {
            group,
            weight: rows.weight(row),
            log_prob: [gaussian[j], mixture[j], entrants.by_flows(&said[j])],
        };
        let rows = numbers.zip(own).enumerate().map(row).collect();
        Ok(Self { groups: groups.to_vec(), rows, said })
    }

    /// Judges again by flows that have changed.
    pub fn judge_again(&mut self, entrants: &Entrants) {
        for (row, said) in self.rows.iter_mut().zip(&self.said) {
            row.log_prob[2] = entrants.by_flows(said);
        }
    }
}

/// The places and rows whose ranks are taken. They must be as many draws from what is learnt, none depending on another:
/// of copies one, and of rows with weights each with a probability in proportion to its own.
fn ranked(rows: &Rows, groups: &[Vec<usize>], rng: &mut Xoshiro256PlusPlus) -> Vec<(usize, usize)> {
    let weight = |group: &Vec<usize>| group.iter().map(|row| rows.weight(*row)).sum::<f64>();
    let most = match rows.weights {
        Some(_) => groups.iter().map(weight).fold(0.0, f64::max),
        None => 0.0,
    };
    let mut place = 0;
    let mut chosen = Vec::new();
    for group in groups {
        if most == 0.0 || rng.random::<f64>() * most < weight(group) {
            chosen.push((place, group[0]));
        }
        place += group.len();
    }
    chosen.truncate(RANKED);
    chosen
}

impl Judged {
    /// Takes a part that nothing has learnt from, judged by the model of these weights.
    pub fn add(
        &mut self,
        entrants: &Entrants,
        shares: &Shares,
        (rows, part): (&Rows, &Part),
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<()> {
        let model = entrants.model(shares)?;
        let own: Vec<f64> = part.rows.iter().map(|row| blended(shares, &row.log_prob)).collect();
        self.rows.extend(part.rows.iter().copied().zip(own.iter().copied()));
        let ranked = ranked(rows, &part.groups, rng);
        let own: Vec<f64> = ranked.iter().map(|(place, _)| own[*place]).collect();
        let ranked: Vec<usize> = ranked.iter().map(|(_, row)| *row).collect();
        if ranked.is_empty() {
            return Ok(());
        }
        let [points, contexts] = rows.select(&ranked);
        self.rank(&model, [&points, &contexts], &own, rows, rng)
    }

    /// Ranks of rows among samples of the model: uniform if the rows are the model's (Talts et al. 2018, Validating
    /// Bayesian inference algorithms with simulation-based calibration).
    fn rank(
        &mut self,
        model: &Model,
        [points, contexts]: [&DMatrix<f64>; 2],
        own: &[f64],
        rows: &Rows,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<()> {
        let [each, least, alone] = DRAWN;
        let (dim, count) = points.shape();
        let conditional = contexts.nrows() > 0;
        let drawn = if conditional { alone * count } else { least.max(each * count) };
        let context = conditional
            .then(|| DMatrix::from_fn(contexts.nrows(), drawn, |k, j| contexts[(k, j / alone)]));
        let samples = model.sample_detailed(drawn, context.as_ref(), rng)?;
        let densities = of_samples(model, &samples, context.as_ref())?;
        self.drawn += drawn;
        self.beyond.resize(dim, 0);
        for (beyond, (own, all)) in
            self.beyond.iter_mut().zip(samples.row_iter().zip(rows.points.row_iter()))
        {
            let (least, most) = (all.min(), all.max());
            *beyond += own.iter().filter(|x| **x < least || **x > most).count();
        }
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
            self.ranks.push(found);
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::StandardNormal;
    use crate::diagnose::Uniformity;
    use crate::flow::continuous::{Frame, Whitening};
    use rand::SeedableRng;

    /// Rows of two normal columns, by weights or copies.
    fn rows(points: DMatrix<f64>, weights: Option<Vec<f64>>, copies: usize) -> (Rows, Part) {
        let count = points.ncols();
        let all = DMatrix::from_fn(2, count * copies, |i, j| points[(i, j / copies)]);
        let groups: Vec<Vec<usize>> =
            (0..count).map(|k| (k * copies..(k + 1) * copies).collect()).collect();
        let contexts = DMatrix::zeros(0, all.ncols());
        let rows = Rows { points: all, contexts, weights, groups: groups.clone(), chosen_by: None };
        (rows, Part { groups, ..Part::default() })
    }

    /// The model that is the truth: p-values of its own rows, of a column and of the density, are uniform, however often
    /// a row stands, and whatever the weights that make rows of another density rows of its own.
    #[test]
    fn the_truth_is_calibrated() {
        let frame = Frame::new(&[0.0; 2], &[1.0; 2], DMatrix::identity(2, 2)).expect("definite");
        let base = StandardNormal::new(2);
        let model = Model::new::<f64, _, _>(base.pushed_by(Whitening::new(frame)));
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        for (wide, copies) in [(1.0, 1), (1.0, 5), (1.5, 1)] {
            let mut p_values = Vec::new();
            for _ in 0..150 {
                let mut normal = || wide * rng.sample::<f64, _>(rand_distr::StandardNormal);
                let points = DMatrix::from_fn(2, 60, |_, _| normal());
                // What a normal density of deviation one is beside a wider one.
                let share = |z: f64| (-0.5 * z * (1.0 - 1.0 / (wide * wide))).exp();
                let weights = points.column_iter().map(|z| share(z.norm_squared())).collect();
                let weights = (wide > 1.0).then_some(weights);
                let (rows, part) = rows(points, weights, copies);
                let ranked = ranked(&rows, &part.groups, &mut rng);
                let own: Vec<usize> = ranked.iter().map(|(_, row)| *row).collect();
                let [points, contexts] = rows.select(&own);
                let log_prob = model.log_prob(&points).expect("finite");
                let mut judged = Judged::default();
                let parts = [&points, &contexts];
                judged.rank(&model, parts, log_prob.as_slice(), &rows, &mut rng).expect("ranks");
                let of = |i: usize| judged.ranks.iter().map(|ranks| ranks[i]).collect::<Vec<_>>();
                p_values.extend([0, 2].map(|i| Uniformity::of(&of(i)).p_value));
            }
            // One in ten thousand fails by chance.
            let found = Uniformity::of(&p_values);
            assert!(found.p_value > 1e-4, "{wide} {copies}: {}", found.p_value);
        }
    }
}
