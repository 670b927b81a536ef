//! The verdict: what a model is worth on rows that it has not seen.

use std::fmt;

use super::candidate::Candidate;
use super::judged::Judged;
use super::nats::short;
use crate::diagnose::Uniformity;
use crate::outcome::shown::{self, count};

pub use super::nats::Nats;

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
    /// What was chosen: what the model is, and what all else here is said of.
    pub chosen: Candidate,
    /// The number of columns that were learnt.
    pub columns: usize,
    /// The number of different rows of the table.
    pub rows: usize,
    /// The number of rows of the table, copies included, those of no weight not.
    pub all_rows: usize,
    /// The number of held-out rows, copies included.
    pub held_out: usize,
    /// The number of different ones among them, which is what errors go by.
    pub held_out_different: usize,
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
impl Verdict {
    pub(super) fn of(
        judged: &Judged,
        names: &[String],
        (chosen, components): (Candidate, usize),
        groups: &[Vec<usize>],
        scheme: Scheme,
    ) -> Self {
        let rows = groups.len();
        let of = |k: usize| Nats::of(&judged.rows, |(row, _)| -row.log_prob[k]);
        let over = |k: usize| {
            // Where both are certain that a row is impossible, none is better.
            Nats::of(&judged.rows, |(row, own)| match row.log_prob[k] {
                other if *own == other => 0.0,
                other => own - other,
            })
        };
        let different = judged.rows.chunk_by(|a, b| a.0.group == b.0.group).count();
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
            all_rows: groups.iter().map(Vec::len).sum(),
            held_out: judged.rows.len(),
            held_out_different: different,
            scheme,
            nats: Nats::of(&judged.rows, |(_, own)| -own),
            gaussian: of(0),
            mixture: of(1),
            components,
            over_gaussian: over(0),
            over_mixture: over(1),
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
        let lost = judged.rows.iter().filter(|(_, own)| !own.is_finite()).count();
        if lost > 0 {
            doubts.push(format!("{lost} of {} held-out rows have no density", self.held_out));
        }
        if self.nats.standard_error > FAR.max(self.nats.mean.abs() / 2.0) {
            doubts.push(format!("a few rows far out decide: {} nats a row", self.nats));
        }
        let worse = Nats { mean: -self.over_gaussian.mean, ..self.over_gaussian };
        if worse.is_positive() || (worse.mean > 0.0 && !doubts.is_empty()) {
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
        let (over, name) = match self.chosen.has_flows() {
            true => (self.over_mixture, "the mixture"),
            false => (self.over_gaussian, "a Gaussian"),
        };
        let worse = Nats { mean: -self.over_mixture.mean, ..self.over_mixture };
        let worth = match (&self.chosen, over.is_positive()) {
            _ if worse.is_positive() => {
                format!("worse than the mixture by {} nats", short(worse.mean, 2))
            }
            (Candidate::Gaussian, _) => "a Gaussian, which nothing that was tried betters".into(),
            (_, true) => format!("better than {name} by {} nats", short(over.mean, 2)),
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

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "verdict              {}", self.sentence())?;
        writeln!(f, "model                {}", self.chosen)?;
        let scheme = match self.scheme {
            Scheme::SetAside => "set aside".to_string(),
            Scheme::Folds(count) => format!("in {count} folds, each by a model of the others"),
        };
        let rows = match self.held_out == self.held_out_different && self.all_rows == self.rows {
            true => format!("{} of {}", self.held_out, self.rows),
            false => format!(
                "{} of {}, of which {} of {} are different",
                self.held_out, self.all_rows, self.held_out_different, self.rows
            ),
        };
        writeln!(f, "held-out rows        {rows}, {scheme}")?;
        writeln!(f, "nats a row           {} (lower is better)", self.nats)?;
        writeln!(f, "Gaussian             {}, more by {}", self.gaussian, self.over_gaussian)?;
        let mixture = format!("mixture of {}", self.components);
        writeln!(f, "{mixture:20} {}, more by {}", self.mixture, self.over_mixture)?;
        let p_value = shown::p_value(self.p_value());
        write!(f, "calibration          p = {p_value}, all columns and the density")
    }
}
