//! What a law returns if a flow breaks it: which law, where, by how much, against which bound.

use std::fmt;

use liouville::error::Error;
use liouville::flow::Direction;
use liouville::outcome::Outcome;

/// A law that every flow obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// There and back again.
    Inverse,
    /// The log-determinant is that of the Jacobian.
    LogDet,
    /// Links of a chain follow one another, and their log-determinants add up.
    Composition,
    /// The density of what the flow makes of a normal distribution integrates to one.
    Density,
    /// A sample's bits do not depend on its neighbours, its place, or the number of threads.
    Batch,
    /// The pullback is the derivative.
    Gradient,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inverse => "inverse",
            Self::LogDet => "log-determinant",
            Self::Composition => "composition",
            Self::Density => "density",
            Self::Batch => "batch",
            Self::Gradient => "gradient",
        })
    }
}

/// A flow that breaks a law; print it for people.
#[derive(Debug, Clone)]
pub struct Violation(Box<Details>);

#[derive(Debug, Clone)]
struct Details {
    law: Law,
    direction: Option<Direction>,
    cause: Cause,
    point: Vec<f64>,
    context: Vec<f64>,
}

/// How a law was broken.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Cause {
    /// Two numbers that should agree do not.
    Differs(Difference),
    /// Whether the law holds could not be told: the error of what was to be compared with is too large.
    Unresolved {
        /// The error of the comparison.
        error: f64,
        /// The error up to which it would have said something.
        bound: f64,
    },
    /// A column did not arrive.
    Failed {
        /// Which column.
        column: usize,
        /// Why, in the flow's own words.
        outcome: Outcome,
    },
    /// A column arrived with a NaN or an infinity.
    NonFinite {
        /// Which column.
        column: usize,
    },
    /// The flow refused to start.
    Refused(Error),
    /// The flow panicked, and this is what it said.
    Panicked(String),
}

/// Two numbers that should agree and do not.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Where.
    pub place: Place,
    /// What was compared, and with what.
    pub what: [&'static str; 2],
    /// The number found.
    pub found: f64,
    /// The number that it should be.
    pub expected: f64,
    /// How far apart they may be.
    pub bound: f64,
}

impl Difference {
    /// How far apart the numbers are.
    pub fn error(&self) -> f64 {
        (self.found - self.expected).abs()
    }
}

/// Where two numbers were compared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A coordinate of a column.
    Coordinate {
        /// The column.
        column: usize,
        /// Which coordinate.
        row: usize,
    },
    /// The log-determinant of a column.
    LogDet {
        /// The column.
        column: usize,
    },
    /// A context value of a column.
    Context {
        /// The column.
        column: usize,
        /// Which value.
        row: usize,
    },
    /// What a column cost, or became.
    Report {
        /// The column.
        column: usize,
    },
    /// A parameter.
    Parameter {
        /// The name of its array.
        name: String,
        /// Its place in the array, counted row after row.
        index: usize,
    },
    /// The whole.
    Total,
}

impl Place {
    /// The column, where there is one.
    pub fn column(&self) -> Option<usize> {
        match self {
            Self::Coordinate { column, .. }
            | Self::LogDet { column }
            | Self::Context { column, .. }
            | Self::Report { column } => Some(*column),
            Self::Parameter { .. } | Self::Total => None,
        }
    }
}

impl Violation {
    pub(super) fn new(law: Law, direction: Option<Direction>, cause: Cause) -> Self {
        Self(Box::new(Details { law, direction, cause, point: Vec::new(), context: Vec::new() }))
    }

    /// The same with the values of the column it speaks of.
    pub(super) fn at(mut self, point: Vec<f64>, context: Vec<f64>) -> Self {
        (self.0.point, self.0.context) = (point, context);
        self
    }

    /// The law that was broken.
    pub fn law(&self) -> Law {
        self.0.law
    }

    /// The direction in which it was broken, where that matters.
    pub fn direction(&self) -> Option<Direction> {
        self.0.direction
    }

    /// How it was broken.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// The two numbers that differ, if that is the cause.
    pub fn difference(&self) -> Option<&Difference> {
        match &self.0.cause {
            Cause::Differs(difference) => Some(difference),
            _ => None,
        }
    }

    /// The column it speaks of, if there is one.
    pub fn column(&self) -> Option<usize> {
        match &self.0.cause {
            Cause::Differs(difference) => difference.place.column(),
            Cause::Failed { column, .. } | Cause::NonFinite { column } => Some(*column),
            Cause::Refused(_) | Cause::Panicked(_) | Cause::Unresolved { .. } => None,
        }
    }

    /// The point at which it was broken; empty where there is none, or where several columns have a part
    /// in it.
    pub fn point(&self) -> &[f64] {
        &self.0.point
    }

    /// The context of that point; empty where there is none.
    pub fn context(&self) -> &[f64] {
        &self.0.context
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coordinate { column, row } => write!(f, "coordinate {row} of column {column}"),
            Self::LogDet { column } | Self::Report { column } => write!(f, "column {column}"),
            Self::Context { column, row } => write!(f, "context value {row} of column {column}"),
            Self::Parameter { name, index } => write!(f, "parameter {name}[{index}]"),
            Self::Total => write!(f, "the whole"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { law, direction, cause, point, context } = &*self.0;
        if let Cause::Unresolved { error, bound } = cause {
            return write!(
                f,
                "the {law} law could not be tried: the comparison has an error of {error:.1e}, more than {bound:.1e}"
            );
        }
        write!(f, "the {law} law is broken")?;
        match direction {
            Some(Direction::Forward) => write!(f, ", forward")?,
            Some(Direction::Inverse) => write!(f, ", inverse")?,
            None => {}
        }
        match cause {
            Cause::Differs(difference) => write_difference(f, difference)?,
            Cause::Unresolved { .. } => {}
            Cause::Failed { column, outcome } => write!(f, ": column {column} failed: {outcome}")?,
            Cause::NonFinite { column } => write!(
                f,
                ": column {column} arrived with a NaN or an infinity: mark it as failed, or keep it finite"
            )?,
            Cause::Refused(error) => write!(f, ": the flow refused: {error}")?,
            Cause::Panicked(message) => write!(f, ": the flow panicked: {message}")?,
        }
        if !point.is_empty() {
            write!(f, "\n  point {point:?}")?;
        }
        if !context.is_empty() {
            write!(f, "\n  context {context:?}")?;
        }
        Ok(())
    }
}

fn write_difference(f: &mut fmt::Formatter<'_>, difference: &Difference) -> fmt::Result {
    let Difference { place, what: [what, against], found, expected, bound } = difference;
    write!(
        f,
        ", at {place}:\n  {what} is {found}, {against} {expected}\n  they differ by {:.3e}, more than {bound:.1e}",
        difference.error()
    )
}

impl std::error::Error for Violation {}
