//! By what log-determinants were estimated, in words: for reports.

use std::fmt;

/// By what log-determinants were estimated; there is none beside exact ones.
///
/// ```
/// use liouville::trace::Estimate;
///
/// let by = Estimate { estimator: "Hutchinson's estimator (Rademacher)", probes: 8 };
/// assert_eq!(by.to_string(), "Hutchinson's estimator (Rademacher), 8 probes per sample");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The estimator, and the distribution of its probes.
    pub estimator: &'static str,
    /// The number of its probes for each sample.
    pub probes: usize,
}

impl Estimate {
    /// Of several estimates that went into one number, the one of fewest probes, the first of these.
    pub fn roughest(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.into_iter().chain(other).min_by_key(|estimate| estimate.probes)
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { estimator, probes } = self;
        let ending = if *probes == 1 { "" } else { "s" };
        write!(f, "{estimator}, {probes} probe{ending} per sample")
    }
}
