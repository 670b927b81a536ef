//! What stands above a column of a table: its name, and the unit of its numbers.

use std::fmt;

use crate::outcome::shown;

/// The name of a column, and its unit if it was told.
///
/// ```
/// use liouville::table::Heading;
///
/// let heading = Heading::new("mass").in_unit("kg");
/// assert_eq!((heading.name(), heading.unit()), ("mass", Some("kg")));
/// assert_eq!(heading.to_string(), "mass [kg]");
/// // The name stays what it is; people read it on one line.
/// assert_eq!(Heading::new("two\nlines").to_string(), r"two\nlines");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    name: String,
    unit: Option<String>,
}

impl Heading {
    /// A column without a unit.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), unit: None }
    }

    /// The same column, measured in this unit; one that is empty is none.
    pub fn in_unit(self, unit: impl Into<String>) -> Self {
        Self { unit: Some(unit.into()).filter(|unit| !unit.is_empty()), ..self }
    }

    /// What the column is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is measured in.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The same unit under another name.
    pub(crate) fn called(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

impl From<&str> for Heading {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Heading {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// The name, and the unit in brackets, for people and the axes of pictures: on one line, and cut where it is long.
impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown::word(&self.name))?;
        match &self.unit {
            None => Ok(()),
            Some(unit) => write!(f, " [{}]", shown::word(unit)),
        }
    }
}
