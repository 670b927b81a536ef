//! Files with mistakes end in a table or in an error of a kind: no panic, no memory for what is declared.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use liouville::table::{Format, Reader, Table};

use super::allocated::largest;
use super::{data, mutated, says};

/// What a reader may ask for at once when a file has a few thousand bytes: blocks of its own, and no more.
const PIECE: usize = 4 << 20;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let entries =
        fs::read_dir(folder).expect("a corpus").map(|entry| entry.expect("a file").path());
    let mut paths: Vec<PathBuf> = entries.collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("readable")).collect()
}

fn files(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| fs::read(data(name)).expect("readable")).collect()
}

fn whole(bytes: &[u8], format: Format) -> liouville::Result<Table> {
    Reader::over(bytes, format).read()
}

fn in_chunks(bytes: &[u8], format: Format, rows: usize) -> liouville::Result<Vec<f64>> {
    let mut values = Vec::new();
    for chunk in Reader::over(bytes, format).leave_out_missing().chunks(rows)? {
        values.extend_from_slice(chunk?.matrix().as_slice());
    }
    Ok(values)
}

/// How many of the mutated files are tables all the same.
fn survive(corpus: &[Vec<u8>], format: Format, numbers: std::ops::Range<u64>) -> u64 {
    let mut tables = 0;
    for number in numbers {
        let bytes = mutated::file(corpus, number);
        let begun = Instant::now();
        let ((read, parts), piece) = largest(|| {
            let rows = 1 + number as usize % 5;
            (whole(&bytes, format), in_chunks(&bytes, format, rows))
        });
        let told = || format!("{format:?} {number}: {:?}", String::from_utf8_lossy(&bytes));
        assert!(piece <= PIECE + 64 * bytes.len(), "{piece} bytes at once for {}", told());
        assert!(begun.elapsed() < Duration::from_secs(5), "too long: {}", told());
        match read {
            Ok(table) => {
                tables += 1;
                assert!(table.rows() > 0 && table.all_finite().is_ok(), "{}", told());
                assert_eq!(parts.expect("a table, too"), table.matrix().as_slice(), "{}", told());
            }
            Err(error) => {
                let known = error.is_format()
                    || error.is_empty()
                    || error.is_non_finite()
                    || error.is_setting();
                assert!(known, "{error:?}: {}", told());
                assert!(error.to_string().len() < 4000, "{}", told());
            }
        }
    }
    tables
}

#[test]
fn mutated_files_end_in_a_table_or_an_error() {
    let csv = survive(&corpus("csv"), Format::Csv, 0..4000);
    let npy = survive(&corpus("npy"), Format::Npy, 0..4000);
    let npz = survive(&files(&["named.npz", "kinds.npz"]), Format::Npz, 0..1000);
    // Some mistakes do not matter; most do.
    assert!(
        (1..4000).contains(&csv) && (1..4000).contains(&npy) && npz < 1000,
        "{csv} {npy} {npz}"
    );
}

/// `LIOUVILLE_MUTATIONS=1000000 cargo test -p liouville-tests --test table -- --ignored --nocapture`
#[test]
#[ignore = "minutes long"]
fn very_many_mutated_files() {
    let told = std::env::var("LIOUVILLE_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let count: u64 = told.unwrap_or(100_000);
    for (name, format) in [("csv", Format::Csv), ("npy", Format::Npy)] {
        let begun = Instant::now();
        let tables = survive(&corpus(name), format, 0..count);
        println!("{name}: {count} files, {tables} tables, {:.0?}", begun.elapsed());
    }
}

/// An NPY file whose header says what it likes.
fn declared(header: &str) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend([0; 64]);
    bytes
}

#[test]
fn sizes_are_believed_when_they_are_there() {
    let shape = |shape: &str| {
        declared(&format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"))
    };
    let turned = |shape: &str| {
        declared(&format!("{{'descr': '<f8', 'fortran_order': True, 'shape': {shape}, }}"))
    };
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    let mut patient = b"\x93NUMPY\x02\x00".to_vec();
    patient.extend((1u32 << 20).to_le_bytes());
    for (bytes, word) in [
        (shape("(4000000000000, 2)"), "cut off"),
        (shape("(2, 4000000000000)"), "cut off"),
        (shape("(1, 1000000000)"), "cut off"),
        (turned("(4000000000000, 2)"), "cut off"),
        (turned("(2, 4000000000000)"), "cut off"),
        (shape("(18446744073709551615, 2)"), "impossible shape"),
        (shape("(2, 18446744073709551615)"), "impossible shape"),
        (shape("(4294967296, 4294967296)"), "impossible shape"),
        (shape("(0, 1000000000000)"), "no row"),
        (shape("(1000000000000, 0)"), "no column"),
        (shape("(4, 1)"), "more than its array"),
        (shape("(-1, 2)"), "header"),
        (declared(&"[".repeat(60_000)), "no dictionary"),
        (declared("{'descr': '<U4000000000', 'fortran_order': False, 'shape': (2,), }"), ""),
        (
            declared(
                "{'descr': [('', '|V18446744073709551615'), ('a', '<f8')], 'fortran_order': False, 'shape': (2,), }",
            ),
            "",
        ),
        (long, "header of 4294967295 bytes"),
        (patient, "ends within its header"),
    ] {
        let (read, piece) = largest(|| whole(&bytes, Format::Npy));
        let error = read.expect_err("no table");
        assert!(error.is_format() || error.is_empty(), "{error:?}");
        says(&error, &[word]);
        assert!(piece <= PIECE, "{piece} bytes: {error}");
    }
}
