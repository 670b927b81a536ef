//! Tables: columns with names, in `f64`, from and to files.
//!
//! A [`Table`] is a matrix whose rows are called by name: it holds the dim x n matrix in which samples are
//! columns, so that [`Table::matrix`] costs nothing and a row of the file is contiguous in memory.
//!
//! ```
//! use liouville::table::Table;
//!
//! let text = "length,depth,species\n39.1,18.7,Adelie\n46.5,17.9,Gentoo\n";
//! let table = Table::reader_of(text.as_bytes()).except(["species"]).read()?;
//! assert_eq!(table.names().collect::<Vec<_>>(), ["length", "depth"]);
//! assert_eq!(table.matrix().shape(), (2, 2));
//! assert_eq!(table.row(1), [46.5, 17.9]);
//! # Ok::<(), liouville::Error>(())
//! ```
//!
//! # Files
//!
//! | ending | format | read | written |
//! | --- | --- | --- | --- |
//! | `.csv`, `.tsv`, `.txt`, `.dat` | text with separators | in chunks | in chunks |
//! | `.npy` | one NumPy array | in chunks | in chunks |
//! | `.npz` | NumPy arrays in an archive | whole | whole |
//! | `.parquet`, `.pq` | Parquet (feature `parquet`) | in chunks | no |
//! | `.arrow`, `.feather`, `.ipc` | Arrow IPC (feature `parquet`) | in chunks | no |
//!
//! [`Table::read`] and [`Table::write`] go by the ending; a [`Reader`] has every choice, and
//! [`Reader::chunks`] and [`Writer`] take a table that is larger than memory a few rows at a time. Files are
//! written beside the old one, synced and renamed: a write that fails leaves what was there.
//!
//! Whatever a file holds, reading it ends in a table or in an error that says where and why; memory is taken
//! for what is there, never for what a header declares.

mod choice;
mod chunks;
#[cfg(feature = "parquet")]
mod columnar;
mod format;
mod input;
mod intake;
mod missing;
mod named;
mod naming;
mod npy;
mod place;
mod reader;
mod select;
mod source;
mod text;
mod writer;

pub use crate::heading::Heading;
pub use choice::Header;
pub use chunks::Chunks;
pub use format::Format;
pub use named::Table;
pub use place::Place;
pub use reader::Reader;
pub use writer::Writer;
