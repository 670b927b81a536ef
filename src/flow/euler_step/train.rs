//! The reverse pass of an Euler step; through the inverse by the implicit function theorem.

use super::super::{Cotangent, Direction, Packet, TrainableFlow};
use super::series_reverse::{Series, solve_by_iteration};
use super::{Draws, EulerStep, StepInvertible, add};
use crate::columns::{Block, Scratch};
use crate::description::Description;
use crate::error::{Error, Result};
use crate::field::{At, Cotangents, Pulled};
use crate::ode::Workspace;
use crate::parameters::{Fixed, Parameters, Setting};
use crate::real::Real;

/// What a recorded packet keeps: the points at t = 0, whichever way they went, and their contexts.
#[derive(Default)]
pub struct EulerStepTape<T> {
    times: Block<T>,
    start: Block<T>,
    context: Block<T>,
    columns: usize,
    noise: Option<u64>,
    /// The random part of an estimated log-determinant.
    draws: Draws<T>,
}

impl<T: Real> EulerStepTape<T> {
    /// Keeps a packet that is at t = 0.
    fn keep(&mut self, packet: &Packet<T>) {
        (self.columns, self.noise) = (packet.len(), packet.noise);
        self.times.reshape(1, packet.len());
        self.times.fill(T::zero());
        self.start.copy_from(packet.points.view());
        self.context.copy_from(packet.context.view());
    }

    fn at(&self) -> At<'_, T> {
        At { t: self.times.row(0), x: self.start.view(), context: self.context.view() }
    }
}

impl<T: Real, F: StepInvertible<T>> TrainableFlow<T> for EulerStep<F> {
    type Tape = EulerStepTape<T>;

    fn held(&self) -> Option<&Parameters<T>> {
        Some(self.field.held())
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.change(|field| field.set_parameters(values))
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.field.fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.change(|field| field.set_fixed(arrays))
    }

    fn describe(&self) -> Result<Description> {
        let description = Description::new("EulerStep").part("field", self.field.describe()?);
        Ok(description.part("determinant", self.determinant.describe()))
    }

    fn settings(&self) -> Vec<Setting> {
        let field = self.field.settings().into_iter().map(|setting| setting.within("field"));
        [Setting::kind("EulerStep")].into_iter().chain(field).collect()
    }

    fn sums_len(&self) -> usize {
        self.constrained.sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.field.held().check_fold(sums, self.sums_len(), gradient)?;
        let mut by_constrained = vec![T::zero(); gradient.len()];
        self.constrained.fold(sums, &mut by_constrained)?;
        self.field.pull_constraint(&mut by_constrained);
        add(&by_constrained, gradient);
        Ok(())
    }

    fn record_packet(
        &self,
        direction: Direction,
        packet: &mut Packet<T>,
        tape: &mut Self::Tape,
        workspace: &mut Workspace<T>,
    ) {
        if direction == Direction::Forward {
            tape.keep(packet);
        }
        self.follow_drawing(direction, packet, &mut tape.draws, workspace);
        if direction == Direction::Inverse {
            tape.keep(packet);
        }
    }

    fn pullback_packet(
        &self,
        direction: Direction,
        tape: &mut Self::Tape,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        workspace: &mut Workspace<T>,
    ) {
        let scratch = &mut workspace.scratch;
        match direction {
            Direction::Forward => self.pull_forward(tape, cotangent, sums, scratch),
            Direction::Inverse => self.pull_inverse(tape, cotangent, sums, scratch),
        }
    }
}

impl<F> EulerStep<F> {
    /// Changes the field, unless the parameters of its step overflow then.
    fn change<T: Real>(&mut self, change: impl FnOnce(&mut F) -> Result<()>) -> Result<()>
    where
        F: StepInvertible<T>,
    {
        let mut field = self.field.clone();
        change(&mut field)?;
        let constrained = field.constrained();
        let named = |error: Error| error.during("moved to where the step is invertible");
        constrained.layout().check(constrained.parameters()).map_err(named)?;
        (self.field, self.constrained) = (field, constrained);
        Ok(())
    }

    /// Through y = x + f(x): x̄ = ȳ + (what comes back through f and the log-determinant).
    fn pull_forward<T: Real>(
        &self,
        tape: &EulerStepTape<T>,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) where
        F: StepInvertible<T>,
    {
        let at = tape.at();
        let mut x_bar = scratch.take(at.x.rows(), at.lanes());
        let cotangents =
            Cotangents { velocity: cotangent.points.view(), traces: cotangent.log_det.view() };
        self.pull(tape, cotangents, &mut cotangent.context, &mut x_bar, sums, scratch);
        add(x_bar.values(), cotangent.points.values_mut());
        scratch.give(x_bar);
    }

    /// Through the solution x of x + f(x) = y, whose log-determinant is -ln |det(I + J(x))|: with c
    /// the cotangent of x, the log-determinant's share included, ȳ = λ = (I + J)'⁻¹ c, and the
    /// parameters receive what the velocity cotangent -λ brings them.
    fn pull_inverse<T: Real>(
        &self,
        tape: &EulerStepTape<T>,
        cotangent: &mut Cotangent<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) where
        F: StepInvertible<T>,
    {
        let at = tape.at();
        let mut x_bar = scratch.take(at.x.rows(), at.lanes());
        let mut by_velocity = scratch.take(at.x.rows(), at.lanes());
        let mut by_log_det = scratch.take(1, at.lanes());
        by_velocity.fill(T::zero());
        negate(cotangent.log_det.values(), by_log_det.values_mut());
        let shares = Cotangents { velocity: by_velocity.view(), traces: by_log_det.view() };
        self.pull(tape, shares, &mut cotangent.context, &mut x_bar, sums, scratch);
        add(x_bar.values(), cotangent.points.values_mut());
        match self.series(tape.noise) {
            Some(_) => solve_by_iteration(&self.constrained, at, &mut cotangent.points, scratch),
            None => self.constrained.solve_transposed(at, cotangent.points.view_mut(), scratch),
        }
        negate(cotangent.points.values(), by_velocity.values_mut());
        by_log_det.fill(T::zero());
        let shares = Cotangents { velocity: by_velocity.view(), traces: by_log_det.view() };
        self.pull(tape, shares, &mut cotangent.context, &mut x_bar, sums, scratch);
        scratch.give(by_log_det);
        scratch.give(by_velocity);
        scratch.give(x_bar);
    }

    /// One pullback of the step; the contexts' share is added to `context`.
    fn pull<T: Real>(
        &self,
        tape: &EulerStepTape<T>,
        cotangents: Cotangents<'_, T>,
        context: &mut Block<T>,
        x_bar: &mut Block<T>,
        sums: &mut [T],
        scratch: &mut Scratch<T>,
    ) where
        F: StepInvertible<T>,
    {
        let at = tape.at();
        let mut context_bar = scratch.take(at.context.rows(), at.lanes());
        let pulled = Pulled { x: x_bar.view_mut(), context: context_bar.view_mut(), sums };
        match self.series(tape.noise) {
            Some(settings) => {
                let series = Series { settings, draws: &tape.draws, columns: tape.columns };
                self.constrained.pull_series(at, series, cotangents, pulled, scratch);
            }
            None => self.constrained.pull_step(at, cotangents, pulled, scratch),
        }
        add(context_bar.values(), context.values_mut());
        scratch.give(context_bar);
    }
}

/// out = -values, element by element.
fn negate<T: Real>(values: &[T], out: &mut [T]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = -*value;
    }
}
