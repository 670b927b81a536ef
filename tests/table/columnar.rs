//! Parquet and Arrow files that pyarrow and polars have written.

use std::fs;

use liouville::table::{Format, Reader, Table};

use super::allocated::largest;
use super::{data, mutated, says};

const FILES: [(&str, Format); 3] = [
    ("pyarrow.parquet", Format::Parquet),
    ("pyarrow.feather", Format::Arrow),
    ("stream.arrow", Format::Arrow),
];

#[test]
fn columns_of_every_kind_are_read() {
    for (name, format) in FILES {
        let path = data(name);
        let names = ["f64", "i64", "u8", "f32", "bool", "f16"];
        let table = Reader::new(&path).columns(names).read().expect("a table");
        assert_eq!(table.names().collect::<Vec<_>>(), names);
        assert_eq!(table.row(0), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], "{name}");
        assert_eq!(table.row(2), [7.0, 100.0, 100.0, 7.0, 1.0, 100.0], "{name}");
        let bytes = fs::read(&path).expect("readable");
        assert_eq!(Reader::over(&bytes[..], format).columns(names).read().expect("a table"), table);
        let chunks = Reader::new(&path).columns(names).chunks(2).expect("chunks");
        let rows: Vec<usize> = chunks.map(|chunk| chunk.expect("a chunk").rows()).collect();
        assert_eq!(rows, [2, 1]);
        let error = Table::read(&path).expect_err("text");
        says(&error, &[name, "column \"text\" does not hold numbers", "except"]);
        let error = Reader::new(&path).columns(["i64", "gaps"]).read().expect_err("missing");
        says(&error, &["1 of 3 rows has a missing", "row 1, column \"gaps\""]);
        let left =
            Reader::new(&path).columns(["i64", "gaps"]).leave_out_missing().read().expect("rows");
        assert_eq!((left.matrix().as_slice(), left.left_out()), (&[0.0, 1.0, 100.0, 7.0][..], 1));
        let nothing = Reader::new(&path).columns(["nothing"]).read().expect_err("no numbers");
        says(&nothing, &["\"nothing\" does not hold numbers but Null"]);
    }
    let polars = Reader::new(data("polars.parquet")).leave_out_missing().read().expect("a table");
    assert_eq!(polars.matrix().as_slice(), [0.0, 1.0, 1.0, 100.0, 7.0, 7.0]);
}

#[test]
fn mutated_files_end_in_a_table_or_an_error() {
    for (name, format) in FILES {
        let corpus = [fs::read(data(name)).expect("readable")];
        for number in 0..1000 {
            let bytes = mutated::file(&corpus, number);
            let others = ["text", "nothing"];
            let reader = Reader::over(&bytes[..], format).except(others).leave_out_missing();
            let (read, piece) = largest(|| reader.read());
            if format == Format::Arrow {
                assert!(piece <= 4 << 20, "{name} {number}: {piece} bytes at once");
            }
            match read {
                Ok(table) => assert!(table.all_finite().is_ok()),
                Err(error) => assert!(!error.is_file() && !error.is_shape(), "{number}: {error:?}"),
            }
        }
    }
}
