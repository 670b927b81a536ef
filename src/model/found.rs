//! What is found for columns: log-densities, scores, and what became of each.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::outcome::{Effort, Outcome};

/// Log-densities of a model with all that is known about them.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The log-density of each column, in nats per unit of the table: minus infinity where the density is
    /// zero, NaN where it failed.
    pub log_prob: DVector<f64>,
    /// How far the members are apart, if there are several; see [`Ensemble::spread`](crate::density::Ensemble::spread).
    pub spread: Option<DVector<f64>>,
    /// The standard error of each log-density, if the flow was told by name to estimate.
    pub standard_error: Option<DVector<f64>>,
    /// What became of each column.
    pub outcomes: Vec<Outcome>,
    /// What each column cost.
    pub efforts: Vec<Effort>,
}

/// Log-densities of a model with their gradients by the numbers of the table.
#[derive(Debug, Clone)]
pub struct ModelScore {
    /// The log-density of each column.
    pub log_prob: DVector<f64>,
    /// ∂ log p(x | c) / ∂x: dim x n; NaN outside the support and for columns that failed.
    pub score: DMatrix<f64>,
    /// ∂ log p(x | c) / ∂c: context_dim x n.
    pub context_score: DMatrix<f64>,
    /// What became of each column.
    pub outcomes: Vec<Outcome>,
}

impl Evaluation {
    /// The log-densities, minus infinity where the density is zero, or an error that names the columns that
    /// failed.
    ///
    /// # Errors
    ///
    /// If any column failed.
    pub fn none_failed(self) -> Result<DVector<f64>> {
        match Error::from_failures(&self.outcomes) {
            Some(error) => Err(error.advising("`evaluate` gives the log-densities of the others")),
            None => Ok(self.log_prob),
        }
    }
}
