//! What a fit gives.

use std::fmt;

use super::candidate::Candidate;
use super::survey::Found;
use super::verdict::Verdict;
use super::warning::Warning;
use crate::model::Model;
use crate::outcome::shown::word;
use crate::train::Report;

/// A model with all that is known about it.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The model, in the units of the table.
    pub model: Model,
    /// What it is worth.
    pub verdict: Verdict,
    /// The columns that were learnt, and what they were taken for.
    pub columns: Vec<Found>,
    /// The contexts.
    pub contexts: Vec<Found>,
    /// What is to be known of the table.
    pub warnings: Vec<Warning>,
    /// The candidates that were there to the end, with the mean log-density of the rows that chose between them, none of
    /// which they had learnt from, in the units of the table.
    pub candidates: Vec<(Candidate, f64)>,
    /// The reports of the flows in the model; empty if there is none.
    pub reports: Vec<Report>,
    /// What all random numbers came from.
    pub seed: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The verdict, the kinds of the columns, and the warnings.
impl fmt::Display for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.verdict)?;
        for found in &self.columns {
            writeln!(f, "column               {}: {}", word(&found.name), found.kind)?;
        }
        for found in &self.contexts {
            writeln!(f, "context              {}", word(&found.name))?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning              {warning}")?;
        }
        write!(f, "time                 {:.1} s, seed {}", self.seconds, self.seed)
    }
}
