//! The dimension of a base without arrays, as a description declares it.

use crate::description::Source;
use crate::error::{Error, Result};

/// The largest dimension: nothing in a file shows that it is meant, so that it must not make much room.
const MOST: usize = 1 << 20;

/// The setting `dim`.
///
/// # Errors
///
/// If there is none, or it is no dimension.
pub(super) fn declared(source: &Source<'_>) -> Result<usize> {
    match source.count("dim")? {
        dim if (1..=MOST).contains(&dim) => Ok(dim),
        dim => {
            Err(Error::setting(format!("a base of dimension {dim}: it has to be from 1 to {MOST}")))
        }
    }
}
