//! The guide: chapters that are read from one end to the other.

/// What to expect of training, and what to do when it disappoints.
#[doc = include_str!("training.md")]
pub mod training {}
