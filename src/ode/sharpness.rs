//! How suddenly a right-hand side can change, and how long a step may therefore be.

use super::Span;
use super::powers::log2;

/// How suddenly a right-hand side can change: along a way of speed v it may go up and down again
/// within a time of about 1 / (`in_time` + `in_space` v), and not much sooner.
///
/// The nodes of a step lie apart, and what happens between two of them goes unseen. A bound that
/// comes from structure (the weights of a network) lets steps be as long as their error allows where
/// nothing can hide, and keeps them short where something can.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sharpness {
    /// Changes per unit of time at a fixed point.
    pub in_time: f64,
    /// Changes per unit of length (Euclidean) at a fixed time.
    pub in_space: f64,
}

/// The longest step along a way of which nothing is known, as a share of the span.
///
/// A bell of area one whose width is a hundredth of the span is seen by [`DOPRI5`](super::DOPRI5) at
/// tolerance 1e-5 wherever it stands, and so is one of 0.003 by [`DOPRI8`](super::DOPRI8) at 1e-9; some
/// of 0.008 and 0.0025 are not.
const SHARE: f64 = 1.0 / 8.0;
/// The same for methods of order five at tolerances of 1e-7 and less, which see as narrow ones as
/// order eight by it; they would hardly take longer steps.
const SHARE_OF_MANY: f64 = 1.0 / 20.0;
/// At this tolerance and below a method of order five takes many steps.
const TIGHT: f64 = 1e-7;

/// The longest step of a method along a way of which nothing is known.
pub(super) fn longest_unknown(order: u32, tolerance: f64, span: Span) -> f64 {
    let share = if order < 8 && tolerance <= TIGHT { SHARE_OF_MANY } else { SHARE };
    share * span.length().abs()
}

/// A step may be as long as this many of the shortest changes. The largest gap between nodes that weigh
/// in the error of [`DOPRI5`](super::DOPRI5) is half a step; the tails of a peak of tanh's that is one
/// change wide reach over eight of them at a tolerance of 1e-5.
const CHANGES: f64 = 16.0;

/// How many changes a step may span at this tolerance: a loose one lets more of the tails of a peak pass for
/// nothing. Power and bound were chosen on peaks of two tanh's: at 1e-4 they cost trained fields nothing, at 1e-3 a
/// third more evaluations, and without them peaks a tenth of the span wide were missed.
pub(super) fn changes(tolerance: f64) -> f64 {
    // log₂ 1e5 is 16.6.
    let digits = (-log2(tolerance) / 16.6).clamp(0.71, 1.0);
    CHANGES * digits * digits * digits
}

impl Sharpness {
    /// A right-hand side that is linear in the state, with constant coefficients: nothing can hide.
    pub const NONE: Self = Self { in_time: 0.0, in_space: 0.0 };

    /// What bounds the changes of a sum of two.
    pub fn and(self, other: Self) -> Self {
        let in_time = self.in_time.max(other.in_time);
        Self { in_time, in_space: self.in_space.max(other.in_space) }
    }

    /// The longest step of so many changes at this speed.
    fn longest_step(&self, changes: f64, speed: f64) -> f64 {
        changes / (self.in_time + self.in_space * speed)
    }
}

/// The rule for the longest step of a solve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Longest {
    /// The same everywhere.
    Constant(f64),
    /// By the speed of each column, but never shorter than where nothing is known.
    BySpeed { sharpness: Sharpness, changes: f64, least: f64 },
}

impl Longest {
    /// The rule that a setting and a right-hand side come to, where steps of `least` would do if nothing
    /// were known, and steps of so many changes where they are.
    pub fn new(
        setting: Option<f64>,
        sharpness: Option<Sharpness>,
        [changes, least]: [f64; 2],
    ) -> Self {
        match (setting, sharpness) {
            (Some(step), _) => Self::Constant(step),
            (None, None) => Self::Constant(least),
            (None, Some(Sharpness::NONE)) => Self::Constant(f64::INFINITY),
            (None, Some(sharpness)) => Self::BySpeed { sharpness, changes, least },
        }
    }

    /// Whether the speed of a column counts.
    pub fn asks_for_speed(&self) -> bool {
        matches!(self, Self::BySpeed { sharpness, .. } if sharpness.in_space > 0.0)
    }

    /// The longest step of a column of this speed.
    pub fn step(&self, speed: f64) -> f64 {
        match self {
            Self::Constant(step) => *step,
            // A speed beyond the scalar's range gives the shorter one, not NaN.
            Self::BySpeed { sharpness, changes, least } => {
                sharpness.longest_step(*changes, speed).max(*least)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_loosens_the_longest_step_and_a_setting_replaces_it() {
        let span = Span { from: 2.0, to: 0.0 };
        let least = longest_unknown(5, 1e-5, span);
        let sharp = |in_time, in_space| Some(Sharpness { in_time, in_space });
        let longest = |setting, known, speed| {
            Longest::new(setting, known, [changes(1e-5), least]).step(speed)
        };
        assert_eq!(longest(None, None, 1.0), 0.25);
        assert_eq!(longest(Some(0.01), None, 1.0), 0.01);
        assert_eq!(longest(Some(0.01), sharp(1.0, 0.0), 1.0), 0.01);
        assert_eq!(longest(None, Some(Sharpness::NONE), 1e9), f64::INFINITY);
        assert_eq!(longest(None, sharp(8.0, 4.0), 2.0), 1.0);
        for (known, speed) in [(sharp(1e9, 0.0), 1.0), (sharp(1.0, 1.0), f64::INFINITY)] {
            assert_eq!(longest(None, known, speed), 0.25);
        }
        assert_eq!(longest(None, sharp(f64::NAN, 1.0), 1.0), 0.25);
    }
}
