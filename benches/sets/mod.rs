//! Sets of samples in files that every library reads: raw `f32`, samples one after the other, in files
//! named `NAME.PART.DIM.f32`.

use std::path::{Path, PathBuf};

use liouville::nalgebra::DMatrix;

/// The parts of one set, named `NAME.train.DIM.f32` and `NAME.test.DIM.f32`.
pub struct Set {
    pub name: String,
    pub train: DMatrix<f32>,
    pub test: DMatrix<f32>,
}

pub fn read(path: &Path, dim: usize) -> DMatrix<f32> {
    let bytes = std::fs::read(path).expect("readable");
    let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four")));
    DMatrix::from_iterator(dim, bytes.len() / 4 / dim, values)
}

/// Every set in a folder, by name.
pub fn sets(folder: &Path) -> Vec<Set> {
    let entries = std::fs::read_dir(folder).expect("a folder of sets").flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let train = |path: &PathBuf| path.to_string_lossy().contains(".train.");
    let set = |path: &PathBuf| {
        let file = path.file_name().expect("a file").to_string_lossy().into_owned();
        let parts: Vec<_> = file.split('.').collect();
        let dim = parts[2].parse().expect("a dimension");
        let test = path.with_file_name(file.replace("train", "test"));
        Set { name: parts[0].into(), train: read(path, dim), test: read(&test, dim) }
    };
    paths.iter().filter(|path| train(path)).map(set).collect()
}
