//! An array is written: rows of doubles one after the other.

use std::io::{self, Write};

/// The bytes of a header of any array that is written here: the number of rows can be corrected later.
const LENGTH: usize = 128;

/// A header of always the same length.
pub(in super::super) fn header(rows: u64, width: usize) -> Vec<u8> {
    with_dtype("<f8", &format!("({rows}, {width})"))
}

/// The header of an array of this kind and shape.
pub(super) fn with_dtype(dtype: &str, shape: &str) -> Vec<u8> {
    let text = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(((LENGTH - 10) as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.resize(LENGTH - 1, b' ');
    bytes.push(b'\n');
    bytes
}

/// Rows of doubles as bytes. Those of `bytes` are used again.
pub(in super::super) fn row(
    out: &mut impl Write,
    values: &[f64],
    bytes: &mut Vec<u8>,
) -> io::Result<()> {
    bytes.clear();
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    out.write_all(bytes)
}
