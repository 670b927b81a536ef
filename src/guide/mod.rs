//! The guide: chapters that are read from one end to the other.
//!
//! | chapter | what |
//! | --- | --- |
//! | [`contents`] | the idea, and what is in the crate |
//! | [`table`] | from a table to a density that was judged, in one call and from a shell |
//! | [`training`] | what to expect of training, and what to do when it disappoints |
//! | [`conditional`] | densities that depend on something known |
//! | [`saving`] | models as values and files, networks of PyTorch, interrupted runs |
//! | [`own`] | a field, a base and an objective of your own, checked by the laws |
//! | [`posterior`] | a posterior from a log-density, and when not to believe it |
//! | [`pictures`] | corner plots, films, fields and training curves, and pictures of your own |
//! | [`promises`] | what can be relied upon, and what cannot |
//! | [`fast`] | how fast and how exact, beside peers |

/// Densities that depend on something known.
#[doc = include_str!("conditional.md")]
pub mod conditional {}

/// The idea, and what is in the crate.
#[doc = include_str!("contents.md")]
pub mod contents {}

/// How fast, and how exact.
#[doc = include_str!("fast.md")]
pub mod fast {}

/// A field, a base and an objective of your own, checked by the laws of `liouville-testing`, whose tests run this chapter.
#[cfg_attr(not(doctest), doc = include_str!("own.md"))]
pub mod own {}

/// Pictures, and pictures of your own.
#[cfg(feature = "plot")]
#[doc = include_str!("pictures.md")]
pub mod pictures {}

/// Posteriors from a log-density, and when not to believe them.
#[doc = include_str!("posterior.md")]
pub mod posterior {}

/// What it promises.
#[doc = include_str!("promises.md")]
pub mod promises {}

/// Models as values and files.
#[cfg(feature = "save")]
#[doc = include_str!("saving.md")]
pub mod saving {}

/// From a table to a density.
#[cfg(feature = "table")]
#[doc = include_str!("table.md")]
pub mod table {}

/// What to expect of training, and what to do when it disappoints.
#[doc = include_str!("training.md")]
pub mod training {}
