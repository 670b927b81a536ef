//! The bytes of a text as lines that all end the same way, so that they can be counted.

use std::io::{self, Read};

use super::super::input::Input;

/// The most bytes between the beginnings of two rows: beyond, a quote was never closed.
const LONGEST_ROW: u64 = 64 << 20;

/// Bytes of which every line ends in a line feed, the last one, too; no mark of the encoding in front.
pub(super) struct Lines<'a> {
    head: Vec<u8>,
    /// How much of the head has been read.
    taken: usize,
    rest: Input<'a>,
    after_return: bool,
    /// The last three bytes that were given, and how many were.
    last: [u8; 3],
    given: u64,
    ended: bool,
    since_row: u64,
}

impl<'a> Lines<'a> {
    /// A text whose beginning, `head`, was read before.
    pub(super) fn new(head: Vec<u8>, rest: Input<'a>) -> Self {
        let (after_return, ended) = (false, false);
        let last = [b'\n'; 3];
        Self { head, taken: 0, rest, after_return, last, given: 0, ended, since_row: 0 }
    }

    /// Says that a row was read.
    pub(super) fn row_ended(&mut self) {
        self.since_row = 0;
    }

    /// Whether the text is over after as many bytes, and no quote after a line feed closes its last cell.
    pub(super) fn over_without_quote(&self, bytes: u64) -> bool {
        self.ended && self.given == bytes && &self.last != b"\n\"\n"
    }

    fn give(&mut self, bytes: &[u8]) -> usize {
        for &byte in &bytes[bytes.len().saturating_sub(3)..] {
            self.last = [self.last[1], self.last[2], byte];
        }
        self.given += bytes.len() as u64;
        bytes.len()
    }

    fn raw(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = &self.head[self.taken..];
        if !left.is_empty() {
            let count = left.len().min(into.len());
            into[..count].copy_from_slice(&left[..count]);
            self.taken += count;
            return Ok(count);
        }
        loop {
            match self.rest.read(into) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Writes the ends of lines as line feeds; how many bytes are left.
    fn normalise(&mut self, bytes: &mut [u8]) -> usize {
        if !self.after_return && !bytes.contains(&b'\r') {
            return bytes.len();
        }
        let mut kept = 0;
        for place in 0..bytes.len() {
            let byte = bytes[place];
            let second = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if !second {
                bytes[kept] = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
        }
        kept
    }
}

impl Read for Lines<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !into.is_empty() && !self.ended {
            let count = self.raw(into)?;
            if count == 0 {
                self.ended = true;
                if self.last[2] != b'\n' {
                    into[0] = b'\n';
                    return Ok(self.give(&into[..1]));
                }
                break;
            }
            self.since_row += count as u64;
            if self.since_row > LONGEST_ROW {
                let what = "a row of more than 64 MB: is a quote not closed?";
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            let kept = self.normalise(&mut into[..count]);
            if kept > 0 {
                return Ok(self.give(&into[..kept]));
            }
        }
        Ok(0)
    }
}
