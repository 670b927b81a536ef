//! Rows of a text, written: numbers in the shortest form that reads back as the same bits.

use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

/// The line of names, in quotes where a name needs them.
pub(in super::super) fn header<'a>(
    out: &mut impl Write,
    delimiter: u8,
    names: impl Iterator<Item = &'a str>,
) -> io::Result<()> {
    let mut writer = WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    writer.write_record(names)?;
    out.write_all(&writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

/// One line of numbers. The bytes of `line` are used again.
pub(in super::super) fn row(
    out: &mut impl Write,
    delimiter: u8,
    values: &[f64],
    line: &mut Vec<u8>,
) -> io::Result<()> {
    line.clear();
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            line.push(delimiter);
        }
        // The debug form has an exponent where that is shorter.
        write!(line, "{value:?}")?;
        if line.ends_with(b".0") {
            line.truncate(line.len() - 2);
        }
    }
    line.push(b'\n');
    out.write_all(line)
}
