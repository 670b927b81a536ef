//! Points at several times along the way.

use nalgebra::DMatrix;

use super::super::{Direction, Flow, Packet, Track, all_arrived, transport};
use super::{ContinuousFlow, check_span};
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::ode::{Solver, Span, Workspace};
use crate::real::Real;

/// A flow along a part of its way, or beyond its ends.
struct Leg<'a, F, S> {
    flow: &'a ContinuousFlow<F, S>,
    span: Span,
}

impl<T: Real, F: VectorField<T>, S: Solver<T>> Flow<T> for Leg<'_, F, S> {
    fn dim(&self) -> usize {
        self.flow.dim()
    }

    fn context_dim(&self) -> usize {
        self.flow.context_dim()
    }

    fn check(&self) -> Result<()> {
        check_span(self.span)?;
        self.flow.check()
    }

    fn follow_packet(&self, _: Direction, packet: &mut Packet<T>, workspace: &mut Workspace<T>) {
        self.flow.follow_span(self.span, packet, workspace);
    }
}

impl<F, S> ContinuousFlow<F, S> {
    /// Where every column of `points` is at each of the given times; `points` are the places at
    /// the first of them. The times may run either way.
    ///
    /// ```
    /// use liouville::prelude::*;
    ///
    /// let turning = field::autonomous::<2, _>(|x| [-x[1], x[0]]);
    /// let flow = ContinuousFlow::new(turning).tolerance(1e-8);
    /// let start = nalgebra::dmatrix![1.0; 0.0];
    /// let path = flow.trajectory(&start, None, &[0.0, 0.5, 1.0])?;
    /// assert!((path[1][0] - 0.5f64.cos()).abs() < 1e-7);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Flow::forward`], and if there is no time.
    pub fn trajectory<T: Real>(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
        times: &[f64],
    ) -> Result<Vec<DMatrix<T>>>
    where
        F: VectorField<T>,
        S: Solver<T>,
    {
        if times.is_empty() {
            return Err(Error::empty("a trajectory needs at least one time"));
        }
        let mut path = vec![points.clone()];
        for pair in times.windows(2) {
            let leg = Leg { flow: self, span: Span { from: pair[0], to: pair[1] } };
            let last = &path[path.len() - 1];
            let moved = transport(&leg, Direction::Forward, last, context, Track::Points)?;
            path.push(all_arrived(moved)?.points);
        }
        Ok(path)
    }
}
