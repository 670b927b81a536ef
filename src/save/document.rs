//! A description with its arrays, to and from the bytes of a file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Metadata, SafeTensors, TensorView, View, serialize};
use safetensors::{Dtype, SafeTensorError};

use super::disk;
use super::header::{Header, Node, VERSION, Version};
use super::seal;
use crate::description::{Array, Arrays, Description};
use crate::error::{Error, Result};
use crate::real::Real;

/// The one entry of the metadata: with several, their order in the file would be random.
const ENTRY: &str = "liouville";

/// What a file holds: the scalar that the model computes with, its description, and its arrays.
#[derive(Debug, Clone)]
pub struct Document {
    /// `f32` or `f64`.
    pub scalar: String,
    /// Kinds and settings.
    pub description: Description,
    /// Parameters, and arrays that do not learn.
    pub arrays: Arrays,
}

/// An array as bytes.
struct Stored<'a>(&'a Array);

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        if self.0.scalar == f32::NAME { Dtype::F32 } else { Dtype::F64 }
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = self.0.values.iter();
        Cow::Owned(match self.dtype() {
            Dtype::F32 => values.flat_map(|&value| (value as f32).to_le_bytes()).collect(),
            _ => values.flat_map(|value| value.to_le_bytes()).collect(),
        })
    }

    fn data_len(&self) -> usize {
        self.0.values.len() * if self.dtype() == Dtype::F32 { 4 } else { 8 }
    }
}

impl Document {
    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or the description holds what JSON does not.
    pub fn write(&self, path: &Path) -> Result<()> {
        disk::write(path, &self.to_bytes()?)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, and as [`from_bytes`](Document::from_bytes).
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(&disk::read(path)?)
    }

    /// The bytes: the same for the same document.
    ///
    /// # Errors
    ///
    /// If the description holds what JSON does not.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let model = Node::from(&self.description);
        let (crc32, scalar) = (Some(seal::OPEN.to_string()), self.scalar.clone());
        let header = Header { version: VERSION, crc32, scalar, model };
        let json = serde_json::to_string(&header).map_err(unwritable)?;
        let metadata = HashMap::from([(ENTRY.to_string(), json)]);
        let arrays = self.arrays.iter().map(|(name, array)| (name, Stored(array)));
        let mut bytes = serialize(arrays, Some(metadata)).map_err(unwritable)?;
        seal::seal(&mut bytes);
        Ok(bytes)
    }

    /// The document of the bytes of a file.
    ///
    /// # Errors
    ///
    /// If these are no safetensors, or not of this crate; if a later version wrote them; if an array is of
    /// another type than `F32` and `F64`, or holds a NaN or an infinity; if a bit of the file has changed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let header = header(&metadata)?;
        seal::check(bytes, header.crc32.as_deref())?;
        if !["f32", "f64"].contains(&header.scalar.as_str()) {
            return Err(Error::format(
                "the scalar of the model is neither f32 nor f64: the file was changed",
            ));
        }
        let arrays = arrays_of(bytes)?;
        Ok(Self { scalar: header.scalar, description: header.model.into(), arrays })
    }
}

/// Whether these bytes are a file with the description of a model.
pub(crate) fn is_described(bytes: &[u8]) -> bool {
    let read = SafeTensors::read_metadata(bytes).ok();
    read.and_then(|(_, found)| found.metadata().as_ref().map(|own| own.contains_key(ENTRY)))
        .unwrap_or(false)
}

/// The arrays of a file, whatever its description.
pub(crate) fn arrays_of(bytes: &[u8]) -> Result<Arrays> {
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let mut arrays = Arrays::new();
    for (name, view) in file.iter() {
        arrays.add(name, array(name, &view)?)?;
    }
    Ok(arrays)
}

fn header(metadata: &Metadata) -> Result<Header> {
    let entries = metadata.metadata().as_ref();
    let json = entries.and_then(|entries| entries.get(ENTRY)).ok_or_else(|| {
        Error::format(
            "these are arrays without a description of the model: it was not saved by this crate; networks of PyTorch are imported by their sizes",
        )
    })?;
    let Version { version } = serde_json::from_str(json).map_err(damaged)?;
    if version != VERSION {
        return Err(Error::format(format!(
            "version {version} of the format, and this crate reads {VERSION}: take the version of the crate that wrote the file"
        )));
    }
    serde_json::from_str(json).map_err(damaged)
}

fn array(name: &str, view: &TensorView<'_>) -> Result<Array> {
    let (bytes, shape) = (view.data(), view.shape().to_vec());
    let (values, scalar) = match view.dtype() {
        Dtype::F32 => {
            let values = bytes.as_chunks::<4>().0.iter();
            (values.map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect(), f32::NAME)
        }
        Dtype::F64 => {
            let values = bytes.as_chunks::<8>().0.iter();
            (values.map(|&bytes| f64::from_le_bytes(bytes)).collect(), f64::NAME)
        }
        other => {
            return Err(Error::format(format!(
                "the array `{name}` is of type {other:?}: models have F32 and F64"
            )));
        }
    };
    Ok(Array { shape, values, scalar })
}

fn unwritable(error: impl std::fmt::Display) -> Error {
    Error::setting(format!("the model cannot be written: {error}"))
}

fn damaged(error: impl Into<Damage>) -> Error {
    let Damage(words) = error.into();
    Error::format(format!(
        "this is no model, or it is damaged: {words}; take another copy of the file"
    ))
}

/// What is wrong with a file, in few words.
struct Damage(String);

impl From<SafeTensorError> for Damage {
    fn from(error: SafeTensorError) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Damage {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}
