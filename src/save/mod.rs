//! Models to and from files: safetensors with one entry of JSON, a format and not a program.
//!
//! | file | what |
//! | --- | --- |
//! | `header` | the JSON entry: version, scalar and description |
//! | `document` | a description with its arrays, to and from bytes |
//! | `seal` | the digest of a file, by which changed bits are noticed |
//! | `disk` | bytes to and from files, whole or not at all |
//!
//! What describes itself ([`Describe`]) and can be made again ([`Restore`]) has `save` and `load` by the trait
//! [`Save`]. The page [`format`](mod@format) says what a file holds, so that a stranger can write a reader.

mod disk;
mod document;
pub mod format;
mod header;
mod seal;

use std::path::Path;

use crate::description::{Arrays, Describe, Description, Kinds, Restore, Source};
use crate::error::{Error, Result};
use crate::files::{self, within};
use crate::real::Real;

pub(crate) use disk::read;
pub use document::Document;
pub(crate) use document::{arrays_of, is_described};

/// Whether a file holds arrays of safetensors, as every model does: by its first bytes, whatever it is called.
pub fn is_safetensors(path: impl AsRef<Path>) -> bool {
    files::is_safetensors(path.as_ref())
}

/// Saving to a file and loading from one.
///
/// ```
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let stack: Chain<f32> = Stack::real_nvp(3).layers(2).hidden([8]).build(&mut rng)?;
/// let model = StandardNormal::new(3).pushed_by(stack);
///
/// let path = std::env::temp_dir().join(format!("liouville-{}.safetensors", std::process::id()));
/// model.save(&path)?;
/// let again = Pushforward::<StandardNormal, Chain<f32>>::load(&path)?;
/// let points = model.sample(10, &mut rng)?;
/// assert_eq!(model.log_prob(&points)?, again.log_prob(&points)?);
/// # std::fs::remove_file(&path).ok();
/// # Ok::<(), liouville::Error>(())
/// ```
pub trait Save<T: Real>: Describe<T> + Restore<T> {
    /// Writes a file, whole or not at all: a file of this name that was there before stays as it is until the
    /// new one is complete on the disk.
    ///
    /// # Errors
    ///
    /// If a part of the model does not describe itself, or the file cannot be written.
    fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        Document::of(self)?.write(path.as_ref())
    }

    /// Reads a file: the model computes the same numbers as the one that was saved, to the last bit.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is no model of this scalar, was written by a later version, is damaged, or
    /// holds another kind of model; the error says which.
    fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, &Kinds::new())
    }

    /// As [`load`](Save::load), with kinds of one's own.
    ///
    /// # Errors
    ///
    /// As [`load`](Save::load).
    fn load_with(path: impl AsRef<Path>, kinds: &Kinds) -> Result<Self> {
        let path = path.as_ref();
        let model = Document::read(path).and_then(|document| document.restore(kinds));
        within(path, model)
    }

    /// What a file would hold.
    ///
    /// # Errors
    ///
    /// If a part of the model does not describe itself.
    fn to_bytes(&self) -> Result<Vec<u8>> {
        Document::of(self)?.to_bytes()
    }

    /// The model of the bytes of a file.
    ///
    /// # Errors
    ///
    /// As [`load`](Save::load).
    fn from_bytes(bytes: &[u8], kinds: &Kinds) -> Result<Self> {
        Document::from_bytes(bytes)?.restore(kinds)
    }
}

impl<T: Real, M: Describe<T> + Restore<T>> Save<T> for M {}

impl Document {
    /// What is to be saved of a model.
    ///
    /// # Errors
    ///
    /// If a part of the model does not describe itself.
    pub fn of<T: Real, M: Describe<T> + ?Sized>(model: &M) -> Result<Self> {
        let description = model.description()?;
        description.check()?;
        Ok(Self { scalar: T::NAME.into(), description, arrays: model.arrays()? })
    }

    /// The model.
    ///
    /// # Errors
    ///
    /// If it computes with another scalar, is of another kind, or something is missing or left over.
    pub fn restore<T: Real, M: Restore<T>>(&self, kinds: &Kinds) -> Result<M> {
        if self.scalar != T::NAME {
            return Err(Error::setting(format!(
                "the model computes in {}, and one in {} is wanted: load it as what it is",
                self.scalar,
                T::NAME
            )));
        }
        // What was taken belongs to this reading alone.
        let (description, arrays): (&Description, Arrays) =
            (&self.description, self.arrays.clone());
        let model = M::restore(&Source::new(description, &arrays, kinds))?;
        arrays.all_taken()?;
        Ok(model)
    }
}
