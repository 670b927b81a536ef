//! Kinds of columns: what is told, and what is found.

use std::collections::HashSet;
use std::fmt;

use crate::columns::Moments;
use crate::error::{Error, Result};
use crate::outcome::shown::number;
use crate::real::portable::{ln, ln_1p};

/// What the numbers of a column are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Any numbers.
    Continuous,
    /// Numbers above zero, learnt by their logarithms: the density is zero at zero and below.
    Positive,
    /// Numbers between two others, learnt by their log-odds: the density is zero elsewhere.
    Bounded {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// Whole numbers, learnt with [noise between 0 and 1](crate::model::Model::whole_columns).
    Whole,
    /// An angle between two ends that are the same direction, such as -180 and 180 degrees.
    Angle {
        /// Where the circle begins.
        low: f64,
        /// Where it ends.
        high: f64,
    },
}

/// How many nats a row another scale must gain to be taken: a log-normal of sigma 0.5 gains as much.
const GAIN: f64 = 0.2;
/// Up to how many different whole numbers are few.
const FEW: usize = 20;
/// How often each of more must stand, on average.
const OFTEN: usize = 5;
/// How near both ends numbers must come to be taken for shares.
const REACH: f64 = 0.1;

impl Kind {
    /// The kind that a column is taken for.
    ///
    /// - Whole: all are whole numbers, and there are at most 20 different ones, or each stands five times or more on
    ///   average.
    /// - Positive: all are above zero, and a normal density of the logarithms is more likely than one of the numbers
    ///   by at least 0.2 nats a row (the likelihood ratio of Box and Cox 1964, An analysis of transformations,
    ///   Journal of the Royal Statistical Society B 26), as for a log-normal of sigma 0.5 and more.
    /// - Bounded between 0 and 1: all are, within 0.1 of both, and their log-odds gain as much.
    /// - Continuous: all others. Other bounds and angles are never guessed.
    pub fn of(values: &[f64]) -> Self {
        if values.iter().all(|x| x.fract() == 0.0) && is_few(distinct(values), values.len()) {
            return Self::Whole;
        }
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let identity = -ln(Moments::of(values.iter().copied()).unit());
        let mut best = (Self::Continuous, GAIN);
        let mut offer = |kind: Self, map: fn(f64) -> [f64; 2]| {
            let gain = likelihood(values, map) - identity;
            if gain > best.1 {
                best = (kind, gain);
            }
        };
        if least > 0.0 {
            offer(Self::Positive, |x| [ln(x), -ln(x)]);
        }
        if least > 0.0 && most < 1.0 && least < REACH && most > 1.0 - REACH {
            let odds = |x: f64| [ln(x) - ln_1p(-x), -ln(x) - ln_1p(-x)];
            offer(Self::Bounded { low: 0.0, high: 1.0 }, odds);
        }
        best.0
    }

    /// An error if the numbers of a column are not of this kind; `at` says where a row stands.
    pub(super) fn check(
        self,
        name: &str,
        values: &[f64],
        at: impl Fn(usize) -> String,
    ) -> Result<()> {
        let fits = |x: f64| match self {
            Self::Continuous => true,
            Self::Positive => x > 0.0,
            Self::Bounded { low, high } => x > low && x < high,
            Self::Angle { low, high } => x >= low && x <= high,
            Self::Whole => x.fract() == 0.0,
        };
        if let Self::Bounded { low, high } | Self::Angle { low, high } = self
            && !(low < high && low.is_finite() && high.is_finite())
        {
            return Err(Error::setting(format!(
                "column {name:?} is to lie between {} and {}: give finite numbers, the lower one first",
                number(low),
                number(high)
            )));
        }
        match values.iter().position(|x| !fits(*x)) {
            None => Ok(()),
            Some(row) => Err(Error::setting(format!(
                "column {name:?} is to be {self}, and holds {} at {}: leave the row out, or tell another kind",
                number(values[row]),
                at(row)
            ))),
        }
    }
}

/// How many different numbers there are.
pub(super) fn distinct(values: &[f64]) -> usize {
    // Zero has two signs.
    values.iter().map(|x| (x + 0.0).to_bits()).collect::<HashSet<_>>().len()
}

fn is_few(different: usize, rows: usize) -> bool {
    different <= FEW || different * OFTEN <= rows
}

/// The largest log-likelihood of a normal density of g(x), but for what is the same for all g: `map` gives g(x)
/// and ln g'(x).
fn likelihood(values: &[f64], map: fn(f64) -> [f64; 2]) -> f64 {
    let mapped = values.iter().map(|x| map(*x));
    let slope: f64 = mapped.clone().map(|[_, slope]| slope).sum::<f64>() / values.len() as f64;
    slope - ln(Moments::of(mapped.map(|[value, _]| value)).unit())
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuous => f.write_str("continuous"),
            Self::Positive => f.write_str("positive"),
            Self::Bounded { low, high } => {
                write!(f, "between {} and {}", number(*low), number(*high))
            }
            Self::Whole => f.write_str("whole numbers"),
            Self::Angle { low, high } => {
                write!(f, "an angle from {} to {}", number(*low), number(*high))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of an inverse distribution function at even places.
    fn even(count: u32, quantile: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..count).map(|k| quantile((f64::from(k) + 0.5) / f64::from(count))).collect()
    }

    #[test]
    fn kinds_are_found_by_what_gains() {
        let logistic = |u: f64| (u / (1.0 - u)).ln();
        assert_eq!(Kind::of(&even(500, logistic)), Kind::Continuous);
        assert_eq!(Kind::of(&even(500, |u| 10.0 + logistic(u))), Kind::Continuous);
        assert_eq!(Kind::of(&even(500, |u| (1.2 * logistic(u)).exp() * 1e-9)), Kind::Positive);
        assert_eq!(Kind::of(&even(500, |u| (0.1 * logistic(u)).exp())), Kind::Continuous);
        let shares = even(500, |u| 1.0 / (1.0 + (-2.0 * logistic(u)).exp()));
        assert_eq!(Kind::of(&shares), Kind::Bounded { low: 0.0, high: 1.0 });
        assert_eq!(Kind::of(&even(500, |u| (17.0 * u).floor())), Kind::Whole);
        assert_eq!(Kind::of(&even(500, |u| (1e6 * u).floor())), Kind::Continuous);
    }
}
