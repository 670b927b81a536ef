//! The one error type: what is wrong, where, and what to try.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::outcome::Outcome;

/// What library calls return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call could not be answered.
///
/// The type is opaque: print it for people, ask its predicates in code. A column that failed while
/// others arrived is listed in [`Error::failed_columns`].
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    columns: Vec<(usize, Outcome)>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shape,
    Empty,
    NonFinite,
    Setting,
    Columns,
    File,
    Format,
    Memory,
    Training,
}

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), columns: Vec::new(), source: None }))
    }

    /// Rows, columns or lengths that do not fit together.
    pub fn shape(message: impl Into<String>) -> Self {
        Self::new(Kind::Shape, message)
    }

    /// Input without a single sample.
    pub fn empty(message: impl Into<String>) -> Self {
        Self::new(Kind::Empty, message)
    }

    /// A NaN or an infinity where a number is needed.
    pub fn non_finite(message: impl Into<String>) -> Self {
        Self::new(Kind::NonFinite, message)
    }

    /// A setting outside its range, such as a tolerance of zero.
    pub fn setting(message: impl Into<String>) -> Self {
        Self::new(Kind::Setting, message)
    }

    /// More memory than the machine can promise.
    pub fn memory(message: impl Into<String>) -> Self {
        Self::new(Kind::Memory, message)
    }

    /// Training that cannot go on.
    pub fn training(message: impl Into<String>) -> Self {
        Self::new(Kind::Training, message)
    }

    /// A file that could not be read or written: `doing` says what was tried. The cause is kept as the
    /// [source](std::error::Error::source).
    pub fn file(
        path: &Path,
        doing: &str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let cause = cause.into();
        let message = format!("could not {doing} {}: {cause}", path.display());
        let mut error = Self::new(Kind::File, message);
        error.0.source = Some(Arc::from(cause));
        error
    }

    /// A file that was read and does not hold what it should, such as a word where a number belongs or an
    /// array that ends too early.
    pub fn format(message: impl Into<String>) -> Self {
        Self::new(Kind::Format, message)
    }

    /// Columns that did not arrive, out of all `outcomes`; `None` if every column did.
    pub fn from_outcomes(outcomes: &[Outcome]) -> Option<Self> {
        Self::from_columns(outcomes, |outcome| !outcome.arrived())
    }

    /// Columns that failed, out of all `outcomes`; `None` if none did. What lies outside the support did
    /// not: its density is zero.
    pub fn from_failures(outcomes: &[Outcome]) -> Option<Self> {
        Self::from_columns(outcomes, |outcome| outcome.failure().is_some())
    }

    fn from_columns(outcomes: &[Outcome], listed: fn(&Outcome) -> bool) -> Option<Self> {
        let all = outcomes.iter().copied().enumerate();
        let columns: Vec<_> = all.filter(|(_, outcome)| listed(outcome)).collect();
        let message = match (&columns[..], outcomes.len()) {
            ([(_, outcome)], 1) => format!("the only column failed: {outcome}"),
            (columns, all) => sentence(columns, &all.to_string())?,
        };
        Some(Self::new(Kind::Columns, message).naming(columns))
    }

    /// Whether shapes did not fit.
    pub fn is_shape(&self) -> bool {
        self.0.kind == Kind::Shape
    }

    /// Whether there was no sample.
    pub fn is_empty(&self) -> bool {
        self.0.kind == Kind::Empty
    }

    /// Whether the input held a NaN or an infinity.
    pub fn is_non_finite(&self) -> bool {
        self.0.kind == Kind::NonFinite
    }

    /// Whether a setting was out of range.
    pub fn is_setting(&self) -> bool {
        self.0.kind == Kind::Setting
    }

    /// Whether memory could not be had.
    pub fn is_memory(&self) -> bool {
        self.0.kind == Kind::Memory
    }

    /// Whether a file could not be read or written.
    pub fn is_file(&self) -> bool {
        self.0.kind == Kind::File
    }

    /// Whether a file holds what it should not.
    pub fn is_format(&self) -> bool {
        self.0.kind == Kind::Format
    }

    /// What the operating system said of a file, if that is where the error comes from: a full disk, a
    /// pipe that nobody reads any more.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        let first = std::error::Error::source(self);
        let mut causes = std::iter::successors(first, |cause| cause.source());
        causes.find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
    }

    /// Whether training stopped because of a failure.
    pub fn is_training(&self) -> bool {
        self.0.kind == Kind::Training
    }

    /// The columns that could not be computed, with what became of each; empty for every other kind of
    /// error.
    pub fn failed_columns(&self) -> &[(usize, Outcome)] {
        &self.0.columns
    }

    /// The same error with these columns as those that failed.
    pub(crate) fn naming(mut self, columns: Vec<(usize, Outcome)>) -> Self {
        self.0.columns = columns;
        self
    }

    /// The same columns counted otherwise: column `j` becomes column `number(j)` of `whole`, such as "the
    /// data". Errors of other kinds stay as they are.
    pub(crate) fn renumbered(mut self, whole: &str, number: impl Fn(usize) -> usize) -> Self {
        let Inner { kind, message, columns, .. } = &mut *self.0;
        if *kind == Kind::Columns {
            columns.iter_mut().for_each(|(column, _)| *column = number(*column));
            columns.sort_by_key(|(column, _)| *column);
            *message = sentence(columns, whole).unwrap_or_default();
        }
        self
    }

    /// The same error with what it comes from, for [`source`](std::error::Error::source).
    pub(crate) fn with_source(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The same error with where the rest is at the end, in brackets, unless it is none of columns.
    pub(crate) fn advising(mut self, advice: &str) -> Self {
        if self.0.kind == Kind::Columns {
            self.0.message = format!("{} ({advice})", self.0.message);
        }
        self
    }

    /// The same error with a sentence in front that says during what it happened.
    pub fn during(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }
}

/// Which columns of `whole` failed, and why the first of them did; `None` without any.
fn sentence(columns: &[(usize, Outcome)], whole: &str) -> Option<String> {
    let &(first, outcome) = columns.first()?;
    Some(match columns.len() {
        1 => format!("column {first} of {whole} failed: {outcome}"),
        _ => format!("{} of {whole} failed; column {first}: {outcome}", named(columns)),
    })
}

/// "columns 3, 7, 8, 9 and 21 more": all of up to five, else the first four.
fn named(columns: &[(usize, Outcome)]) -> String {
    let count = columns.len();
    let shown = if count <= 5 { count } else { 4 };
    let places: Vec<String> = columns[..shown].iter().map(|(j, _)| j.to_string()).collect();
    match (count - shown, places.split_last()) {
        (0, Some((last, rest))) => format!("columns {} and {last}", rest.join(", ")),
        (more, _) => format!("columns {} and {more} more", places.join(", ")),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// The kind and the message, which is what `unwrap` and a `main` that fails print: failed columns may
/// be a million, and [`Error::failed_columns`] has them all.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Failure, Reason};

    #[test]
    fn failed_columns_are_named() {
        let failed =
            Outcome::Failed(Failure { reason: Reason::StepUnderflow, t: 0.37, step: 1e-15 });
        let error = Error::from_outcomes(&[Outcome::Arrived, failed]).expect("one column failed");
        assert_eq!(error.failed_columns(), &[(1, failed)]);
        let text = error.to_string();
        assert!(text.starts_with("column 1 of 2 failed:") && text.contains("t = 0.37"), "{text}");
        assert_eq!(format!("{error:?}"), format!("Columns: {text}"));
        assert!(Error::from_outcomes(&[Outcome::Arrived]).is_none());
        let many = Error::from_outcomes(&[failed; 9]).expect("all failed").to_string();
        assert!(many.starts_with("columns 0, 1, 2, 3 and 5 more of 9 failed; column 0:"), "{many}");
        let few = Error::from_outcomes(&[failed; 3]).expect("all failed").advising("look again");
        let text = few.to_string();
        assert!(text.starts_with("columns 0, 1 and 2 of 3 failed;"), "{text}");
        assert!(text.ends_with(" (look again)"), "{text}");
    }

    #[test]
    fn columns_are_counted_as_the_caller_counts_them() {
        let failed =
            Outcome::Failed(Failure { reason: Reason::StepUnderflow, t: 0.37, step: 1e-15 });
        let error = Error::from_outcomes(&[failed, Outcome::Arrived, failed]).expect("two failed");
        let error = error.renumbered("the data", |j| [195, 3, 7][j]);
        assert_eq!(error.failed_columns(), &[(7, failed), (195, failed)]);
        let text = error.to_string();
        assert!(text.starts_with("columns 7 and 195 of the data failed; column 7:"), "{text}");
        let other = Error::shape("too long").renumbered("the data", |_| 0);
        assert_eq!(other.to_string(), "too long");
    }

    #[test]
    fn the_cause_of_a_file_is_kept() {
        let cause = io::Error::from(io::ErrorKind::StorageFull);
        let error = Error::file(Path::new("a.csv"), "write", cause).during("the last row");
        assert!(error.is_file() && !error.is_format(), "{error}");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(Error::format("no number").io_kind(), None);
    }

    #[test]
    fn what_lies_outside_has_not_failed() {
        let outside = Outcome::Outside { coordinate: 3 };
        assert!(Error::from_failures(&[outside, Outcome::Arrived]).is_none());
        let error = Error::from_outcomes(&[outside]).expect("it has not arrived").to_string();
        assert!(error.contains("only column") && error.contains("coordinate 3"), "{error}");
    }
}
