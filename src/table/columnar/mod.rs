//! Parquet and Arrow: tables that are stored by columns.

mod arrow;
mod batches;
mod messages;
mod parquet;
mod values;

pub(super) use arrow::arrow;
pub(super) use parquet::parquet;
