//! What is to be known about a table before its model is believed.

use std::fmt;

use crate::outcome::shown::{count, number};
use crate::table::{Place, Table};

/// What was found in a table, by the names of its columns.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// A column holds one number only, and is not in the model.
    Constant {
        /// Its name.
        column: String,
        /// The number.
        value: f64,
    },
    /// A column follows from others to 3e-7 of its deviation or better, and is not in the model.
    Dependent {
        /// Its name.
        column: String,
        /// From which, as far as they matter.
        from: Vec<String>,
        /// Which share of its deviation is left; what is below 1e-14 is rounding.
        rest: f64,
    },
    /// Rows of the file were left out when it was read, as values were missing.
    Missing {
        /// How many.
        rows: usize,
        /// Where the first gap between the others lies.
        first: String,
    },
    /// Samples of a column of few whole numbers lie beyond all of its numbers.
    Beyond {
        /// Its name.
        column: String,
        /// Its least and its largest number.
        range: [f64; 2],
        /// Which share of samples.
        share: f64,
    },
    /// A column is a function of a context, to a thousandth of its spread: its density given that is a ridge without
    /// width, and its likelihood flatters.
    Determined {
        /// Its name.
        column: String,
        /// The name of the context.
        context: String,
    },
    /// A column has two values: it is taken as whole numbers, and a context is often what is wanted.
    TwoValued {
        /// Its name.
        column: String,
        /// The values.
        values: [f64; 2],
    },
    /// A column repeats few numbers that are not whole: a density of it has no bound, and its likelihood
    /// flatters.
    Repeating {
        /// Its name.
        column: String,
        /// How many different numbers there are.
        different: usize,
    },
    /// Rows stand several times; all copies of one are on the same side of every split.
    Copies {
        /// How many rows are copies of one before.
        rows: usize,
        /// Where the first of them stands.
        first: String,
    },
    /// Rows to choose models by are also among those that are learnt from.
    Known {
        /// How many.
        rows: usize,
        /// Where the first of them stands.
        first: String,
    },
    /// A number lies hundreds of times farther out than 98% of its column.
    Outlier {
        /// The name of the column.
        column: String,
        /// Where the row stands.
        place: String,
        /// The number.
        value: f64,
        /// The median of the column.
        median: f64,
        /// The standard deviation of a normal density with as wide a middle 98%.
        spread: f64,
    },
    /// There are few rows for so many columns.
    Few {
        /// The number of different rows.
        rows: usize,
        /// The number of columns.
        columns: usize,
    },
    /// The training of a flow ended in an error, and it is not among the candidates.
    Failed {
        /// The error.
        reason: String,
    },
}

/// What is left below this share of a deviation is rounding.
const ROUNDING: f64 = 1e-14;

impl Warning {
    /// Of rows that a table was read without.
    pub(super) fn of_missing(table: &Table) -> Option<Self> {
        let number = |row: usize| match table.place(row) {
            Place::Line(number) | Place::Row(number) => number,
        };
        let gap = |row: &usize| number(*row) != number(row - 1) + 1;
        let first = match (1..table.rows()).find(gap) {
            Some(row) => format!("behind {}", table.place(row - 1)),
            None => format!("before {} or behind the last", table.place(0)),
        };
        let rows = table.left_out();
        (rows > 0).then_some(Self::Missing { rows, first })
    }

    /// The name of the column that is not in the model.
    pub fn left_out(&self) -> Option<String> {
        match self {
            Self::Constant { column, .. } | Self::Dependent { column, .. } => Some(column.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant { column, value } => {
                let value = number(*value);
                write!(f, "column {column:?} is left out of the model: it is {value} in every row")
            }
            Self::Missing { rows, first } => write!(
                f,
                "{} of the file {} left out, as values are missing: the first gap lies {first}",
                count(*rows, "row"),
                if *rows == 1 { "is" } else { "are" }
            ),
            Self::Beyond { column, range: [least, most], share } => write!(
                f,
                "column {column:?} holds whole numbers from {} to {}, and {}% of samples lie beyond: a density of noisy numbers has no ends there; leave such samples out, or make it a context",
                number(*least),
                number(*most),
                number((1e3 * share).round() / 10.0)
            ),
            Self::Dependent { column, from, rest } => {
                let rest = match *rest < ROUNDING {
                    true => "exactly".into(),
                    false => format!("to {rest:.0e} of its deviation"),
                };
                let from: Vec<String> = from.iter().map(|name| format!("{name:?}")).collect();
                write!(
                    f,
                    "column {column:?} is left out of the model: it follows from {} {rest}",
                    from.join(", ")
                )
            }
            Self::Determined { column, context } => write!(
                f,
                "column {column:?} is a function of the context {context:?}: given that its density is a ridge without width and its likelihood flatters; leave it out"
            ),
            Self::TwoValued { column, values: [a, b] } => write!(
                f,
                "column {column:?} is {} or {}: it is taken as whole numbers with noise; as a context, or one model for each value, it may serve better",
                number(*a),
                number(*b)
            ),
            Self::Repeating { column, different } => write!(
                f,
                "column {column:?} repeats {different} numbers that are not whole: a density of it has no bound and its likelihood flatters; code them as whole numbers, or make it a context"
            ),
            Self::Copies { rows, first } => write!(
                f,
                "{rows} {} of one before, the first at {first}: all copies of a row are on one side of every split",
                if *rows == 1 { "row is a copy" } else { "rows are copies" }
            ),
            Self::Known { rows, first } => write!(
                f,
                "{rows} {} of the validation table in the table that is learnt from, too, the first at {first}: what is chosen by them flatters",
                if *rows == 1 { "row stands" } else { "rows stand" }
            ),
            Self::Outlier { column, place, value, median, spread } => write!(
                f,
                "column {column:?} holds {value:.3e} at {place}, where the median is {median:.3e} and the deviation {spread:.1e}: repair the row or leave it out"
            ),
            Self::Few { rows, columns } => {
                let columns = count(*columns, "column");
                write!(f, "{rows} different rows are few for {columns}")
            }
            Self::Failed { reason } => write!(f, "a flow could not be trained: {reason}"),
        }
    }
}
