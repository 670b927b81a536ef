//! The rows of a table as a fit sees them: samples with contexts and weights, and which are the same.

use std::collections::{HashMap, HashSet};

use nalgebra::DMatrix;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::kind::Kind;
use super::settings::Choices;
use super::survey::{Found, Survey};
use super::warning::Warning;
use crate::error::{Error, Result};
use crate::outcome::shown::number;
use crate::table::Table;
use crate::trace::mix;

/// A stream of random numbers of its own for everything that needs some.
pub(super) fn stream(seed: u64, purpose: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(mix(mix(0, seed), purpose))
}

/// The rows of a table with what was found of its columns.
pub(super) struct Rows {
    /// The columns that are learnt: dim x n.
    pub points: DMatrix<f64>,
    /// The contexts: context_dim x n.
    pub contexts: DMatrix<f64>,
    /// The weight of each row, one on average.
    pub weights: Option<Vec<f64>>,
    /// Rows that must stay together: copies of one another.
    pub groups: Vec<Vec<usize>>,
    /// The rows that choose between models, if they were given.
    pub chosen_by: Option<Box<Rows>>,
}

impl Rows {
    pub fn of(table: &Table, survey: &mut Survey, choices: &Choices) -> Result<Self> {
        let select = |found: &[Found]| {
            table.matrix().select_rows(&found.iter().map(|one| one.place).collect::<Vec<_>>())
        };
        let (points, contexts) = (select(&survey.columns), select(&survey.contexts));
        let weights = choices.weights.as_ref().map(|name| weights(table, name)).transpose()?;
        let kept = |row: &usize| weights.as_ref().is_none_or(|weights| weights[*row] > 0.0);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut known = HashMap::<Vec<u64>, usize>::new();
        for row in (0..table.rows()).filter(kept) {
            let group = *known.entry(key([&points, &contexts], row)).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(row);
        }
        survey.warnings.extend(copies(table, &groups));
        // Whole numbers are equal by chance, and noise of their own tells them apart.
        if survey.columns.iter().all(|column| column.kind == Kind::Whole) {
            groups = (0..table.rows()).filter(kept).map(|row| vec![row]).collect();
        }
        Ok(Self { points, contexts, weights, groups, chosen_by: None })
    }

    /// The rows of a table whose columns are found by their names in that which is learnt from.
    pub fn to_choose_by(
        &self,
        valid: &Table,
        survey: &mut Survey,
        choices: &Choices,
    ) -> Result<Self> {
        if valid.rows() == 0 {
            return Err(Error::empty("it has no rows: there is nothing to choose by"));
        }
        valid.all_finite()?;
        let select = |found: &[Found]| -> Result<DMatrix<f64>> {
            let places = found.iter().map(|one| valid.place_of(&one.name));
            Ok(valid.matrix().select_rows(&places.collect::<Result<Vec<_>>>()?))
        };
        let (points, contexts) = (select(&survey.columns)?, select(&survey.contexts)?);
        for (found, values) in survey.columns.iter().zip(points.row_iter()) {
            let values: Vec<f64> = values.iter().copied().collect();
            found.kind.check(&found.name, &values, |row| valid.place(row).to_string())?;
        }
        let weights = choices.weights.as_ref().map(|name| weights(valid, name)).transpose()?;
        let groups = (0..valid.rows()).map(|row| vec![row]).collect();
        let own = (0..self.points.ncols()).map(|row| key([&self.points, &self.contexts], row));
        let own: HashSet<Vec<u64>> = own.collect();
        let known = (0..valid.rows()).filter(|row| own.contains(&key([&points, &contexts], *row)));
        let known: Vec<usize> = known.collect();
        // Whole numbers are equal by chance.
        if survey.columns.iter().any(|column| column.kind != Kind::Whole)
            && let Some(first) = known.first()
        {
            let first = valid.place(*first).to_string();
            survey.warnings.push(Warning::Known { rows: known.len(), first });
        }
        Ok(Self { points, contexts, weights, groups, chosen_by: None })
    }

    /// Copies of columns that belong together.
    pub fn select(&self, rows: &[usize]) -> [DMatrix<f64>; 2] {
        [self.points.select_columns(rows), self.contexts.select_columns(rows)]
    }

    /// Rows in place of these, each as often as its weight says: systematic resampling (Carpenter, Clifford and
    /// Fearnhead 1999, An improved particle filter for non-linear problems), which leaves the number of rows and
    /// errs by less than one copy for each. Without weights they stay as they are.
    pub fn by_weight(&self, rows: &[usize], rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
        let Some(weights) = &self.weights else { return rows.to_vec() };
        let total: f64 = rows.iter().map(|row| weights[*row]).sum();
        let step = total / rows.len() as f64;
        let (mut next, mut sum) = (step * rng.random::<f64>(), 0.0);
        let mut chosen = Vec::with_capacity(rows.len());
        for &row in rows {
            sum += weights[row];
            while next < sum {
                chosen.push(row);
                next += step;
            }
        }
        chosen
    }

    /// The weight of a row in means.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }
}

/// The bits of a row.
fn key([points, contexts]: [&DMatrix<f64>; 2], row: usize) -> Vec<u64> {
    let (points, contexts) = (points.column(row), contexts.column(row));
    // Zero has two signs.
    points.iter().chain(contexts.iter()).map(|x| (x + 0.0).to_bits()).collect()
}

/// The weights that a column holds.
fn weights(table: &Table, name: &str) -> Result<Vec<f64>> {
    let weights = table.column(name)?;
    if let Some(row) = weights.iter().position(|weight| *weight < 0.0) {
        return Err(Error::setting(format!(
            "column {name:?} is to weigh rows, and holds {} at {}: give numbers from zero on",
            number(weights[row]),
            table.place(row)
        )));
    }
    let most = weights.max();
    if most == 0.0 {
        return Err(Error::setting(format!(
            "column {name:?} is to weigh rows, and is zero in all"
        )));
    }
    let mean = weights.iter().map(|weight| weight / most).sum::<f64>() / weights.len() as f64;
    Ok(weights.iter().map(|weight| weight / most / mean).collect())
}

/// A warning of rows that stand several times.
fn copies(table: &Table, groups: &[Vec<usize>]) -> Option<Warning> {
    let rows = groups.iter().map(|group| group.len() - 1).sum();
    let first = groups.iter().filter_map(|group| group.get(1)).min()?;
    Some(Warning::Copies { rows, first: table.place(*first).to_string() })
}

/// Groups in a random order, dealt out so that every fold has nearly as many rows.
pub(super) fn folds(
    groups: &[Vec<usize>],
    count: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<Vec<Vec<usize>>> {
    let mut order: Vec<&Vec<usize>> = groups.iter().collect();
    order.shuffle(rng);
    // Large groups first: those that come later even out what they leave.
    order.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut folds = vec![(0, Vec::new()); count];
    for group in order {
        let least = folds.iter_mut().min_by_key(|(rows, _)| *rows);
        if let Some((rows, fold)) = least {
            *rows += group.len();
            fold.push(group.clone());
        }
    }
    folds.into_iter().map(|(_, fold)| fold).collect()
}

/// The rows of groups, one group after the other.
pub(super) fn flat<'a>(groups: impl IntoIterator<Item = &'a Vec<usize>>) -> Vec<usize> {
    groups.into_iter().flatten().copied().collect()
}
