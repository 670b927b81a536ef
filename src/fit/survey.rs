//! What the columns of a table are: kept with a kind, or left out with a reason.

use nalgebra::DMatrix;

use super::dependence::Basis;
use super::function::follows;
use super::kind::{Kind, distinct};
use super::settings::Choices;
use super::warning::Warning;
use crate::columns::Moments;
use crate::error::{Error, Result};
use crate::flow::continuous::Frame;
use crate::outcome::shown::number;
use crate::real::portable::ln;
use crate::table::Table;

/// The most columns and contexts of a model: of as many the Gaussian takes correlations.
const WIDEST: usize = Frame::WIDEST;
/// How much farther out than 98% of its column a number may lie, as in training.
const OUTLYING: f64 = 300.0;
/// How many roundings of single precision a spread must have, and which share of the largest number it must be for squares
/// to be numbers of single precision.
const DIGITS: f64 = 100.0;
const LEAST: f64 = 1e-12;
/// Of fewer rows nobody can say what is usual.
const FEWEST: usize = 5;
/// Which share of samples beyond the few numbers of a column is told.
const BEYOND: f64 = 0.001;
/// Up to how many different numbers, each standing this often, a column repeats itself.
const REPEATED: [usize; 2] = [20, 10];

/// A column of the table, as it is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its unit; empty if it has none.
    pub unit: String,
    /// What its numbers are.
    pub kind: Kind,
    /// Its place in the table.
    pub place: usize,
}

/// The columns that are learnt, those that are contexts, and what was noticed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Survey {
    pub columns: Vec<Found>,
    pub contexts: Vec<Found>,
    pub warnings: Vec<Warning>,
    /// For each column its ends, if it holds few whole numbers.
    pub few: Vec<Option<[f64; 2]>>,
}

impl Survey {
    pub fn of(table: &Table, choices: &Choices) -> Result<Self> {
        let (columns, contexts) = (Vec::new(), Vec::new());
        let mut survey = Self { columns, contexts, warnings: Vec::new(), few: Vec::new() };
        choices.check_names(table)?;
        let mut basis = Basis::new();
        // Contexts first: what follows from them is not to be learnt, wherever it stands.
        for contexts in [true, false] {
            for place in 0..table.dim() {
                let name = table.headings()[place].name();
                let context = choices.contexts.iter().any(|own| own == name);
                if context == contexts && choices.weights.as_deref() != Some(name) {
                    survey.column(table, place, choices, &mut basis)?;
                    survey.check_width(table)?;
                }
            }
        }
        match survey.columns.is_empty() {
            false => Ok(survey),
            true => Err(Error::empty(format!(
                "no column is left to learn: {}",
                survey.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            ))),
        }
    }

    /// An error if there are more columns than correlations are taken of.
    fn check_width(&self, table: &Table) -> Result<()> {
        if self.columns.len() + self.contexts.len() <= WIDEST {
            return Ok(());
        }
        Err(Error::shape(format!(
            "more than {WIDEST} of the {} columns of the table are to be learnt or given: a model of them needs the correlation of every two, and time by the cube of their number; leave columns out (`except`), or learn their first principal components",
            table.dim()
        )))
    }

    /// Why flows, which learn in single precision, would see nothing of a column: a number far out leaves no digits to the
    /// others.
    pub fn unseen(&self, seen: [&DMatrix<f64>; 2]) -> Option<String> {
        let found = [&self.columns, &self.contexts];
        let mut all =
            found.into_iter().zip(seen).flat_map(|(found, seen)| found.iter().zip(seen.row_iter()));
        let (found, _) = all.find(|(_, row)| is_lost(row.iter().copied()))?;
        let of = |warning: &Warning| match warning {
            Warning::Outlier { column, place, value, .. } if *column == found.name => {
                Some(format!("{} at {place}", number(*value)))
            }
            _ => None,
        };
        let what = self.warnings.iter().find_map(of).unwrap_or("numbers far out".into());
        Some(format!(
            "column {:?} holds {what}, beside which all others are one number in single precision, in which flows learn: repair the row or leave it out",
            found.name
        ))
    }

    /// Warnings of columns of few whole numbers beyond which so many samples lie.
    pub fn beyond(&self, beyond: &[usize], drawn: usize) -> Vec<Warning> {
        let with = self.columns.iter().zip(&self.few).zip(beyond);
        let of = |((column, few), beyond): ((&Found, &Option<[f64; 2]>), &usize)| {
            let (range, share) = ((*few)?, *beyond as f64 / drawn.max(1) as f64);
            let column = column.name.clone();
            (share >= BEYOND).then_some(Warning::Beyond { column, range, share })
        };
        with.filter_map(of).collect()
    }

    fn column(
        &mut self,
        table: &Table,
        place: usize,
        choices: &Choices,
        basis: &mut Basis,
    ) -> Result<()> {
        let column = &table.headings()[place];
        let name = column.name().to_string();
        let values: Vec<f64> = table.matrix().row(place).iter().copied().collect();
        if Moments::of(values.iter().copied()).beyond_rounding::<f64>().deviation == 0.0 {
            self.warnings.push(Warning::Constant { column: name, value: values[0] });
            return Ok(());
        }
        let context = choices.contexts.contains(&name);
        let told = choices.kind_of(&name);
        let kind =
            if context { Kind::Continuous } else { told.unwrap_or_else(|| Kind::of(&values)) };
        kind.check(&name, &values, |row| table.place(row).to_string())?;
        if context {
            // That a context follows from others does no harm.
            basis.take(place, &values).ok();
        } else {
            if let Err((from, rest)) = basis.take(place, &values) {
                let from = from.into_iter().map(|k| table.headings()[k].name().to_string());
                let from = from.collect();
                self.warnings.push(Warning::Dependent { column: name, from, rest });
                return Ok(());
            }
            let ends = || {
                [
                    values.iter().copied().fold(f64::INFINITY, f64::min),
                    values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                ]
            };
            let few = kind == Kind::Whole && distinct(&values) <= REPEATED[0];
            self.few.push(few.then(ends));
            self.warn_of_values(&name, kind, told.is_some(), &values);
            self.warn_of_functions(table, &name, &values);
        }
        self.warnings.extend(outlier(table, place, kind, &values));
        let unit = column.unit().unwrap_or("").to_string();
        let kept = if context { &mut self.contexts } else { &mut self.columns };
        kept.push(Found { name, unit, kind, place });
        Ok(())
    }

    /// Warns of a column that is a function of a context.
    fn warn_of_functions(&mut self, table: &Table, name: &str, values: &[f64]) {
        for context in &self.contexts {
            let given: Vec<f64> = table.matrix().row(context.place).iter().copied().collect();
            if follows(values, &given) {
                let (column, context) = (name.to_string(), context.name.clone());
                self.warnings.push(Warning::Determined { column, context });
            }
        }
    }

    fn warn_of_values(&mut self, name: &str, kind: Kind, told: bool, values: &[f64]) {
        let (column, different) = (name.to_string(), distinct(values));
        let [most, often] = REPEATED;
        if kind == Kind::Whole && different == 2 {
            let other = values.iter().copied().find(|x| *x != values[0]).unwrap_or(values[0]);
            let values = [values[0].min(other), values[0].max(other)];
            self.warnings.push(Warning::TwoValued { column, values });
        } else if kind != Kind::Whole
            && !told
            && different <= most
            && different * often <= values.len()
        {
            self.warnings.push(Warning::Repeating { column, different });
        }
    }
}

/// Whether the middle 98% of some numbers have no two digits left in single precision.
fn is_lost(values: impl Iterator<Item = f64>) -> bool {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let [low, median, high] =
        [0.01, 0.5, 0.99].map(|share| sorted[((sorted.len() - 1) as f64 * share).round() as usize]);
    let most = sorted[0].abs().max(sorted[sorted.len() - 1].abs());
    let spread = high - low;
    spread > 0.0
        && (spread < DIGITS * f64::from(f32::EPSILON) * median.abs() || spread < LEAST * most)
}

/// The number that lies farthest out, if it lies too far: of a positive column by its logarithms.
fn outlier(table: &Table, place: usize, kind: Kind, values: &[f64]) -> Option<Warning> {
    let seen = |x: f64| if kind == Kind::Positive { ln(x) } else { x };
    let mut sorted: Vec<f64> = values.iter().map(|x| seen(*x)).collect();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    if count < FEWEST {
        return None;
    }
    let at = |share: f64| sorted[((count - 1) as f64 * share).round() as usize];
    // A normal density has its middle 98% within 2.326 deviations of its middle.
    let tails = (0.01 * count as f64).ceil().max(1.0) / count as f64;
    let (median, spread) = (at(0.5), (at(1.0 - tails) - at(tails)) / (2.0 * 2.326));
    let distance = |row: &usize| (seen(values[*row]) - median).abs();
    let row = (0..count).max_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let far = spread > 0.0 && distance(&row) > OUTLYING * spread;
    far.then(|| Warning::Outlier {
        column: table.headings()[place].name().to_string(),
        place: table.place(row).to_string(),
        value: values[row],
        median,
        spread,
    })
}
