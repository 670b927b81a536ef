//! The verdict: what a model is worth on rows that it has not seen.

use std::fmt;

use super::candidate::Candidate;
use super::judged::{Judged, Row};
use crate::diagnose::Uniformity;
use crate::outcome::shown::{self, count};

/// A mean over held-out rows, in nats a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nats {
    /// The mean.
    pub mean: f64,
    /// Its standard error, from the spread over rows; copies of a row count as one.
    pub standard_error: f64,
}

/// How held-out rows were kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// A part of the rows was set aside before anything else: the model has not seen it.
    SetAside,
    /// Each of so many parts was judged by a model that was made from the others in the same way; the model
    /// itself is made from all rows, so that it is at least as good but for chance.
    Folds(usize),
}

/// What a model is worth, measured on held-out rows in the units of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What was chosen.
    pub chosen: Candidate,
    /// The number of columns that were learnt.
    pub columns: usize,
    /// The number of different rows of the table.
    pub rows: usize,
    /// The number of held-out rows.
    pub held_out: usize,
    /// How they were kept apart.
    pub scheme: Scheme,
    /// The mean negative log-density of held-out rows: lower is better.
    pub nats: Nats,
    /// The same by a Gaussian of all columns with their covariance.
    pub gaussian: Nats,
    /// The same by the best mixture of Gaussians.
    pub mixture: Nats,
    /// The number of components of that, as chosen on all rows.
    pub components: usize,
    /// By how much the model is better than the Gaussian, row by row.
    pub over_gaussian: Nats,
    /// By how much the model is better than the mixture, row by row.
    pub over_mixture: Nats,
    /// For each column the p-value of the ranks of held-out rows among samples of the model: small if they are
    /// not uniform.
    pub calibration: Vec<(String, f64)>,
    /// The same of the ranks of their densities.
    pub density_calibration: f64,
    /// Why it should not be trusted; empty if nothing speaks against it.
    pub doubts: Vec<String>,
}

/// The p-value, of all columns and the density together, below which a model is not called calibrated.
const CALIBRATED: f64 = 0.01;
/// Of fewer different rows, and of fewer a column, nothing is to be trusted.
const FEW: [usize; 2] = [20, 5];

/// Whether so many different rows are few for so many columns.
pub(super) fn are_few(rows: usize, columns: usize) -> bool {
    let [few, each] = FEW;
    rows < few || rows < each * columns
}

/// A standard error of held-out nats beyond this comes from a few rows.
const FAR: f64 = 10.0;
/// How many standard errors tell two means apart.
const ERRORS: f64 = 2.0;

impl Nats {
    /// The weighted mean of a number of each row, and its standard error, by groups of copies.
    fn of(rows: &[Row], value: impl Fn(&Row) -> f64) -> Self {
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        let mean = rows.iter().map(|row| row.weight * value(row)).sum::<f64>() / total;
        let (mut groups, mut squares) = (0.0, 0.0);
        for group in rows.chunk_by(|a, b| a.group == b.group) {
            let rest: f64 = group.iter().map(|row| row.weight * (value(row) - mean)).sum();
            squares += rest * rest;
            groups += 1.0;
        }
        let standard_error = (squares * groups / (groups - 1.0)).sqrt() / total;
        Self { mean, standard_error }
    }

    /// Whether it is above zero by more than chance.
    fn positive(&self) -> bool {
        self.mean > ERRORS * self.standard_error
    }
}

impl Verdict {
    pub(super) fn of(
        judged: &Judged,
        names: &[String],
        (chosen, components): (Candidate, usize),
        rows: usize,
        scheme: Scheme,
    ) -> Self {
        let of = |k: usize| Nats::of(&judged.rows, |row| -row.log_prob[k]);
        let over = |k: usize| {
            // Where both are certain that a row is impossible, none is better.
            Nats::of(&judged.rows, |row| match (row.log_prob[0], row.log_prob[k]) {
                (own, other) if own == other => 0.0,
                (own, other) => own - other,
            })
        };
        let p_value = |i: usize| {
            let ranks: Vec<f64> = judged.ranks.iter().map(|ranks| ranks[i]).collect();
            Uniformity::of(&ranks).p_value
        };
        let calibration =
            names.iter().enumerate().map(|(i, name)| (name.clone(), p_value(i))).collect();
        let mut verdict = Self {
            chosen,
            columns: names.len(),
            rows,
            held_out: judged.rows.len(),
            scheme,
            nats: of(0),
            gaussian: of(1),
            mixture: of(2),
            components,
            over_gaussian: over(1),
            over_mixture: over(2),
            calibration,
            density_calibration: p_value(names.len()),
            doubts: Vec::new(),
        };
        verdict.doubts = verdict.doubt(judged);
        verdict
    }

    fn doubt(&self, judged: &Judged) -> Vec<String> {
        let mut doubts = Vec::new();
        if are_few(self.rows, self.columns) {
            let (rows, columns) = (count(self.rows, "row"), count(self.columns, "column"));
            doubts.push(format!("{rows} for {columns}"));
        }
        let lost = judged.rows.iter().filter(|row| !row.log_prob[0].is_finite()).count();
        if lost > 0 {
            doubts.push(format!("{lost} of {} held-out rows have no density", self.held_out));
        }
        if self.nats.standard_error > FAR.max(self.nats.mean.abs() / 2.0) {
            doubts.push(format!("a few rows far out decide: {} nats a row", self.nats));
        }
        let worse = Nats { mean: -self.over_gaussian.mean, ..self.over_gaussian };
        if worse.positive() || (worse.mean > 0.0 && !doubts.is_empty()) {
            doubts.push("held-out worse than a Gaussian".into());
        }
        doubts
    }

    /// Whether nothing speaks against the model.
    pub fn is_trusted(&self) -> bool {
        self.doubts.is_empty()
    }

    /// The least p-value of all columns and the density, times their number (Bonferroni).
    pub fn p_value(&self) -> f64 {
        let columns = self.calibration.iter().map(|(_, p_value)| *p_value);
        let least = columns.fold(self.density_calibration, f64::min);
        (least * (self.calibration.len() + 1) as f64).min(1.0)
    }

    /// Whether held-out rows look like samples of the model.
    pub fn is_calibrated(&self) -> bool {
        self.p_value() >= CALIBRATED
    }

    /// One sentence.
    pub fn sentence(&self) -> String {
        if !self.doubts.is_empty() {
            return format!("do not trust this: {}", self.doubts.join(", "));
        }
        let (over, name) = match self.chosen {
            Candidate::Flow { .. } => (self.over_mixture, "the mixture"),
            _ => (self.over_gaussian, "a Gaussian"),
        };
        let worse = Nats { mean: -self.over_mixture.mean, ..self.over_mixture };
        let worth = match (self.chosen, over.positive()) {
            _ if worse.positive() => format!("worse than the mixture by {:.2} nats", worse.mean),
            (Candidate::Gaussian, _) => "a Gaussian, which nothing that was tried betters".into(),
            (_, true) => format!("better than {name} by {:.2} nats", over.mean),
            (_, false) => format!("no better than {name} by more than chance"),
        };
        format!("{worth}; {}", self.calibrated())
    }

    fn calibrated(&self) -> String {
        if self.is_calibrated() {
            return "calibrated".into();
        }
        let worst = self.calibration.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        match worst {
            Some((name, p_value)) if *p_value <= self.density_calibration => {
                format!("not calibrated in column {name:?} (p = {})", shown::p_value(*p_value))
            }
            _ => {
                let p_value = shown::p_value(self.density_calibration);
                format!("not calibrated (p = {p_value} of the density)")
            }
        }
    }
}

impl fmt::Display for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ± {:.4}", self.mean, self.standard_error)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "verdict              {}", self.sentence())?;
        writeln!(f, "model                {}", self.chosen)?;
        let scheme = match self.scheme {
            Scheme::SetAside => "set aside".to_string(),
            Scheme::Folds(count) => format!("in {count} folds, each by a model of the others"),
        };
        writeln!(f, "held-out rows        {} of {}, {scheme}", self.held_out, self.rows)?;
        writeln!(f, "nats a row           {} (lower is better)", self.nats)?;
        writeln!(f, "Gaussian             {}, more by {}", self.gaussian, self.over_gaussian)?;
        let mixture = format!("mixture of {}", self.components);
        writeln!(f, "{mixture:20} {}, more by {}", self.mixture, self.over_mixture)?;
        let p_value = shown::p_value(self.p_value());
        write!(f, "calibration          p = {p_value}, all columns and the density")
    }
}
