//! Where a table comes from: a file, or whatever else gives bytes.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What bytes are read from, and what it is called in errors.
pub(super) struct Origin<'a> {
    pub(super) name: PathBuf,
    pub(super) bytes: Option<Box<dyn Read + 'a>>,
}

/// An open source of bytes.
pub(super) enum Input<'a> {
    /// A file, in which one can go to any place, and its length.
    File(File, u64),
    Stream(Box<dyn Read + 'a>),
}

/// Bytes in which one can go to any place.
pub(super) trait Seekable: Read + Seek {}

impl<R: Read + Seek> Seekable for R {}

impl<'a> Origin<'a> {
    pub(super) fn open(self) -> Result<(PathBuf, Input<'a>)> {
        let Self { name, bytes } = self;
        let input = match bytes {
            Some(bytes) => Input::Stream(bytes),
            None => open(&name).map_err(|cause| Error::file(&name, "read", cause))?,
        };
        Ok((name, input))
    }
}

fn open<'a>(path: &Path) -> io::Result<Input<'a>> {
    let file = File::open(path)?;
    let found = file.metadata()?;
    Ok(match (found.is_file(), found.is_dir()) {
        (true, _) => Input::File(file, found.len()),
        (_, true) => return Err(io::Error::from(io::ErrorKind::IsADirectory)),
        _ => Input::Stream(Box::new(file)),
    })
}

impl<'a> Input<'a> {
    /// The same with any place to go to: what is no file is read into memory.
    pub(super) fn seekable(self) -> io::Result<Box<dyn Seekable + 'a>> {
        Ok(match self {
            Self::File(file, _) => Box::new(file),
            Self::Stream(mut stream) => {
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes)?;
                Box::new(Cursor::new(bytes))
            }
        })
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file, _) => file.read(into),
            Self::Stream(stream) => stream.read(into),
        }
    }
}

/// An error of reading: of the bytes if they are not what they should be, else of the file.
pub(super) fn unread(name: &Path, cause: io::Error) -> Error {
    match cause.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            Error::format(cause.to_string()).during(name.display())
        }
        io::ErrorKind::OutOfMemory => Error::memory("no memory for it").during(name.display()),
        _ => Error::file(name, "read", cause),
    }
}
