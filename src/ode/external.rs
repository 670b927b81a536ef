//! The solvers of the `ode_solvers` crate behind the same trait, one column after another, in `f64`.

use std::cell::{Cell, RefCell};

use nalgebra::DVector;
use ode_solvers::dop_shared::{IntegrationError, Stats};
use ode_solvers::{Dop853, Dopri5, OutputType, Rk4, System};

use super::fixed::AIM;
use super::range::is_vast;
use super::rules::{Bound, Rules};
use super::sharpness::longest_unknown;
use super::tolerance::{Tolerance, least_share};
use super::{
    Accuracy, Adaptive, Batch, DOPRI5, ErrorControlled, Inside, RightHandSide, Solver, Span,
    Workspace, automatic,
};
use crate::columns::{Block, Scratch};
use crate::error::{Error, Result};
use crate::outcome::{Effort, Failure, Outcome, Reason};
use crate::real::Real;

/// A solver of the `ode_solvers` crate: for single trajectories, and for references at tight
/// tolerances. Made by [`external_dopri5`], [`external_dop853`] and [`external_rk4`].
///
/// States are kept in `f64`. For large batches the crate's own solvers are many times faster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct External {
    method: Method,
    tolerance: Tolerance,
    max_steps: u32,
    longest: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Method {
    Dopri5,
    Dop853,
    Rk4 { steps: u32 },
}

/// Dormand-Prince 5(4) of `ode_solvers`. Tolerances 1e-5, at most 10,000 steps.
pub fn external_dopri5() -> External {
    External::new(Method::Dopri5)
}

/// Dormand-Prince 8(5,3) of `ode_solvers`. Tolerances 1e-5, at most 10,000 steps.
///
/// In version 0.6.2 of the crate the node of the twelfth stage is zero where it should be one, which
/// spoils fields that depend on time. Here the time travels as a component of the state, which does
/// not use the nodes.
pub fn external_dop853() -> External {
    External::new(Method::Dop853)
}

/// The classical method of `ode_solvers`, in `steps` equal steps.
pub fn external_rk4(steps: u32) -> External {
    External::new(Method::Rk4 { steps })
}

impl External {
    fn new(method: Method) -> Self {
        let tolerance = Tolerance { relative: 1e-5, absolute: 1e-5 };
        Self { method, tolerance, max_steps: 10_000, longest: None }
    }

    /// Sets relative and absolute tolerance to the same value.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Tolerance { relative: tolerance, absolute: tolerance };
        self
    }

    /// Sets the most steps, accepted or rejected, that a column may take.
    pub fn max_steps(mut self, steps: u32) -> Self {
        self.max_steps = steps;
        self
    }

    /// Sets the longest step, in units of time. Default: an eighth of the span, or a twentieth
    /// for order five at tolerances of 1e-7 and less. The classical method has its own.
    pub fn longest_step(mut self, step: f64) -> Self {
        self.longest = Some(step);
        self
    }
}

impl ErrorControlled for External {
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

/// One column of a right-hand side as the crate's `System`.
struct Single<'a, T, R: ?Sized> {
    rhs: &'a R,
    memory: &'a RefCell<Memory<T>>,
    /// Whether the time travels as a last component of the state.
    timed: bool,
    inside: Inside<T>,
    length: f64,
    tolerance: Tolerance,
    seen: &'a Seen,
}

/// What evaluations have met.
struct Seen {
    /// The time of the last one.
    time: Cell<f64>,
    /// The time of one that was not finite, and the reason.
    lost: Cell<Option<(f64, Reason)>>,
    /// The smallest share of the absolute tolerance that a coordinate would get.
    share: Cell<f64>,
}

impl Seen {
    fn new() -> Self {
        Self { time: Cell::new(f64::NAN), lost: Cell::new(None), share: Cell::new(1.0) }
    }

    /// Takes notice of an evaluation that was not finite, at a vast point or an ordinary one; behind an
    /// ordinary one, points are not finite either.
    fn lose(&self, t: f64, vast: bool) {
        let before = self.lost.get();
        match (vast, before) {
            (false, _) => self.lost.set(Some((t, Reason::NonFiniteVelocity))),
            (true, None | Some((_, Reason::Diverged))) => {
                self.lost.set(Some((t, Reason::Diverged)))
            }
            (true, Some(_)) => {}
        }
    }

    /// Takes notice of a coordinate's share, unless it rests at zero.
    fn meet(&self, share: f64) {
        if share > 0.0 {
            self.share.set(self.share.get().min(share));
        }
    }
}

/// The blocks that one column is evaluated in.
struct Memory<T> {
    times: Block<T>,
    y: Block<T>,
    dydt: Block<T>,
    carried: Block<T>,
    scratch: Scratch<T>,
}

impl<T: Real, R: RightHandSide<T> + ?Sized> System<f64, DVector<f64>> for Single<'_, T, R> {
    fn system(&self, t: f64, y: &DVector<f64>, dydt: &mut DVector<f64>) {
        let mut memory = self.memory.borrow_mut();
        let Memory { times, y: point, dydt: velocity, carried, scratch } = &mut *memory;
        let rows = point.rows();
        let t = if self.timed { y[rows] } else { t };
        times.fill(self.inside.at(t));
        self.seen.time.set(t);
        for (i, value) in y.iter().take(rows).enumerate() {
            point.row_mut(i).fill(T::of(*value));
        }
        self.rhs.evaluate(times.row(0), point.view(), carried.view(), velocity.view_mut(), scratch);
        dydt.fill(1.0);
        for (i, value) in dydt.iter_mut().take(rows).enumerate() {
            *value = velocity.row(i)[0].wide();
            if i < self.rhs.leading_rows() {
                let rounding = self.rhs.rounding(i) * self.length.abs() / self.tolerance.absolute;
                let share = self.tolerance.share(y[i], *value, self.length);
                self.seen.meet(share.max(rounding));
            }
        }
        if !dydt.iter().all(|value| value.is_finite()) {
            self.seen.lose(t, (0..rows).any(|i| is_vast(point.row(i)[0])));
        }
    }

    /// Stops at a state that is not finite.
    fn solout(&mut self, _: f64, y: &DVector<f64>, _: &DVector<f64>) -> bool {
        y.iter().any(|value| !value.is_finite())
    }
}

impl<T: Real> Solver<T> for External {
    fn check(&self, span: Span) -> Result<()> {
        let Self { method, tolerance, max_steps, longest } = *self;
        match method {
            Method::Rk4 { steps: 0 } => {
                Err(Error::setting("a solver of no steps gets nowhere: give one or more"))
            }
            Method::Rk4 { .. } => span.check::<T>(AIM),
            _ => {
                let (method, max_steps, bound) = (&DOPRI5, u64::from(max_steps), Bound::WhatHides);
                Rules { method, tolerance, max_steps, longest, bound }.check::<T>(span)
            }
        }
    }

    fn solve<R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        batch: Batch<'_, T>,
        workspace: &mut Workspace<T>,
    ) {
        let rows = batch.state.rows();
        let memory = RefCell::new(Memory {
            times: Block::new(1, 1),
            y: Block::new(rows, 1),
            dydt: Block::new(rows, 1),
            carried: Block::new(batch.carried.rows(), 1),
            scratch: std::mem::take(&mut workspace.scratch),
        });
        for j in 0..batch.outcomes.len() {
            if !batch.outcomes[j].arrived() || span.length() == 0.0 {
                continue;
            }
            for i in 0..batch.carried.rows() {
                memory.borrow_mut().carried.row_mut(i).fill(batch.carried.row(i)[j]);
            }
            let (end, outcome) = self.follow(rhs, span, &batch, j, &memory);
            for (i, value) in end.iter().take(rows).enumerate() {
                batch.state.row_mut(i)[j] = T::of(*value);
            }
            match outcome {
                Ok(effort) => batch.efforts[j] += effort,
                Err(failure) => batch.outcomes[j] = Outcome::Failed(failure),
            }
        }
        workspace.scratch = memory.into_inner().scratch;
    }

    fn accuracy(&self) -> Accuracy {
        match self.method {
            Method::Rk4 { .. } => Accuracy::Unknown,
            _ => Accuracy::Tolerance(self.tolerance.relative.max(self.tolerance.absolute)),
        }
    }

    /// [`automatic`], with a longest step that was set.
    fn at(&self, tolerance: f64) -> Adaptive {
        let solver = Solver::<T>::at(&automatic(), tolerance);
        self.longest.map_or(solver, |step| solver.longest_step(step))
    }
}

/// The first step of a way that is taken again, as a share of the longest.
const FIRST: f64 = 1e-2;
/// How often a column is followed again if it was found to be smaller than its error was measured by.
const AGAIN: usize = 3;

impl External {
    /// Follows one column; returns the last state, and what it cost or why it failed.
    ///
    /// The crate knows one absolute tolerance for everything: it is the smallest that a coordinate has
    /// on the way, and the way is taken again if that was not known.
    fn follow<T: Real, R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        batch: &Batch<'_, T>,
        column: usize,
        memory: &RefCell<Memory<T>>,
    ) -> (DVector<f64>, std::result::Result<Effort, Failure>) {
        let (rows, timed) = (batch.state.rows(), self.method == Method::Dop853);
        let start = DVector::from_fn(rows + usize::from(timed), |i, _| {
            if i == rows { span.from } else { batch.state.row(i)[column].wide() }
        });
        let (mut spent, mut share) = (Effort::default(), 1.0);
        let mut round = 0;
        loop {
            let seen = Seen::new();
            let (inside, length) = (span.inside(), span.length());
            let tolerance = self.tolerance;
            let single = Single { rhs, memory, timed, inside, length, tolerance, seen: &seen };
            let (end, result) = self.run(single, span, start.clone(), share);
            let gone = (0..rows).any(|i| !T::of(end[i]).is_finite());
            let vast = result.is_err() && (0..rows).any(|i| is_vast(T::of(end[i])));
            let lost = seen.lost.get().filter(|_| gone || result.is_err());
            let lost = lost.or((gone || vast).then_some((seen.time.get(), Reason::Diverged)));
            if let Some((t, reason)) = lost {
                return (end, Err(Failure { reason, t, step: 0.0 }));
            }
            match result {
                Ok(stats) => spent += effort(stats),
                Err(failure) => return (end, Err(failure)),
            }
            round += 1;
            let least = |seen: &Seen| seen.share.get().max(least_share(self.tolerance.absolute));
            if self.is_fixed() || round > AGAIN || least(&seen) >= 0.5 * share {
                return (end, Ok(spent));
            }
            share = least(&seen);
        }
    }

    fn is_fixed(&self) -> bool {
        matches!(self.method, Method::Rk4 { .. })
    }

    /// Integrates one column with this share of the absolute tolerance; returns the last
    /// state and what it cost.
    fn run<S: System<f64, DVector<f64>>>(
        &self,
        system: S,
        span: Span,
        start: DVector<f64>,
        share: f64,
    ) -> (DVector<f64>, std::result::Result<Stats, Failure>) {
        let Tolerance { relative, absolute } = self.tolerance;
        let (from, to, length) = (span.from, span.to, span.length());
        let longest = self.longest.unwrap_or_else(|| {
            let order = if self.method == Method::Dop853 { 8 } else { 5 };
            longest_unknown(order, relative.min(absolute), span)
        });
        let (longest, absolute) = (longest.min(length.abs()), absolute * share);
        // Zero has the crate choose. By a tiny absolute tolerance it would choose a tiny step, for an
        // integral that begins at zero.
        let first_step = if share < 1.0 { FIRST * longest * length.signum() } else { 0.0 };
        let first = start.clone();
        macro_rules! pair {
            ($solver:ident, $beta:literal, $shrink:literal, $grow:literal) => {{
                let mut solver = $solver::from_param(
                    system,
                    from,
                    to,
                    length,
                    start,
                    relative,
                    absolute,
                    0.9,
                    $beta,
                    $shrink,
                    $grow,
                    longest,
                    first_step,
                    self.max_steps,
                    u32::MAX,
                    OutputType::Sparse,
                );
                let result = solver.integrate();
                (solver.y_out().last().cloned().unwrap_or(first), result)
            }};
        }
        let (end, result) = match self.method {
            Method::Dopri5 => pair!(Dopri5, 0.04, 0.2, 10.0),
            Method::Dop853 => pair!(Dop853, 0.0, 0.333, 6.0),
            Method::Rk4 { steps } => {
                // The crate rounds the number of steps up; a hair more than the exact step keeps
                // rounding from adding one.
                let step = length / f64::from(steps) * (1.0 + 4.0 * f64::EPSILON);
                let mut solver = Rk4::new(system, from, start, to, step);
                let result = solver.integrate();
                (solver.y_out().last().cloned().unwrap_or(first), result)
            }
        };
        (end, result.map_err(failure))
    }
}

fn effort(stats: Stats) -> Effort {
    Effort {
        evaluations: u64::from(stats.num_eval),
        accepted: u64::from(stats.accepted_steps),
        rejected: u64::from(stats.rejected_steps),
    }
}

fn failure(error: IntegrationError) -> Failure {
    let (reason, t) = match error {
        IntegrationError::MaxNumStepReached { x, .. } => (Reason::TooManySteps, x),
        IntegrationError::StepSizeUnderflow { x } => (Reason::StepUnderflow, x),
        IntegrationError::StiffnessDetected { x } => (Reason::TooManySteps, x),
    };
    Failure { reason, t, step: 0.0 }
}
