//! How many rows an array has, and how many bytes they take.

use super::header::{Elements, Header};
use crate::error::{Error, Result};

/// The rows of an array, and the bytes of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) rows: u64,
    pub(super) row: u64,
    pub(super) all: u64,
}

/// How many rows there are, and how many bytes.
pub(super) fn extent(header: &Header) -> Result<Extent> {
    let too_much = || Error::format(format!("declares the impossible shape {:?}", header.shape));
    let (rows, width) = match header.shape[..] {
        [rows] => (rows, 1),
        [rows, width] if matches!(header.elements, Elements::Numbers(_)) => (rows, width),
        _ => {
            let dim = header.shape.len();
            return Err(Error::format(format!(
                "is an array of {dim} dimensions, shape {:?}: a table has one or two",
                header.shape
            )));
        }
    };
    let row = width.checked_mul(header.size() as u64).ok_or_else(too_much)?;
    let all = rows.checked_mul(row).ok_or_else(too_much)?;
    if row == 0 || row > isize::MAX as u64 {
        return Err(if row == 0 { Error::empty("has no column") } else { too_much() });
    }
    match rows {
        0 => Err(Error::empty("there is no row")),
        _ => Ok(Extent { rows, row, all }),
    }
}

pub(super) fn wrong_length(extent: Extent, bytes: u64) -> Error {
    let Extent { rows, row, all } = extent;
    let what = if bytes < all { "is cut off: it has" } else { "has more than its array:" };
    Error::format(format!("{what} {bytes} bytes for {rows} rows of {row} bytes, which are {all}"))
}
