//! Continuous-time normalizing flows.

pub mod columns;
pub mod error;
pub mod field;
pub mod kernels;
pub mod outcome;
pub mod parameters;
pub mod real;
mod simd;

pub use error::{Error, Result};
