//! How a table is read: what is said beforehand, and what is found.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::choice::{Choice, Header};
use super::chunks::Chunks;
use super::format::{Format, of_file};
use super::input::Origin;
use super::intake::Intake;
use super::missing::{Gaps, Words};
use super::named::Table;
use super::npy;
use super::source::{Asked, Source, within};
use super::text::Text;
use crate::error::{Error, Result};
use crate::heading::Heading;

/// How a table is read; every choice may be left out.
///
/// ```no_run
/// use liouville::table::{Header, Reader};
///
/// let table = Reader::new("penguins.csv")
///     .columns(["bill_length_mm", "body_mass_g"])
///     .missing(["-999"])
///     .leave_out_missing()
///     .read()?;
/// println!("{table}, the first from {}", table.place(0));
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct Reader<'a> {
    name: PathBuf,
    bytes: Option<Box<dyn Read + 'a>>,
    format: Option<Format>,
    asked: Asked,
    gaps: Gaps,
}

impl<'a> Reader<'a> {
    /// Reads this file, in the format by which its ending goes.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let name = path.as_ref().to_path_buf();
        Self { name, bytes: None, format: None, asked: Asked::default(), gaps: Gaps::default() }
    }

    /// Reads these bytes, such as the standard input. CSV and NPY are read as they come; what can only be
    /// read from its end, Parquet and archives, is taken into memory first.
    pub fn over(bytes: impl Read + 'a, format: Format) -> Self {
        let reader = Self::new("the input").format(format);
        Self { bytes: Some(Box::new(bytes)), ..reader }
    }

    /// The format, whatever the ending.
    pub fn format(self, format: Format) -> Self {
        Self { format: Some(format), ..self }
    }

    /// Whether the first row of a text is names: found, unless it is said.
    pub fn header(mut self, header: Header) -> Self {
        self.asked.header = header;
        self
    }

    /// The names of all columns of the file, in place of those that it has.
    pub fn names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.asked.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Reads these columns, in this order. What the others hold does not matter.
    pub fn columns(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.asked.choice = Choice::Only(names.into_iter().map(Into::into).collect());
        self
    }

    /// Reads all columns but these.
    pub fn except(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.asked.choice = Choice::Except(names.into_iter().map(Into::into).collect());
        self
    }

    /// What separates the cells of a text: a comma, a semicolon or a tab is found unless it is said.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.asked.delimiter = Some(delimiter);
        self
    }

    /// The array of an archive that is read, if it holds more than one.
    pub fn array(mut self, name: impl Into<String>) -> Self {
        self.asked.array = Some(name.into());
        self
    }

    /// More words for a missing value, whatever their case. Usual are an empty cell, `NA`, `N/A`, `#N/A`,
    /// `<NA>`, `NaN`, `-NaN`, `null`, `none`, `nil`, `?`, `-` and `.`; a word that is a number, such as
    /// `-999`, is compared as a number, in every format.
    pub fn missing(mut self, words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.asked.words.add(words);
        self
    }

    /// The words for a missing value beside an empty cell, in place of the usual ones.
    pub fn missing_only(mut self, words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.asked.words = Words::only_empty();
        self.missing(words)
    }

    /// Leaves out rows in which a value that is read is missing or infinite; [`Table::left_out`] counts them.
    /// Without a word such rows are an error that counts them and names the first.
    pub fn leave_out_missing(self) -> Self {
        Self { gaps: Gaps::LeftOut, ..self }
    }

    /// Keeps rows with missing values, which become NaN, and infinities as they are.
    pub fn keep_missing(self) -> Self {
        Self { gaps: Gaps::Kept, ..self }
    }

    /// Reads the whole table.
    ///
    /// # Errors
    ///
    /// If the file cannot be read ([`is_file`](Error::is_file)), does not hold a table of numbers
    /// ([`is_format`](Error::is_format), with line and column), has missing values
    /// ([`is_non_finite`](Error::is_non_finite)), no row ([`is_empty`](Error::is_empty)) or not the columns
    /// that are asked for ([`is_setting`](Error::is_setting)).
    pub fn read(self) -> Result<Table> {
        let name = self.name.clone();
        let (mut source, mut intake, columns) = self.open()?;
        source.fill(&mut intake, usize::MAX)?;
        within(&name, intake.take(&columns, true))
    }

    /// Reads `rows` rows at a time, so that a table may be larger than memory.
    ///
    /// ```
    /// use liouville::table::Table;
    ///
    /// let text = "x,y\n1,2\n3,4\n5,6\n";
    /// let mut sum = 0.0;
    /// for chunk in Table::reader_of(text.as_bytes()).chunks(2)? {
    ///     sum += chunk?.matrix().sum();
    /// }
    /// assert_eq!(sum, 21.0);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `rows` is zero, or the beginning of the file is not that of a table.
    pub fn chunks(self, rows: usize) -> Result<Chunks<'a>> {
        if rows == 0 {
            return Err(Error::setting("chunks of no rows"));
        }
        let name = self.name.clone();
        let (source, intake, columns) = self.open()?;
        Ok(Chunks::new(name, source, intake, columns, rows))
    }

    fn open(self) -> Result<(Box<dyn Source + 'a>, Intake, Vec<Heading>)> {
        let Self { name, bytes, format, asked, gaps } = self;
        let format = format.map_or_else(|| of_file(&name), Ok)?;
        let (name, input) = Origin { name, bytes }.open()?;
        let source: Box<dyn Source + 'a> = match format {
            Format::Csv => Box::new(Text::open(&name, input, &asked)?),
            Format::Npy => npy::open(&name, input, &asked)?,
            Format::Npz => npy::open_archive(&name, input, &asked)?,
            #[cfg(feature = "parquet")]
            Format::Parquet => super::columnar::parquet(&name, input, &asked)?,
            #[cfg(feature = "parquet")]
            Format::Arrow => super::columnar::arrow(&name, input, &asked)?,
        };
        let columns: Vec<Heading> =
            source.names().iter().map(|name| name.as_str().into()).collect();
        let intake = Intake::new(columns.len(), source.counted(), asked.words, gaps);
        Ok((source, intake, columns))
    }
}

impl Table {
    /// Reads a file in the format by which its [ending](super) goes; a [`Reader`] has every choice.
    ///
    /// # Errors
    ///
    /// As for [`Reader::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Reader::new(path).read()
    }

    /// Reads a text from memory or from any other source.
    ///
    /// ```
    /// use liouville::table::Table;
    ///
    /// let table = Table::from_csv("x;y\n1;2.5\n\n3;4\n".as_bytes())?;
    /// assert_eq!(table.column("y")?.as_slice(), [2.5, 4.0]);
    /// assert_eq!(table.place(1).to_string(), "line 4");
    ///
    /// let error = Table::from_csv("x,y\n1,2\n3,four\n".as_bytes()).unwrap_err();
    /// assert!(error.is_format());
    /// assert!(error.to_string().contains("line 3, column \"y\": \"four\" is no number"), "{error}");
    ///
    /// let error = Table::from_csv("x,y\n1,NA\n3,4\n".as_bytes()).unwrap_err();
    /// assert!(error.is_non_finite());
    /// assert!(error.to_string().contains("1 of 2 rows has a missing"), "{error}");
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Reader::read`].
    pub fn from_csv(text: impl Read) -> Result<Self> {
        Self::reader_of(text).read()
    }

    /// A reader of a text from memory or from any other source.
    pub fn reader_of<'a>(text: impl Read + 'a) -> Reader<'a> {
        Reader::over(text, Format::Csv)
    }
}
