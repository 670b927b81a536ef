//! A file in which a single bit has changed is noticed, wherever the bit is.

use std::path::Path;

use liouville::description::Kinds;
use liouville::model::Model;
use liouville::prelude::*;
use liouville::train::{Checkpoint, Checkpoints};
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::changed::{digest, sealed};

/// A small model with names, preparation and parameters.
fn model() -> Model {
    let mut rng = StdRng::seed_from_u64(1);
    let flow: Chain<f32> = Stack::real_nvp(2).layers(1).hidden([2]).build(&mut rng).expect("valid");
    Model::new(StandardNormal::new(2).pushed_by(flow)).columns(["a", "b"]).expect("two")
}

fn loads(bytes: &[u8]) -> bool {
    Model::from_bytes(bytes, &Kinds::new()).is_ok()
}

#[test]
fn every_changed_bit_of_a_model_is_noticed() {
    let bytes = model().to_bytes().expect("a file");
    assert!(loads(&bytes));
    println!("{} bits", 8 * bytes.len());
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!loads(&changed), "bit {} of byte {}", bit % 8, bit / 8);
    }
}

#[test]
fn the_error_says_what_is_wrong() {
    let mut bytes = model().to_bytes().expect("a file");
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    let error = Model::from_bytes(&bytes, &Kinds::new()).expect_err("changed");
    assert!(error.is_format(), "{error:?}");
    assert!(error.to_string().contains("damaged: it says that its digest is"), "{error}");
    // Whoever changes it on purpose seals it anew, by a digest of another program.
    sealed(&mut bytes);
    assert!(loads(&bytes));
}

#[test]
fn a_changed_bit_of_a_checkpoint_is_noticed_and_the_one_before_is_taken() {
    let folder = std::env::temp_dir().join(format!("liouville-{}-flipped", std::process::id()));
    let kept = Checkpoints::to(&folder).every_steps(5).keep(2);
    let data: DMatrix<f32> =
        data::two_moons(0.1).sample(60, &mut StdRng::seed_from_u64(1)).expect("drawn");
    let mut rng = StdRng::seed_from_u64(2);
    let flow: Chain<f32> = Stack::real_nvp(2).layers(1).hidden([2]).build(&mut rng).expect("valid");
    let mut model = StandardNormal::new(2).pushed_by(flow);
    let trainer = Trainer::maximum_likelihood().steps(10).quiet().checkpoints(kept.clone());
    trainer.fit(&mut model, &data, &mut rng).expect("trains");
    let files = kept.files().expect("a folder");
    let newest = &files[files.len() - 1];
    let mut bytes = std::fs::read(newest).expect("a file");
    let bit = StdRng::seed_from_u64(rand::random()).random_range(0..8 * bytes.len());
    bytes[bit / 8] ^= 1 << (bit % 8);
    std::fs::write(newest, bytes).expect("written");
    let error = Checkpoint::<f32>::load(newest).expect_err("changed");
    assert!(error.to_string().contains("step-00000010"), "{error}");
    let found = Checkpoint::<f32>::newest(&folder).expect("readable").expect("kept");
    assert_eq!(found.steps(), 5, "bit {bit}");
    kept.clear().expect("removed");
}

#[test]
fn files_from_before_there_was_a_digest_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/models/real_nvp.safetensors");
    let bytes = std::fs::read(path).expect("a file");
    assert_eq!(digest(&bytes), None);
    assert!(loads(&bytes));
}
