//! Runge-Kutta on columns, each with its own clock; knows neither fields nor densities.
//!
//! | file | what |
//! | --- | --- |
//! | `tableau`, `high_order` | the methods as constants |
//! | `span` | from where to where, and the times that a scalar can tell apart |
//! | `tolerance`, `accuracy` | how the error of a step is measured; how accurate a solver is |
//! | `sharpness` | how suddenly equations change, and how long a step may be |
//! | `adaptive`, `rules`, `stepping` | error control per column: the solvers; their settings; the loop |
//! | `clock`, `control`, `powers` | step sizes: the first, and the next; by powers of six digits |
//! | `stages`, `range` | the stages of one step; why a solution was lost |
//! | `fixed` | equal steps |
//! | `external` | the solvers of the `ode_solvers` crate behind the same trait |
//! | `record` | the accepted steps |
//! | `reverse` | the discrete gradient of a recorded solve |
//! | `adjoint`, `backward`, `quadrature` | the continuous gradient of a solve without a record; its equations; its sums |

mod accuracy;
mod adaptive;
mod adjoint;
mod backward;
mod clock;
mod control;
mod external;
mod fixed;
mod high_order;
mod known;
mod powers;
mod quadrature;
mod range;
mod record;
mod reverse;
mod rules;
mod sharpness;
mod span;
mod stages;
mod stepping;
mod tableau;
mod tolerance;

use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::description::Description;
use crate::error::Result;
use crate::outcome::{Effort, Failure, Outcome, Reason};
use crate::real::Real;

pub use accuracy::Accuracy;
pub use adaptive::{Adaptive, automatic, dopri5, dopri8, tsit5};
pub use adjoint::Adjoint;
pub use backward::{AdjointMemory, Ending};
pub use external::{External, external_dop853, external_dopri5, external_rk4};
pub use fixed::{Fixed, fixed, rk4};
pub use high_order::DOPRI8;
pub use record::{Record, Step};
pub use reverse::{Tapes, reverse};
pub use sharpness::Sharpness;
pub use span::{Inside, Span};
pub use tableau::{DOPRI5, RK4, TSIT5, Tableau};

/// dy/dt for a block of columns, each at a time of its own.
pub trait RightHandSide<T: Real>: Sync {
    /// The number of rows of the state.
    fn rows(&self) -> usize;

    /// The number of leading rows that the equations depend on; the others are integrals along the
    /// way. Their errors are measured apart, so that many rows of one kind cannot hide the error of
    /// a single row of another. Default: all.
    fn leading_rows(&self) -> usize {
        self.rows()
    }

    /// The number of rows, counted from the first, that steps are chosen by. The rows behind them
    /// are carried along by the steps that suit the others, and change nothing in them. Default: all.
    fn controlled_rows(&self) -> usize {
        self.rows()
    }

    /// How suddenly dy/dt can change, if that is known: what bounds the longest step. By default
    /// nothing is known.
    fn sharpness(&self) -> Option<Sharpness> {
        None
    }

    /// By how much rounding may change dy/dt of a leading row, beyond what goes with the row's own size.
    /// No row is followed closer than this times the step. Default: not at all.
    fn rounding(&self, _row: usize) -> f64 {
        0.0
    }

    /// The number of leading rows whose velocity is the speed that [`Sharpness`] speaks of. Default:
    /// all leading rows.
    fn speed_rows(&self) -> usize {
        self.leading_rows()
    }

    /// Writes dy/dt. `carried` holds rows that stay constant along the way (contexts, probes).
    fn evaluate(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    );

    /// Writes the leading rows of dy/dt, for stages of which the integrals take no part; the other rows
    /// may be left as they are. Of `y`, too, only the leading rows are defined. Default:
    /// [`evaluate`](RightHandSide::evaluate).
    fn evaluate_leading(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        self.evaluate(t, y, carried, dydt, scratch);
    }
}

/// A right-hand side with a reverse pass.
pub trait Differentiable<T: Real>: RightHandSide<T> {
    /// What one evaluation keeps.
    type Tape: Default + Send;

    /// Evaluates, and keeps on `tape` what the pullback needs.
    fn record(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        tape: &mut Self::Tape,
        scratch: &mut Scratch<T>,
    );

    /// From the cotangents of dy/dt to those of y (overwritten) and of carried rows (added to), and
    /// to sums for the parameters (added to).
    fn pullback(
        &self,
        place: Place<'_, T>,
        tape: &Self::Tape,
        back: Back<'_, T>,
        scratch: &mut Scratch<T>,
    );
}

/// Where an evaluation was recorded.
#[derive(Clone, Copy)]
pub struct Place<'a, T> {
    /// The time of each lane.
    pub t: &'a [T],
    /// The state.
    pub y: Rows<'a, T>,
    /// The constant rows.
    pub carried: Rows<'a, T>,
}

/// The cotangents that go into a pullback and come out of it.
pub struct Back<'a, T> {
    /// The cotangents of dy/dt.
    pub dydt: Rows<'a, T>,
    /// The cotangents of y, overwritten.
    pub y: RowsMut<'a, T>,
    /// The cotangents of the carried rows, added to.
    pub carried: RowsMut<'a, T>,
    /// Sums for the parameters, added to.
    pub sums: &'a mut [T],
}

/// A block of columns on its way: in go initial states, out come final states.
pub struct Batch<'a, T> {
    /// The states, one lane per column, padded.
    pub state: &'a mut Block<T>,
    /// Rows that stay constant, of as many lanes; may have no rows.
    pub carried: Rows<'a, T>,
    /// What became of each column. Columns that have failed already stay where they are.
    pub outcomes: &'a mut [Outcome],
    /// What each column cost, added to.
    pub efforts: &'a mut [Effort],
}

/// Memory that solves use again and again.
#[derive(Default)]
pub struct Workspace<T> {
    /// Spare blocks.
    pub scratch: Scratch<T>,
    stages: Vec<Block<T>>,
    clocks: Vec<clock::Clock>,
}

impl<T: Real> Workspace<T> {
    /// No memory yet.
    pub fn new() -> Self {
        Self { scratch: Scratch::new(), stages: Vec::new(), clocks: Vec::new() }
    }
}

/// A way to integrate a block of columns.
pub trait Solver<T: Real>: Send + Sync {
    /// An error if a setting is out of range for this scalar, or the scalar cannot resolve the times of
    /// the span.
    fn check(&self, span: Span) -> Result<()>;

    /// Follows every column of the batch along the span.
    fn solve<R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        batch: Batch<'_, T>,
        workspace: &mut Workspace<T>,
    );

    /// What the solver is, as it can be [made again](crate::description::Restore) from.
    ///
    /// # Errors
    ///
    /// If it does not say so, which is the default.
    fn describe(&self) -> Result<Description> {
        Err(Description::none_of::<Self>("solver"))
    }

    /// How accurate the solver is, as far as it knows.
    fn accuracy(&self) -> Accuracy {
        Accuracy::Unknown
    }

    /// The solver that does the same work to another accuracy, relative and absolute alike: rough in the
    /// steps of training, whose results are compared with those of the solver itself. It chooses its steps
    /// by their error alone: none is kept short because something might hide in it, except by a longest
    /// step that was set. Default: [`automatic`].
    ///
    /// ```
    /// use liouville::ode::{Adaptive, Solver, dopri5, rk4};
    ///
    /// let rough: Adaptive = Solver::<f32>::at(&rk4(100), 1e-3);
    /// assert_eq!(rough, Solver::<f32>::at(&rk4(7), 1e-3));
    /// assert_ne!(Solver::<f32>::at(&dopri5(), 1e-3), dopri5().tolerance(1e-3));
    /// ```
    fn at(&self, tolerance: f64) -> Adaptive {
        Solver::<T>::at(&automatic(), tolerance)
    }
}

/// A solver whose steps can be recorded and taken back.
pub trait Recording<T: Real>: Solver<T> {
    /// The method of the steps.
    fn tableau(&self) -> &'static Tableau;

    /// Solves, and writes every accepted step into `record`.
    fn solve_recorded<R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        batch: Batch<'_, T>,
        record: &mut Record<T>,
        workspace: &mut Workspace<T>,
    );
}

/// A solver that chooses its steps by a tolerance, and takes none longer than it was told.
pub trait ErrorControlled {
    /// Sets the relative and the absolute tolerance.
    fn set_tolerance(&mut self, relative: f64, absolute: f64);

    /// The relative and the absolute tolerance.
    fn tolerance(&self) -> (f64, f64);

    /// Sets the longest step, in units of time.
    fn set_longest_step(&mut self, step: f64);
}

/// Marks columns whose state or carried rows hold a NaN or an infinity.
pub fn mark_non_finite<T: Real>(rows: Rows<'_, T>, t: f64, outcomes: &mut [Outcome]) {
    for i in 0..rows.rows() {
        let row = &rows.row(i)[..outcomes.len()];
        // Without a jump for every value.
        if row.iter().fold(true, |finite, value| finite & value.is_finite()) {
            continue;
        }
        for (value, outcome) in row.iter().zip(outcomes.iter_mut()) {
            if !value.is_finite() && outcome.arrived() {
                *outcome =
                    Outcome::Failed(Failure { reason: Reason::NonFiniteInput, t, step: 0.0 });
            }
        }
    }
}
