//! The format of the files, on one page.

#![doc = include_str!("format.md")]
