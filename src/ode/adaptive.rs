//! Solvers that choose their steps by the error, for every column on its own: the settings.

use super::high_order::DOPRI8;
use super::stepping::integrate;
use super::tableau::{DOPRI5, TSIT5, Tableau};
use super::{
    Batch, ErrorControlled, Record, Recording, RightHandSide, Solver, Span, Tolerance, Workspace,
};
use crate::error::{Error, Result};
use crate::real::Real;

/// A Runge-Kutta pair with error control per column.
///
/// Every column has its own time, step and error: what becomes of it does not depend on the columns
/// beside it. A step is accepted if the root mean square of error / (absolute + relative |y|) is at
/// most one. Made by [`automatic`], [`tsit5`], [`dopri5`] and [`dopri8`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptive {
    /// The pair; chosen by the tolerance if there is none.
    method: Option<&'static Tableau>,
    pub(super) tolerance: Tolerance,
    pub(super) max_steps: u64,
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
        Self { method: Some(method), tolerance, max_steps: 10_000 }
    }

    /// The pair in use.
    pub(super) fn method(&self) -> &'static Tableau {
        let tight = self.tolerance.relative.min(self.tolerance.absolute) <= TIGHT;
        self.method.unwrap_or(if tight { &DOPRI8 } else { &DOPRI5 })
    }

    /// Sets relative and absolute tolerance to the same value.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Tolerance { relative: tolerance, absolute: tolerance };
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
}

impl<T: Real> Solver<T> for Adaptive {
    fn check(&self) -> Result<()> {
        if self.max_steps == 0 {
            return Err(Error::setting("the step limit is zero: allow at least one step"));
        }
        self.tolerance.check::<T>()
    }

    fn solve<R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        batch: Batch<'_, T>,
        workspace: &mut Workspace<T>,
    ) {
        integrate(*self, rhs, span, batch, None, workspace);
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
        record.clear(rhs.rows());
        integrate(*self, rhs, span, batch, Some(record), workspace);
    }
}
