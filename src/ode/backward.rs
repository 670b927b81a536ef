//! The equations of a way back: states and their cotangents together.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Back, Differentiable, Place, RightHandSide, Sharpness};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::outcome::{Effort, Failure, Outcome, Reason};
use crate::real::Real;
use crate::real::portable::{exp2, log2};

/// Memory that ways back use again and again.
pub struct AdjointMemory<T, P> {
    pub(super) tape: P,
    /// Sums that nobody reads: those of trial steps.
    pub(super) spill: Vec<T>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) efforts: Vec<Effort>,
}

impl<T, P: Default> Default for AdjointMemory<T, P> {
    fn default() -> Self {
        let (outcomes, efforts) = (Vec::new(), Vec::new());
        Self { tape: P::default(), spill: Vec::new(), outcomes, efforts }
    }
}

/// Where a solve has ended.
pub struct Ending<'a, T> {
    /// The final states of the rows that the equations depend on.
    pub state: Rows<'a, T>,
    /// The constant rows.
    pub carried: Rows<'a, T>,
    /// What became of each column; nothing comes back from those that failed.
    pub outcomes: &'a [Outcome],
}

/// Marks a column that need not travel: it has failed already, or its cotangents are zero.
const AT_REST: Outcome =
    Outcome::Failed(Failure { reason: Reason::NonFiniteInput, t: f64::INFINITY, step: 0.0 });

/// Whether a column has been marked so.
pub(super) fn is_at_rest(outcome: &Outcome) -> bool {
    *outcome == AT_REST
}

/// The equations of the way back: the state is (y, λ, κ) for the leading rows y, their cotangents λ,
/// and the cotangents κ of carried rows; carried along are the carried rows, the cotangents μ of the
/// other rows, and the scale of the cotangents.
pub(super) struct Backward<'a, T: Real, R: Differentiable<T> + ?Sized> {
    rhs: &'a R,
    carried: usize,
    memory: Mutex<&'a mut AdjointMemory<T, R::Tape>>,
}

impl<'a, T: Real, R: Differentiable<T> + ?Sized> Backward<'a, T, R> {
    pub(super) fn new(
        rhs: &'a R,
        carried: usize,
        memory: &'a mut AdjointMemory<T, R::Tape>,
    ) -> Self {
        Self { rhs, carried, memory: Mutex::new(memory) }
    }

    /// The memory; it holds nothing that a panic could leave half done.
    fn memory(&self) -> MutexGuard<'_, &'a mut AdjointMemory<T, R::Tape>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of rows that travel back, and of those whose cotangents are constant.
    fn sizes(&self) -> [usize; 2] {
        let leading = self.rhs.leading_rows();
        [leading, self.rhs.rows() - leading]
    }

    pub(super) fn carried_rows(&self) -> usize {
        self.carried + self.sizes()[1] + 1
    }

    /// Writes the start of the way back. The scale of each column is a power of two, so that scaling
    /// rounds nothing.
    pub(super) fn board(
        &self,
        ending: &Ending<'_, T>,
        cotangent: &Block<T>,
        state: &mut Block<T>,
        carried: &mut Block<T>,
        outcomes: &mut [Outcome],
    ) {
        let [leading, constant] = self.sizes();
        state.fill(T::zero());
        carried.fill(T::zero());
        for (lane, outcome) in outcomes.iter_mut().enumerate() {
            let rows = || (0..leading + constant).map(|i| cotangent.row(i)[lane].wide());
            let largest = rows().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            if !outcome.arrived() || largest == 0.0 {
                *outcome = AT_REST;
                continue;
            }
            if rows().any(|value| !value.is_finite()) {
                let reason = Reason::NonFiniteInput;
                *outcome = Outcome::Failed(Failure { reason, t: 0.0, step: 0.0 });
                continue;
            }
            let scale = exp2(log2(largest).ceil());
            let share = |i: usize| T::of(cotangent.row(i)[lane].wide() / scale);
            for i in 0..leading {
                state.row_mut(i)[lane] = ending.state.row(i)[lane];
                state.row_mut(leading + i)[lane] = share(i);
            }
            for i in 0..self.carried {
                carried.row_mut(i)[lane] = ending.carried.row(i)[lane];
            }
            for i in 0..constant {
                carried.row_mut(self.carried + i)[lane] = share(leading + i);
            }
            carried.row_mut(self.carried + constant)[lane] = T::of(scale);
        }
    }

    /// Takes the cotangents off at the end of the way back.
    pub(super) fn land(
        &self,
        state: &Block<T>,
        carried: &Block<T>,
        outcomes: &[Outcome],
        [cotangent, carried_cotangent]: [&mut Block<T>; 2],
    ) {
        let [leading, constant] = self.sizes();
        for (lane, outcome) in outcomes.iter().enumerate() {
            let scale = match outcome {
                Outcome::Arrived => carried.row(self.carried + constant)[lane],
                outcome if is_at_rest(outcome) => T::zero(),
                Outcome::Failed(_) | Outcome::Outside { .. } => T::of(f64::NAN),
            };
            for i in 0..leading {
                cotangent.row_mut(i)[lane] = scale * state.row(leading + i)[lane];
            }
            for i in 0..self.carried {
                carried_cotangent.row_mut(i)[lane] += scale * state.row(2 * leading + i)[lane];
            }
        }
    }

    /// Evaluates the right-hand side at the points of `y` and pulls (λ, μ) back through it, where
    /// each lane has its own factor. Written are f, and the cotangents of y and carried rows.
    fn pull(
        &self,
        place: Place<'_, T>,
        factors: Option<&[T]>,
        [mut velocity, mut y_bar, mut carried_bar]: [RowsMut<'_, T>; 3],
        tape: &mut R::Tape,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let ([leading, constant], lanes) = (self.sizes(), place.t.len());
        let mut y = scratch.take(leading + constant, lanes);
        let mut bars = scratch.take(leading + constant, lanes);
        copy(&[place.y.range(0, leading)], &mut y);
        let rest = place.carried.range(self.carried, self.carried + constant);
        copy(&[place.y.range(leading, 2 * leading), rest], &mut bars);
        if let Some(factors) = factors {
            for row in bars.values_mut().chunks_exact_mut(lanes) {
                row.iter_mut().zip(factors).for_each(|(bar, factor)| *bar *= *factor);
            }
        }
        let carried = place.carried.range(0, self.carried);
        self.rhs.record(place.t, y.view(), carried, velocity.reborrow(), tape, scratch);
        carried_bar.values_mut().fill(T::zero());
        let place = Place { t: place.t, y: y.view(), carried };
        let back = Back { dydt: bars.view(), y: y_bar.reborrow(), carried: carried_bar, sums };
        self.rhs.pullback(place, tape, back, scratch);
        scratch.give(bars);
        scratch.give(y);
    }

    /// Adds to the sums the integrand at a place, times minus the weight of each lane.
    pub(super) fn add_integrand(
        &self,
        place: Place<'_, T>,
        weights: &[T],
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (rows, lanes) = (self.rhs.rows(), place.t.len());
        let mut factors = scratch.take(1, lanes);
        let scale = place.carried.row(place.carried.rows() - 1);
        for (factor, (weight, scale)) in
            factors.row_mut(0).iter_mut().zip(weights.iter().zip(scale))
        {
            *factor = -*weight * *scale;
        }
        let mut out = [rows, rows, self.carried].map(|rows| scratch.take(rows, lanes));
        let memory = &mut **self.memory();
        let views = out.each_mut().map(Block::view_mut);
        self.pull(place, Some(factors.row(0)), views, &mut memory.tape, sums, scratch);
        out.into_iter().for_each(|block| scratch.give(block));
        scratch.give(factors);
    }
}

/// Writes the parts one below the other, and zeros below them.
fn copy<T: Real>(parts: &[Rows<'_, T>], to: &mut Block<T>) {
    let mut rest = to.values_mut();
    for part in parts {
        let (here, below) = rest.split_at_mut(part.values().len());
        here.copy_from_slice(part.values());
        rest = below;
    }
    rest.fill(T::zero());
}

impl<T: Real, R: Differentiable<T> + ?Sized> RightHandSide<T> for Backward<'_, T, R> {
    fn rows(&self) -> usize {
        2 * self.sizes()[0] + self.carried
    }

    fn leading_rows(&self) -> usize {
        2 * self.sizes()[0]
    }

    fn sharpness(&self) -> Option<Sharpness> {
        self.rhs.sharpness()
    }

    /// Of the states; cotangents enter their own velocities as factors, and are rounded in proportion.
    fn rounding(&self, row: usize) -> f64 {
        if row < self.sizes()[0] { self.rhs.rounding(row) } else { 0.0 }
    }

    fn speed_rows(&self) -> usize {
        self.rhs.speed_rows()
    }

    /// The cotangents of carried rows are integrals, as the sums for the parameters are: both are as
    /// good as the way they are taken along.
    fn controlled_rows(&self) -> usize {
        2 * self.sizes()[0]
    }

    fn evaluate(
        &self,
        t: &[T],
        y: Rows<'_, T>,
        carried: Rows<'_, T>,
        dydt: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (rows, leading) = (self.rhs.rows(), self.sizes()[0]);
        let [mut velocity, mut y_bar] = [rows; 2].map(|rows| scratch.take(rows, t.len()));
        let (mut out, mut rest) = dydt.split_at(leading);
        let (mut lambda, mut kappa) = rest.reborrow().split_at(leading);
        let AdjointMemory { tape, spill, .. } = &mut **self.memory();
        spill.fill(T::zero());
        let views = [velocity.view_mut(), y_bar.view_mut(), kappa.reborrow()];
        self.pull(Place { t, y, carried }, None, views, tape, spill, scratch);
        out.values_mut().copy_from_slice(velocity.view().range(0, leading).values());
        lambda.values_mut().copy_from_slice(y_bar.view().range(0, leading).values());
        rest.values_mut().iter_mut().for_each(|value| *value = -*value);
        scratch.give(y_bar);
        scratch.give(velocity);
    }
}
