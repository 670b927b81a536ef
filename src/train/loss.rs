//! The loss of a batch with what it cost.

use crate::outcome::Effort;
use crate::trace::Estimate;

/// The mean loss over a batch, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loss {
    /// The mean over the samples, without penalties.
    pub value: f64,
    /// What penalties add to it: the mean over the samples, weighted. Their sum is minimised.
    pub penalty: f64,
    /// The sum over the samples.
    pub effort: Effort,
    /// By what log-densities were estimated, if they were.
    pub estimated: Option<Estimate>,
}
