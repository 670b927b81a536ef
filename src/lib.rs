//! Continuous-time normalizing flows.

pub mod columns;
pub mod data;
pub mod density;
pub mod error;
pub mod field;
pub mod flow;
pub mod kernels;
pub mod ode;
pub mod outcome;
pub mod parameters;
#[cfg(feature = "plot")]
pub mod plot;
pub mod prelude;
pub mod real;
mod simd;
pub mod trace;
pub mod train;

pub use error::{Error, Result};
