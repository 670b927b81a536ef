//! The Euler step of a network that contracts: the residual layer x + g(x).

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::lanes::{Part, lanes_of, lanes_together, put_lanes};
use super::series_reverse::pull_series;
use super::{Report, Series, StepInvertible};
use crate::columns::{Block, RowsMut, Scratch};
use crate::field::neural::MlpTape;
use crate::field::{
    At, Cotangents, Mlp, Pulled, Traced, TrainableField, VectorField, unit_tangents,
};
use crate::kernels::{Activation, matrix_product};
use crate::outcome::{Failure, Outcome, Reason};
use crate::real::Real;
use crate::real::portable::{ln, powf, powi};

/// The Lipschitz constant that a constrained network does not exceed.
const LIPSCHITZ: f64 = 0.9;

/// How many steps the inverse may take.
const LIMIT: usize = 2000;

/// The largest slope of an activation.
fn steepest(activation: Activation) -> f64 {
    match activation {
        Activation::Tanh | Activation::Softplus | Activation::Sin | Activation::Relu => 1.0,
        Activation::Silu => 1.1,
    }
}

/// The share of [`LIPSCHITZ`] that each affine map may take.
fn allowed<T: Real>(field: &Mlp<T>) -> f64 {
    let depth = field.hidden().len() as i32;
    powf(LIPSCHITZ / powi(steepest(field.activation()), depth), 1.0 / f64::from(depth + 1))
}

/// One weight, as far as it acts on x, and its largest singular value with its vectors.
struct Spectral {
    weight: DMatrix<f64>,
    norm: f64,
    left: DVector<f64>,
    right: DVector<f64>,
}

impl Spectral {
    /// None if the decomposition fails, as for weights that are not finite, and for zero.
    fn of(weight: DMatrix<f64>) -> Option<Self> {
        if weight.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let size = weight.amax();
        if size == 0.0 {
            return None;
        }
        // The vectors are those of the smaller of W W' and W'W, which no function of the platform's
        // decomposes; what squaring costs, it costs the small singular values.
        let scaled = &weight / size;
        let wide = weight.nrows() <= weight.ncols();
        let w = if wide { scaled } else { scaled.transpose() };
        let turned = w.transpose();
        let squared = SymmetricEigen::try_new(matrix_product(&w, &turned), f64::EPSILON, 10_000)?;
        let first = squared.eigenvectors.column(squared.eigenvalues.imax()).into_owned();
        let along = turned * &first;
        let norm = along.norm();
        let other = along / norm;
        let (left, right) = if wide { (first, other) } else { (other, first) };
        Some(Self { weight, norm: norm * size, left, right })
    }

    /// Entry (i, j) of the derivative of the norm by the weight: the product of its vectors.
    fn slope(&self, i: usize, j: usize) -> f64 {
        self.left[i] * self.right[j]
    }
}

/// Calls `change` for every weight that is too large: with its place in the parameters (of its
/// entry (i, j)), its decomposition, and the factor that makes it small enough.
fn too_large<T: Real>(
    field: &Mlp<T>,
    mut change: impl FnMut(&dyn Fn(usize, usize) -> usize, &Spectral, f64),
) {
    let allowed = allowed(field);
    for map in field.maps_of_x() {
        let place = |i: usize, j: usize| map.start + i * map.stride + j;
        let entry = |i, j| field.parameters()[place(i, j)].wide();
        let spectral = Spectral::of(DMatrix::from_fn(map.rows, map.columns, entry));
        if let Some(spectral) = spectral.filter(|spectral| spectral.norm > allowed) {
            change(&place, &spectral, allowed / spectral.norm);
        }
    }
}

/// The residual layer of Behrmann et al. 2019 (Invertible Residual Networks). The network's time is
/// t = 0 throughout.
impl<T: Real> StepInvertible<T> for Mlp<T> {
    /// Every weight whose largest singular value exceeds its share of the Lipschitz constant 0.9 is
    /// scaled down to it (section 2.1 of the paper; by a full decomposition in place of power
    /// iterations, so that the bound and its derivative are exact).
    fn constrained(&self) -> Self {
        let mut values = self.parameters().to_vec();
        too_large(self, |place, spectral, factor| {
            let (rows, columns) = spectral.weight.shape();
            for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                values[place(i, j)] = T::of(factor * spectral.weight[(i, j)]);
            }
        });
        let mut constrained = self.clone();
        constrained.put(&values);
        constrained
    }

    /// With W̃ = c W / σ and ∂σ/∂W = u v': W̄ = c / σ (G - <G, W> u v' / σ).
    fn pull_constraint(&self, gradient: &mut [T]) {
        too_large(self, |place, spectral, factor| {
            let (rows, columns) = spectral.weight.shape();
            let entries = || (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
            let along: f64 = entries()
                .map(|(i, j)| gradient[place(i, j)].wide() * spectral.weight[(i, j)])
                .sum();
            for (i, j) in entries() {
                let by_norm = along / spectral.norm * spectral.slope(i, j);
                let value = &mut gradient[place(i, j)];
                *value = T::of(factor * (value.wide() - by_norm));
            }
        });
    }

    /// The determinant comes from the whole Jacobian, by dim tangents and an elimination per lane.
    fn step(
        &self,
        at: At<'_, T>,
        mut velocity: RowsMut<'_, T>,
        log_det: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let (dim, lanes) = (self.dim(), lanes_together(self.dim(), at.lanes()));
        let mut system = scratch.take(dim, dim);
        for (first, log_det) in (0..).step_by(lanes).zip(log_det.chunks_exact_mut(lanes)) {
            let part = Part::take(at, first, lanes, scratch);
            let mut own = scratch.take(dim, lanes);
            let jacobians = self.jacobians(part.at(), own.view_mut(), scratch);
            for (lane, log_det) in log_det.iter_mut().enumerate() {
                load(&jacobians, lane, lanes, &mut system);
                *log_det = eliminate(&mut system, dim);
            }
            scratch.give(jacobians);
            put_lanes(own, first, &mut velocity, scratch);
            part.give(scratch);
        }
        scratch.give(system);
    }

    /// x <- y - g(x), from x = y (algorithm 1 of the paper). A lane rests when its steps no longer
    /// become shorter, which a contraction's do until rounding takes over.
    fn undo(
        &self,
        at: At<'_, T>,
        mut x: RowsMut<'_, T>,
        report: Report<'_>,
        scratch: &mut Scratch<T>,
    ) {
        let lanes = at.lanes();
        let mut velocity = scratch.take(self.dim(), lanes);
        let mut steps = scratch.take(1, lanes);
        x.values_mut().copy_from_slice(at.x.values());
        steps.fill(T::of(f64::INFINITY));
        // A negative length marks a lane at rest.
        for _ in 0..LIMIT {
            if steps.values().iter().all(|step| *step < T::zero()) {
                break;
            }
            self.velocity(At { x: x.as_rows(), ..at }, velocity.view_mut(), scratch);
            for (lane, last) in steps.values_mut().iter_mut().enumerate() {
                if *last >= T::zero() {
                    *last = move_lane(lane, at, &velocity, &mut x, *last);
                    if let Some(effort) = report.efforts.get_mut(lane) {
                        effort.evaluations += 1;
                    }
                }
            }
        }
        for (step, outcome) in steps.values().iter().zip(report.outcomes) {
            if *step >= T::zero() && outcome.arrived() {
                let failure = Failure { reason: Reason::NotConverged, t: 0.0, step: step.wide() };
                *outcome = Outcome::Failed(failure);
            }
        }
        scratch.give(steps);
        scratch.give(velocity);
    }

    /// The cotangent of the Jacobian is that of the log-determinant times (I + J)'⁻¹.
    fn pull_step(
        &self,
        at: At<'_, T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let lanes = lanes_together(self.dim(), at.lanes());
        let Pulled { mut x, mut context, sums } = pulled;
        for first in (0..at.lanes()).step_by(lanes) {
            let part = Part::take(at, first, lanes, scratch);
            let [velocity, traces] = [cotangents.velocity, cotangents.traces]
                .map(|rows| lanes_of(rows, first, lanes, scratch));
            let [mut x_bar, mut context_bar] =
                [x.rows(), context.rows()].map(|rows| scratch.take(rows, lanes));
            let bars = Cotangents { velocity: velocity.view(), traces: traces.view() };
            let to =
                Pulled { x: x_bar.view_mut(), context: context_bar.view_mut(), sums: &mut *sums };
            self.pull_part(part.at(), bars, to, scratch);
            put_lanes(x_bar, first, &mut x, scratch);
            put_lanes(context_bar, first, &mut context, scratch);
            part.give(scratch);
            scratch.give(velocity);
            scratch.give(traces);
        }
    }

    fn solve_transposed(
        &self,
        at: At<'_, T>,
        mut cotangent: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (dim, lanes) = (self.dim(), lanes_together(self.dim(), at.lanes()));
        let mut velocity = scratch.take(dim, lanes);
        let mut system = scratch.take(dim, dim + 1);
        for first in (0..at.lanes()).step_by(lanes) {
            let part = Part::take(at, first, lanes, scratch);
            let jacobians = self.jacobians(part.at(), velocity.view_mut(), scratch);
            for lane in 0..lanes {
                load(&jacobians, lane, lanes, &mut system);
                transpose(&mut system, dim);
                for i in 0..dim {
                    system.row_mut(i)[dim] = cotangent.row(i)[first + lane];
                }
                eliminate(&mut system, dim + 1);
                for i in 0..dim {
                    cotangent.row_mut(i)[first + lane] = system.row(i)[dim];
                }
            }
            scratch.give(jacobians);
            part.give(scratch);
        }
        scratch.give(system);
        scratch.give(velocity);
    }

    fn contracts(&self) -> bool {
        true
    }

    fn pull_series(
        &self,
        at: At<'_, T>,
        series: Series<'_, T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        pull_series(self, at, series, cotangents, pulled, scratch);
    }
}

impl<T: Real> Mlp<T> {
    /// The pullback of a step in lanes whose Jacobians are in memory together.
    fn pull_part(
        &self,
        at: At<'_, T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (dim, lanes) = (self.dim(), at.lanes());
        let mut tape = MlpTape::default();
        let mut velocity = scratch.take(dim, lanes);
        let mut units = scratch.take(dim, dim * lanes);
        let mut products = scratch.take(dim, dim * lanes);
        unit_tangents(0, units.view_mut(), lanes);
        let traced = Traced::Products(units.view());
        self.record(at, traced, velocity.view_mut(), products.view_mut(), &mut tape, scratch);
        let mut system = scratch.take(dim, 2 * dim);
        for (lane, bar) in cotangents.traces.row(0).iter().enumerate() {
            load(&products, lane, lanes, &mut system);
            for i in 0..dim {
                system.row_mut(i)[dim..2 * dim].fill(T::zero());
                system.row_mut(i)[dim + i] = T::one();
            }
            eliminate(&mut system, 2 * dim);
            for (i, k) in (0..dim).flat_map(|i| (0..dim).map(move |k| (i, k))) {
                products.row_mut(i)[k * lanes + lane] = *bar * system.row(k)[dim + i];
            }
        }
        let cotangents = Cotangents { velocity: cotangents.velocity, traces: products.view() };
        self.pullback(at, traced, &tape, cotangents, pulled, scratch);
        for block in [system, products, units, velocity] {
            scratch.give(block);
        }
    }

    /// J e_k for every k, side by side, and the velocity.
    fn jacobians(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) -> Block<T> {
        let (dim, lanes) = (self.dim(), at.lanes());
        let mut units = scratch.take(dim, dim * lanes);
        let mut products = scratch.take(dim, dim * lanes);
        unit_tangents(0, units.view_mut(), lanes);
        self.jvp(at, units.view(), velocity, products.view_mut(), scratch);
        scratch.give(units);
        products
    }
}

/// One step of the inverse in one lane; returns its length, or -1 where the lane comes to rest.
fn move_lane<T: Real>(
    lane: usize,
    at: At<'_, T>,
    velocity: &Block<T>,
    x: &mut RowsMut<'_, T>,
    last: T,
) -> T {
    let step = |i: usize| at.x.row(i)[lane] - velocity.row(i)[lane] - x.row(i)[lane];
    let longest = (0..velocity.rows()).fold(T::zero(), |most, i| most.max(step(i).abs()));
    // In units of the longest: squares of far points would overflow, and those of near ones vanish.
    let squares = (0..velocity.rows()).map(|i| {
        let share = step(i) / longest;
        share * share
    });
    let length = longest * squares.fold(T::zero(), |sum, square| sum + square).sqrt();
    for i in 0..velocity.rows() {
        x.row_mut(i)[lane] = at.x.row(i)[lane] - velocity.row(i)[lane];
    }
    // NaN compares false, and rests.
    if length < last && length > T::zero() { length } else { -T::one() }
}

/// Writes I + J of one lane into the first columns of `system`.
fn load<T: Real>(jacobians: &Block<T>, lane: usize, lanes: usize, system: &mut Block<T>) {
    for i in 0..system.rows() {
        for k in 0..jacobians.rows() {
            system.row_mut(i)[k] = jacobians.row(i)[k * lanes + lane];
        }
        system.row_mut(i)[i] += T::one();
    }
}

/// Transposes the first n columns of n rows.
fn transpose<T: Real>(system: &mut Block<T>, n: usize) {
    let stride = system.lanes();
    for (i, k) in (0..n).flat_map(|i| (0..i).map(move |k| (i, k))) {
        system.values_mut().swap(i * stride + k, k * stride + i);
    }
}

/// Solves the system whose matrix stands in the first columns and whose right-hand sides stand in
/// the others, up to `width`, by Gauss-Jordan elimination with row pivots; returns ln |det|.
fn eliminate<T: Real>(system: &mut Block<T>, width: usize) -> T {
    let (n, stride) = (system.rows(), system.lanes());
    let values = system.values_mut();
    let mut log_det = T::zero();
    // The determinant alone asks nothing of the rows above a pivot.
    let solves = width > n;
    for k in 0..n {
        let size = |row: usize| values[row * stride + k].abs();
        let pivot = (k..n).fold(k, |best, row| if size(row) > size(best) { row } else { best });
        for j in 0..width {
            values.swap(k * stride + j, pivot * stride + j);
        }
        let leading = values[k * stride + k];
        log_det += ln(leading.abs());
        for j in k..width {
            values[k * stride + j] /= leading;
        }
        for i in (if solves { 0 } else { k + 1 }..n).filter(|&i| i != k) {
            let factor = values[i * stride + k];
            for j in k..width {
                let part = factor * values[k * stride + j];
                values[i * stride + j] -= part;
            }
        }
    }
    log_det
}
