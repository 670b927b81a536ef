//! Files of models, whatever their scalar.

use std::path::Path;

use super::Model;
use crate::description::{Arrays, Kinds, Source};
use crate::error::Result;
use crate::files::within;
use crate::real::Real;
use crate::save::Document;

impl Model {
    /// Writes a file, whole or not at all: a file of this name that was there before stays as it is until the
    /// new one is complete on the disk. [`format`](crate::save::format) says what it holds.
    ///
    /// # Errors
    ///
    /// If a part of the model does not describe itself, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.document()?.write(path.as_ref())
    }

    /// Reads a file: the model computes the same numbers as the one that was saved, to the last bit.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, holds no model, was written by a later version, or is damaged; the error says
    /// which.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, &Kinds::new())
    }

    /// As [`load`](Model::load), with kinds of one's own.
    ///
    /// # Errors
    ///
    /// As [`load`](Model::load).
    pub fn load_with(path: impl AsRef<Path>, kinds: &Kinds) -> Result<Self> {
        let path = path.as_ref();
        let model = Document::read(path).and_then(|document| Self::of_document(&document, kinds));
        within(path, model)
    }

    /// What a file would hold: the same bytes for the same model.
    ///
    /// # Errors
    ///
    /// If a part of the model does not describe itself.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.document()?.to_bytes()
    }

    /// The model of the bytes of a file.
    ///
    /// # Errors
    ///
    /// As [`load`](Model::load).
    pub fn from_bytes(bytes: &[u8], kinds: &Kinds) -> Result<Self> {
        Self::of_document(&Document::from_bytes(bytes)?, kinds)
    }

    fn document(&self) -> Result<Document> {
        let description = self.description()?;
        description.check()?;
        let scalar = self.scalar().into();
        Ok(Document { scalar, description, arrays: self.arrays()? })
    }

    fn of_document(document: &Document, kinds: &Kinds) -> Result<Self> {
        let arrays: &Arrays = &document.arrays;
        let source = Source::new(&document.description, arrays, kinds);
        let model = match document.scalar == f32::NAME {
            true => Self::restore::<f32>(&source)?,
            false => Self::restore::<f64>(&source)?,
        };
        arrays.all_taken()?;
        Ok(model)
    }
}
