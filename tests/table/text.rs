//! Text: every dress of the same rows, and every mistake in its words; and files that are written.

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use liouville::Error;
use liouville::table::{Format, Header, Heading, Place, Reader, Table, Writer};
use nalgebra::{DMatrix, dmatrix};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::says;

/// A folder of its own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("liouville-table-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn csv(text: impl AsRef<[u8]>) -> Table {
    Table::from_csv(text.as_ref()).expect("a table")
}

fn refused(text: impl AsRef<[u8]>) -> Error {
    Table::from_csv(text.as_ref()).expect_err("no table")
}

fn reader(text: &str) -> Reader<'_> {
    Table::reader_of(text.as_bytes())
}

fn names(table: &Table) -> Vec<&str> {
    table.names().collect()
}

#[test]
fn the_same_rows_in_every_dress() {
    let expected = csv("x,y\n1,2\n3,4.5\n");
    assert_eq!(expected.matrix(), &dmatrix![1.0, 3.0; 2.0, 4.5]);
    for text in [
        "x,y\r\n1,2\r\n3,4.5\r\n",
        "x,y\r1,2\r3,4.5",
        "x,y\n1,2\n3,4.5",
        "\u{feff}x,y\n1,2\n3,4.5\n",
        "\u{feff}\"x\",\"y\"\r\n\"1\",\"2\"\r\n\"3\",\"4.5\"",
        "x;y\n1;2\n3;4.5\n",
        "x\ty\n1\t2\n3\t4.5\n",
        "\n\nx,y\n\n1,2\n   \n3,4.5\n\n\n",
        "x,y,\n1,2,\n3,4.5,\n",
        "x,y\n1,2,\n3,4.5,\n",
        " x , y \n 1 , +2\t\n 3e0 , 45e-1 \n",
        "x,\"y\"\n1,2.0\n3.,.45e1\n",
    ] {
        let table = csv(text);
        assert_eq!(table.matrix(), expected.matrix(), "{text:?}");
        assert_eq!(names(&table), ["x", "y"], "{text:?}");
    }
}

#[test]
fn a_first_row_of_numbers_is_no_header() {
    for (text, expected, rows) in [
        ("1,2\n3,4\n", vec!["x0", "x1"], 2),
        ("x,2\n3,4\n", vec!["x", "2"], 1),
        ("1\n2\n3", vec!["x0"], 3),
        ("2019,2020,\n1,2,\n", vec!["x0", "x1"], 2),
        // As pandas writes a frame without names, with its index.
        (",0,1\n0,5,6\n1,7,8\n", vec!["x0", "0", "1"], 2),
        (",a\n0,5\n", vec!["x0", "a"], 1),
    ] {
        let table = csv(text);
        assert_eq!((names(&table), table.rows()), (expected, rows), "{text:?}");
    }
    let table = reader("1,NA,3\n4,5,6\n").leave_out_missing().read().expect("a table");
    assert_eq!((table.rows(), table.left_out()), (1, 1));
    let forced = reader("1,2\n3,4\n").header(Header::Present).read().expect("a table");
    assert_eq!((names(&forced), forced.rows()), (vec!["1", "2"], 1));
    let error = reader("x,y\n3,4\n").header(Header::Absent).read().expect_err("text");
    says(&error, &["line 1", "\"x0\"", "\"x\" is no number"]);
    let named = reader("1,2\n3,4\n").names(["a", "b"]).columns(["b"]).read().expect("a table");
    assert_eq!((names(&named), named.matrix().as_slice()), (vec!["b"], &[2.0, 4.0][..]));
    let error = reader("1,2\n3,4\n").names(["a"]).read().expect_err("one name");
    assert!(error.is_shape(), "{error}");
    assert!(reader("1,2\n").names(["a", " "]).read().expect_err("an empty name").is_setting());
}

#[test]
fn lines_are_those_of_an_editor() {
    let text = "a,b\r\n\r\n1,2\r\n\r\n\"3\r\n\",4\r\n  \r\n5,6\r\n7,x";
    for text in [text.to_string(), text.replace("\r\n", "\n"), text.replace("\r\n", "\r")] {
        let error = refused(&text);
        says(&error, &["line 9", "column \"b\"", "\"x\" is no number"]);
        let table = csv(text.replace('x', "8"));
        let lines: Vec<Place> = (0..4).map(|row| table.place(row)).collect();
        assert_eq!(lines, [3, 5, 8, 9].map(Place::Line), "{text:?}");
    }
    let table = csv("1\n2\n3\n");
    assert_eq!(table.place(2), Place::Line(3));
    let some = table.select_rows([2, 0]).expect("rows");
    assert_eq!((some.place(0), some.place(1)), (Place::Line(3), Place::Line(1)));
}

#[test]
fn words_for_missing_values() {
    let words = [
        "", "NA", "na", "N/A", "#N/A", "<NA>", "NaN", "nan", "-nan", "null", "NULL", "None", "?",
        "-", ".",
    ];
    for word in words {
        let text = format!("x,y\n1,2\n3,{word}\n5,6\n7, {word} \n");
        let error = refused(&text);
        assert!(error.is_non_finite(), "{word:?}: {error}");
        says(&error, &["2 of 4 rows have missing", "line 3, column \"y\"", "leave_out_missing"]);
        let table = reader(&text).leave_out_missing().read().expect("a table");
        assert_eq!((table.rows(), table.left_out()), (2, 2), "{word:?}");
        assert_eq!(table.place(1), Place::Line(4));
        let kept = reader(&text).keep_missing().read().expect("a table");
        assert!(kept.rows() == 4 && kept.row(1)[1].is_nan() && kept.left_out() == 0);
        says(&kept.all_finite().expect_err("missing"), &["line 3", "\"y\""]);
        // What is not read is not missing.
        assert_eq!(reader(&text).columns(["x"]).read().expect("a table").rows(), 4);
    }
    for infinite in ["inf", "-Infinity", "1e999"] {
        let text = format!("x\n1\n{infinite}\n");
        says(&refused(&text), &["1 of 2 rows has a missing or infinite value", "line 3", infinite]);
        assert_eq!(reader(&text).leave_out_missing().read().expect("a table").left_out(), 1);
        assert!(reader(&text).keep_missing().read().expect("a table").row(1)[0].is_infinite());
    }
    let text = "x,y\n1,-999\n2,absent\n3,-999.0\n4,5\n";
    let table =
        reader(text).missing(["-999", "Absent"]).leave_out_missing().read().expect("a table");
    assert_eq!((table.matrix().as_slice(), table.left_out()), (&[4.0, 5.0][..], 3));
    let only = reader("x\n1\n?\n\"\"\n").missing_only(["none"]).leave_out_missing().read();
    says(&only.expect_err("no word"), &["line 3", "\"?\" is no number"]);
    let all = reader("x\nNA\n\"\"\n").leave_out_missing().read().expect_err("nothing is left");
    assert!(all.is_empty(), "{all}");
    says(&all, &["all 2 rows have missing"]);
}

#[test]
fn text_is_refused_unless_it_is_not_chosen() {
    let text = "name,x,kind,y\nann,1,a,2\nbob,3,b,4\n";
    let error = refused(text);
    assert!(error.is_format(), "{error}");
    says(
        &error,
        &["line 2, column \"name\": \"ann\" is no number", "\"name\" and \"kind\"", "except"],
    );
    let table = reader(text).except(["name", "kind"]).read().expect("a table");
    assert_eq!(
        (names(&table), table.matrix().as_slice()),
        (vec!["x", "y"], &[1.0, 2.0, 3.0, 4.0][..])
    );
    let turned = reader(text).columns(["y", "x"]).read().expect("a table");
    assert_eq!((names(&turned), turned.row(0)), (vec!["y", "x"], &[2.0, 1.0][..]));
    let unknown = reader(text).columns(["z"]).read().expect_err("no such column");
    assert!(unknown.is_setting(), "{unknown}");
    says(&unknown, &["no column is called \"z\"", "\"name\", \"x\", \"kind\" and \"y\""]);
    assert!(reader(text).except(["z"]).read().expect_err("no such column").is_setting());
    let none: [&str; 0] = [];
    assert!(reader(text).columns(none).read().expect_err("nothing").is_setting());
    assert!(reader(text).columns(["x", "x"]).read().expect_err("twice").is_setting());
    says(&refused("a;b\n1,5;2,5\n"), &["line 2", "\"1,5\" is no number", "decimal point"]);
    says(&refused("x y\n1 2\n"), &["\"1 2\" is no number", "separated by ','", "delimiter"]);
    assert_eq!(reader("x y\n1 2\n").delimiter(b' ').read().expect("a table").row(0), [1.0, 2.0]);
    says(&refused("x\n1_000\n"), &["\"1_000\" is no number"]);
    says(&refused(format!("x\n{}\n", "long".repeat(1000))), &["longlong", "\"... is no number"]);
}

#[test]
fn names_that_are_not_enough() {
    let text = "x,y,x\n1,2,3\n";
    let error = refused(text);
    says(&error, &["columns 0 and 2 are both called \"x\"", "names"]);
    assert_eq!(reader(text).columns(["y"]).read().expect("a table").row(0), [2.0]);
    assert_eq!(reader(text).except(["x"]).read().expect("a table").row(0), [2.0]);
    assert_eq!(
        reader(text).names(["a", "b", "c"]).read().expect("a table").row(0),
        [1.0, 2.0, 3.0]
    );
    let latin = b"gr\xf6sse,y\n1,2\n";
    says(&refused(latin), &["column 0", "not UTF-8"]);
    let named = Table::reader_of(&latin[..]).names(["a", "b"]).read().expect("a table");
    assert_eq!(named.row(0), [1.0, 2.0]);
    let label = b"x,y\n1,gr\xf6n\n";
    says(&refused(label), &["line 2, column \"y\"", "is no number"]);
    assert_eq!(Table::reader_of(&label[..]).columns(["x"]).read().expect("a table").row(0), [1.0]);
}

#[test]
fn rows_of_other_lengths_are_refused() {
    for (text, line, cells) in [
        ("x,y\n1,2\n3\n", "line 3", "1 cells"),
        ("x,y\n1,2\n3,4,5\n", "line 3", "3 cells"),
        ("x,y\n1,2\n\n3,4,,\n", "line 4", "4 cells"),
        ("x,y,\n1,2,\n3,4,5\n", "line 3", "3 cells"),
        ("x,y\n1,\"2\n3,4\n5,6\n", "line 2", "a quote is not closed"),
        ("x,y\n\"1,2\n3,4\n5,6", "line 2", "a quote is not closed"),
        ("x,y\n1,2\n\n3,\"", "line 4", "a quote is not closed"),
        ("x,y\n1,2\n\n3,\"4\n\"\n5,z", "line 6", "no number"),
        ("x,y\n1,2\n3,\"z\n\"", "line 3", "no number"),
    ] {
        let error = refused(text);
        assert!(error.is_format(), "{error}");
        says(&error, &[line, cells]);
    }
}

#[test]
fn what_is_no_text_says_what_it_is() {
    let utf16: Vec<u8> = "\u{feff}x\n1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&[u8], &str); 7] = [
        (&utf16, "UTF-16"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\x93NUMPY\x01\x00", "NumPy"),
        (b"PAR1", "Parquet"),
        (b"x,y\n1,\x002\n", "byte 6 is zero"),
        (b"\xff\xff\xfe\n", "not UTF-8"),
    ];
    for (bytes, word) in cases {
        let error = refused(bytes);
        assert!(error.is_format(), "{error}");
        says(&error, &[word]);
    }
    for text in ["", "\n\n", "\u{feff}", "x,y\n", "x,y\n\n\n", " "] {
        let error = refused(text);
        assert!(error.is_empty(), "{text:?}: {error}");
    }
}

/// Bytes that never end, and no line among them.
struct Endless;

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        into.fill(b'1');
        Ok(into.len())
    }
}

#[test]
fn a_row_without_an_end_is_an_error() {
    let error = Table::from_csv("x\n1\n\"".as_bytes().chain(Endless)).expect_err("no end");
    assert!(error.is_format(), "{error}");
    says(&error, &["64 MB", "quote"]);
}

/// An input that breaks after some bytes.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }
}

#[test]
fn errors_of_the_system_are_kept() {
    for format in [Format::Csv, Format::Npy, Format::Npz] {
        let error = Reader::over(Broken, format).read().expect_err("broken");
        assert!(error.is_file(), "{error}");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::ConnectionReset));
    }
    let error = Table::read("/missing/table.csv").expect_err("missing");
    assert_eq!((error.is_file(), error.io_kind()), (true, Some(io::ErrorKind::NotFound)));
    says(&error, &["/missing/table.csv"]);
    let folder = Folder::new("folder.csv");
    assert!(Table::read(&folder.0).expect_err("a folder").is_file());
    for (name, word) in [("a.xlsx", "ending"), ("a", "ending"), ("a.csv.gz", "unpack")] {
        let path = folder.0.join(name);
        std::fs::write(&path, "x\n1\n").expect("written");
        let error = Table::read(&path).expect_err("no format");
        assert!(error.is_setting(), "{error}");
        says(&error, &[name, word]);
    }
}

#[test]
fn chunks_are_the_table_in_parts() {
    let mut text = String::from("x,y\n");
    for row in 0..1000 {
        let y = if row % 7 == 3 { "NA".to_string() } else { (row * 2).to_string() };
        text += &format!("{row},{y}\n");
    }
    let whole = reader(&text).leave_out_missing().read().expect("a table");
    let mut chunks = reader(&text).leave_out_missing().chunks(100).expect("chunks");
    let (mut rows, mut sizes, mut values) = (0, Vec::new(), Vec::new());
    for chunk in chunks.by_ref() {
        let chunk = chunk.expect("a chunk");
        assert_eq!(chunk.place(0), whole.place(rows));
        rows += chunk.rows();
        sizes.push(chunk.rows());
        values.extend_from_slice(chunk.matrix().as_slice());
    }
    assert_eq!(
        (values.as_slice(), chunks.left_out()),
        (whole.matrix().as_slice(), whole.left_out())
    );
    assert_eq!((sizes.len(), sizes[0], sizes[8]), (9, 100, 57));
    // As many rows as fill the chunks leave no empty one behind.
    assert_eq!(reader("x\n1\n2\n").chunks(1).expect("chunks").count(), 2);
    let mut refused = reader(&text).chunks(100).expect("chunks");
    let error = refused.next().expect("one").expect_err("missing");
    says(&error, &["of the first", "rows have missing", "line 5"]);
    assert!(refused.next().is_none());
    let mut empty = reader("x\n").chunks(5).expect("chunks");
    assert!(empty.next().expect("one").expect_err("no row").is_empty() && empty.next().is_none());
    assert!(reader("x\n1\n").chunks(0).err().expect("none").is_setting());
}

#[test]
fn a_table_is_a_matrix_with_names() {
    let table = Table::from_rows(["a", "b", "c"], (0..12).map(f64::from).collect()).expect("rows");
    assert_eq!((table.rows(), table.dim(), table.place_of("c").expect("there")), (4, 3, 2));
    assert_eq!(table.column("b").expect("there").as_slice(), [1.0, 4.0, 7.0, 10.0]);
    let same = Table::from_columns([
        ("a", table.column("a").unwrap().as_slice().to_vec()),
        ("b", table.column("b").unwrap().as_slice().to_vec()),
        ("c", table.column("c").unwrap().as_slice().to_vec()),
    ])
    .expect("columns");
    assert_eq!(same, table);
    let mut rest = table.clone();
    let off = rest.split_off(["c", "a"]).expect("two");
    assert_eq!((names(&off), names(&rest)), (vec!["c", "a"], vec!["b"]));
    let back = rest.beside(&off).expect("beside").select(["a", "b", "c"]).expect("all");
    assert_eq!(back, table);
    assert!(rest.beside(&rest).expect_err("names").is_setting());
    assert!(rest.beside(&off.select_rows([0]).expect("one")).expect_err("rows").is_shape());
    let with = rest.with(Heading::new("w").in_unit("1/s"), [1.0, 2.0, 3.0, 4.0]).expect("a column");
    assert_eq!(with.to_string(), "4 rows of 2 columns: b, w [1/s]");
    let unit = with.with_units([("b", "m")]).expect("a unit");
    assert_eq!(unit.headings()[0].unit(), Some("m"));
    assert!(Table::new(["a"], DMatrix::zeros(2, 3)).expect_err("names").is_shape());
    assert!(Table::new(["a", "a"], DMatrix::zeros(2, 3)).expect_err("twice").is_setting());
    assert!(Table::new(["a", " "], DMatrix::zeros(2, 3)).expect_err("empty").is_setting());
    assert!(Table::from_rows(["a", "b"], vec![1.0; 3]).expect_err("not whole").is_shape());
    assert!(
        Table::from_columns([("a", vec![1.0]), ("b", vec![])]).expect_err("lengths").is_shape()
    );
    assert!(table.select_rows([4]).expect_err("no row").is_shape());
    assert!(table.clone().split_off(["a", "b", "c"]).expect_err("nothing is left").is_shape());
}

/// Numbers of all sizes, and those at the ends of the scale.
fn any_numbers(count: usize) -> Vec<f64> {
    let mut rng = StdRng::seed_from_u64(7);
    let ends =
        [0.0, -0.0, 5e-324, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 1e16, 1e-5, 0.1, 123456789.0];
    let drawn =
        std::iter::repeat_with(|| f64::from_bits(rng.random())).filter(|value| value.is_finite());
    ends.into_iter().chain(drawn).take(count).collect()
}

#[test]
fn what_is_written_reads_back_as_the_same_bits() {
    let folder = Folder::new("bits");
    let table = Table::from_rows(["plain", "with, comma", "with \"quotes\""], any_numbers(3000))
        .expect("rows");
    let bits =
        |table: &Table| table.matrix().iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    for name in ["a.csv", "a.tsv", "a.npy", "a.npz"] {
        let path = folder.file(name);
        table.write(&path).expect("written");
        let back = Table::read(&path).expect("read");
        assert_eq!(bits(&back), bits(&table), "{name}");
        match name {
            "a.npy" => assert_eq!(names(&back), ["x0", "x1", "x2"]),
            _ => assert_eq!(names(&back), names(&table)),
        }
        let mut parts = Vec::new();
        for chunk in Reader::new(&path).chunks(17).expect("chunks") {
            parts.extend_from_slice(chunk.expect("a chunk").matrix().as_slice());
        }
        assert_eq!(parts, table.matrix().as_slice(), "{name}");
    }
    let extreme =
        Table::from_rows(["x"], vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).expect("rows");
    let mut text = Vec::new();
    extreme.write_csv(&mut text).expect("written");
    assert_eq!(text, b"x\nNaN\ninf\n-inf\n");
    let back = Table::reader_of(&text[..]).keep_missing().read().expect("read");
    assert!(back.row(0)[0].is_nan() && back.row(2)[0] == f64::NEG_INFINITY);
}

#[test]
fn writers_take_rows_as_they_come() {
    let folder = Folder::new("writers");
    for name in ["a.csv", "a.npy"] {
        let path = folder.file(name);
        fs::write(&path, "old").expect("written");
        let mut writer = Writer::create(&path, ["x", "y"]).expect("a writer");
        for start in [0.0, 10.0, 20.0] {
            writer.write(&dmatrix![start, start + 1.0; -start, 0.5]).expect("written");
        }
        assert_eq!(fs::read(&path).expect("there"), b"old");
        assert!(writer.write(&DMatrix::zeros(3, 1)).expect_err("three").is_shape());
        writer.finish().expect("finished");
        let table = Table::read(&path).expect("read");
        assert_eq!(table.rows(), 6);
        assert_eq!(table.row(4), [20.0, -20.0]);
        // A writer that is dropped leaves what was there.
        let before = fs::read(&path).expect("there");
        let mut dropped = Writer::create(&path, ["x"]).expect("a writer");
        dropped.write(&DMatrix::zeros(1, 100_000)).expect("written");
        drop(dropped);
        assert_eq!(fs::read(&path).expect("there"), before);
    }
    assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 2);
    let mut bytes = Vec::new();
    let mut writer = Writer::npy(&mut bytes, 2, 1).expect("a writer");
    writer.write(&dmatrix![1.5, 2.5]).expect("written");
    writer.finish().expect("finished");
    let back = Reader::over(&bytes[..], Format::Npy).read().expect("read");
    assert_eq!(back.matrix().as_slice(), [1.5, 2.5]);
    let short = Writer::npy(io::sink(), 2, 1).expect("a writer");
    assert!(short.finish().expect_err("no row").is_shape());
    assert!(Writer::create(folder.file("a.npz"), ["x"]).err().expect("whole only").is_setting());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_typed_error() {
    let table = Table::from_rows(["x"], vec![0.1; 100_000]).expect("rows");
    for format in [Format::Csv, Format::Npy] {
        let mut writer = Writer::create_as("/dev/full", format, ["x"]).expect("a writer");
        let written = writer.write(table.matrix()).and_then(|()| writer.finish());
        let error = written.expect_err("full");
        assert!(error.is_file(), "{error}");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull));
        says(&error, &["/dev/full"]);
    }
    // Few rows, too, which reach the disk only at the end.
    let mut writer = Writer::create_as("/dev/full", Format::Csv, ["x"]).expect("a writer");
    writer.write(&dmatrix![1.0]).expect("buffered");
    assert!(writer.finish().expect_err("full").is_file());
}

/// A pipe that nobody reads.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_known_by_its_kind() {
    let error = Writer::csv(Closed, ["x"]).err().expect("closed");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::BrokenPipe), "{error}");
}

#[test]
fn files_are_called_by_name_in_errors() {
    let folder = Folder::new("names");
    let path = folder.file("data.csv");
    fs::write(&path, "x,y\n1,2\n3,oops\n").expect("written");
    says(&Table::read(&path).expect_err("text"), &["data.csv: line 3, column \"y\": \"oops\""]);
    fs::write(&path, "x,y\n1,2\n3,\n").expect("written");
    says(&Table::read(&path).expect_err("missing"), &["data.csv: 1 of 2 rows has"]);
}
