//! The accepted steps of every column: where a flow takes small ones, it is stiff or bends sharply.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::super::{Contexts, Direction, Flow, PACKET, Packet, Track, check_points};
use super::ContinuousFlow;
use crate::error::Result;
use crate::field::VectorField;
use crate::ode::{Batch, Record, Recording, Workspace, mark_non_finite};
use crate::outcome::{Effort, Outcome};
use crate::real::Real;

/// The way of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSteps {
    /// The start and the signed size of every accepted step, in order.
    pub steps: Vec<[f64; 2]>,
    /// What the way cost.
    pub effort: Effort,
    /// Whether the column arrived.
    pub outcome: Outcome,
}

impl<F, S> ContinuousFlow<F, S> {
    /// The accepted steps of every column of `points`, with its log-determinant, in a direction.
    ///
    /// ```
    /// use liouville::nalgebra::{self, dmatrix};
    /// use liouville::prelude::*;
    ///
    /// let turning = field::autonomous::<2, _>(|x| [-x[1], x[0]]);
    /// let flow = ContinuousFlow::new(turning).solver(rk4(4));
    /// let ways = flow.steps(Direction::Forward, &dmatrix![1.0f64; 0.0], None)?;
    /// assert_eq!(ways[0].steps, [[0.0, 0.25], [0.25, 0.25], [0.5, 0.25], [0.75, 0.25]]);
    /// # Ok::<(), liouville::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If shapes do not fit, there is no column, or a setting is out of range.
    pub fn steps<T: Real>(
        &self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<Vec<ColumnSteps>>
    where
        F: VectorField<T>,
        S: Recording<T>,
    {
        Flow::<T>::check(self)?;
        check_points(self.field.dim(), points)?;
        let contexts = Contexts::new(self.field.context_dim(), points.ncols(), context)?;
        let parts: Vec<Vec<ColumnSteps>> = points
            .as_slice()
            .par_chunks(points.nrows() * PACKET)
            .enumerate()
            .map(|(index, columns)| {
                let (mut packet, mut buffer) = (Packet::new(Track::LogDet), Vec::new());
                let count = columns.len() / points.nrows();
                let values = contexts.of_packet(index, count, &mut buffer);
                packet.load(columns, points.nrows(), values, contexts.dim);
                self.steps_of_packet(direction, &mut packet)
            })
            .collect();
        Ok(parts.into_iter().flatten().collect())
    }

    fn steps_of_packet<T: Real>(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
    ) -> Vec<ColumnSteps>
    where
        F: VectorField<T>,
        S: Recording<T>,
    {
        let mut workspace = Workspace::new();
        mark_non_finite(packet.points.view(), 0.0, &mut packet.outcomes);
        mark_non_finite(packet.context.view(), 0.0, &mut packet.outcomes);
        self.enter(direction, packet, &mut workspace);
        let rhs = self.augmented(packet.track, packet.noise);
        let mut state = workspace.scratch.take(rhs.state_rows(), packet.len());
        let mut carried = workspace.scratch.take(rhs.carried_rows(), packet.len());
        let span = self.directed(direction);
        self.pack(&rhs, span, packet, &mut state, &mut carried, &mut workspace);
        let batch = Batch {
            state: &mut state,
            carried: carried.view(),
            outcomes: &mut packet.outcomes,
            efforts: &mut packet.efforts,
        };
        let mut record = Record::new();
        self.solver.solve_recorded(&rhs, span, batch, &mut record, &mut workspace);
        let ends = packet.outcomes.iter().zip(&packet.efforts);
        let mut ways: Vec<ColumnSteps> = ends
            .map(|(&outcome, &effort)| ColumnSteps { steps: Vec::new(), effort, outcome })
            .collect();
        for step in record.steps() {
            ways[step.column].steps.push([step.t, step.h]);
        }
        ways
    }
}
