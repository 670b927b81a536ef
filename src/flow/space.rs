//! Where coordinates live: on the line, on a part of it, or on the circle; and what fits to what.

use std::f64::consts::PI;
use std::fmt;

use crate::error::{Error, Result};
use crate::outcome::shown;

/// Where a coordinate lives.
///
/// A flow takes coordinates that live in some space to others, [`Flow::spaces`](super::Flow::spaces). What
/// a base draws, or one link of a chain makes, has to lie where the next flow takes it: a normal number
/// that is bent around a circle would lose its tails, and the density their mass.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Space {
    /// All real numbers.
    Line,
    /// The numbers between two bounds, either of which may be infinite.
    Between {
        /// Above this.
        low: f64,
        /// Below this.
        high: f64,
    },
    /// Numbers that must fit to other coordinates, such as probabilities that add up to one.
    Joint,
    /// Angles: numbers from -π to π, whose ends are one point.
    Circle,
}

impl Space {
    /// The numbers between two bounds, or all.
    pub fn between(low: f64, high: f64) -> Self {
        match low == f64::NEG_INFINITY && high == f64::INFINITY {
            true => Self::Line,
            false => Self::Between { low, high },
        }
    }

    /// Whether what lives here lies where `other` is.
    pub fn fits(self, other: Self) -> bool {
        match (self, other) {
            (Self::Circle, _) => other == Self::Circle,
            (_, Self::Line) => true,
            (Self::Joint, _) => other == Self::Joint,
            (Self::Between { low, high }, Self::Circle) => low >= -PI && high <= PI,
            (Self::Between { low, high }, Self::Between { low: least, high: most }) => {
                low >= least && high <= most
            }
            _ => false,
        }
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line => write!(f, "the line of all numbers"),
            Self::Between { low, high } => {
                let [low, high] = shown::apart([*low, *high]);
                write!(f, "the numbers between {low} and {high}")
            }
            Self::Joint => write!(f, "numbers that fit to those of other coordinates"),
            Self::Circle => write!(f, "the circle of angles from -π to π"),
        }
    }
}

/// An error that names the coordinate, unless what lives in `from` may go `into` a flow there.
pub(crate) fn fit(coordinate: usize, from: Space, into: Space) -> Result<()> {
    if from.fits(into) {
        return Ok(());
    }
    let advice = match (from, into) {
        (Space::Circle, _) => {
            "a map of the line does not close at ±π: move angles by circular splines, `Spline::circular`, and leave them out of what is in between"
        }
        (_, Space::Circle) => {
            "what lies beyond ±π would be lost: take a base of angles, `UniformCircle`, for this coordinate"
        }
        _ => {
            "what lies elsewhere would be lost: put a flow between that leads there, or another base"
        }
    };
    Err(Error::setting(format!(
        "coordinate {coordinate} comes from {from}, but the flow takes {into}: {advice}"
    )))
}

/// What becomes of coordinates that a flow takes from the line and leads to the line.
pub(crate) fn along_the_line(dim: usize, from: &[Space]) -> Result<Vec<Space>> {
    count(dim, from)?;
    for (coordinate, space) in from.iter().enumerate() {
        fit(coordinate, *space, Space::Line)?;
    }
    Ok(vec![Space::Line; dim])
}

/// An error unless there are `dim` coordinates.
pub(crate) fn count(dim: usize, from: &[Space]) -> Result<()> {
    if from.len() == dim {
        return Ok(());
    }
    Err(Error::shape(format!(
        "{} come to a flow of dimension {dim}: give as many",
        shown::count(from.len(), "coordinate")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_line_fit_into_what_holds_them() {
        let (unit, positive) = (Space::between(0.0, 1.0), Space::between(0.0, f64::INFINITY));
        assert_eq!(Space::between(f64::NEG_INFINITY, f64::INFINITY), Space::Line);
        assert!(unit.fits(positive) && !positive.fits(unit) && !Space::Line.fits(positive));
        assert!(unit.fits(Space::Line) && Space::Joint.fits(Space::Line));
        assert!(unit.fits(Space::Circle) && !positive.fits(Space::Circle));
        assert!(Space::Circle.fits(Space::Circle) && !Space::Circle.fits(Space::Line));
        assert!(!Space::Line.fits(Space::Circle) && !Space::Joint.fits(unit));
    }
}
