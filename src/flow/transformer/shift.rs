//! The shift of one coordinate.

use super::super::Direction;
use super::saturation::doubt_large;
use super::{Mapped, Transformer, sign};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::kernels::axpy;
use crate::real::Real;

/// y = x + t, the additive map of NICE (Dinh et al. 2015, NICE: Non-linear Independent Components
/// Estimation, section 3.2). Its one raw parameter is t; volumes do not change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift;

impl<T: Real> Transformer<T> for Shift {
    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Shift"))
    }

    fn parameters(&self) -> usize {
        1
    }

    fn identity(&self, raw: &mut [T]) {
        raw.fill(T::zero());
    }

    fn apply(
        &self,
        direction: Direction,
        raw: Rows<'_, T>,
        mut points: RowsMut<'_, T>,
        _: &mut [T],
        _: &mut Scratch<T>,
    ) {
        axpy(sign(direction), raw.values(), points.values_mut());
    }

    fn may_saturate(&self) -> bool {
        true
    }

    fn apply_doubting(
        &self,
        raw: Rows<'_, T>,
        mut points: RowsMut<'_, T>,
        _: &mut [T],
        doubt: (f64, &mut [T]),
        _: &mut Scratch<T>,
    ) {
        axpy(sign(Direction::Forward), raw.values(), points.values_mut());
        doubt_large(points.as_rows(), 1.0, doubt);
    }

    fn pullback(
        &self,
        direction: Direction,
        _: Mapped<'_, T>,
        cotangent: RowsMut<'_, T>,
        _: &[T],
        mut raw_bar: RowsMut<'_, T>,
        _: &mut Scratch<T>,
    ) {
        let sign = sign::<T>(direction);
        let bars = raw_bar.values_mut().iter_mut();
        for (raw, bar) in bars.zip(cotangent.as_rows().values()) {
            *raw = sign * *bar;
        }
    }
}

impl<T: Real> Restore<T> for Shift {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Shift")?;
        Ok(Self)
    }
}
