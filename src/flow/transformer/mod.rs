//! Transformers: increasing maps of one coordinate, whose parameters a conditioner gives.
//!
//! | file | map |
//! | --- | --- |
//! | `affine` | eˢ x + t (eˢ - 1) / s, eˢ x + t, and eˢ x + t from data to base |
//! | `shift` | x + t |
//! | `spline` | the rational-quadratic spline, on the line and on the circle |
//! | `saturation` | samples that a map brings where the scalar cannot hold them |

mod affine;
mod saturation;
mod shift;
mod spline;

use super::{Direction, Space};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::Description;
use crate::error::Result;
use crate::real::Real;

pub use affine::{Affine, BaseAffine, ScaleShift};
pub(super) use saturation::{Forward, apply_forward, mark_lost, raise, subtract};
pub use shift::Shift;
pub use spline::Spline;

/// What an increasing map did to a block of coordinates, seen from behind.
pub struct Mapped<'a, T> {
    /// Raw parameters: as given to [`Transformer::apply`].
    pub raw: Rows<'a, T>,
    /// The coordinates before: one row each.
    pub input: Rows<'a, T>,
    /// The coordinates behind: one row each.
    pub output: Rows<'a, T>,
}

/// An increasing map y = g(x; θ) of one coordinate, with its inverse and its derivative.
///
/// Any raw parameters θ will do: what constraints a map has, it puts on them itself. A block of
/// coordinates has one row each, and [`parameters`](Transformer::parameters) rows of raw parameters
/// for every one of them: parameter `p` of coordinate `i` is row `i * parameters + p`.
pub trait Transformer<T: Real>: Clone + std::fmt::Debug + Send + Sync {
    /// What the map is, as it can be [made again](crate::description::Restore) from.
    ///
    /// # Errors
    ///
    /// If it does not say so, which is the default.
    fn describe(&self) -> Result<Description> {
        Err(Description::none_of::<Self>("transformer"))
    }

    /// The number of raw parameters of one coordinate.
    fn parameters(&self) -> usize;

    /// Where the coordinate lives, before and behind. Default: on the line.
    fn space(&self) -> Space {
        Space::Line
    }

    /// Writes the raw parameters of the identity, or of what is nearest to it.
    fn identity(&self, raw: &mut [T]);

    /// Moves the coordinates, and adds the logarithms of their derivatives in this direction to
    /// `log_det` (one value per lane).
    fn apply(
        &self,
        direction: Direction,
        raw: Rows<'_, T>,
        points: RowsMut<'_, T>,
        log_det: &mut [T],
        scratch: &mut Scratch<T>,
    );

    /// Whether the map may be so steep, bend so sharply, or shift so far, that a coordinate that was made from
    /// the base cannot be told from its neighbours by the scalar. Default: never.
    fn may_saturate(&self) -> bool {
        false
    }

    /// As [`apply`](Transformer::apply) from base to data; a map that [may](Transformer::may_saturate)
    /// writes one into `doubt` where a change of log-densities by `lost` cannot be excluded.
    fn apply_doubting(
        &self,
        raw: Rows<'_, T>,
        points: RowsMut<'_, T>,
        log_det: &mut [T],
        (_lost, _doubt): (f64, &mut [T]),
        scratch: &mut Scratch<T>,
    ) {
        self.apply(Direction::Forward, raw, points, log_det, scratch);
    }

    /// Pulls the cotangents of output (in `cotangent` before) and log-derivatives back to input (in
    /// `cotangent` after) and raw parameters (`raw_bar`, overwritten).
    fn pullback(
        &self,
        direction: Direction,
        mapped: Mapped<'_, T>,
        cotangent: RowsMut<'_, T>,
        log_det: &[T],
        raw_bar: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    );
}

/// 1 forward and -1 back.
fn sign<T: Real>(direction: Direction) -> T {
    T::of(if direction == Direction::Forward { 1.0 } else { -1.0 })
}
