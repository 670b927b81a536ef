//! From where to where an axis runs: the one place where ranges are made.

use crate::error::{Error, Result};
use crate::outcome::shown;

/// Numbers larger than this are not drawn: differences and margins must not overflow.
const LARGEST: f64 = 1e300;
/// On a logarithmic axis numbers lie between this and its inverse.
const LARGEST_POWER: f64 = 1e250;
/// Less than this share of its ends is no length for a range: numbers along it could not be told apart.
const FINEST: f64 = 1e-11;
/// Nor is this.
const SHORTEST: f64 = 1e-290;
/// Values reach far out if all are so many times farther apart than 99% of them.
const FAR: f64 = 5.0;

/// From where to where an axis runs: finite numbers, so far apart that places between them differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::plot) struct Range {
    from: f64,
    to: f64,
}

/// Whether equal steps of an axis are equal differences or equal ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plot) enum Steps {
    Even,
    Logarithmic,
}

impl Range {
    /// The range that a user asks for.
    pub fn given(name: &str, steps: Steps, [from, to]: [f64; 2]) -> Result<Self> {
        let refused = |why: &str| {
            let [from, to] = shown::apart([from, to]);
            Err(Error::setting(format!("the {name} range from {from} to {to} {why}")))
        };
        if !(from < to && from.is_finite() && to.is_finite()) {
            return refused("is empty: give two finite numbers, the smaller one first");
        }
        if from.abs().max(to.abs()) > 2.0 * LARGEST {
            return refused("is too long to be drawn: stay within ±1e300");
        }
        let range = Self { from, to };
        match steps {
            Steps::Even if range.is_short() => refused(
                "is too short to be drawn, its numbers could not be told apart: give a longer one",
            ),
            Steps::Even => Ok(range),
            Steps::Logarithmic => match from >= 1.0 / LARGEST && to / from > 1.0 + FINEST {
                true => Ok(range),
                false => refused(
                    "does not suit a logarithmic axis: give two positive numbers that are not too close",
                ),
            },
        }
    }

    /// What holds all finite values and a margin, a share of the length at each end; none if there is no
    /// such value. Values that can hardly be told apart get room around them.
    pub fn around(
        name: &str,
        steps: Steps,
        values: impl Iterator<Item = f64>,
        margin: f64,
    ) -> Result<Option<Self>> {
        let [low, high] = match steps {
            Steps::Even => ends(values),
            Steps::Logarithmic => ends(values.filter(|value| *value > 0.0)),
        };
        if low > high {
            return Ok(None);
        }
        match steps {
            Steps::Even if low.abs().max(high.abs()) <= LARGEST => {
                let hull = Self { from: low, to: high };
                let alone = 0.5 * low.abs().max(high.abs()).max(1.0);
                let pad = if hull.is_short() { alone } else { margin * hull.length() };
                Ok(Some(Self { from: low - pad, to: high + pad }))
            }
            Steps::Logarithmic if low >= 1.0 / LARGEST_POWER && high <= LARGEST_POWER => {
                let [first, last] = [low.ln(), high.ln()];
                let pad = if last - first > FINEST { margin * (last - first) } else { 0.7 };
                Ok(Some(Self { from: (first - pad).exp(), to: (last + pad).exp() }))
            }
            _ => Err(Error::setting(format!(
                "values of {name} from {} to {} are too large or too small to be drawn: scale them, or \
                 leave them out",
                shown::number(low),
                shown::number(high)
            ))),
        }
    }

    pub fn from(&self) -> f64 {
        self.from
    }

    pub fn to(&self) -> f64 {
        self.to
    }

    pub fn length(&self) -> f64 {
        self.to - self.from
    }

    /// The number at this share of the way.
    pub fn at(&self, share: f64) -> f64 {
        self.from + self.length() * share
    }

    /// The share of the way at which a number lies.
    pub fn share(&self, steps: Steps, value: f64) -> f64 {
        match steps {
            Steps::Even => (value - self.from) / self.length(),
            // The quotient of the ends may be more than a number can be.
            Steps::Logarithmic => {
                let [from, to] = [self.from.ln(), self.to.ln()];
                (value.ln() - from) / (to - from)
            }
        }
    }

    pub fn contains(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }

    /// The shortest range that holds both.
    pub fn joined(&self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }

    /// As [`around`](Self::around), without what lies so far out that the rest would be a spot.
    pub fn around_most(
        name: &str,
        values: impl Iterator<Item = f64>,
        margin: f64,
    ) -> Result<Option<Self>> {
        let mut all: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        all.sort_unstable_by(f64::total_cmp);
        let last = all.len().saturating_sub(1);
        let [low, high] = [0.005, 0.995].map(|share| (share * last as f64).round() as usize);
        if let (Some(&least), Some(&most)) = (all.first(), all.last()) {
            let spare = 0.4 * (all[high] - all[low]);
            let kept = all[low] - spare..=all[high] + spare;
            if spare > 0.0 && most - least > FAR * (all[high] - all[low]) {
                return Self::around(
                    name,
                    Steps::Even,
                    all.iter().copied().filter(|x| kept.contains(x)),
                    margin,
                );
            }
        }
        Self::around(name, Steps::Even, all.into_iter(), margin)
    }

    /// Longer by this much at each end.
    pub fn widened(&self, spare: f64) -> Self {
        Self { from: self.from - spare.max(0.0), to: self.to + spare.max(0.0) }
    }

    /// The part between two shares, as far as it is inside and long enough; else the whole.
    pub fn part(&self, [from, to]: [f64; 2]) -> Self {
        let part = Self { from: self.at(from.max(0.0)), to: self.at(to.min(1.0)) };
        if part.is_short() { *self } else { part }
    }

    fn is_short(&self) -> bool {
        let size = self.from.abs().max(self.to.abs());
        self.length() <= (FINEST * size).max(SHORTEST)
    }
}

/// The least and the greatest of all finite values; the wrong way round if there are none.
fn ends(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let finite = values.filter(|value| value.is_finite());
    finite.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_told_apart_get_room() {
        for values in [[0.3, 0.1 + 0.2], [1e-300, 2e-300], [1e15, 1e15 + 1.0], [0.0, 0.0]] {
            let range = Range::around("x", Steps::Even, values.into_iter(), 0.05).unwrap().unwrap();
            let size = values[0].max(1.0);
            assert!(range.length() >= 0.9 * size, "{values:?}: {range:?}");
            assert!(
                values.iter().all(|value| (range.share(Steps::Even, *value) - 0.5).abs() < 0.01)
            );
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let given = |ends| Range::given("x", Steps::Even, ends);
        for ends in [[1.0, 1.0], [2.0, 1.0], [f64::NAN, 1.0], [-f64::MAX, f64::MAX], [0.0, 1e-300]]
        {
            assert!(given(ends).is_err(), "{ends:?}");
        }
        assert!(given([0.3, 0.1 + 0.2]).is_err() && given([0.3, 0.31]).is_ok());
        assert!(Range::given("y", Steps::Logarithmic, [0.0, 1.0]).is_err());
        let far = Range::around("x", Steps::Even, [-f64::MAX, f64::MAX].into_iter(), 0.05);
        assert!(far.unwrap_err().is_setting());
        let tiny = Range::around("y", Steps::Logarithmic, [1e-310, 1.0].into_iter(), 0.05);
        assert!(tiny.unwrap_err().is_setting());
    }
}
