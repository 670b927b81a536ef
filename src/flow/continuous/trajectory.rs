//! Points at several times along the way.

use nalgebra::DMatrix;

use super::super::{Direction, Track, all_arrived, transport};
use super::ContinuousFlow;
use crate::error::{Error, Result};
use crate::field::VectorField;
use crate::ode::Solver;
use crate::real::Real;

impl<F: Clone, S: Clone> ContinuousFlow<F, S> {
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
    /// As [`Flow::forward`](super::super::Flow::forward), and if there is no time.
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
            let part = self.clone().span(pair[0], pair[1]);
            let last = &path[path.len() - 1];
            let moved = transport(&part, Direction::Forward, last, context, Track::Points)?;
            path.push(all_arrived(moved)?.points);
        }
        Ok(path)
    }
}
