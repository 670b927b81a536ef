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

/// The estimators of the crate, by the words of reports.
pub(super) const ESTIMATORS: [&str; 4] = [
    "Hutchinson's estimator (Rademacher)",
    "Hutchinson's estimator (Gaussian)",
    "Hutchinson's estimator (orthogonal)",
    "Hutch++",
];

impl Estimate {
    /// By an estimator of the crate of this name, or else by one that it does not know.
    pub(crate) fn named(word: &str, probes: usize) -> Self {
        let known = ESTIMATORS.into_iter().find(|own| *own == word);
        Self { estimator: known.unwrap_or("an estimator of another program"), probes }
    }

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
