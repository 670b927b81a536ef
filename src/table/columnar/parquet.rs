//! Tables from Parquet files, a batch of rows at a time.

use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;

use super::super::input::Input;
use super::super::source::{Asked, Source, read, within};
use super::batches::{Batches, chosen, damaged, guarded};
use crate::error::Result;

/// Rows that are decoded at once.
const BATCH: usize = 4096;

/// The rows of a Parquet file; what is no file is taken into memory.
pub(in super::super) fn parquet<'a>(
    name: &Path,
    input: Input<'a>,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    match input {
        Input::File(file, _) => within(name, open(name, file, asked)),
        Input::Stream(mut stream) => {
            let mut bytes = Vec::new();
            read(name, stream.read_to_end(&mut bytes))?;
            within(name, open(name, Bytes::from(bytes), asked))
        }
    }
}

fn open<'a>(
    name: &Path,
    input: impl ChunkReader + 'static,
    asked: &Asked,
) -> Result<Box<dyn Source + 'a>> {
    let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new(input))?.map_err(damaged)?;
    let (places, names) = chosen(builder.schema(), asked)?;
    // A projection keeps the order of the file: the chosen columns are counted anew.
    let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().copied());
    let rank = |place: &usize| places.iter().filter(|other| *other < place).count();
    let ranks = places.iter().map(rank).collect();
    let builder = builder.with_projection(mask).with_batch_size(BATCH);
    let reader: ParquetRecordBatchReader = guarded(|| builder.build())?.map_err(damaged)?;
    let batches = reader.map(|batch| batch.map_err(damaged));
    Ok(Box::new(Batches::new(name, Box::new(batches), ranks, names)))
}
