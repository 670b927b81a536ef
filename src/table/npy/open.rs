//! An array is opened: its sizes are compared with what is there before anything is taken for them.

use std::io::{Read, Seek};
use std::path::Path;

use super::super::input::{Input, unread};
use super::super::naming::unnamed;
use super::super::source::{Asked, Source, named, read, within};
use super::extent::{Extent, extent, wrong_length};
use super::header::{Elements, Field, Header};
use super::rows::Rows;
use super::turned::Turned;
use crate::error::{Error, Result};

/// The rows of an NPY file.
pub(in super::super) fn open<'a>(
    name: &Path,
    mut input: Input<'a>,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    let header = within(name, read(name, Header::read(&mut input))?)?;
    open_after(name, header, input, None, asked)
}

/// The rows behind a header that was read; `names` are those of its columns if they are told elsewhere.
pub(super) fn open_after<'a>(
    name: &Path,
    header: Header,
    mut input: Input<'a>,
    names: Option<Vec<String>>,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    let extent = within(name, extent(&header))?;
    let left = match &mut input {
        Input::File(file, length) => {
            let at = read(name, file.stream_position())?;
            Some(length.saturating_sub(at))
        }
        Input::Stream(_) => None,
    };
    if let Some(left) = left.filter(|&left| left != extent.all) {
        return within(name, Err(wrong_length(extent, left)));
    }
    if header.fortran && extent.rows > 1 && extent.row > header.size() as u64 {
        return turned(name, &header, input, extent, names, asked);
    }
    // One row must be there before its columns get names.
    let mut first = Vec::new();
    read(name, input.by_ref().take(extent.row).read_to_end(&mut first))?;
    if (first.len() as u64) < extent.row {
        return within(name, Err(wrong_length(extent, first.len() as u64)));
    }
    let fields = within(name, chosen(&header, names, asked))?;
    Ok(Box::new(Rows::new(name, first, input, extent, fields)))
}

/// An array of whole columns, one after the other.
fn turned<'a>(
    name: &Path,
    header: &Header,
    mut input: Input<'a>,
    extent: Extent,
    names: Option<Vec<String>>,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    if let Input::Stream(stream) = &mut input {
        let mut bytes = Vec::new();
        let limit = extent.all.saturating_add(1);
        stream.take(limit).read_to_end(&mut bytes).map_err(|cause| unread(name, cause))?;
        if bytes.len() as u64 != extent.all {
            return within(name, Err(wrong_length(extent, bytes.len() as u64)));
        }
        input = Input::Stream(Box::new(std::io::Cursor::new(bytes)));
    }
    let fields = within(name, chosen(header, names, asked))?;
    let input = read(name, input.seekable())?;
    Ok(Box::new(read(name, Turned::new(name, input, extent, fields))?))
}

/// The columns that are read, with their places in a row.
fn chosen(header: &Header, names: Option<Vec<String>>, asked: &Asked) -> Result<Vec<Field>> {
    let mut fields = match &header.elements {
        Elements::Fields(fields, _) => fields.clone(),
        Elements::Numbers(number) => {
            let width = header.shape.get(1).map_or(1, |&width| width as usize);
            let names =
                names.filter(|names| names.len() == width).unwrap_or_else(|| unnamed(width));
            let (number, size) = (*number, number.size());
            let field = |(k, name)| Field { name, number, at: k * size };
            names.into_iter().enumerate().map(field).collect()
        }
        Elements::Texts { .. } => return Err(Error::format("holds text")),
    };
    let found = fields.iter().map(|field| field.name.clone()).collect();
    let names = named(found, asked)?;
    fields.iter_mut().zip(&names).for_each(|(field, name)| field.name.clone_from(name));
    Ok(asked.choice.of(&names)?.into_iter().map(|place| fields[place].clone()).collect())
}
