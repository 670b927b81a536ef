//! Points at several times along the way.

use nalgebra::DMatrix;

use super::super::{Contexts, Direction, Flow, Packet, Track, check_points, transport};
use super::correlation::Spectrum;
use super::{ContinuousFlow, Frame};
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::ode::{Solver, Span, Workspace};
use crate::outcome::Outcome;
use crate::real::Real;

/// A flow along a part of its way, or beyond its ends.
pub(super) struct Leg<'a, F, S> {
    pub flow: &'a ContinuousFlow<F, S>,
    pub span: Span,
    /// A span that holds all legs: what the scalar must resolve.
    pub whole: Span,
}

impl<T: Real, F: VectorField<T>, S: Solver<T>> Flow<T> for Leg<'_, F, S> {
    fn dim(&self) -> usize {
        self.flow.dim()
    }

    fn context_dim(&self) -> usize {
        self.flow.context_dim()
    }

    fn check(&self) -> Result<()> {
        self.flow.check_along(self.whole)
    }

    fn follow_packet(&self, _: Direction, packet: &mut Packet<T>, workspace: &mut Workspace<T>) {
        self.flow.follow_span(self.span, packet, workspace);
    }
}

impl<F, S> ContinuousFlow<F, S> {
    /// Where every column of `points` is at each of the given times; `points` are the places at
    /// the first of them. The times may run either way.
    ///
    /// Under a [`Frame`], what lies between base and data has met a part of it: at a share s of the way a
    /// point is x = s m + D^s R^(s/2) y, so that paths begin with samples of the base, and end with data.
    ///
    /// ```
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let turning = field::autonomous::<2, _>(|x| [-x[1], x[0]]);
    /// let flow = ContinuousFlow::new(turning).tolerance(1e-8);
    /// let start = dmatrix![1.0; 0.0];
    /// let path = flow.trajectory(&start, None, &[0.0, 0.5, 1.0])?;
    /// assert!((path[1][0] - 0.5f64.cos()).abs() < 1e-7);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Flow::forward`], and if there is no time, or the scalar cannot resolve them. Where columns may fail,
    /// [`trajectory_detailed`](Self::trajectory_detailed) gives the others.
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
        let Trajectory { path, outcomes } = self.trajectory_detailed(points, context, times)?;
        match Error::from_outcomes(&outcomes) {
            Some(error) => Err(error.advising("`trajectory_detailed` gives the others")),
            None => Ok(path),
        }
    }

    /// As [`trajectory`](Self::trajectory), with what became of each column: one that fails is NaN from the
    /// next of the times on, and the others go on.
    ///
    /// # Errors
    ///
    /// As [`Flow::follow`], and if there is no time.
    pub fn trajectory_detailed<T: Real>(
        &self,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
        times: &[f64],
    ) -> Result<Trajectory<T>>
    where
        F: VectorField<T>,
        S: Solver<T>,
    {
        if times.is_empty() {
            return Err(Error::empty("a trajectory has no time: give one or more"));
        }
        let whole = self.whole(times);
        self.check_along::<T>(whole)?;
        check_points(self.field.dim(), points)?;
        Contexts::new(self.field.context_dim(), points.ncols(), context)?;
        let frames = self.frames(times);
        let inside = |frame: &Frame| frame.inside(points);
        let mut path = vec![frames[0].as_ref().map_or_else(|| points.clone(), inside)];
        let mut outcomes = vec![Outcome::Arrived; points.ncols()];
        for pair in times.windows(2) {
            let leg = Leg { flow: self, span: Span { from: pair[0], to: pair[1] }, whole };
            let last = &path[path.len() - 1];
            let moved = transport(&leg, Direction::Forward, last, context, Track::Points)?;
            // What failed before starts as NaN here: the first reason is the one to be told.
            for (outcome, now) in outcomes.iter_mut().zip(&moved.outcomes) {
                if outcome.arrived() {
                    *outcome = *now;
                }
            }
            path.push(moved.points);
        }
        for (points, frame) in path.iter_mut().zip(&frames) {
            if let Some(frame) = frame {
                *points = frame.outside(points);
            }
        }
        // Where they start is known without going there and back.
        path[0].clone_from(points);
        Ok(Trajectory { path, outcomes })
    }

    /// What points have met of the frame at each of these times; nothing at the base.
    pub(super) fn frames(&self, times: &[f64]) -> Vec<Option<Frame>> {
        let Some(frame) = &self.frame else { return vec![None; times.len()] };
        let shares = times.iter().map(|&t| self.share(t));
        let spectrum = Spectrum::of(&frame.root);
        let part = |share: f64| match &spectrum {
            _ if share == 0.0 => None,
            Some(spectrum) => Some(frame.up_to(share, spectrum)),
            None => Some(frame.clone()),
        };
        shares.map(part).collect()
    }

    /// How much of the way from the base to the data has been gone at a time.
    pub(super) fn share(&self, t: f64) -> f64 {
        let Span { from, to } = self.span;
        if t == to || from == to { 1.0 } else { (t - from) / (to - from) }
    }

    /// A span over all times, at least as long as the flow's own: legs may be as short as they like.
    pub(super) fn whole(&self, times: &[f64]) -> Span {
        let low = times.iter().fold(f64::INFINITY, |low, t| low.min(*t));
        let high = times.iter().fold(f64::NEG_INFINITY, |high, t| high.max(*t));
        // `min` and `max` would drop a NaN.
        let nan = times.iter().find(|t| t.is_nan());
        let length = (high - low).max(self.span.length().abs());
        Span { from: *nan.unwrap_or(&low), to: low + length }
    }
}

/// Points at several times; made by [`ContinuousFlow::trajectory_detailed`].
#[derive(Debug, Clone)]
pub struct Trajectory<T: Real> {
    /// The columns at each of the times; NaN from where they failed.
    pub path: Vec<DMatrix<T>>,
    /// What became of each column.
    pub outcomes: Vec<Outcome>,
}
