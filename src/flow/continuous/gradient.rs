//! How the gradient of a continuous flow is taken: of the computed numbers, or by a way back.

use crate::ode::Adaptive;

/// How the gradient of a continuous flow is taken.
///
/// Take [`Gradient::Discrete`], the default. It is the exact derivative of the numbers that were
/// computed, whatever the tolerance, and the faster one: it evaluates each accepted step once more
/// and takes it back. It keeps the start of every accepted step until then, (dim + 1) numbers each.
///
/// [`Gradient::Adjoint`] keeps the end of the way alone, so that its memory does not depend on the
/// number of steps, and takes one and a half to two times as long. Memory is the only reason for it,
/// and ways of ordinary length do not give it: samples go there and back in small blocks, and 64
/// of them in 64 dimensions take 17 MB for a thousand steps each. Its gradient has an error of its
/// own, that of the way back, which its tolerance bounds: take it at least as tight as that of the
/// flow. Fields that pull points together on the way there drive them apart on the way back, and over
/// long ways the tolerance then promises little; the discrete gradient has no such trouble.
///
/// ```
/// use liouville::flow::continuous::Gradient;
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let field = field::Planar::new(dvector![1.0, 0.5], dvector![0.3, -0.8], 0.1)?;
/// let exact = ContinuousFlow::new(field).tolerance(1e-9);
/// let lean = exact.clone().gradient(Gradient::Adjoint(automatic().tolerance(1e-9)));
/// let points = dmatrix![0.2; 0.7];
/// let [a, b] = [exact, lean].map(|flow| StandardNormal::new(2).pushed_by(flow));
/// let difference = a.score(&points, None)?.score - b.score(&points, None)?.score;
/// assert!(difference.norm() < 1e-7);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Gradient {
    /// The derivative of the computed solution: its steps, taken back one by one (Hairer, Lubich and
    /// Wanner 2006, Geometric Numerical Integration, section VI.4).
    #[default]
    Discrete,
    /// The continuous adjoint: the equations of points and cotangents, solved back from the end by a
    /// solver with a tolerance of its own, each sample with its own steps (Chen et al. 2018, Neural
    /// Ordinary Differential Equations, algorithm 1). The integrals that make the gradient by the
    /// parameters and contexts do not choose the steps (Kidger et al. 2021, "Hey, that's not an
    /// ODE").
    ///
    /// If the way back of a sample fails, its derivatives and those by the parameters are NaN, and
    /// training stops with an error.
    Adjoint(Adaptive),
}
