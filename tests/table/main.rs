//! Tables from and to files: what is read, what is refused and with which words, and what is written.

mod allocated;
#[cfg(feature = "parquet")]
mod columnar;
mod hostile;
mod mutated;
mod numpy;
mod text;

use std::path::PathBuf;

use liouville::Error;

/// A file of the folder of data.
fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/table").join(name)
}

/// That an error says all of this.
fn says(error: &Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}
