//! A model of any bytes ends in a model that can be used, written and read again, or in an error.
#![no_main]

use liouville::description::Kinds;
use liouville::model::Model;
use liouville::nalgebra::DMatrix;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(model) = Model::from_bytes(bytes, &Kinds::new()) {
        let [point, context] =
            [model.dim(), model.context_dim()].map(|rows| DMatrix::from_element(rows, 1, 0.5));
        drop(model.evaluate(&point, Some(&context)));
        let again = model.to_bytes().and_then(|bytes| Model::from_bytes(&bytes, &Kinds::new()));
        assert!(again.is_ok());
    }
});
