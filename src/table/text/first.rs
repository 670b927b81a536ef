//! The beginning of a text: whether it is one, what separates its cells, and whether its first row is names.

use std::io::{self, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::super::input::Input;
use super::super::missing::Words;
use super::cell::number;
use crate::error::{Error, Result};
use crate::files::begin_as_safetensors;

/// As much of the beginning as is looked at.
const HEAD: u64 = 1 << 16;

/// How many rows of the beginning say what separates cells.
const LOOKED_AT: usize = 50;

/// The first bytes of a file.
pub(super) fn head(input: &mut Input<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same bytes without a mark of the encoding, or why they are no text.
pub(super) fn text(mut head: Vec<u8>) -> Result<Vec<u8>> {
    const OTHERS: [(&[u8], &str); 7] = [
        (b"\xff\xfe", "text in UTF-16: save it as UTF-8"),
        (b"\xfe\xff", "text in UTF-16: save it as UTF-8"),
        (b"\x1f\x8b", "packed by gzip: unpack it first"),
        (b"PK\x03\x04", "a ZIP archive (or a spreadsheet): save it as CSV, or call it .npz"),
        (b"\x93NUMPY", "a NumPy array: call it .npy, or say so by `format`"),
        (b"PAR1", "a Parquet file: call it .parquet, or say so by `format`"),
        (b"ARROW1", "an Arrow file: call it .arrow, or say so by `format`"),
    ];
    if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3);
    }
    if begin_as_safetensors(&head) {
        let what = "is a model, or other arrays of safetensors, and not a table: give a table here";
        return Err(Error::format(what));
    }
    if let Some((_, what)) = OTHERS.iter().find(|(start, _)| head.starts_with(start)) {
        return Err(Error::format(format!("is no CSV but {what}")));
    }
    match head.iter().position(|&byte| byte == 0) {
        Some(place) => Err(Error::format(format!("is no text: byte {place} is zero"))),
        None => Ok(head),
    }
}

/// What separates the cells of the first lines: that which divides all of them into equally many, and of
/// which most cells are numbers; a comma if in doubt.
pub(super) fn delimiter(head: &[u8]) -> u8 {
    let cut = head.len() as u64 + 3 >= HEAD;
    let end = head.iter().rposition(|byte| b"\r\n".contains(byte)).filter(|_| cut);
    let lines = &head[..end.unwrap_or(head.len())];
    let mut best = (b',', Score::of(lines, b','));
    for other in [b';', b'\t'] {
        let score = Score::of(lines, other);
        if score > best.1 {
            best = (other, score);
        }
    }
    best.0
}

/// How well the first lines are divided: the better in what stands first.
#[derive(PartialEq, PartialOrd)]
struct Score {
    even: bool,
    numbers: usize,
    cells: usize,
}

impl Score {
    fn of(lines: &[u8], delimiter: u8) -> Self {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter);
        let (mut score, mut width) = (Self { even: true, numbers: 0, cells: 0 }, None);
        for record in builder.from_reader(lines).byte_records().take(LOOKED_AT).flatten() {
            score.even &= record.len() > 1 && *width.get_or_insert(record.len()) == record.len();
            score.numbers += record.iter().filter(|cell| number(cell).is_some()).count();
            score.cells += record.len();
        }
        score
    }
}

/// A reader of rows of any lengths.
pub(super) fn reader<R: Read>(input: R, delimiter: u8) -> csv::Reader<R> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .terminator(Terminator::Any(b'\n'))
        .buffer_capacity(1 << 17)
        .from_reader(input)
}

/// Whether a first row belongs to the data: its cells are numbers, at least one, or missing.
pub(super) fn is_data(record: &ByteRecord, words: &Words) -> bool {
    let mut numbers = 0;
    let all = record.iter().all(|cell| {
        let is_number = number(cell).is_some_and(|value| !value.is_nan());
        numbers += usize::from(is_number);
        is_number || number(cell).is_some() || words.contain(cell)
    });
    all && numbers > 0 && !numbered(record)
}

/// The names that pandas gives to columns without any: nothing for the index, then 0, 1, 2, ...
fn numbered(record: &ByteRecord) -> bool {
    let mut cells = record.iter();
    cells.next().is_some_and(<[u8]>::is_empty)
        && cells.enumerate().all(|(place, cell)| cell == place.to_string().as_bytes())
}
