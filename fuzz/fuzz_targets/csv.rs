//! Text of any bytes ends in a table of finite numbers or in an error.
#![no_main]

use liouville::table::{Format, Reader};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = Reader::over(bytes, Format::Csv).read();
    let chunks = Reader::over(bytes, Format::Csv).chunks(2);
    let parts = chunks.and_then(|chunks| chunks.collect::<Result<Vec<_>, _>>());
    assert_eq!(whole.is_ok(), parts.is_ok());
    if let Ok(table) = whole {
        assert!(table.rows() > 0 && table.all_finite().is_ok());
    }
});
