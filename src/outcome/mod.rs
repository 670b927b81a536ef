//! What became of a column, and what it cost; and how numbers are shown in messages.

pub(crate) mod shown;

use std::fmt;
use std::ops::AddAssign;

use shown::number;

/// What became of one column of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Outcome {
    /// The column reached the end of its way.
    #[default]
    Arrived,
    /// The point lies where the flow leads from nowhere, or only from where the base has no point, outside the
    /// support. That is a fact and not a failure: a density is zero there, and its logarithm minus infinity.
    Outside {
        /// The coordinate that gives it away, counted from zero; in a chain, as the link counts it, or the
        /// base, whose support ends there.
        coordinate: usize,
    },
    /// The column stopped on the way; its values are not to be used.
    Failed(Failure),
}

impl Outcome {
    /// Whether the column arrived.
    pub fn arrived(&self) -> bool {
        matches!(self, Self::Arrived)
    }

    /// Whether the point lies outside the support, where densities are zero.
    pub fn is_outside(&self) -> bool {
        matches!(self, Self::Outside { .. })
    }

    /// Why the column failed, if it did.
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Arrived | Self::Outside { .. } => None,
            Self::Failed(failure) => Some(*failure),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrived => write!(f, "it arrived"),
            Self::Outside { coordinate } => write!(
                f,
                "it lies outside the support of the model, by its coordinate {coordinate}, where the density is zero and there is no way back: remove the column, or choose a flow, or a base, whose support holds it"
            ),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

/// Where and why a column stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Failure {
    /// What went wrong.
    pub reason: Reason,
    /// The time at which it went wrong.
    pub t: f64,
    /// The step that was being tried.
    pub step: f64,
}

/// What can go wrong with one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The column's input, or its context, holds a NaN or an infinity.
    NonFiniteInput,
    /// The field returned a NaN or an infinity at an ordinary point.
    NonFiniteVelocity,
    /// The solution grew out of the range of the scalar, while the field was finite along it.
    Diverged,
    /// The step size fell below what the time variable can resolve.
    StepUnderflow,
    /// The step limit was reached before the end.
    TooManySteps,
    /// The search for the inverse did not settle.
    NotConverged,
    /// A coordinate came where the scalar cannot hold it, and the density at the rounded point is another: so
    /// near to the end of its support, or where a spline is so steep or bends so sharply.
    Saturated {
        /// Which coordinate, counted from zero.
        coordinate: usize,
    },
    /// A coordinate or the log-determinant became NaN or infinite on the way.
    Overflow,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, step, .. } = self;
        let t = number(self.t);
        // Some solvers do not say what step they tried.
        let trying = if *step == 0.0 { String::new() } else { format!(" with step {step:.1e}") };
        match reason {
            Reason::NonFiniteInput => write!(
                f,
                "the input (or its context) holds a NaN or an infinity: remove or repair the column"
            ),
            Reason::NonFiniteVelocity => write!(
                f,
                "the field, or its derivative by the point, is NaN or infinite at an ordinary point at t = {t}: keep the field, and square roots and logarithms in it, away from the end of their domain"
            ),
            Reason::Diverged => write!(
                f,
                "the solution grew out of the scalar's range at t = {t}{trying}: the field drives points apart too fast in this direction, as one that contracts strongly does when it is followed backwards; weaken it, shorten the span, or compute in f64 if this was f32"
            ),
            Reason::StepUnderflow => write!(
                f,
                "the step size fell below what times can resolve at t = {t}{trying}: the field, or the solution, may jump or blow up there; smooth or bound it, or loosen the tolerance"
            ),
            Reason::TooManySteps => write!(
                f,
                "the step limit was reached at t = {t}{trying}: raise the limit, by `solver(automatic().max_steps(n))`, or the longest step, loosen the tolerance, or smooth the field (one that contracts very fast keeps steps short, whatever the tolerance)"
            ),
            Reason::NotConverged => write!(
                f,
                "the search for the inverse still moved by {step:.1e} when it was given up: the map may be too flat there; make it steeper, by smaller weights, or compute in f64 if this was f32"
            ),
            Reason::Saturated { coordinate } => write!(
                f,
                "coordinate {coordinate} came so near to the end of its support, or to the coordinate before it, or where a spline is so steep, that rounding changes its density: stretch less in front of the bound, widen the support, keep the network of the spline smaller, or compute in f64"
            ),
            Reason::Overflow => write!(
                f,
                "a coordinate or the log-determinant became NaN or infinite: the point, or a parameter of the layer, is too large; remove the column, or make the parameter smaller"
            ),
        }
    }
}

/// What following a column (or several) cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// Evaluations of the field.
    pub evaluations: u64,
    /// Steps that were accepted.
    pub accepted: u64,
    /// Steps that were tried and rejected.
    pub rejected: u64,
}

impl AddAssign for Effort {
    fn add_assign(&mut self, other: Self) {
        self.evaluations += other.evaluations;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
    }
}

impl std::iter::Sum for Effort {
    fn sum<I: Iterator<Item = Self>>(efforts: I) -> Self {
        efforts.fold(Self::default(), |mut total, effort| {
            total += effort;
            total
        })
    }
}
