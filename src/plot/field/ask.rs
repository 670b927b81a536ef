//! How velocities are asked for, whatever they are made of.

use crate::error::Result;
use crate::plot::axes::Range;

/// Velocities at a time and some points.
pub(super) type Ask<'a> = dyn Fn(f64, &[[f64; 2]]) -> Result<Vec<[f64; 2]>> + 'a;

/// Where something moves at a time, if that is known.
pub(super) type Find<'a> = dyn Fn(f64) -> Result<Option<[Range; 2]>> + 'a;
