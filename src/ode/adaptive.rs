//! Solvers that choose their steps by the error, for every column on its own: the settings.

use super::high_order::DOPRI8;
use super::rules::{Bound, Rules};
use super::stepping::integrate;
use super::tableau::{DOPRI5, TSIT5, Tableau};
use super::tolerance::Tolerance;
use super::{
    Accuracy, Batch, ErrorControlled, Record, Recording, RightHandSide, Solver, Span, Workspace,
    known,
};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::real::Real;

/// A Runge-Kutta pair with error control per column.
///
/// Every column has its own time, step and error: what becomes of it does not depend on the columns
/// beside it. Made by [`automatic`], [`tsit5`], [`dopri5`] and [`dopri8`].
///
/// # How error is measured
///
/// A step is accepted if the root mean square over the coordinates of
///
/// error / (relative |y| + absolute s + h r),   s = min(1, max(u/4, (b u)²)),   u = max(|y|, 0.1 T |f|),
///
/// is at most one, where y is the value of the coordinate, f its velocity (of both ends of the step the
/// larger), T the length of the whole span, and h that of the step; b is 100 up to an absolute tolerance of
/// 1e-5, and 0.3 / √absolute beyond: 10 at 1e-3. So a coordinate of 1 / b or more is followed to the
/// absolute tolerance, and one of order 1e-6 to a quarter of that share of its own size, alone or beside
/// others: nothing has to be said about the scale of the data, down to 1e-11 (no coordinate is followed
/// closer than two roundings of `f64` numbers of order one, nor closer than the rounding r of its velocity,
/// [`VectorField::rounding`](crate::field::VectorField::rounding)). A coordinate that shrinks from one to
/// whatever size arrives within 5 b tolerances of that size, or a hundred if that is more: 0.5% at 1e-5, 1.6%
/// at 1e-4, a tenth at 1e-3.
/// What the tolerance does not know is that only a
/// difference matters: points near 1e6 that differ by 1 are followed to 1e-5 of 1e6. Take such an offset
/// off before ([`Standardizer`](crate::data::Standardizer)), or let the flow do so by a
/// [`Frame`](crate::flow::continuous::Frame), in which points are then measured. Log-determinants and other integrals along the
/// way are measured as they are, by relative |ℓ| + absolute, apart from the coordinates: one cannot
/// hide behind many of the other.
///
/// Errors of single steps add up, and grow or shrink with the flow; what is delivered is usually within a
/// few tolerances, and within a hundred wherever the way does not drive neighbours apart.
///
/// # How long a step may be
///
/// Between the nodes of a step nothing is seen. Without
/// [`longest_step`](Adaptive::longest_step), a step is an eighth of the span at most, or longer where
/// the structure of the field bounds how suddenly it can change
/// ([`VectorField::sharpness`](crate::field::VectorField::sharpness)): networks by their weights,
/// linear fields without limit. This finds every bell-shaped pulse in time, and every bell-shaped wall
/// that is crossed at an even speed, whose standard deviation is a hundredth of the span or more at
/// tolerance 1e-5, 0.003 of it at 1e-9, and 0.015 of it at 1e-3. What begins and ends at once must be
/// wider: a pulse of a tenth of the span from end to end is found at 1e-5, one of a twentieth not always.
/// Of networks whose weights announce narrower ones some are passed over, too. For all these set the longest
/// step: twelve standard deviations of the narrowest bell at 1e-5 and below, six above, or half the width
/// of what is not bell-shaped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptive {
    /// The pair; chosen by the tolerance if there is none.
    method: Option<&'static Tableau>,
    tolerance: Tolerance,
    max_steps: u64,
    longest: Option<f64>,
    bound: Bound,
}

/// A tolerance up to which [`automatic`] takes the pair of order eight.
///
/// Measured on trained fields of 2 to 64 dimensions: at this tolerance both pairs cost about the same,
/// and order eight delivers a tenth of the error.
const TIGHT: f64 = 1e-7;

/// The pair that suits the tolerance: [`dopri8`] at 1e-7 and below, else [`dopri5`]; the default.
/// Tolerances 1e-5, at most 10,000 steps.
///
/// On eight trained and random fields [`dopri5`] took as many evaluations as [`tsit5`] for the same error
/// of log-densities (5% more for the same error of samples), but one in six needs no trace, as its second
/// stage has no weight.
pub fn automatic() -> Adaptive {
    Adaptive { method: None, ..dopri5() }
}

/// The pair of Tsitouras 2011, order 5(4). Tolerances 1e-5, at most 10,000 steps.
pub fn tsit5() -> Adaptive {
    Adaptive::new(&TSIT5)
}

/// The pair of Dormand and Prince 1980, order 5(4). Tolerances 1e-5, at most 10,000 steps.
pub fn dopri5() -> Adaptive {
    Adaptive::new(&DOPRI5)
}

/// The pair of Prince and Dormand 1981, order 8(7), for tolerances of about 1e-7 and less.
/// Tolerances 1e-8, at most 10,000 steps.
pub fn dopri8() -> Adaptive {
    Adaptive::new(&DOPRI8).tolerance(1e-8)
}

impl Adaptive {
    fn new(method: &'static Tableau) -> Self {
        let tolerance = Tolerance { relative: 1e-5, absolute: 1e-5 };
        let bound = Bound::WhatHides;
        Self { method: Some(method), tolerance, max_steps: 10_000, longest: None, bound }
    }

    /// The settings, with the pair in use.
    pub(super) fn rules(&self) -> Rules {
        let Self { tolerance, max_steps, longest, bound, .. } = *self;
        Rules { method: self.method(), tolerance, max_steps, longest, bound }
    }

    /// The pair in use.
    fn method(&self) -> &'static Tableau {
        let tight = self.tolerance.relative.min(self.tolerance.absolute) <= TIGHT;
        self.method.unwrap_or(if tight { &DOPRI8 } else { &DOPRI5 })
    }

    /// Sets relative and absolute tolerance to the same value.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Tolerance { relative: tolerance, absolute: tolerance };
        self
    }

    /// Sets the longest step, in units of time: for fields that do something sudden. See above for
    /// what is found without it.
    ///
    /// ```
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// // A pulse of area 1, a thousandth of the span wide.
    /// let pulse = field::time_dependent::<1, _>(|t, [x]| {
    ///     let s = (t - 0.4) / 0.001;
    ///     [x * (-s * s / 2.0).exp() / (0.001 * std::f64::consts::TAU.sqrt())]
    /// });
    /// let flow = ContinuousFlow::new(pulse).solver(automatic().longest_step(0.012));
    /// let moved = flow.forward(&dmatrix![1.0f64])?;
    /// assert!((moved.log_det[0] - 1.0).abs() < 1e-3);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn longest_step(mut self, step: f64) -> Self {
        self.longest = Some(step);
        self
    }

    /// Sets the most steps, accepted or rejected, that a column may take.
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.max_steps = steps;
        self
    }
}

impl ErrorControlled for Adaptive {
    fn set_tolerance(&mut self, relative: f64, absolute: f64) {
        self.tolerance = Tolerance { relative, absolute };
    }

    fn tolerance(&self) -> (f64, f64) {
        (self.tolerance.relative, self.tolerance.absolute)
    }

    fn set_longest_step(&mut self, step: f64) {
        self.longest = Some(step);
    }
}

impl<T: Real> Solver<T> for Adaptive {
    fn check(&self, span: Span) -> Result<()> {
        self.rules().check::<T>(span)
    }

    fn solve<R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        batch: Batch<'_, T>,
        workspace: &mut Workspace<T>,
    ) {
        integrate(self.rules(), rhs, span, batch, None, workspace);
    }

    fn describe(&self) -> Result<Description> {
        let Self { method, tolerance, max_steps, longest, bound } = self;
        let method = method.map_or(Some(AUTOMATIC), known::name_of);
        let method = method.ok_or_else(|| Description::none_of::<Self>("solver"))?;
        let description = Description::new("Adaptive")
            .with("method", method)
            .with("relative_tolerance", tolerance.relative)
            .with("absolute_tolerance", tolerance.absolute)
            .with("max_steps", *max_steps)
            .with("by_error_alone", *bound == Bound::Error);
        Ok(description.with_some("longest_step", *longest))
    }

    fn accuracy(&self) -> Accuracy {
        Accuracy::Tolerance(self.tolerance.relative.max(self.tolerance.absolute))
    }

    /// The same pair, unless the tolerance chooses it, with its most steps and a longest one that was set.
    fn at(&self, tolerance: f64) -> Adaptive {
        Adaptive { bound: Bound::Error, ..*self }.tolerance(tolerance)
    }
}

impl<T: Real> Recording<T> for Adaptive {
    fn tableau(&self) -> &'static Tableau {
        self.method()
    }

    fn solve_recorded<R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        batch: Batch<'_, T>,
        record: &mut Record<T>,
        workspace: &mut Workspace<T>,
    ) {
        record.clear(rhs.rows(), span);
        integrate(self.rules(), rhs, span, batch, Some(record), workspace);
    }
}

/// The name of the pair that the tolerance chooses.
const AUTOMATIC: &str = "automatic";

impl<T: Real> Restore<T> for Adaptive {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Adaptive")?;
        let method = match source.word("method")? {
            AUTOMATIC => None,
            name => Some(known::named(name).ok_or_else(|| source.unknown("method", name))?),
        };
        let [relative, absolute] = ["relative_tolerance", "absolute_tolerance"];
        let tolerance =
            Tolerance { relative: source.number(relative)?, absolute: source.number(absolute)? };
        let bound = if source.flag("by_error_alone")? { Bound::Error } else { Bound::WhatHides };
        let longest = source.optional_number("longest_step")?;
        Ok(Self { method, tolerance, max_steps: source.whole("max_steps")?, longest, bound })
    }
}
