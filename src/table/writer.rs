//! A table is written, whole or a few rows at a time.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use nalgebra::DMatrix;

use super::format::Format;
use super::named::Table;
use super::naming::distinct;
use super::{npy, text};
use crate::error::{Error, Result};
use crate::files::WholeFile;
use crate::heading::Heading;

/// Rows on their way into a file: a table may be larger than memory.
///
/// A file is written beside the old one and takes its place when it is [finished](Writer::finish); a writer
/// that is dropped before leaves the old one as it was. Numbers in a text have the fewest digits that read back
/// as the same bits.
///
/// ```
/// use liouville::nalgebra::dmatrix;
/// use liouville::table::{Table, Writer};
///
/// let mut bytes = Vec::new();
/// let mut writer = Writer::csv(&mut bytes, ["x", "log p"])?;
/// writer.write(&dmatrix![0.1, 1e300; -2.0, f64::NEG_INFINITY])?;
/// writer.write(&dmatrix![3.0; 0.5])?;
/// writer.finish()?;
/// assert_eq!(String::from_utf8_lossy(&bytes), "x,log p\n0.1,-2\n1e300,-inf\n3,0.5\n");
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct Writer<'a> {
    name: PathBuf,
    out: Out<'a>,
    kind: Kind,
    width: usize,
    rows: u64,
    line: Vec<u8>,
}

/// What is written to.
enum Out<'a> {
    File(WholeFile),
    Other(Box<dyn Write + 'a>),
}

/// How rows are written.
#[derive(Clone, Copy)]
enum Kind {
    Text {
        delimiter: u8,
    },
    /// An array of as many rows, if that was told.
    Array {
        rows: Option<u64>,
    },
}

impl<'a> Writer<'a> {
    /// A new file with these columns, in the format by which the ending goes: CSV or NPY.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, the format is none of these, or two names are the same.
    pub fn create(
        path: impl AsRef<Path>,
        columns: impl IntoIterator<Item = impl Into<Heading>>,
    ) -> Result<Self> {
        let path = path.as_ref();
        Self::create_as(path, Format::of(path)?, columns)
    }

    /// A new file in this format, whatever its ending.
    ///
    /// # Errors
    ///
    /// As for [`create`](Writer::create).
    pub fn create_as(
        path: impl AsRef<Path>,
        format: Format,
        columns: impl IntoIterator<Item = impl Into<Heading>>,
    ) -> Result<Self> {
        let path = path.as_ref();
        let kind = match format {
            Format::Csv => Kind::Text { delimiter: separator(path) },
            Format::Npy => Kind::Array { rows: None },
            _ => {
                let what = "only CSV and NPY are written row by row; `Table::write` knows NPZ, too";
                return Err(Error::setting(what).during(path.display()));
            }
        };
        let columns = distinct(columns.into_iter().map(Into::into).collect())?;
        Self::begin(path, Out::File(WholeFile::create(path)?), kind, &columns)
    }

    /// Text with commas to whatever takes bytes, such as the standard output.
    ///
    /// # Errors
    ///
    /// If the names cannot be written, or two of them are the same.
    pub fn csv(
        out: impl Write + 'a,
        columns: impl IntoIterator<Item = impl Into<Heading>>,
    ) -> Result<Self> {
        let columns = distinct(columns.into_iter().map(Into::into).collect())?;
        let kind = Kind::Text { delimiter: b',' };
        Self::begin(Path::new("the output"), Out::Other(Box::new(out)), kind, &columns)
    }

    /// An array of `rows` rows and `dim` columns to whatever takes bytes. The number of rows stands in front
    /// of them, so that it must be known.
    ///
    /// # Errors
    ///
    /// If the header cannot be written, or there is no column.
    pub fn npy(out: impl Write + 'a, rows: usize, dim: usize) -> Result<Self> {
        let columns: Vec<Heading> = (0..dim).map(|place| format!("x{place}").into()).collect();
        let kind = Kind::Array { rows: Some(rows as u64) };
        let columns = distinct(columns)?;
        Self::begin(Path::new("the output"), Out::Other(Box::new(out)), kind, &columns)
    }

    fn begin(path: &Path, out: Out<'a>, kind: Kind, columns: &[Heading]) -> Result<Self> {
        let (name, width) = (path.to_path_buf(), columns.len());
        let mut writer = Self { name, out, kind, width, rows: 0, line: Vec::new() };
        let begun = match kind {
            Kind::Text { delimiter } => {
                text::header(&mut writer.out, delimiter, columns.iter().map(Heading::name))
            }
            Kind::Array { rows } => writer.out.write_all(&npy::header(rows.unwrap_or(0), width)),
        };
        begun.map_err(|cause| writer.unwritten(cause))?;
        Ok(writer)
    }

    /// Writes samples: the columns of a dim x n matrix.
    ///
    /// # Errors
    ///
    /// If the dimension is not the number of columns, or the file cannot be written: a full disk, or a pipe
    /// that nobody reads ([`Error::io_kind`] says which).
    pub fn write(&mut self, samples: &DMatrix<f64>) -> Result<()> {
        if samples.nrows() != self.width {
            let (dim, width) = (samples.nrows(), self.width);
            return Err(Error::shape(format!("samples of dimension {dim} for {width} columns")));
        }
        for row in samples.as_slice().chunks_exact(self.width) {
            self.row(row).map_err(|cause| self.unwritten(cause))?;
        }
        Ok(())
    }

    fn row(&mut self, row: &[f64]) -> io::Result<()> {
        self.rows += 1;
        match self.kind {
            Kind::Text { delimiter } => text::row(&mut self.out, delimiter, row, &mut self.line),
            Kind::Array { .. } => npy::row(&mut self.out, row, &mut self.line),
        }
    }

    /// The number of rows that were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what is left and gives the file its name.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or an array has another number of rows than was told.
    pub fn finish(mut self) -> Result<()> {
        if let Kind::Array { rows: Some(told) } = self.kind
            && told != self.rows
        {
            let rows = self.rows;
            return Err(Error::shape(format!("{rows} rows in an array of {told}")));
        }
        let finished = self.number_of_rows().and_then(|()| self.out.flush());
        finished.map_err(|cause| self.unwritten(cause))?;
        match self.out {
            Out::File(file) => file.commit(),
            Out::Other(_) => Ok(()),
        }
    }

    /// Writes the number of rows into the header of an array.
    fn number_of_rows(&mut self) -> io::Result<()> {
        match (&mut self.out, self.kind) {
            (Out::File(file), Kind::Array { rows: None }) => {
                file.seek(SeekFrom::Start(0))?;
                file.write_all(&npy::header(self.rows, self.width))
            }
            _ => Ok(()),
        }
    }

    fn unwritten(&self, cause: io::Error) -> Error {
        Error::file(&self.name, "write", cause)
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Other(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Other(out) => out.flush(),
        }
    }
}

/// What separates cells in a text of this name.
fn separator(path: &Path) -> u8 {
    match path.extension().is_some_and(|ending| ["tsv", "tab"].iter().any(|tab| ending == *tab)) {
        true => b'\t',
        false => b',',
    }
}

impl Table {
    /// Writes the table in the format by which the ending goes: CSV, NPY or NPZ. An array has no names, an
    /// archive has them in the array `columns` beside `data`; units are not written.
    ///
    /// ```
    /// use liouville::table::Table;
    ///
    /// let path = std::env::temp_dir().join(format!("liouville-table-{}.csv", std::process::id()));
    /// let table = Table::from_rows(["x", "y"], vec![0.1, 1.0, 0.2, 1e-300])?;
    /// table.write(&path)?;
    /// assert_eq!(Table::read(&path)?.matrix(), table.matrix());
    /// # std::fs::remove_file(&path).expect("written");
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or the ending names none of these formats. What was there before stays.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let format = Format::of(path)?;
        if format == Format::Npz {
            let mut file = WholeFile::create(path)?;
            npy::write_archive(&mut file, self)
                .map_err(|cause| Error::file(path, "write", cause))?;
            return file.commit();
        }
        let mut writer = Writer::create_as(path, format, self.columns.iter().cloned())?;
        writer.write(&self.matrix)?;
        writer.finish()
    }

    /// Writes the table as text with commas to whatever takes bytes.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_csv(&self, out: impl Write) -> Result<()> {
        let mut writer = Writer::csv(out, self.columns.iter().cloned())?;
        writer.write(&self.matrix)?;
        writer.finish()
    }
}
