//! Equal steps, the same for every column.

use super::clock::Clock;
use super::range::{all_finite, reason_of_loss};
use super::stages::{combination, node_times, steps};
use super::tableau::{RK4, Tableau};
use super::{Batch, Record, Recording, RightHandSide, Solver, Span, Step, Workspace, known};
use crate::columns::{Block, pad_lanes};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::outcome::{Effort, Failure, Outcome};
use crate::real::Real;

/// A Runge-Kutta method with a given number of equal steps. Made by [`rk4`] and [`fixed`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fixed {
    method: &'static Tableau,
    steps: usize,
}

/// The classical method of order four, in `steps` equal steps.
///
/// Nothing measures its error, and what happens between the nodes, half a step apart, goes unseen.
pub fn rk4(steps: usize) -> Fixed {
    Fixed { method: &RK4, steps }
}

/// Any method, in `steps` equal steps; an embedded error estimate is not used.
pub fn fixed(method: &'static Tableau, steps: usize) -> Fixed {
    Fixed { method, steps }
}

/// The accuracy that times must allow; equal steps have no tolerance of their own.
pub(super) const AIM: f64 = 1e-5;

impl<T: Real> Solver<T> for Fixed {
    fn check(&self, span: Span) -> Result<()> {
        if self.steps == 0 {
            return Err(Error::setting("a solver of no steps gets nowhere: give one or more"));
        }
        self.method.check()?;
        span.check::<T>(AIM)
    }

    fn solve<R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        batch: Batch<'_, T>,
        workspace: &mut Workspace<T>,
    ) {
        self.walk(rhs, span, batch, None, workspace);
    }

    fn describe(&self) -> Result<Description> {
        let name = known::name_of(self.method);
        let name = name.ok_or_else(|| Description::none_of::<Self>("solver"))?;
        Ok(Description::new("Fixed").with("method", name).with("steps", self.steps))
    }
}

impl<T: Real> Recording<T> for Fixed {
    fn tableau(&self) -> &'static Tableau {
        self.method
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
        self.walk(rhs, span, batch, Some(record), workspace);
    }
}

impl Fixed {
    fn walk<T: Real, R: RightHandSide<T> + ?Sized>(
        &self,
        rhs: &R,
        span: Span,
        mut batch: Batch<'_, T>,
        mut record: Option<&mut Record<T>>,
        workspace: &mut Workspace<T>,
    ) {
        let Workspace { scratch, stages, clocks } = workspace;
        clocks.clear();
        clocks.extend((0..batch.outcomes.len()).map(|j| Clock::new(j, span)));
        let (rows, lanes) = (batch.state.rows(), batch.state.lanes());
        if clocks.is_empty() || span.length() == 0.0 {
            return;
        }
        pad_lanes(batch.state.view_mut(), clocks.len());
        stages.resize_with(stages.len().max(self.method.stages()), Block::default);
        let stages = &mut stages[..self.method.stages()];
        stages.iter_mut().for_each(|stage| stage.reshape(rows, lanes));
        let mut point = scratch.take(rows, lanes);
        let mut times = scratch.take(2, lanes);
        let inside = span.inside();
        for step in 0..self.steps {
            // Each step ends where the formula says, so that rounding does not pile up.
            let share = (step + 1) as f64 / self.steps as f64;
            let last = step + 1 == self.steps;
            let end = if last { span.to } else { span.from + span.length() * share };
            clocks.iter_mut().for_each(|clock| clock.h = end - clock.t);
            steps(clocks, times.row_mut(1));
            for i in 0..stages.len() {
                let (row, earlier) = (self.method.a[i], &stages[..i]);
                combination(Some(batch.state), times.row(1), row, earlier, &mut point);
                node_times(clocks, self.method.c[i], inside, times.row_mut(0));
                let dydt = stages[i].view_mut();
                rhs.evaluate(times.row(0), point.view(), batch.carried, dydt, scratch);
            }
            combination(Some(batch.state), times.row(1), self.method.b, stages, &mut point);
            for clock in clocks.iter_mut() {
                clock.advance(clock.h, span);
                if let Some(record) = &mut record {
                    let state = (0..rows).map(|i| batch.state.row(i)[clock.place]);
                    record.push(Step { column: clock.place, t: clock.from, h: clock.taken }, state);
                }
            }
            self.arrive([&point, &stages[0]], clocks, &mut batch);
        }
        scratch.give(times);
        scratch.give(point);
    }

    /// Moves every column that is still travelling to the end of the step, which it began with the
    /// velocity `first`.
    fn arrive<T: Real>(
        &self,
        [point, first]: [&Block<T>; 2],
        clocks: &[Clock],
        batch: &mut Batch<'_, T>,
    ) {
        for (j, clock) in clocks.iter().enumerate() {
            if !batch.outcomes[j].arrived() {
                continue;
            }
            let evaluations = self.method.stages() as u64;
            batch.efforts[j] += Effort { evaluations, accepted: 1, rejected: 0 };
            if !all_finite(point.view(), j) {
                let reason = reason_of_loss([batch.state.view(), first.view()], j);
                let failure = Failure { reason, t: clock.from, step: clock.taken };
                batch.outcomes[j] = Outcome::Failed(failure);
            }
            for i in 0..point.rows() {
                batch.state.row_mut(i)[j] = point.row(i)[j];
            }
        }
    }
}

impl<T: Real> Restore<T> for Fixed {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Fixed")?;
        let name = source.word("method")?;
        let method = known::named(name).ok_or_else(|| source.unknown("method", name))?;
        Ok(Self { method, steps: source.times("steps")? })
    }
}
