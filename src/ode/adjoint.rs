//! The continuous gradient of a solve: the state and its cotangent, integrated back together.
//!
//! Along y' = f(t, y), with q' = g(t, y) for the rows that enter no equation, the cotangent λ of y
//! obeys
//!
//! λ' = -(∂f/∂y)' λ - (∂g/∂y)' μ,   with the constant cotangent μ of q,
//!
//! and the gradient by the parameters is ∫ (∂f/∂θ)' λ + (∂g/∂θ)' μ dt (Pontryagin et al. 1962; Chen et
//! al. 2018, Neural Ordinary Differential Equations, appendix B). Nothing is kept of the way there
//! but its end.

use super::adaptive::Adaptive;
use super::backward::{AdjointMemory, Backward, Ending, is_at_rest};
use super::quadrature::Quadrature;
use super::stepping::integrate;
use super::{Batch, Differentiable, RightHandSide, Span, Workspace};
use crate::columns::Block;
use crate::outcome::{Effort, Outcome};
use crate::real::Real;

/// How a way back is solved: any right-hand side, by a solver with a tolerance of its own.
pub struct Adjoint<'a, R: ?Sized> {
    /// The right-hand side of the way there.
    pub rhs: &'a R,
    /// The way there.
    pub span: Span,
    /// How the way back is solved.
    pub solver: Adaptive,
}

impl<R: ?Sized> Adjoint<'_, R> {
    /// Pulls the cotangents of final states back to those of initial states, as
    /// [`reverse`](fn@super::reverse) does, but by integration.
    ///
    /// `cotangent` has one row for each of the state and is overwritten; those of the carried rows
    /// are added to `carried_cotangent`, and sums for the parameters to `sums`. The cotangents of
    /// each column are scaled to order one on the way, so that the absolute tolerance counts
    /// relative to the largest of them. If the way back of a column fails, its cotangents and all
    /// sums are NaN.
    pub fn pull<T: Real>(
        &self,
        ending: Ending<'_, T>,
        cotangent: &mut Block<T>,
        carried_cotangent: &mut Block<T>,
        sums: &mut [T],
        memory: &mut AdjointMemory<T, R::Tape>,
        workspace: &mut Workspace<T>,
    ) where
        R: Differentiable<T>,
    {
        let mut outcomes = std::mem::take(&mut memory.outcomes);
        let mut efforts = std::mem::take(&mut memory.efforts);
        outcomes.clear();
        outcomes.extend_from_slice(ending.outcomes);
        efforts.clear();
        efforts.resize(outcomes.len(), Effort::default());
        memory.spill.resize(sums.len(), T::zero());
        let report = (&mut outcomes[..], &mut efforts[..]);
        let bars = [cotangent, carried_cotangent];
        self.travel(&ending, bars, sums, report, memory, workspace);
        if outcomes.iter().any(|outcome| !outcome.arrived() && !is_at_rest(outcome)) {
            sums.fill(T::of(f64::NAN));
        }
        memory.outcomes = outcomes;
        memory.efforts = efforts;
    }

    /// Follows every column back.
    fn travel<T: Real>(
        &self,
        ending: &Ending<'_, T>,
        [cotangent, carried_cotangent]: [&mut Block<T>; 2],
        sums: &mut [T],
        (outcomes, efforts): (&mut [Outcome], &mut [Effort]),
        memory: &mut AdjointMemory<T, R::Tape>,
        workspace: &mut Workspace<T>,
    ) where
        R: Differentiable<T>,
    {
        let backward = Backward::new(self.rhs, ending.carried.rows(), memory);
        let mut state = workspace.scratch.take(backward.rows(), outcomes.len());
        let mut carried = workspace.scratch.take(backward.carried_rows(), outcomes.len());
        backward.board(ending, cotangent, &mut state, &mut carried, outcomes);
        let batch = Batch { state: &mut state, carried: carried.view(), outcomes, efforts };
        let span = self.span.reversed();
        let mut watch = Quadrature { backward: &backward, sums };
        integrate(self.solver.rules(), &backward, span, batch, Some(&mut watch), workspace);
        backward.land(&state, &carried, outcomes, [cotangent, carried_cotangent]);
        workspace.scratch.give(carried);
        workspace.scratch.give(state);
    }
}
