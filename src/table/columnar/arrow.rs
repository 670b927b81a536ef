//! Arrow IPC: files (Feather) and streams.

use std::io::{self, BufReader, Read, SeekFrom};
use std::path::Path;

use arrow_ipc::reader::{FileReader, StreamReader};

use super::super::input::{Input, Seekable};
use super::super::source::{Asked, Source, read, within};
use super::batches::{Batches, chosen, damaged, guarded};
use crate::error::Result;

/// What a file begins with; a stream does not.
const FILE: &[u8; 6] = b"ARROW1";

/// The rows of an Arrow file or stream; what is no file is taken into memory.
pub(in super::super) fn arrow<'a>(
    name: &Path,
    input: Input<'a>,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    let mut input = read(name, input.seekable())?;
    let is_file = read(name, begins_as_file(&mut input))?;
    within(name, open(name, input, is_file, asked))
}

fn begins_as_file(input: &mut impl Seekable) -> io::Result<bool> {
    let mut start = Vec::new();
    input.by_ref().take(FILE.len() as u64).read_to_end(&mut start)?;
    input.seek(SeekFrom::Start(0))?;
    Ok(start == FILE)
}

fn open<'a>(
    name: &Path,
    input: Box<dyn Seekable + 'a>,
    is_file: bool,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    let input = BufReader::new(input);
    if is_file {
        let reader = guarded(|| FileReader::try_new(input, None))?.map_err(damaged)?;
        let (places, names) = chosen(&reader.schema(), asked)?;
        return Ok(Box::new(Batches::new(name, Box::new(reader), places, names)));
    }
    let reader = guarded(|| StreamReader::try_new(input, None))?.map_err(damaged)?;
    let (places, names) = chosen(&reader.schema(), asked)?;
    Ok(Box::new(Batches::new(name, Box::new(reader), places, names)))
}
