//! Arrow IPC: streams, and files (Feather), which are streams between two marks.

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::super::input::Input;
use super::super::source::{Asked, Source, read, within};
use super::batches::{Batches, chosen};
use super::messages::{Messages, schema};
use crate::error::Result;

/// What a file begins with, and zeros up to the first message.
const FILE: &[u8; 8] = b"ARROW1\0\0";

/// The rows of an Arrow file or stream, as they come.
pub(in super::super) fn arrow<'a>(
    name: &Path,
    input: Input<'a>,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    let mut input = read(name, without_mark(BufReader::new(input)))?;
    let opened = read(name, schema(&mut input))?;
    let opened = opened.and_then(|schema| {
        let (places, names) = chosen(&schema, asked)?;
        Ok((schema, places, names))
    });
    let (schema, places, names) = within(name, opened)?;
    // Batches have the chosen columns alone, in the order in which they are asked for.
    let order = (0..places.len()).collect();
    let messages = Messages { input, schema, chosen: places };
    Ok(Box::new(Batches::new(name, Box::new(messages), order, names)))
}

/// The same bytes from the first message on.
fn without_mark<R: Read>(mut input: R) -> io::Result<impl Read> {
    let mut start = Vec::new();
    input.by_ref().take(FILE.len() as u64).read_to_end(&mut start)?;
    if start == FILE {
        start.clear();
    }
    Ok(io::Cursor::new(start).chain(input))
}
