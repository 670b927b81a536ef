//! Rows that nothing has learnt from, and means over them.

use std::fmt;

/// A row that nothing here has learnt from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Rows with the same number are copies.
    pub group: usize,
    pub weight: f64,
    /// Its log-density by the Gaussian, the mixture and the flows, in the units of the table.
    pub log_prob: [f64; 3],
}

/// A row with a number of its own.
pub(super) type Judgement = (Row, f64);

/// A mean over held-out rows, in nats a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nats {
    /// The mean.
    pub mean: f64,
    /// Its standard error, from the spread over rows; copies of a row count as one.
    pub standard_error: f64,
}

/// How many standard errors tell two means apart.
const ERRORS: f64 = 2.0;
/// From here on a power of ten is shorter.
const LARGE: f64 = 1e7;

impl Nats {
    /// The weighted mean of a number of each row, and its standard error, by groups of copies.
    pub(super) fn of(rows: &[Judgement], value: impl Fn(&Judgement) -> f64) -> Self {
        let total: f64 = rows.iter().map(|(row, _)| row.weight).sum();
        let mean = rows.iter().map(|own| own.0.weight * value(own)).sum::<f64>() / total;
        let (mut groups, mut squares) = (0.0, 0.0);
        for group in rows.chunk_by(|a, b| a.0.group == b.0.group) {
            let rest: f64 = group.iter().map(|own| own.0.weight * (value(own) - mean)).sum();
            squares += rest * rest;
            groups += 1.0;
        }
        let standard_error = (squares * groups / (groups - 1.0)).sqrt() / total;
        Self { mean, standard_error }
    }

    /// Whether it is above zero by more than chance.
    pub(super) fn is_positive(&self) -> bool {
        self.mean > ERRORS * self.standard_error
    }
}

/// So many decimals, or a power of ten where that is shorter.
pub(super) fn short(value: f64, decimals: usize) -> String {
    if value.abs() >= LARGE && value.is_finite() {
        return format!("{value:.decimals$e}");
    }
    format!("{value:.decimals$}")
}

impl fmt::Display for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ± {}", short(self.mean, 4), short(self.standard_error, 4))
    }
}
