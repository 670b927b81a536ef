//! The header of an array: what its numbers are, and how many there are of them.

use std::io::Read;

use super::literal::Literal;
use super::number::{Number, refusal};
use crate::error::{Error, Result};

/// The longest header that is read; NumPy's own have some hundred bytes.
const LONGEST: usize = 1 << 20;

/// What the elements of an array are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Elements {
    Numbers(Number),
    /// Numbers with names, and the size of all of them.
    Fields(Vec<Field>, usize),
    /// Texts of as many signs, each of four bytes, which may have the upper one first.
    Texts {
        signs: usize,
        big: bool,
    },
}

/// A number with a name, and its place in the bytes of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) number: Number,
    pub(super) at: usize,
}

/// What stands in front of an array.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub(super) elements: Elements,
    pub(super) fortran: bool,
    pub(super) shape: Vec<u64>,
}

impl Header {
    /// Reads the header, and leaves the rest. The inner error says what is wrong with it.
    pub(super) fn read(input: &mut impl Read) -> std::io::Result<Result<Self>> {
        let mut start = [0; 8];
        let got = fill(input, &mut start)?;
        if got < 8 || !start.starts_with(b"\x93NUMPY") {
            return Ok(Err(Error::format("is no NumPy array: it does not begin like one")));
        }
        let size = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => {
                let what = format!("is a NumPy array of version {version}; 1 to 3 are known");
                return Ok(Err(Error::format(what)));
            }
        };
        let mut length = [0; 4];
        let got = fill(input, &mut length[..size])?;
        let length = u32::from_le_bytes(length) as usize;
        if got < size || length > LONGEST {
            return Ok(Err(Error::format(format!("declares a header of {length} bytes"))));
        }
        let mut text = Vec::new();
        input.by_ref().take(length as u64).read_to_end(&mut text)?;
        Ok(if text.len() < length { Err(cut(&text)) } else { Self::parse(&text) })
    }

    fn parse(text: &[u8]) -> Result<Self> {
        let wrong = |what: &str| {
            let start = String::from_utf8_lossy(&text[..text.len().min(80)]).into_owned();
            Error::format(format!("has a header {what}: {start:?}"))
        };
        let values = Literal::parse(text).ok_or_else(|| wrong("that is no dictionary"))?;
        let entry = |key| values.entry(key).ok_or_else(|| wrong(&format!("without {key:?}")));
        let Literal::Truth(fortran) = *entry("fortran_order")? else {
            return Err(wrong("whose order is neither true nor false"));
        };
        let shape = match entry("shape")? {
            Literal::List(sizes) => sizes.iter().map(whole).collect::<Option<Vec<u64>>>(),
            _ => None,
        };
        let shape = shape.ok_or_else(|| wrong("whose shape is no list of sizes"))?;
        Ok(Self { elements: elements(entry("descr")?)?, fortran, shape })
    }

    /// The number of bytes of an element.
    pub(super) fn size(&self) -> usize {
        match &self.elements {
            Elements::Numbers(number) => number.size(),
            Elements::Fields(_, size) => *size,
            Elements::Texts { signs, .. } => signs.saturating_mul(4),
        }
    }
}

/// Reads until the bytes are full or the input ends; how many there are.
fn fill(input: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < bytes.len() {
        match input.read(&mut bytes[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(got)
}

fn cut(text: &[u8]) -> Error {
    Error::format(format!("ends within its header, after {} bytes of it", text.len()))
}

fn whole(value: &Literal) -> Option<u64> {
    match value {
        Literal::Whole(size) => Some(*size),
        _ => None,
    }
}

fn elements(description: &Literal) -> Result<Elements> {
    match description {
        Literal::Text(text) => match (Number::of(text), texts(text)) {
            (Some(number), _) => Ok(Elements::Numbers(number)),
            (None, Some(texts)) => Ok(texts),
            (None, None) => Err(Error::format(refusal(text))),
        },
        Literal::List(fields) => record(fields),
        _ => Err(Error::format("has a dtype that is not read")),
    }
}

/// `<U7`: texts of seven signs.
fn texts(description: &str) -> Option<Elements> {
    let signs = description.strip_prefix(['<', '>'])?.strip_prefix('U')?.parse().ok()?;
    Some(Elements::Texts { signs, big: description.starts_with('>') })
}

fn record(fields: &[Literal]) -> Result<Elements> {
    let (mut found, mut at) = (Vec::new(), 0usize);
    for field in fields {
        let Literal::List(parts) = field else { return Err(no_field(field)) };
        let [Literal::Text(name), Literal::Text(description)] = &parts[..] else {
            return Err(no_field(field));
        };
        let size = match (Number::of(description), padding(description)) {
            (Some(number), _) => {
                found.push(Field { name: name.clone(), number, at });
                number.size()
            }
            (None, Some(bytes)) if name.is_empty() => bytes,
            _ => return Err(Error::format(refusal(description)).during(format!("field {name:?}"))),
        };
        at = at.checked_add(size).ok_or_else(|| no_field(field))?;
    }
    Ok(Elements::Fields(found, at))
}

/// `|V4`: four bytes of nothing.
fn padding(description: &str) -> Option<usize> {
    description.strip_prefix("|V")?.parse().ok()
}

fn no_field(field: &Literal) -> Error {
    let mut text = format!("{field:?}");
    text.truncate(text.char_indices().nth(80).map_or(text.len(), |(end, _)| end));
    Error::format(format!("has a field that is not one number with a name: {text}"))
}
