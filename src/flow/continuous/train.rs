//! The reverse pass of a continuous flow: the recorded solve taken back, or the adjoint solved.

use nalgebra::DMatrix;

use super::super::{Contexts, Cotangent, Direction, Packet, Track, TrainableFlow, check_points};
use super::augmented::{Augmented, AugmentedTape};
use super::{ContinuousFlow, Frame, Gradient, Penalties};
use crate::columns::Block;
use crate::description::Description;
use crate::error::Result;
use crate::field::TrainableField;
use crate::ode::{
    Adjoint, AdjointMemory, Batch, Ending, Record, Recording, Solver, Span, Tapes, Workspace,
    reverse,
};
use crate::outcome::Outcome;
use crate::parameters::{Fixed, Parameters, Setting};
use crate::real::Real;

/// What a recorded packet keeps: its accepted steps or its end, and memory for the way back.
pub struct ContinuousTape<T, P> {
    record: Record<T>,
    end: Block<T>,
    outcomes: Vec<Outcome>,
    carried: Block<T>,
    penalty: Block<T>,
    columns: usize,
    track: Track,
    noise: Option<u64>,
    accuracy: Option<f64>,
    tapes: Tapes<T, AugmentedTape<T, P>>,
    adjoint: AdjointMemory<T, AugmentedTape<T, P>>,
}

impl<T: Real, P: Default> Default for ContinuousTape<T, P> {
    fn default() -> Self {
        Self {
            record: Record::new(),
            end: Block::default(),
            outcomes: Vec::new(),
            carried: Block::default(),
            penalty: Block::default(),
            columns: 0,
            track: Track::LogDet,
            noise: None,
            accuracy: None,
            tapes: Tapes::default(),
            adjoint: AdjointMemory::default(),
        }
    }
}

impl<T: Real, P> ContinuousTape<T, P> {
    /// The weighted penalties of the samples of a packet recorded by [`Penalised`].
    pub fn penalties(&self) -> &[T] {
        &self.penalty.row(0)[..self.columns]
    }
}

/// What way the samples go, and what it costs them.
#[derive(Clone, Copy)]
struct Way {
    direction: Direction,
    span: Span,
    penalties: Penalties,
}

/// A continuous flow that penalises the way of its samples, with the data at a time of choice; made
/// by [`ContinuousFlow::penalised`].
pub struct Penalised<'a, F, S> {
    flow: &'a ContinuousFlow<F, S>,
    data: f64,
    penalties: Penalties,
}

impl<F, S> ContinuousFlow<F, S> {
    /// The same flow with penalties on the way of each sample, and with the data at time `data`
    /// in place of the end of its span: for objectives.
    pub fn penalised(&self, penalties: Penalties, data: f64) -> Penalised<'_, F, S> {
        Penalised { flow: self, data, penalties }
    }
}

impl<F, S> Penalised<'_, F, S> {
    fn way(&self, direction: Direction) -> Way {
        let base = self.flow.span.from;
        let span = match direction {
            Direction::Forward => Span { from: base, to: self.data },
            Direction::Inverse => Span { from: self.data, to: base },
        };
        Way { direction, span, penalties: self.penalties }
    }

    /// As [`TrainableFlow::record_packet`]; the weighted penalties of the samples are then on the
    /// tape.
    pub fn record_packet<T: Real>(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut ContinuousTape<T, F::Tape>,
        workspace: &mut Workspace<T>,
    ) where
        F: TrainableField<T>,
        S: Recording<T>,
    {
        self.flow.record_way(self.way(direction), packet, tape, workspace);
    }

    /// As [`TrainableFlow::pullback_packet`]; `share` is the derivative of the objective by the
    /// weighted penalty of each sample.
    pub fn pullback_packet<T: Real>(
        &self,
        direction: Direction,
        share: f64,
        tape: &mut ContinuousTape<T, F::Tape>,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) where
        F: TrainableField<T>,
        S: Recording<T>,
    {
        let way = self.way(direction);
        self.flow.pull_way(way, share, tape, cotangent, sums, workspace);
    }
}

impl<F, S> ContinuousFlow<F, S> {
    /// Follows a packet along a way, and records it.
    fn record_way<T: Real>(
        &self,
        way: Way,
        packet: &mut Packet<T>,
        tape: &mut ContinuousTape<T, F::Tape>,
        workspace: &mut Workspace<T>,
    ) where
        F: TrainableField<T>,
        S: Recording<T>,
    {
        self.enter(way.direction, packet, workspace);
        let rhs = self.augmented(packet.track, packet.noise).with(way.penalties);
        let mut state = workspace.scratch.take(rhs.state_rows(), packet.len());
        tape.carried.reshape(rhs.carried_rows(), packet.len());
        tape.columns = packet.len();
        (tape.track, tape.noise) = (packet.track, packet.noise);
        tape.accuracy = packet.accuracy;
        self.pack(&rhs, way.span, packet, &mut state, &mut tape.carried, workspace);
        let batch = Batch {
            state: &mut state,
            carried: tape.carried.view(),
            outcomes: &mut packet.outcomes,
            efforts: &mut packet.efforts,
        };
        let (span, record) = (way.span, &mut tape.record);
        match packet.accuracy.map(|accuracy| self.solver.at(accuracy)) {
            None => self.run(&self.solver, &rhs, span, batch, record, workspace),
            Some(solver) => self.run(&solver, &rhs, span, batch, record, workspace),
        }
        self.unpack(&rhs, packet, &state);
        if self.gradient != Gradient::Discrete {
            tape.end.clone_from(&packet.points);
            tape.outcomes.clone_from(&packet.outcomes);
        }
        weigh(way, &state, &mut tape.penalty);
        workspace.scratch.give(state);
        self.leave(way.direction, packet, workspace);
    }

    /// Solves, with a record of the steps if they are to be taken back.
    fn run<T: Real, U: Recording<T>>(
        &self,
        solver: &U,
        rhs: &Augmented<'_, F>,
        span: Span,
        batch: Batch<'_, T>,
        record: &mut Record<T>,
        workspace: &mut Workspace<T>,
    ) where
        F: TrainableField<T>,
    {
        match self.gradient {
            Gradient::Discrete => solver.solve_recorded(rhs, span, batch, record, workspace),
            Gradient::Adjoint(_) => solver.solve(rhs, span, batch, workspace),
        }
    }

    /// Pulls cotangents back along the way that was recorded.
    fn pull_way<T: Real>(
        &self,
        way: Way,
        share: f64,
        tape: &mut ContinuousTape<T, F::Tape>,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) where
        F: TrainableField<T>,
        S: Recording<T>,
    {
        self.pull_exit(way.direction, cotangent, workspace);
        let rhs = self.augmented(tape.track, tape.noise).with(way.penalties);
        let mut state = workspace.scratch.take(rhs.state_rows(), tape.columns);
        let mut carried = workspace.scratch.take(tape.carried.rows(), tape.columns);
        carried.fill(T::zero());
        load_cotangents(&rhs, way, share, cotangent, &mut state);
        self.take_back(&rhs, way.span, tape, [&mut state, &mut carried], sums, workspace);
        let points = state.view().range(0, self.field.dim());
        cotangent.points.values_mut().copy_from_slice(points.values());
        self.pull_entry(way.direction, cotangent, workspace);
        let (_, mut context) = carried.view_mut().split_at(rhs.probe_rows::<T>());
        if let Some(frame) = &self.frame {
            frame.pull_contexts(context.reborrow());
        }
        let context = context.as_rows();
        for (sum, value) in cotangent.context.values_mut().iter_mut().zip(context.values()) {
            *sum += *value;
        }
        workspace.scratch.give(carried);
        workspace.scratch.give(state);
    }
}

impl<F, S> ContinuousFlow<F, S> {
    /// Pulls the cotangents of final states and of carried rows back, one way or the other.
    fn take_back<T: Real>(
        &self,
        rhs: &Augmented<'_, F>,
        span: Span,
        tape: &mut ContinuousTape<T, F::Tape>,
        [state, carried]: [&mut Block<T>; 2],
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) where
        F: TrainableField<T>,
        S: Recording<T>,
    {
        let ContinuousTape { record, end, outcomes, carried: kept, columns, accuracy, .. } = tape;
        let tableau = match *accuracy {
            None => self.solver.tableau(),
            Some(accuracy) => Recording::<T>::tableau(&self.solver.at(accuracy)),
        };
        match self.gradient {
            Gradient::Discrete => reverse(
                rhs,
                tableau,
                record,
                kept.view(),
                state,
                carried,
                sums,
                *columns,
                &mut tape.tapes,
                workspace,
            ),
            Gradient::Adjoint(solver) => {
                let ending = Ending { state: end.view(), carried: kept.view(), outcomes };
                let solver = accuracy.map_or(solver, |accuracy| Solver::<T>::at(&solver, accuracy));
                let adjoint = Adjoint { rhs, span, solver };
                adjoint.pull(ending, state, carried, sums, &mut tape.adjoint, workspace);
            }
        }
    }
}

/// Adds up the integrals of each sample, with their weights. They grow along the clock; a way
/// against it makes them negative.
fn weigh<T: Real>(way: Way, state: &Block<T>, penalty: &mut Block<T>) {
    penalty.reshape(1, state.lanes());
    penalty.fill(T::zero());
    let first = state.rows() - way.penalties.rows();
    for (k, weight) in way.penalties.weights().enumerate() {
        let factor = T::of(weight * way.span.length().signum());
        crate::kernels::axpy(factor, state.row(first + k), penalty.row_mut(0));
    }
}

/// Writes the cotangents of the final state.
fn load_cotangents<T: Real, F: TrainableField<T>>(
    rhs: &Augmented<'_, F>,
    way: Way,
    share: f64,
    cotangent: &Cotangent<T>,
    state: &mut Block<T>,
) {
    let (mut points, integrals) = state.view_mut().split_at(cotangent.points.rows());
    let (mut traces, mut penalties) = integrals.split_at(rhs.trace_rows());
    points.values_mut().copy_from_slice(cotangent.points.values());
    // The log-determinant is a weighted sum of the trace rows.
    for k in 0..traces.rows() {
        let part = T::of(rhs.estimator().map_or(1.0, |estimator| estimator.weight(k)));
        for (to, from) in traces.row_mut(k).iter_mut().zip(cotangent.log_det.row(0)) {
            *to = *from * part;
        }
    }
    for (k, weight) in way.penalties.weights().enumerate() {
        penalties.row_mut(k).fill(T::of(share * weight * way.span.length().signum()));
    }
}

impl<T, F, S> TrainableFlow<T> for ContinuousFlow<F, S>
where
    T: Real,
    F: TrainableField<T>,
    S: Recording<T>,
{
    type Tape = ContinuousTape<T, F::Tape>;

    fn held(&self) -> Option<&Parameters<T>> {
        Some(self.field.held())
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.field.set_parameters(values)
    }

    /// Those of the frame, if there is one, and those of the field.
    fn fixed(&self) -> Vec<Fixed> {
        let frame = self.frame.iter().flat_map(Frame::arrays);
        frame.chain(self.field.fixed()).collect()
    }

    /// With arrays of a frame the flow gets it, and loses its own without.
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        let count = arrays.iter().take_while(|array| Frame::owns(array)).count();
        let (own, rest) = arrays.split_at(count);
        let sizes = [self.field.dim(), self.field.context_dim()];
        let frame = (count > 0).then(|| Frame::of_arrays(own, sizes)).transpose()?;
        self.field.set_fixed(rest)?;
        self.frame = frame;
        Ok(())
    }

    fn describe(&self) -> Result<Description> {
        let (field, solver) = (self.field.describe()?, self.solver.describe()?);
        Ok(Description::new("ContinuousFlow")
            .with("base_time", self.span.from)
            .with("data_time", self.span.to)
            .part("field", field)
            .part("solver", solver)
            .part("trace", self.trace.describe())
            .part("gradient", self.gradient.describe::<T>()?))
    }

    fn settings(&self) -> Vec<Setting> {
        let field = self.field.settings().into_iter().map(|setting| setting.within("field"));
        let own = [Setting::kind("ContinuousFlow"), Setting::new("span", self.span)];
        own.into_iter().chain(field).collect()
    }

    fn sums_len(&self) -> usize {
        self.field.sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.field.fold(sums, gradient)
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        let way = self.plain(direction);
        self.record_way(way, packet, tape, workspace);
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let way = self.plain(direction);
        self.pull_way(way, 0.0, tape, cotangent, sums, workspace);
    }

    /// Fits a [`Frame`] to the data, if the field is fresh and there is none, so that an untrained flow is about
    /// the normal density of their moments. Points of the base say nothing about it.
    fn initialise(
        &mut self,
        direction: Direction,
        points: &DMatrix<T>,
        context: Option<&DMatrix<T>>,
    ) -> Result<()> {
        check_points(self.field.dim(), points)?;
        Contexts::new(self.field.context_dim(), points.ncols(), context)?;
        if direction == Direction::Inverse && TrainableFlow::is_fresh(self) {
            self.frame = Some(Frame::gentle(points, context)?);
        }
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        self.frame.is_none() && self.field.is_fresh()
    }

    fn seen_contexts(&self, contexts: &DMatrix<T>) -> Vec<DMatrix<T>> {
        let inside = |frame: &Frame| frame.contexts_inside(contexts);
        vec![self.frame.as_ref().map_or_else(|| contexts.clone(), inside)]
    }
}

impl<F, S> ContinuousFlow<F, S> {
    /// The way without penalties.
    fn plain(&self, direction: Direction) -> Way {
        Way { direction, span: self.directed(direction), penalties: Penalties::default() }
    }
}
