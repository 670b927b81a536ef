//! The reverse pass of a continuous flow: the recorded solve taken back, step by step.

use super::super::{Cotangent, Direction, Packet, Track, TrainableFlow};
use super::ContinuousFlow;
use crate::columns::Block;
use crate::field::TrainableField;
use crate::ode::{Batch, Record, Recording, Tapes, Workspace, reverse};
use crate::parameters::Layout;
use crate::real::Real;

/// What a recorded packet keeps: its accepted steps, and memory for the way back.
pub struct ContinuousTape<T, P> {
    record: Record<T>,
    carried: Block<T>,
    columns: usize,
    track: Track,
    tapes: Tapes<T, P>,
}

impl<T: Real, P: Default> Default for ContinuousTape<T, P> {
    fn default() -> Self {
        Self {
            record: Record::new(),
            carried: Block::default(),
            columns: 0,
            track: Track::LogDet,
            tapes: Tapes::default(),
        }
    }
}

impl<T, F, S> TrainableFlow<T> for ContinuousFlow<F, S>
where
    T: Real,
    F: TrainableField<T>,
    S: Recording<T>,
{
    type Tape = ContinuousTape<T, F::Tape>;

    fn layout(&self) -> Layout {
        self.field.layout().clone()
    }

    fn parameters(&self) -> Vec<T> {
        self.field.parameters().to_vec()
    }

    fn set_parameters(&mut self, values: &[T]) {
        self.field.set_parameters(values);
    }

    fn sums_len(&self) -> usize {
        self.field.sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) {
        self.field.fold(sums, gradient);
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        let rhs = self.augmented(packet.track);
        let mut state = workspace.scratch.take(rhs.state_rows(), packet.len());
        tape.carried.reshape(rhs.carried_rows(), packet.len());
        tape.columns = packet.len();
        tape.track = packet.track;
        let span = self.directed(direction);
        self.pack(&rhs, span, packet, &mut state, &mut tape.carried, workspace);
        let batch = Batch {
            state: &mut state,
            carried: tape.carried.view(),
            outcomes: &mut packet.outcomes,
            efforts: &mut packet.efforts,
        };
        self.solver.solve_recorded(&rhs, span, batch, &mut tape.record, workspace);
        self.unpack(&rhs, packet, &state);
        workspace.scratch.give(state);
    }

    fn pullback_packet(
        &self,
        _: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let rhs = self.augmented(tape.track);
        let (dim, rows) = (self.field.dim(), rhs.state_rows());
        let mut state = workspace.scratch.take(rows, tape.columns);
        let mut carried = workspace.scratch.take(tape.carried.rows(), tape.columns);
        carried.fill(T::zero());
        let (mut points, mut traces) = state.view_mut().split_at(dim);
        points.values_mut().copy_from_slice(cotangent.points.values());
        // The log-determinant is a weighted sum of the trace rows.
        for k in 0..rows - dim {
            let share = rhs.estimator().map_or(T::one(), |all| T::of(all.weight(k)));
            for (to, from) in traces.row_mut(k).iter_mut().zip(cotangent.log_det.row(0)) {
                *to = *from * share;
            }
        }
        let tableau = self.solver.tableau();
        reverse(
            &rhs,
            tableau,
            &tape.record,
            tape.carried.view(),
            &mut state,
            &mut carried,
            sums,
            tape.columns,
            &mut tape.tapes,
            workspace,
        );
        cotangent.points.values_mut().copy_from_slice(state.view().range(0, dim).values());
        let context = carried.view().range(rhs.probe_rows::<T>(), carried.rows());
        for (sum, value) in cotangent.context.values_mut().iter_mut().zip(context.values()) {
            *sum += *value;
        }
        workspace.scratch.give(carried);
        workspace.scratch.give(state);
    }
}
