//! What a report of training warns of.

use std::fmt;

/// What numbers belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The samples.
    Data,
    /// Their contexts.
    Contexts,
}

/// What is likely to make a model worse than it could be. Rows and columns are those of the data as
/// given.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// A row lies far from zero, or spreads far more or far less than one: networks start from numbers
    /// of the size of one, and take many steps to get used to others.
    Scale {
        /// Where the row is.
        part: Part,
        /// Its number.
        row: usize,
        /// The median of its values.
        median: f64,
        /// The standard deviation of a normal density with as wide a middle 98%.
        spread: f64,
    },
    /// A value lies far farther out than 98% of its row: thirty times, or more where there are many columns, so that
    /// heavy tails are none.
    Outlier {
        /// Where the value is.
        part: Part,
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f64,
        /// The median of the row.
        median: f64,
        /// As in [`Warning::Scale`].
        spread: f64,
    },
    /// The flow's own solver, at its own tolerance, gives another loss than an adaptive one at a tight
    /// tolerance, which the report shows.
    Inaccurate {
        /// The loss by the flow's own solver; NaN if it could not be computed.
        own: f64,
        /// The loss of the same samples by an adaptive solver.
        tight: f64,
        /// The tolerance of that.
        tolerance: f64,
    },
    /// Optimal transport pairs samples of equal context, and hardly any of a mini-batch are: see
    /// [`Pairing::OptimalTransport`](super::Pairing::OptimalTransport).
    Unpaired {
        /// How many others of a mini-batch share the context of a sample, on average.
        companions: f64,
    },
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "data",
            Self::Contexts => "contexts",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale { part, row, median, spread } => write!(
                f,
                "row {row} of the {part} has median {median:.3e} and deviation {spread:.1e}: networks learn numbers of the size of one, standardise it by `data::Standardizer`"
            ),
            Self::Outlier { part, row, column, value, median, spread } => write!(
                f,
                "column {column} of the {part} holds {value:.3e} in row {row}, which has median {median:.3e} and deviation {spread:.1e}: repair or remove it, then standardise by `data::Standardizer`"
            ),
            Self::Inaccurate { own, tight, tolerance } => write!(
                f,
                "the loss of the trained model is {own:.4} by its own solver, and {tight:.4} by an adaptive one at tolerance {tolerance:.0e}, so that its log-densities are off by the error of its solver: give the flow a tolerance of {tolerance:.0e} or less, or more steps"
            ),
            Self::Unpaired { companions } => write!(
                f,
                "optimal transport pairs samples of equal context, and on average {companions:.2} others of a mini-batch share a sample's: noise and data are paired as if independent, round the contexts if they should be shared"
            ),
        }
    }
}
