//! From where to where: the times of a solve, and which of them a scalar can tell apart.

use crate::error::{Error, Result};
use crate::outcome::shown::{apart, number};
use crate::real::Real;

/// From where to where: `to` may lie before `from`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The time of the initial states.
    pub from: f64,
    /// The time of the final states.
    pub to: f64,
}

/// A time may be rounded by so many tolerances of the span: what a field makes of it is off by no
/// more than a few of them.
const BLUR: f64 = 10.0;
/// A time may be rounded by this share of the span at most, whatever the tolerance.
const COARSEST: f64 = 1e-3;

impl Span {
    /// The signed length.
    #[inline]
    pub fn length(&self) -> f64 {
        self.to - self.from
    }

    /// The same way in the other direction.
    pub fn reversed(&self) -> Self {
        Self { from: self.to, to: self.from }
    }

    /// The times of a scalar that lie in the span: whatever evaluates a field takes its times from here.
    pub fn inside<T: Real>(&self) -> Inside<T> {
        let [low, high] = [self.from.min(self.to), self.from.max(self.to)];
        let (mut first, mut last) = (T::of(low), T::of(high));
        if first.wide() < low {
            first = first.next_up();
        }
        if last.wide() > high {
            last = last.next_down();
        }
        // A span between two neighbouring numbers holds none: its start has to do.
        if first > last {
            (first, last) = (T::of(self.from), T::of(self.from));
        }
        Inside { first, last }
    }

    /// An error unless both ends are finite, and the times between them can be told apart in the
    /// scalar: fields see times rounded to the scalar of the points, and a rounding may be at most ten
    /// tolerances of the span. A span of no length is measured as if it were one long.
    ///
    /// # Errors
    ///
    /// If an end is not finite, or the scalar is too coarse for the span.
    pub fn check<T: Real>(&self, tolerance: f64) -> Result<()> {
        let Self { from, to } = *self;
        if !(from.is_finite() && to.is_finite()) {
            let [from, to] = [from, to].map(number);
            return Err(Error::setting(format!(
                "the span from {from} to {to} is not finite: give two numbers, such as 0 and 1"
            )));
        }
        let length = if from == to { 1.0 } else { self.length().abs() };
        let (gap, name) = (gap::<T>(from.abs().max(to.abs())), T::NAME);
        if gap / 2.0 <= (BLUR * tolerance).min(COARSEST) * length {
            return Ok(());
        }
        let [from, to] = apart([from, to]);
        Err(Error::setting(format!(
            "the span from {from} to {to} cannot be resolved in {name}: neighbouring {name} numbers \
             lie {gap:.1e} apart there, too far for a span of length {length:.1e} at tolerance \
             {tolerance:.0e}; {}",
            remedy::<T>()
        )))
    }
}

/// What to do about a scalar that is too coarse.
fn remedy<T: Real>() -> &'static str {
    if T::NAME == "f32" {
        "let time begin at zero (shift it in the field), or compute in f64"
    } else {
        "let time begin at zero (shift it in the field)"
    }
}

/// The distance between neighbouring numbers of this size, infinite beyond the scalar's range.
fn gap<T: Real>(size: f64) -> f64 {
    let number = T::of(size);
    if number.is_finite() { (number.next_up().wide() - number.wide()).abs() } else { f64::INFINITY }
}

/// The numbers of a scalar that lie in a span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inside<T> {
    first: T,
    last: T,
}

impl<T: Real> Inside<T> {
    /// The number nearest to `t` that lies in the span.
    pub fn at(&self, t: f64) -> T {
        let t = T::of(t);
        // One after the other, so that neither is a jump.
        let t = if t < self.first { self.first } else { t };
        if t > self.last { self.last } else { t }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside<T: Real>(span: Span, t: f64) {
        let [low, high] = [span.from.min(span.to), span.from.max(span.to)];
        let (time, gap) = (span.inside::<T>().at(t).wide(), gap::<T>(low.abs().max(high.abs())));
        // A number of the scalar lies in any span longer than its gaps.
        if high - low > 2.0 * gap {
            assert!(low <= time && time <= high, "{time} for {t} in {span:?}");
        }
        assert!((time - t.clamp(low, high)).abs() <= 2.0 * gap, "{time} for {t} in {span:?}");
    }

    #[test]
    fn times_lie_in_the_span_and_near() {
        for (k, length) in (-40..40).flat_map(|k| [1e-9, 1e-7, 0.03, 1.7].map(|l| (k, l))) {
            let from = 0.077 * f64::from(k);
            for span in [Span { from, to: from + length }, Span { from, to: from - length }] {
                for share in [-0.1, 0.0, 0.3, 0.999, 1.0, 1.1] {
                    inside::<f32>(span, span.from + share * span.length());
                    inside::<f64>(span, span.from + share * span.length());
                }
            }
        }
    }

    #[test]
    fn spans_that_a_scalar_cannot_resolve_are_refused() {
        let span = |from: f64| Span { from, to: from + 1.0 };
        for from in [0.0, -1.0, 0.7, 100.0] {
            assert!(span(from).check::<f32>(1e-5).is_ok(), "{from}");
            assert!(span(from).check::<f64>(1e-12).is_ok(), "{from}");
        }
        for from in [1e5, -1e5, 1e8, 1e30] {
            let error = span(from).check::<f32>(1e-5).expect_err("too coarse");
            assert!(error.is_setting() && error.to_string().contains("compute in f64"), "{error}");
        }
        assert!(span(1e8).check::<f64>(1e-5).is_ok());
        for from in [1e17, -1e17, 1e300] {
            assert!(span(from).check::<f64>(1e-5).is_err(), "{from}");
        }
        assert!(Span { from: 0.0, to: 1e39 }.check::<f32>(1e-5).is_err());
        assert!(Span { from: 0.3, to: 0.3 }.check::<f32>(1e-5).is_ok());
    }
}
