//! Why a solution was lost: whether the field failed, or the solution left the scalar's range.

use crate::columns::Rows;
use crate::outcome::Reason;
use crate::real::Real;

/// The reason why no step leads on from a state to finite numbers. `place` holds the state and its
/// velocity: if one of them is close to the end of the scalar's range (beyond its square root), the
/// solution runs out of it; else the field must have failed at an ordinary point.
pub(super) fn reason_of_loss<T: Real>(place: [Rows<'_, T>; 2], lane: usize) -> Reason {
    let vast = |rows: Rows<'_, T>| (0..rows.rows()).any(|i| is_vast(rows.row(i)[lane]));
    let [state, velocity] = place;
    let runs = vast(state) || all_finite(velocity, lane) && vast(velocity);
    if runs { Reason::Diverged } else { Reason::NonFiniteVelocity }
}

/// Whether a number is beyond the square root of the scalar's range, or not a number.
pub(super) fn is_vast<T: Real>(value: T) -> bool {
    let size = value.wide().abs();
    size >= T::LARGEST.sqrt() || size.is_nan()
}

/// Whether every row of a lane is finite.
pub(super) fn all_finite<T: Real>(rows: Rows<'_, T>, lane: usize) -> bool {
    (0..rows.rows()).all(|i| rows.row(i)[lane].is_finite())
}
