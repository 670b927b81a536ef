//! Messages of an Arrow stream: memory is taken for what is there, not for what they declare.

use std::io::{self, Read};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::{CompressionType, Endianness, Message, root_as_message};
use arrow_schema::{Schema, SchemaRef};

use super::batches::{damaged, guarded};
use crate::error::{Error, Result};

/// What says that the length of a message follows; older files have the length alone.
const CONTINUED: [u8; 4] = [0xff; 4];

/// The head of a message, and what it is about.
struct Whole {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Whole {
    fn message(&self) -> Result<Message<'_>> {
        root_as_message(&self.head).map_err(damaged)
    }
}

/// Reads the next message; `None` where the stream ends.
fn next(input: &mut impl Read) -> io::Result<Option<Whole>> {
    let mut word = exactly(input, 4)?;
    if word == CONTINUED {
        word = exactly(input, 4)?;
    }
    let length = match word[..] {
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    };
    if length == 0 {
        return Ok(None);
    }
    let head = exactly(input, u64::from(length))?;
    let body = root_as_message(&head).ok().map(|message| message.bodyLength().cast_unsigned());
    let body = exactly(input, body.unwrap_or(0))?;
    Ok(Some(Whole { head, body }))
}

/// As many bytes, or all that there are.
fn exactly(input: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The columns of a stream, which its first message tells.
pub(super) fn schema(input: &mut impl Read) -> io::Result<Result<SchemaRef>> {
    let first = next(input)?;
    Ok(first.ok_or_else(|| Error::empty("there is no row")).and_then(|whole| {
        let schema = whole.message()?.header_as_schema();
        let schema = schema.ok_or_else(|| Error::format("does not begin with its columns"))?;
        if schema.endianness() != Endianness::Little {
            return Err(Error::format("has numbers whose upper bytes come first"));
        }
        guarded(|| try_fb_to_schema(schema))?.map(Schema::into).map_err(damaged)
    }))
}

/// Some columns of the batches of a stream whose columns were read.
pub(super) struct Messages<R> {
    pub(super) input: R,
    pub(super) schema: SchemaRef,
    pub(super) chosen: Vec<usize>,
}

impl<R: Read> Messages<R> {
    fn batch(&self, whole: Whole) -> Result<Option<RecordBatch>> {
        let Whole { body, .. } = &whole;
        let message = whole.message()?;
        if (body.len() as u64) < message.bodyLength().cast_unsigned() {
            return Err(Error::format("is cut off within a batch"));
        }
        // Dictionaries belong to columns of text.
        let Some(batch) = message.header_as_record_batch() else { return Ok(None) };
        if !possible(batch, body) {
            return Err(Error::format("declares more bytes than can have been packed"));
        }
        let version = message.version();
        let bytes = Buffer::from(body.as_slice());
        let none = Default::default();
        let (schema, chosen) = (self.schema.clone(), Some(&self.chosen[..]));
        let read = guarded(|| read_record_batch(&bytes, batch, schema, &none, chosen, &version))?;
        read.map(Some).map_err(damaged)
    }
}

impl<R: Read> Iterator for Messages<R> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let whole = match next(&mut self.input) {
                Ok(whole) => whole?,
                Err(cause) => return Some(Err(damaged(cause))),
            };
            if let Some(batch) = self.batch(whole).transpose() {
                return Some(batch);
            }
        }
    }
}

/// Whether the packed buffers of a batch can have the sizes that stand in front of them: LZ4 packs at most 255
/// bytes into one, Zstandard a block of 2^17 into four.
fn possible(batch: arrow_ipc::RecordBatch<'_>, body: &[u8]) -> bool {
    let ratio = match batch.compression().map(|packed| packed.codec()) {
        None => return true,
        Some(CompressionType::LZ4_FRAME) => 255,
        Some(_) => 1 << 15,
    };
    batch.buffers().into_iter().flatten().all(|buffer| {
        let bytes = usize::try_from(buffer.offset()).ok().and_then(|start| body.get(start..));
        let length = usize::try_from(buffer.length()).ok();
        let bytes = bytes.zip(length).and_then(|(bytes, length)| bytes.get(..length));
        match bytes.map(<[u8]>::split_first_chunk::<8>) {
            Some(Some((declared, packed))) => {
                i64::from_le_bytes(*declared) <= (packed.len() as i64).saturating_mul(ratio)
            }
            Some(None) => bytes.is_some_and(<[u8]>::is_empty),
            None => false,
        }
    })
}
