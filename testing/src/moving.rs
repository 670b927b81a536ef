//! Flows followed, with failures turned into violations.

use std::borrow::Cow;

use liouville::nalgebra::DMatrix;

use super::{Cause, Difference, Failures, Law, Place, Tolerances, Violation};
use liouville::error::Error;
use liouville::flow::{Direction, Flow, Moved, Packet, Space};
use liouville::ode::Workspace;
use liouville::outcome::Outcome;
use liouville::real::Real;

/// Both directions.
pub(super) const BOTH: [Direction; 2] = [Direction::Forward, Direction::Inverse];

/// The points of a law with their contexts.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a, T: Real> {
    pub law: Law,
    pub points: &'a DMatrix<T>,
    pub context: Option<&'a DMatrix<T>>,
    pub tolerances: &'a Tolerances,
}

impl<'a, T: Real> Inputs<'a, T> {
    /// The same contexts with other points.
    pub fn with<'b>(&self, points: &'b DMatrix<T>) -> Inputs<'b, T>
    where
        'a: 'b,
    {
        Inputs { points, ..*self }
    }

    /// The same points with the contexts that a flow reads.
    pub fn reading(&self, flow: &dyn Flow<T>) -> Self {
        let context = if flow.context_dim() > 0 { self.context } else { None };
        Self { context, ..*self }
    }

    /// Follows the points; a column that fails is a violation unless failures are allowed.
    pub fn follow(&self, flow: &dyn Flow<T>, direction: Direction) -> Result<Moved<T>, Violation> {
        let moved = flow
            .follow(direction, self.points, self.context)
            .map_err(|error| self.refused(Some(direction), error))?;
        self.arrived(direction, &moved)?;
        Ok(moved)
    }

    /// A violation if a column failed and must not, or arrived at no number; untold if all saturate.
    fn arrived(&self, direction: Direction, moved: &Moved<T>) -> Result<(), Violation> {
        let failures = self.tolerances.failures;
        for (column, outcome) in moved.outcomes.iter().enumerate() {
            let finite = moved.points.column(column).iter().all(|value| value.is_finite());
            let cause = match outcome {
                Outcome::Arrived if finite && moved.log_det[column].is_finite() => continue,
                Outcome::Arrived => Cause::NonFinite { column },
                outcome if failures.leave_out(outcome, self.is_finite(column)) => continue,
                outcome => Cause::Failed { column, outcome: *outcome },
            };
            return Err(self.violation(Some(direction), cause));
        }
        let none = !moved.outcomes.is_empty() && !moved.outcomes.iter().any(Outcome::arrived);
        if none && failures == Failures::Unsaturated {
            return Err(self.untold(direction, self.tolerances.inverse));
        }
        Ok(())
    }

    fn is_finite(&self, column: usize) -> bool {
        self.points.column(column).iter().all(|value| value.is_finite())
    }

    /// Follows the points, whatever becomes of them.
    pub fn follow_any(&self, flow: &dyn Flow<T>, direction: Direction) -> Option<Moved<T>> {
        flow.follow(direction, self.points, self.context).ok()
    }

    /// That a law could not be tried.
    pub fn untold(&self, direction: Direction, bound: f64) -> Violation {
        self.violation(Some(direction), Cause::Unresolved { error: f64::INFINITY, bound })
    }

    /// The points to start from, followed: those that were given, but instead of a point outside the
    /// support of the flow the one to which the flow leads from there. A flow onto a constrained
    /// support has no inverse elsewhere.
    pub fn depart(
        &self,
        flow: &dyn Flow<T>,
        direction: Direction,
    ) -> Result<(Cow<'a, DMatrix<T>>, Moved<T>), Violation> {
        let try_follow = |direction| {
            let moved = flow.follow(direction, self.points, self.context);
            moved.map_err(|error| self.refused(Some(direction), error))
        };
        let moved = try_follow(direction)?;
        if !moved.outcomes.iter().any(Outcome::is_outside) {
            self.arrived(direction, &moved)?;
            return Ok((Cow::Borrowed(self.points), moved));
        }
        let images = try_follow(direction.reversed())?;
        let mut starts = self.points.clone();
        for (j, outcome) in moved.outcomes.iter().enumerate() {
            if outcome.is_outside() && images.outcomes[j].arrived() {
                starts.set_column(j, &images.points.column(j));
            }
        }
        let moved = self.with(&starts).follow(flow, direction)?;
        Ok((Cow::Owned(starts), moved))
    }

    /// A call that could not start.
    pub fn refused(&self, direction: Option<Direction>, error: Error) -> Violation {
        self.violation(direction, Cause::Refused(error))
    }

    /// A violation with the values of its column; what is wrong with a parameter is so at the only
    /// column, if there is only one.
    pub fn violation(&self, direction: Option<Direction>, cause: Cause) -> Violation {
        let violation = Violation::new(self.law, direction, cause);
        let only = violation.difference().filter(|_| self.points.ncols() == 1).map(|_| 0);
        let Some(column) = violation.column().or(only) else { return violation };
        let values = |matrix: &DMatrix<T>| -> Vec<f64> {
            let column = if matrix.ncols() == 1 { 0 } else { column };
            matrix.column(column).iter().map(|value| value.wide()).collect()
        };
        violation.at(values(self.points), self.context.map_or_else(Vec::new, values))
    }

    /// A violation unless `found` is `expected` up to `bound`; NaN is never in order.
    pub fn agree(
        &self,
        direction: Direction,
        place: Place,
        what: [&'static str; 2],
        [found, expected]: [f64; 2],
        bound: f64,
    ) -> Result<(), Violation> {
        if (found - expected).abs() <= bound {
            return Ok(());
        }
        let difference = Difference { place, what, found, expected, bound };
        Err(self.violation(Some(direction), Cause::Differs(difference)))
    }
}

/// A flow behind a reference, so that laws are compiled once for `dyn Flow` and not for every flow.
pub(super) struct Borrowed<'a, F: ?Sized>(pub &'a F);

impl<T: Real, F: Flow<T> + ?Sized> Flow<T> for Borrowed<'_, F> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn context_dim(&self) -> usize {
        self.0.context_dim()
    }

    fn check(&self) -> liouville::error::Result<()> {
        self.0.check()
    }

    fn spaces(&self, direction: Direction, from: &[Space]) -> liouville::error::Result<Vec<Space>> {
        self.0.spaces(direction, from)
    }

    fn follow_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.0.follow_packet(direction, packet, workspace);
    }

    fn accuracy(&self) -> liouville::ode::Accuracy {
        self.0.accuracy()
    }

    fn is_bounded(&self, direction: Direction) -> bool {
        self.0.is_bounded(direction)
    }

    fn mark_outside(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        workspace: &mut Workspace<T>,
    ) {
        self.0.mark_outside(direction, packet, workspace);
    }
}

/// The largest absolute value of a column.
pub(super) fn size<T: Real>(matrix: &DMatrix<T>, column: usize) -> f64 {
    matrix.column(column).iter().fold(0.0, |size, value| value.wide().abs().max(size))
}

/// A stream of numbers in ±1 that depends on its seed alone.
pub(super) fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = liouville::trace::mix(state, 1);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}
