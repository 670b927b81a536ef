//! The derivative of a log-determinant that a power series estimated, exact for the computed number.

use super::series::PowerSeries;
use super::{Draws, add};
use crate::columns::{Block, Rows, Scratch};
use crate::field::neural::MlpTape;
use crate::field::{At, Cotangents, Mlp, Pulled, Traced, TrainableField, VectorField};
use crate::real::Real;

/// How many steps the transposed system may take.
const LIMIT: usize = 2000;

/// An estimate of log-determinants that was made: the settings, and what was drawn for every sample.
#[derive(Clone, Copy)]
pub struct Series<'a, T> {
    pub(super) settings: PowerSeries,
    pub(super) draws: &'a Draws<T>,
    /// The number of samples; lanes behind them are padding.
    pub(super) columns: usize,
}

impl<T: Real> Series<'_, T> {
    /// The most terms that any sample takes with probe `p`.
    fn longest(&self, p: usize) -> usize {
        let terms = &self.draws.terms.row(p)[..self.columns];
        terms.iter().map(|count| count.wide() as usize).max().unwrap_or(0)
    }

    /// The factor of u'J^k u in one lane, times the cotangent of its log-determinant.
    fn factor(&self, p: usize, k: usize, lane: usize, log_det: T) -> T {
        if lane >= self.columns || self.draws.terms.row(p)[lane].wide() < k as f64 {
            return T::zero();
        }
        log_det * T::of(self.settings.factor(k) / self.settings.probes as f64)
    }
}

/// Pulls back the velocity and Σ_k c_k u'J^k u, probe by probe.
///
/// The derivative of the sum along dJ is Σ_j λ_j' dJ b_j with b_j = J^j u and
/// λ_j = Σ_i c_(i+j+1) J'^i u, which are two recursions: b_j = J b_(j-1) and
/// λ_j = c_(j+1) u + J'λ_(j+1).
pub(super) fn pull_series<T: Real>(
    field: &Mlp<T>,
    at: At<'_, T>,
    series: Series<'_, T>,
    cotangents: Cotangents<'_, T>,
    pulled: Pulled<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let Pulled { mut x, mut context, sums } = pulled;
    let tape = record(field, at, scratch);
    let own = Cotangents { velocity: cotangents.velocity, traces: none(at) };
    let into = Pulled { x: x.reborrow(), context: context.reborrow(), sums: &mut *sums };
    field.pullback(at, Traced::Velocity, &tape, own, into, scratch);
    let mut x_bar = scratch.take(x.rows(), at.lanes());
    let mut context_bar = scratch.take(context.rows(), at.lanes());
    for p in 0..series.settings.probes {
        let powers = powers(field, at, series, p, scratch);
        let bars = bars(field, at, &tape, series, p, cotangents.traces.row(0), scratch);
        let into =
            Pulled { x: x_bar.view_mut(), context: context_bar.view_mut(), sums: &mut *sums };
        pull_bilinear(field, at, &powers, bars, into, scratch);
        scratch.give(powers);
        add(x_bar.values(), x.values_mut());
        add(context_bar.values(), context.values_mut());
    }
    scratch.give(context_bar);
    scratch.give(x_bar);
}

/// No traces.
fn none<'a, T: Real>(at: At<'_, T>) -> Rows<'a, T> {
    Rows::new(&[], at.lanes())
}

/// Records the velocity, for products with J'.
fn record<T: Real, F: TrainableField<T>>(
    field: &F,
    at: At<'_, T>,
    scratch: &mut Scratch<T>,
) -> F::Tape {
    let mut tape = F::Tape::default();
    let mut velocity = scratch.take(at.x.rows(), at.lanes());
    let mut traces = scratch.take(0, at.lanes());
    let traced = Traced::Velocity;
    field.record(at, traced, velocity.view_mut(), traces.view_mut(), &mut tape, scratch);
    scratch.give(traces);
    scratch.give(velocity);
    tape
}

/// out = J' v, by a pullback whose other results are dropped.
fn transposed_product<T: Real, F: TrainableField<T>>(
    field: &F,
    at: At<'_, T>,
    tape: &F::Tape,
    v: &Block<T>,
    out: &mut Block<T>,
    scratch: &mut Scratch<T>,
) {
    let mut context = scratch.take(at.context.rows(), at.lanes());
    let mut sums = scratch.take(1, field.sums_len());
    sums.fill(T::zero());
    let cotangents = Cotangents { velocity: v.view(), traces: none(at) };
    let len = field.sums_len();
    let pulled = Pulled {
        x: out.view_mut(),
        context: context.view_mut(),
        sums: &mut sums.values_mut()[..len],
    };
    field.pullback(at, Traced::Velocity, tape, cotangents, pulled, scratch);
    scratch.give(sums);
    scratch.give(context);
}

/// Copies tangent `j` of all lanes into, or out of, a block that holds several.
fn copy_tangent<T: Real>(from: &Block<T>, j: usize, to: &mut Block<T>) {
    let lanes = from.lanes();
    for i in 0..from.rows() {
        to.row_mut(i)[j * lanes..(j + 1) * lanes].copy_from_slice(from.row(i));
    }
}

/// u, J u, ..., side by side.
fn powers<T: Real>(
    field: &Mlp<T>,
    at: At<'_, T>,
    series: Series<'_, T>,
    p: usize,
    scratch: &mut Scratch<T>,
) -> Block<T> {
    let (dim, lanes, count) = (at.x.rows(), at.lanes(), series.longest(p));
    let mut powers = scratch.take(dim, count * lanes);
    let [mut current, mut next, mut velocity] = std::array::from_fn(|_| scratch.take(dim, lanes));
    series.draws.copy_probe(p, &mut current);
    for j in 0..count {
        copy_tangent(&current, j, &mut powers);
        if j + 1 < count {
            field.jvp(at, current.view(), velocity.view_mut(), next.view_mut(), scratch);
            std::mem::swap(&mut current, &mut next);
        }
    }
    for block in [current, next, velocity] {
        scratch.give(block);
    }
    powers
}

/// λ_0, λ_1, ..., side by side, from the last to the first.
fn bars<T: Real>(
    field: &Mlp<T>,
    at: At<'_, T>,
    tape: &MlpTape<T>,
    series: Series<'_, T>,
    p: usize,
    log_det: &[T],
    scratch: &mut Scratch<T>,
) -> Block<T> {
    let (dim, lanes, count) = (at.x.rows(), at.lanes(), series.longest(p));
    let mut bars = scratch.take(dim, count * lanes);
    let [mut probe, mut current, mut next] = std::array::from_fn(|_| scratch.take(dim, lanes));
    series.draws.copy_probe(p, &mut probe);
    current.fill(T::zero());
    for j in (0..count).rev() {
        transposed_product(field, at, tape, &current, &mut next, scratch);
        std::mem::swap(&mut current, &mut next);
        for (lane, &log_det) in log_det.iter().enumerate() {
            let factor = series.factor(p, j + 1, lane, log_det);
            for i in 0..dim {
                current.row_mut(i)[lane] += factor * probe.row(i)[lane];
            }
        }
        copy_tangent(&current, j, &mut bars);
    }
    for block in [probe, current, next] {
        scratch.give(block);
    }
    bars
}

/// Pulls back Σ_j λ_j'J b_j, with b_j in `powers` and λ_j in `bars`.
fn pull_bilinear<T: Real>(
    field: &Mlp<T>,
    at: At<'_, T>,
    powers: &Block<T>,
    bars: Block<T>,
    pulled: Pulled<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let (dim, lanes) = (at.x.rows(), at.lanes());
    let mut tape = MlpTape::default();
    let mut velocity = scratch.take(dim, lanes);
    let mut products = scratch.take(dim, powers.lanes());
    let traced = Traced::Products(powers.view());
    field.record(at, traced, velocity.view_mut(), products.view_mut(), &mut tape, scratch);
    velocity.fill(T::zero());
    let cotangents = Cotangents { velocity: velocity.view(), traces: bars.view() };
    field.pullback(at, traced, &tape, cotangents, pulled, scratch);
    scratch.give(products);
    scratch.give(bars);
    scratch.give(velocity);
}

/// Solves (I + J')λ = c by λ <- c - J'λ, which contracts as J does; c is in `cotangent` before, λ
/// after. A lane rests when its steps no longer become shorter.
pub(super) fn solve_by_iteration<T: Real, F: TrainableField<T>>(
    field: &F,
    at: At<'_, T>,
    cotangent: &mut Block<T>,
    scratch: &mut Scratch<T>,
) {
    let (dim, lanes) = (at.x.rows(), at.lanes());
    let tape = record(field, at, scratch);
    let [mut right, mut product] = std::array::from_fn(|_| scratch.take(dim, lanes));
    let mut steps = scratch.take(1, lanes);
    right.values_mut().copy_from_slice(cotangent.values());
    steps.fill(T::of(f64::INFINITY));
    // A negative length marks a lane at rest.
    for _ in 0..LIMIT {
        if steps.values().iter().all(|step| *step < T::zero()) {
            break;
        }
        transposed_product(field, at, &tape, cotangent, &mut product, scratch);
        for (lane, last) in steps.values_mut().iter_mut().enumerate() {
            if *last >= T::zero() {
                *last = step(lane, &right, &product, cotangent, *last);
            }
        }
    }
    for block in [steps, product, right] {
        scratch.give(block);
    }
}

/// One step in one lane; returns its length, or -1 where the lane comes to rest.
fn step<T: Real>(
    lane: usize,
    right: &Block<T>,
    product: &Block<T>,
    solution: &mut Block<T>,
    last: T,
) -> T {
    let mut square = T::zero();
    for i in 0..right.rows() {
        let next = right.row(i)[lane] - product.row(i)[lane];
        let change = next - solution.row(i)[lane];
        square += change * change;
        solution.row_mut(i)[lane] = next;
    }
    let length = square.sqrt();
    // NaN compares false, and rests.
    if length < last && length > T::zero() { length } else { -T::one() }
}
