//! How much is asked for: more than any disk holds is refused before any work.

use std::path::PathBuf;

use liouville::table::Format;

use super::out::counted;
use super::stop::{Done, usage};

/// The most bytes that one command writes.
const MOST: f64 = 1e13;
/// About as many bytes a number takes as text, and in an array.
const TEXT: f64 = 20.0;
const ARRAY: f64 = 8.0;

/// An error if so many rows are more than can be meant.
pub fn check(rows: u128, columns: usize, output: Option<&PathBuf>) -> Done {
    let is_array = output.is_some_and(|path| matches!(Format::of(path), Ok(Format::Npy)));
    let (each, form) = if is_array { (ARRAY, "an array") } else { (TEXT, "text") };
    let bytes = rows as f64 * columns as f64 * each;
    if bytes <= MOST {
        return Ok(());
    }
    let most = (MOST / (columns as f64 * each)).floor();
    Err(usage(format!(
        "{} of {} would be about {} as {form}: ask for {most:e} rows at most",
        counted(rows, "row"),
        counted(columns as u128, "column"),
        shown(bytes)
    )))
}

/// "36 EB".
fn shown(bytes: f64) -> String {
    let units = [(1e12, "TB"), (1e15, "PB"), (1e18, "EB"), (1e21, "ZB")];
    let (size, unit) = units.into_iter().rev().find(|(size, _)| bytes >= *size).unwrap_or(units[0]);
    format!("{:.0} {unit}", bytes / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_disk_holds_is_refused_with_its_size() {
        assert!(check(1_000_000_000, 2, None).is_ok());
        assert!(check(1_000_000_000_000, 1, Some(&"a.npy".into())).is_ok());
        let Err(super::super::stop::Stop::Usage(words)) = check(10u128.pow(18), 2, None) else {
            panic!("refused")
        };
        assert!(words.contains("40 EB as text") && words.contains("2.5e11 rows"), "{words}");
        assert!(check(u128::MAX, usize::MAX, None).is_err());
    }
}
