//! A checkpoint of any bytes ends in a checkpoint that can be written and read again, or in an error.
#![no_main]

use liouville::description::Kinds;
use liouville::save::Save;
use liouville::train::Checkpoint;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(checkpoint) = Checkpoint::<f32>::from_bytes(bytes, &Kinds::new()) {
        let again = checkpoint.to_bytes();
        let again = again.and_then(|bytes| Checkpoint::<f32>::from_bytes(&bytes, &Kinds::new()));
        assert!(again.is_ok());
    }
});
