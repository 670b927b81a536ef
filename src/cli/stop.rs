//! Why a command ends early: it was asked for what cannot be, or something failed.

use liouville::Error;

/// What ends a command.
pub enum Stop {
    /// The command line is wrong: an option, a value, an ending, or a name that the table does not have.
    Usage(String),
    /// Anything else.
    Failed(Error),
}

/// What a command gives.
pub type Done<T = ()> = Result<T, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A command line that is wrong.
pub fn usage(message: impl Into<String>) -> Stop {
    Stop::Usage(message.into())
}

/// Why a table could not be read as its options say.
pub fn of_reading(error: Error) -> Stop {
    match error.is_shape() {
        // Names by --names, which are not as many as the columns.
        true => usage(error.to_string()),
        false => Stop::Failed(error),
    }
}

/// The same where the columns were named on the command line, too.
pub fn of_choosing(error: Error) -> Stop {
    match error.is_setting() {
        true => usage(error.to_string()),
        false => of_reading(error),
    }
}
