//! Arrays that NumPy has written, of every kind of number.

use std::fs;

use liouville::table::{Format, Reader, Table};

use super::{data, says};

/// What every array of the folder holds.
const VALUES: [f64; 6] = [0.0, 1.0, 2.0, 3.0, 100.0, 7.0];

#[test]
fn arrays_of_every_kind_are_read() {
    let path = data("kinds.npz");
    let error = Table::read(&path).expect_err("many arrays");
    assert!(error.is_setting(), "{error}");
    says(&error, &["f2_little", "say which by `array`"]);
    let kinds = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"];
    let named =
        kinds.iter().flat_map(|kind| ["little", "big"].map(|order| format!("{kind}_{order}")));
    let others = ["fortran", "fortran_big", "record", "padded"].map(str::to_string);
    for array in named.chain(others) {
        let table = Reader::new(&path).array(&array).read().expect("an array");
        assert_eq!(table.matrix().as_slice(), VALUES, "{array}");
        for rows in 1..4 {
            let chunks = Reader::new(&path).array(&array).chunks(rows).expect("chunks");
            let tables: Vec<Table> = chunks.map(|chunk| chunk.expect("a chunk")).collect();
            let parts = tables.iter().flat_map(|table| table.matrix().as_slice()).copied();
            assert_eq!(parts.collect::<Vec<_>>(), VALUES, "{array}");
        }
        let second = if ["record", "padded"].contains(&array.as_str()) { "b" } else { "x1" };
        let column = Reader::new(&path).array(&array).columns([second]).read().expect("a column");
        assert_eq!(column.matrix().as_slice(), [1.0, 3.0, 7.0], "{array}");
    }
    let truths = Reader::new(&path).array("bool").read().expect("an array");
    assert_eq!(truths.matrix().as_slice(), [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    let one = Reader::new(&path).array("one_dimension").read().expect("an array");
    assert_eq!((one.matrix().as_slice(), one.dim()), (&[0.0, 2.0, 100.0][..], 1));
    let missing = Reader::new(&path).array("missing").read().expect_err("no such array");
    assert!(missing.is_setting(), "{missing}");
}

#[test]
fn an_archive_may_name_its_columns() {
    let table = Table::read(data("named.npz")).expect("one array");
    assert_eq!(table.names().collect::<Vec<_>>(), ["length", "größe"]);
    assert_eq!(table.matrix().as_slice(), VALUES);
    let chosen = Reader::new(data("named.npz")).columns(["größe"]).read().expect("a column");
    assert_eq!(chosen.matrix().as_slice(), [1.0, 3.0, 7.0]);
}

#[test]
fn what_is_no_table_is_refused_by_name() {
    for (array, word) in [
        ("text", "text"),
        ("complex", "complex"),
        ("objects", "objects of Python"),
        ("dates", "dates"),
        ("long", "not portable"),
        ("cube", "3 dimensions"),
        ("scalar", "0 dimensions"),
        ("no_rows", "no row"),
        ("no_columns", "no column"),
        ("nested", "not one number"),
    ] {
        let error = Reader::new(data("others.npz")).array(array).read().expect_err("no table");
        assert!(error.is_format() || error.is_empty(), "{array}: {error}");
        says(&error, &["others.npz", word]);
    }
}

#[test]
fn arrays_of_every_version_are_read() {
    for version in 1..=3 {
        let path = data(&format!("version{version}.npy"));
        let table = Table::read(&path).expect("an array");
        assert_eq!(table.matrix().as_slice(), VALUES);
        let bytes = fs::read(&path).expect("readable");
        let piped = Reader::over(&bytes[..], Format::Npy).read().expect("an array");
        assert_eq!(piped, table);
        let cut = Reader::over(&bytes[..bytes.len() - 1], Format::Npy).read().expect_err("cut");
        says(&cut, &["cut off", "47 bytes for 3 rows of 16 bytes, which are 48"]);
        let long = [&bytes[..], b"!"].concat();
        says(
            &Reader::over(&long[..], Format::Npy).read().expect_err("long"),
            &["more than its array"],
        );
    }
}

#[test]
fn what_is_written_has_the_bytes_of_numpy() {
    let path = std::env::temp_dir().join(format!("liouville-numpy-{}.npy", std::process::id()));
    let table = Table::from_rows(["a", "b"], VALUES.to_vec()).expect("rows");
    table.write(&path).expect("written");
    let (ours, numpy) =
        (fs::read(&path).expect("ours"), fs::read(data("version1.npy")).expect("numpy's"));
    fs::remove_file(&path).expect("ours");
    assert_eq!(ours, numpy);
}

#[test]
fn missing_values_of_an_array_are_named_by_row() {
    let path = std::env::temp_dir().join(format!("liouville-gaps-{}.npy", std::process::id()));
    let table =
        Table::from_rows(["a", "b"], vec![1.0, 2.0, f64::NAN, 3.0, 4.0, f64::INFINITY, 5.0, -9.0]);
    table.expect("rows").write(&path).expect("written");
    let error = Table::read(&path).expect_err("missing");
    says(&error, &["2 of 4 rows have missing", "row 1, column \"x0\" (NaN)"]);
    let kept = Reader::new(&path).missing(["-9"]).leave_out_missing().read().expect("one row");
    fs::remove_file(&path).expect("ours");
    assert_eq!((kept.matrix().as_slice(), kept.left_out()), (&[1.0, 2.0][..], 3));
}
