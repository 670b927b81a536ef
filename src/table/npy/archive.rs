//! NPZ: arrays in an archive, one of which is read.

use std::io::{self, Cursor, Read, Seek, Write};
use std::path::Path;

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::super::input::{Input, Seekable};
use super::super::named::Table;
use super::super::naming::{quoted, there};
use super::super::source::{Asked, Source, read, within};
use super::extent::extent;
use super::header::{Elements, Header};
use super::open::open_after;
use super::write::{header, row, with_dtype};
use crate::error::{Error, Result};

/// The array of texts that names the columns of the others, if it has as many.
const NAMES: &str = "columns";

/// The most signs that are read of a name.
const LONGEST_NAME: usize = 1 << 12;

type Archive<'a> = ZipArchive<Box<dyn Seekable + 'a>>;

/// The rows of one array of an archive, which is taken into memory.
pub(in super::super) fn open_archive<'a>(
    name: &Path,
    input: Input<'a>,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    let input = read(name, input.seekable())?;
    let opened = ZipArchive::new(input).map_err(unzipped).and_then(|mut archive| {
        let arrays = arrays(&mut archive)?;
        let chosen = chosen(&arrays, asked)?;
        let names = names(&mut archive, &arrays)?;
        let (header, bytes) = taken(&mut archive, chosen.place)?;
        Ok((header, bytes, names))
    });
    let (header, bytes, names) = within(name, opened)?;
    open_after(name, header, Input::Stream(Box::new(Cursor::new(bytes))), names, asked)
}

/// An array of the archive.
struct Array {
    name: String,
    place: usize,
    header: Result<Header>,
}

fn arrays(archive: &mut Archive<'_>) -> Result<Vec<Array>> {
    let mut found = Vec::new();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).map_err(unzipped)?;
        let file = entry.name().map_err(unzipped)?.into_owned();
        let Some(name) = file.strip_suffix(".npy").map(str::to_string) else { continue };
        let header = Header::read(&mut entry).map_err(|cause| unzipped(cause.into()))?;
        found.push(Array { name, place, header });
    }
    Ok(found)
}

/// The array that is asked for, or the only one that is no text.
fn chosen<'a>(arrays: &'a [Array], asked: &Asked) -> Result<&'a Array> {
    let is_text = |array: &&Array| match &array.header {
        Ok(header) => matches!(header.elements, Elements::Texts { .. }),
        Err(_) => false,
    };
    let open: Vec<&Array> = match &asked.array {
        Some(name) => arrays.iter().filter(|array| array.name == *name).collect(),
        None => arrays.iter().filter(|array| !is_text(array)).collect(),
    };
    let names = || arrays.iter().map(|array| array.name.as_str());
    match (&open[..], &asked.array) {
        ([one], _) => Ok(one),
        ([], Some(name)) => {
            Err(Error::setting(format!("has no array {name:?}; {}", there(names()))))
        }
        ([], None) => Err(Error::format("has no array of numbers")),
        _ => {
            Err(Error::setting(format!("has the arrays {}: say which by `array`", quoted(names()))))
        }
    }
}

/// The header and the bytes of an array.
fn taken(archive: &mut Archive<'_>, place: usize) -> Result<(Header, Vec<u8>)> {
    let mut entry = archive.by_index(place).map_err(unzipped)?;
    let header = Header::read(&mut entry).map_err(|cause| unzipped(cause.into()))??;
    // One byte more than there should be, so that it is seen.
    let limit = extent(&header)?.all.saturating_add(1);
    let mut bytes = Vec::new();
    entry.take(limit).read_to_end(&mut bytes).map_err(|cause| unzipped(cause.into()))?;
    Ok((header, bytes))
}

/// What the archive calls the columns.
fn names(archive: &mut Archive<'_>, arrays: &[Array]) -> Result<Option<Vec<String>>> {
    let Some(array) = arrays.iter().find(|array| array.name == NAMES) else { return Ok(None) };
    let Ok(Header { elements: Elements::Texts { signs, big }, shape, .. }) = &array.header else {
        return Ok(None);
    };
    if *signs == 0 || *signs > LONGEST_NAME || shape.len() != 1 {
        return Ok(None);
    }
    let (_, bytes) = taken(archive, array.place)?;
    let texts = bytes.chunks_exact(4 * signs).map(|text| spelled(text, *big));
    Ok(texts.collect())
}

/// A text of four bytes a sign, up to the first that is zero.
fn spelled(bytes: &[u8], big: bool) -> Option<String> {
    let signs = bytes.chunks_exact(4).map(|sign| match (big, sign) {
        (true, &[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
        (false, &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    });
    signs.take_while(|&sign| sign != 0).map(char::from_u32).collect()
}

/// A table as the arrays `data`, n x dim, and `columns`.
pub(in super::super) fn write_archive(out: impl Write + Seek, table: &Table) -> io::Result<()> {
    let mut archive = ZipWriter::new(out);
    let large = table.matrix().len() as u64 * 8 > 1 << 31;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(large);
    archive.start_file("data.npy", options)?;
    archive.write_all(&header(table.rows() as u64, table.dim()))?;
    let mut bytes = Vec::new();
    for place in 0..table.rows() {
        row(&mut archive, table.row(place), &mut bytes)?;
    }
    archive.start_file(format!("{NAMES}.npy"), options)?;
    let longest = table.names().map(|name| name.chars().count()).max().unwrap_or(1);
    archive.write_all(&with_dtype(&format!("<U{longest}"), &format!("({},)", table.dim())))?;
    for name in table.names() {
        let signs = name.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest);
        let bytes: Vec<u8> = signs.flat_map(u32::to_le_bytes).collect();
        archive.write_all(&bytes)?;
    }
    archive.finish()?.flush()
}

/// An error of the archive: of its bytes, unless the system has something to say.
fn unzipped(cause: ZipError) -> Error {
    match cause {
        ZipError::Io(cause) if cause.kind() == io::ErrorKind::OutOfMemory => {
            Error::memory("no memory for an array of the archive")
        }
        cause => Error::format(format!("is no archive that can be read: {cause}")),
    }
}
