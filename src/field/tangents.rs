//! Exact traces through unit tangents, some at a time, and back.

use super::{At, Cotangents, Pulled, Traced, TrainableField, VectorField};
use crate::columns::{RowsMut, Scratch};
use crate::kernels::axpy;
use crate::real::Real;

/// How many unit tangents an exact trace takes at a time, so that memory grows with the dimension and
/// not with its square.
pub(crate) const SLICE: usize = 16;

/// The exact divergence of any field as the sum of e_i' J e_i over the dim unit tangents, sixteen at a
/// time.
pub fn divergence_by_tangents<T: Real, F: VectorField<T> + ?Sized>(
    field: &F,
    at: At<'_, T>,
    mut velocity: RowsMut<'_, T>,
    divergence: &mut [T],
    scratch: &mut Scratch<T>,
) {
    let (dim, lanes) = (field.dim(), at.lanes());
    divergence.fill(T::zero());
    for first in (0..dim).step_by(SLICE) {
        let count = SLICE.min(dim - first);
        let mut tangents = scratch.take(dim, count * lanes);
        let mut products = scratch.take(dim, count * lanes);
        unit_tangents(first, tangents.view_mut(), lanes);
        field.jvp(at, tangents.view(), velocity.reborrow(), products.view_mut(), scratch);
        for k in 0..count {
            let diagonal = &products.row(first + k)[k * lanes..(k + 1) * lanes];
            for (sum, term) in divergence.iter_mut().zip(diagonal) {
                *sum += *term;
            }
        }
        scratch.give(products);
        scratch.give(tangents);
    }
}

/// Writes unit vectors, from number `first` on, as tangents of every lane: as many as there is room for.
pub fn unit_tangents<T: Real>(first: usize, mut tangents: RowsMut<'_, T>, lanes: usize) {
    tangents.values_mut().fill(T::zero());
    for k in 0..tangents.lanes() / lanes {
        tangents.row_mut(first + k)[k * lanes..(k + 1) * lanes].fill(T::one());
    }
}

/// Pulls the cotangents of velocity and exact trace back, sixteen unit tangents at a time, which are
/// recorded again: what a tape of all of them would take grows with the square of the dimension.
pub(crate) fn pull_trace_in_slices<T: Real, F: TrainableField<T>>(
    field: &F,
    at: At<'_, T>,
    cotangents: Cotangents<'_, T>,
    pulled: Pulled<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let (dim, lanes) = (field.dim(), at.lanes());
    let Pulled { mut x, mut context, sums } = pulled;
    x.values_mut().fill(T::zero());
    context.values_mut().fill(T::zero());
    let mut tape = F::Tape::default();
    let [mut velocity, mut by_velocity, mut x_bar] =
        std::array::from_fn(|_| scratch.take(dim, lanes));
    let mut context_bar = scratch.take(context.rows(), lanes);
    by_velocity.values_mut().copy_from_slice(cotangents.velocity.values());
    for first in (0..dim).step_by(SLICE) {
        let count = SLICE.min(dim - first);
        let mut units = scratch.take(dim, count * lanes);
        let mut traces = scratch.take(count, lanes);
        unit_tangents(first, units.view_mut(), lanes);
        let traced = Traced::Probes(units.view());
        field.record(at, traced, velocity.view_mut(), traces.view_mut(), &mut tape, scratch);
        for k in 0..count {
            traces.row_mut(k).copy_from_slice(cotangents.traces.row(0));
        }
        let bars = Cotangents { velocity: by_velocity.view(), traces: traces.view() };
        let to = Pulled { x: x_bar.view_mut(), context: context_bar.view_mut(), sums: &mut *sums };
        field.pullback(at, traced, &tape, bars, to, scratch);
        axpy(T::one(), x_bar.values(), x.values_mut());
        axpy(T::one(), context_bar.values(), context.values_mut());
        // Once is enough.
        by_velocity.fill(T::zero());
        scratch.give(traces);
        scratch.give(units);
    }
    for block in [velocity, by_velocity, x_bar, context_bar] {
        scratch.give(block);
    }
}
