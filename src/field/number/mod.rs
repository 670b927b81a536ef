//! The number that fields of a user are written over where they are differentiated twice.
//!
//! | file | what |
//! | --- | --- |
//! | `operators` | sums, products, quotients, with one another and with `f64` |
//! | `functions` | elementary functions |
//! | `numbers` | what makes it a number among others |
//! | `algebra` | what makes matrices of it |
//! | `record` | derivatives of first and second order, by a record of what was done |

mod algebra;
mod functions;
mod numbers;
mod operators;
mod record;
#[cfg(test)]
mod tests;

pub(super) use record::Record;

use record::{Place, note};

/// A number that notes what is done to it, so that derivatives of second order follow.
///
/// It calculates as `f64` does: with the operators, with the functions of
/// [`DualNum`](num_dual::DualNum), and in the matrices of nalgebra; comparisons are those of the values. Closures
/// take it in [`differentiable`](super::Closure::differentiable). A record is kept by the thread that evaluates:
/// a closure must not move numbers to other threads, where they become NaN.
///
/// Elementary functions are written in Rust, and give the same bits on every platform.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    re: f64,
    /// Where it is noted, unless it is a constant.
    place: Option<Place>,
}

impl Number {
    /// A constant.
    #[inline]
    pub const fn constant(value: f64) -> Self {
        Self { re: value, place: None }
    }

    /// The value.
    #[inline]
    pub const fn value(self) -> f64 {
        self.re
    }

    /// A variable of an open record.
    #[inline]
    pub(super) fn noted(value: f64, place: Place) -> Self {
        Self { re: value, place: Some(place) }
    }

    /// Hands the components of a function to the record that they were noted on, and that they are `known` to be
    /// right; NaN is lost.
    pub(super) fn hand_in(components: &[Self], record: &mut Record, known: bool) {
        let numbers = components.iter().all(|component| !component.re.is_nan());
        record.hand_in(components.iter().map(|component| component.place), known && numbers);
    }

    /// A function of it, with first and second derivative.
    #[inline]
    fn unary(&self, value: f64, slope: impl Fn() -> f64, curve: impl Fn() -> f64) -> Self {
        match self.place {
            None => Self::constant(value),
            Some(_) => Self::note([self.place, None], value, [slope(), 0.0], [curve(), 0.0, 0.0]),
        }
    }

    /// A function of both, with first derivatives, and the second: twice by the first, by both, twice by the
    /// second.
    #[inline]
    fn binary(
        &self,
        other: &Self,
        value: f64,
        slopes: impl Fn() -> [f64; 2],
        curves: impl Fn() -> [f64; 3],
    ) -> Self {
        match [self.place, other.place] {
            [None, None] => Self::constant(value),
            from => Self::note(from, value, slopes(), curves()),
        }
    }

    /// NaN if it belongs to no open record.
    fn note(from: [Option<Place>; 2], value: f64, slopes: [f64; 2], curves: [f64; 3]) -> Self {
        note(from, slopes, curves)
            .map_or(Self::constant(f64::NAN), |place| Self::noted(value, place))
    }
}
