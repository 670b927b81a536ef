//! How the error of a step is measured: in parts of a coordinate's own size.

use crate::columns::Rows;
use crate::error::{Error, Result};
use crate::kernels::{StepEnds, Term, Yardstick, squared_error};
use crate::outcome::shown::number;
use crate::real::Real;

/// The tolerance of an adaptive solve; [`Adaptive`](super::Adaptive) says how error is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerance {
    pub(crate) relative: f64,
    pub(crate) absolute: f64,
}

/// The time for which the velocity of a coordinate counts as its size, as a share of the span: one that
/// crosses zero is not small.
const TIME: f64 = 0.05;
/// The factor a of a coordinate's size u in its share of the absolute tolerance, which is
/// min(1, max(a u, (b u)²)).
const PROPORTION: f64 = 0.25;

/// The factor b of the share at this absolute tolerance.
///
/// From a size of 1 / b up the tolerance is absolute, and for small ones it goes with the size. The square
/// leads from one to the other within two orders of magnitude: with the tolerance of all sizes below
/// one in proportion, the few coordinates of a normal sample that happen to be near zero cost a
/// tenth to a half more evaluations, and with two hundred one in a thousand.
///
/// A coordinate that shrinks by orders of magnitude on its way meets an error of a tolerance when it is
/// as small as 1 / b, which is b tolerances of its size, and keeps that for good: for s x with s down to 1e-9
/// samples are off by up to 4 b tolerances. At a loose one two hundred would let half the size pass; so b is
/// 200 up to 1e-5, 63 at 1e-4 and 20 at 1e-3, where trained fields take a few in a hundred more evaluations.
fn crossing(absolute: f64) -> f64 {
    (200.0 * (1e-5 / absolute).sqrt()).clamp(1.0, 200.0)
}
/// No coordinate is followed closer than this: what a field computes from numbers of order one is itself
/// known no better, and a coordinate that rests at zero but for such rounding would take steps without end.
const ROUNDING: f64 = 2.0 * f64::EPSILON;

/// The least share of this absolute tolerance that a coordinate gets.
pub(super) fn least_share(absolute: f64) -> f64 {
    (ROUNDING / absolute).min(1.0)
}

impl Tolerance {
    /// An error unless both are positive and the relative one can be met in the scalar.
    pub(super) fn check<T: Real>(&self) -> Result<()> {
        let Self { relative, absolute } = *self;
        for (name, value) in [("relative", relative), ("absolute", absolute)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::setting(format!(
                    "the {name} tolerance is {}: give a positive number, such as 1e-6",
                    number(value)
                )));
            }
        }
        let floor = 4.0 * T::EPSILON;
        if relative < floor {
            return Err(Error::setting(format!(
                "the relative tolerance {relative:e} is below what {} can resolve ({floor:.1e}): loosen it{}",
                T::NAME,
                if T::NAME == "f32" { ", or compute in f64" } else { "" }
            )));
        }
        Ok(())
    }

    /// The share of the absolute tolerance that a coordinate of this value and velocity gets, on a way of
    /// this length.
    pub(super) fn share(&self, value: f64, velocity: f64, length: f64) -> f64 {
        let size = value.abs().max(TIME * length.abs() * velocity.abs());
        let large = crossing(self.absolute) * size;
        (PROPORTION * size).max(large * large)
    }

    /// What errors of coordinates are measured by, on a way of this length.
    /// `rounding` is that of their velocities.
    pub(super) fn of_coordinates<'a, T: Real>(
        &self,
        length: f64,
        rounding: &'a [T],
    ) -> Yardstick<'a, T> {
        Yardstick { rounding, ..self.yardstick(least_share(self.absolute), length) }
    }

    /// What errors of integrals along the way are measured by: a log-determinant is a number of nats,
    /// whatever the size of the points.
    pub(super) fn of_integrals<T: Real>(&self, length: f64) -> Yardstick<'static, T> {
        self.yardstick(1.0, length)
    }

    fn yardstick<T: Real>(&self, least: f64, length: f64) -> Yardstick<'static, T> {
        Yardstick {
            absolute: T::of(self.absolute),
            relative: T::of(self.relative),
            time: T::of(TIME * length.abs()),
            share: [PROPORTION, crossing(self.absolute)].map(T::of),
            least: T::of(least),
            rounding: &[],
        }
    }
}

/// Where columns are at the outset: state and velocity, the first rows of which are coordinates and the
/// others integrals, the rounding of the velocities of coordinates, and the length of the way.
#[derive(Clone, Copy)]
pub(super) struct Place<'a, T> {
    pub y: Rows<'a, T>,
    pub f: Rows<'a, T>,
    pub leading: usize,
    pub rounding: &'a [T],
    pub length: f64,
}

impl<T: Real> Place<'_, T> {
    /// Writes the squared norms of h Σ c k in every lane, each row in parts of the error that is allowed
    /// here: `h` has one value for a lane, and k as many rows as the state.
    pub fn square(&self, tolerance: Tolerance, h: &[T], terms: &[(T, Rows<'_, T>)], out: &mut [T]) {
        let rows = self.y.rows();
        out.fill(T::zero());
        let kinds = [
            (0..self.leading, tolerance.of_coordinates(self.length, self.rounding)),
            (self.leading..rows, tolerance.of_integrals(self.length)),
        ];
        for (range, yardstick) in kinds.into_iter().filter(|(range, _)| !range.is_empty()) {
            let mut parts: [Term<'_, T>; 2] = [(T::zero(), &[]); 2];
            for (part, (c, k)) in parts.iter_mut().zip(terms) {
                *part = (*c, k.range(range.start, range.end).values());
            }
            let [y, f] = [self.y, self.f].map(|rows| [rows.range(range.start, range.end); 2]);
            let ends = StepEnds { y, f };
            squared_error(yardstick, h, &parts[..terms.len()], ends, out);
        }
    }

    /// The norm from its square in the lane's scalar, or from the values one by one in `f64` where the
    /// square left the range of the scalar.
    pub fn norm(
        &self,
        tolerance: Tolerance,
        (lane, square): (usize, T),
        values: impl Fn(usize) -> f64,
    ) -> f64 {
        let square = square.wide();
        let rows = self.y.rows();
        if square.is_finite() && square > T::SMALLEST {
            return (square / rows as f64).sqrt();
        }
        let total: f64 = (0..rows)
            .map(|i| {
                let value = self.y.row(i)[lane].wide().abs();
                let least = if i < self.leading { least_share(tolerance.absolute) } else { 1.0 };
                let share =
                    tolerance.share(value, self.f.row(i)[lane].wide(), self.length).max(least);
                let rounding = self.rounding.get(i).map_or(0.0, |r| r.wide() * self.length.abs());
                let allowed =
                    tolerance.relative * value + tolerance.absolute * share.min(1.0) + rounding;
                let part = values(i) / allowed;
                part * part
            })
            .sum();
        (total / rows as f64).sqrt()
    }
}
