//! How the error of a step is measured: in parts of a coordinate's own size.

use crate::columns::Rows;
use crate::error::{Error, Result};
use crate::kernels::{StepEnds, Term, Yardstick, squared_error};
use crate::real::Real;

/// The tolerance of an adaptive solve; [`Adaptive`](super::Adaptive) says how error is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerance {
    pub(crate) relative: f64,
    pub(crate) absolute: f64,
}

/// The time for which the velocity of a coordinate counts as its size, as a share of the span: one that
/// crosses zero is not small.
const TIME: f64 = 0.1;
/// The factors a and b of a coordinate's size u in its share of the absolute tolerance, which is
/// min(1, max(a u, (b u)²)).
///
/// From a size of 1 / b up the tolerance is absolute, and for small ones it goes with the size. The square
/// leads from one to the other within two orders of magnitude: with the tolerance of all sizes below
/// one in proportion, the few coordinates of a normal sample that happen to be near zero cost a
/// tenth to a half more evaluations, and with these numbers one in a hundred. For s x with s from
/// 1e-9 to 1 samples at tolerance 1e-5 are within 0.002 of their size, log-densities of one standard
/// deviation within 0.002.
const SHARE: [f64; 2] = [0.25, 100.0];
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
                    "the {name} tolerance is {value}: give a positive number, such as 1e-6"
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

    /// What errors of coordinates are measured by, on a way of this length.
    pub(super) fn of_coordinates<T: Real>(&self, length: f64) -> Yardstick<T> {
        self.yardstick(least_share(self.absolute), length)
    }

    /// What errors of integrals along the way are measured by: a log-determinant is a number of nats,
    /// whatever the size of the points.
    pub(super) fn of_integrals<T: Real>(&self, length: f64) -> Yardstick<T> {
        self.yardstick(1.0, length)
    }

    fn yardstick<T: Real>(&self, least: f64, length: f64) -> Yardstick<T> {
        Yardstick {
            absolute: T::of(self.absolute),
            relative: T::of(self.relative),
            time: T::of(TIME * length.abs()),
            share: SHARE.map(T::of),
            least: T::of(least),
        }
    }
}

/// Where columns are at the outset: state and velocity, the first rows of which are coordinates and the
/// others integrals, and the length of the way.
#[derive(Clone, Copy)]
pub(super) struct Place<'a, T> {
    pub y: Rows<'a, T>,
    pub f: Rows<'a, T>,
    pub leading: usize,
    pub length: f64,
}

impl<T: Real> Place<'_, T> {
    /// Writes the squared norms of h Σ c k in every lane, each row in parts of the error that is allowed
    /// here: `h` has one value for a lane, and k as many rows as the state.
    pub fn square(&self, tolerance: Tolerance, h: &[T], terms: &[(T, Rows<'_, T>)], out: &mut [T]) {
        let rows = self.y.rows();
        out.fill(T::zero());
        let kinds = [
            (0..self.leading, tolerance.of_coordinates(self.length)),
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
                let share = share(value, self.f.row(i)[lane].wide(), self.length).max(least);
                let allowed = tolerance.relative * value + tolerance.absolute * share.min(1.0);
                let part = values(i) / allowed;
                part * part
            })
            .sum();
        (total / rows as f64).sqrt()
    }
}

/// The share of the absolute tolerance that a coordinate of this value and velocity gets, on a way of
/// this length.
pub(super) fn share(value: f64, velocity: f64, length: f64) -> f64 {
    let [a, b] = SHARE;
    let size = value.abs().max(TIME * length.abs() * velocity.abs());
    (a * size).max(b * size * (b * size))
}
