//! The Euler step of a radial field: x + beta (x - x0) / (alpha + |x - x0|).

use super::{Report, StepInvertible};
use crate::columns::{Block, RowsMut, Scratch};
use crate::field::{At, Cotangents, Pulled, Radial, TrainableField, VectorField};
use crate::real::portable::{hypot, ln};
use crate::real::{Real, sigmoid, softplus};

/// I + J of one lane in the directions across and along the radius, as sums of positive terms.
struct Stretch<T> {
    /// 1 + β h = (γ + r) / (α + r), with γ = α + β.
    across: T,
    /// 1 + β α h² = (r² + 2 α r + α γ) / (α + r)².
    along: T,
    alpha: T,
    gamma: T,
    r: T,
}

impl<T: Real> Stretch<T> {
    fn of(field: &Radial<T>, r: T) -> Self {
        let (alpha, gamma) = (field.alpha(), room(field));
        let sum = alpha + r;
        let across = (gamma + r) / sum;
        let along = r / sum * ((r + alpha + alpha) / sum) + alpha / sum * (gamma / sum);
        Self { across, along, alpha, gamma, r }
    }

    /// (d - 1) ln(across) + ln(along).
    fn log_det(&self, dim: usize) -> T {
        T::of(dim as f64 - 1.0) * ln(self.across) + ln(self.along)
    }

    /// The derivatives of the log-determinant by r, by α at fixed β, and by β.
    fn log_det_slopes(&self, dim: usize) -> [T; 3] {
        let Self { alpha, gamma, r, along, .. } = *self;
        let (two, others) = (T::of(2.0), T::of(dim as f64 - 1.0));
        let h = T::one() / (alpha + r);
        // h² / along is one over the numerator of `along`.
        let inverse = h * h / along;
        let across = T::one() / (gamma + r);
        [
            others * (across - h) + two * ((alpha + r) * inverse - h),
            others * (across - h) + (two * r + gamma + alpha) * inverse - two * h,
            others * across + alpha * inverse,
        ]
    }
}

/// γ = α + β of a constrained field, never below the rounding.
fn room<T: Real>(field: &Radial<T>) -> T {
    let (alpha, beta) = (field.alpha().wide(), field.beta().wide());
    T::of((alpha + beta).max(T::EPSILON * alpha))
}

/// The distance r of x from the centre when that of x + f(x) is ρ: the positive root of
/// r² + (γ - ρ) r - α ρ = 0, in the form without cancellation.
fn distance<T: Real>(alpha: T, gamma: T, rho: T) -> T {
    let (alpha, gap, rho) = (alpha.wide(), rho.wide() - gamma.wide(), rho.wide());
    let root = hypot(gap, 2.0 * (alpha * rho).sqrt());
    if gap > 0.0 {
        T::of(0.5 * (gap + root))
    } else if rho > 0.0 {
        T::of(2.0 * alpha * rho / (root - gap))
    } else {
        T::zero()
    }
}

impl<T: Real> StepInvertible<T> for Radial<T> {
    /// β̂ = -α + ln(1 + eᵝ), so that β̂ > -α (Rezende and Mohamed 2015, appendix A.2).
    fn constrained(&self) -> Self {
        let mut constrained = self.clone();
        let mut values = self.parameters().to_vec();
        let alpha = self.alpha().wide();
        // What rounding β̂ may cost.
        let margin = 4.0 * T::EPSILON * alpha;
        if let Some(beta) = values.last_mut() {
            *beta = T::of(softplus(beta.wide()) + margin - alpha);
        }
        constrained.put(&values);
        constrained
    }

    fn pull_constraint(&self, gradient: &mut [T]) {
        let dim = self.dim();
        gradient[dim] -= gradient[dim + 1] * self.alpha_slope();
        gradient[dim + 1] *= T::of(sigmoid(self.beta().wide()));
    }

    fn step(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        log_det: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let dim = self.dim();
        let mut polar = scratch.take(dim + 1, at.lanes());
        self.velocity(at, velocity, scratch);
        self.polar(at.x, &mut polar);
        for (log_det, &r) in log_det.iter_mut().zip(polar.row(dim)) {
            *log_det = Stretch::of(self, r).log_det(dim);
        }
        scratch.give(polar);
    }

    /// The distance from the centre solves a quadratic equation, and x = x₀ + (y - x₀) (α + r) / (γ + r).
    fn undo(&self, at: At<'_, T>, mut x: RowsMut<'_, T>, _: Report<'_>, scratch: &mut Scratch<T>) {
        let dim = self.dim();
        let (alpha, gamma) = (self.alpha(), room(self));
        let mut polar = scratch.take(dim + 1, at.lanes());
        self.polar(at.x, &mut polar);
        for rho in polar.row_mut(dim) {
            let r = distance(alpha, gamma, *rho);
            // x = y - β (y - x₀) / (γ + r), which keeps the digits of points far out.
            *rho = self.beta() / (gamma + r);
        }
        for (i, center) in self.parameters()[..dim].iter().enumerate() {
            let lanes = x.row_mut(i).iter_mut().zip(at.x.row(i)).zip(polar.row(dim));
            for ((x, y), share) in lanes {
                *x = *y - *share * (*y - *center);
            }
        }
        scratch.give(polar);
    }

    fn pull_step(
        &self,
        at: At<'_, T>,
        cotangents: Cotangents<'_, T>,
        mut pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (dim, lanes) = (self.dim(), at.lanes());
        let mut polar = scratch.take(dim + 1, lanes);
        let mut strength = scratch.take(2, lanes);
        self.polar(at.x, &mut polar);
        self.pull_velocity(&polar, cotangents.velocity, &mut pulled.x, &mut strength, scratch);
        self.pull_log_det(&polar, cotangents.traces.row(0), &mut pulled.x, &mut strength);
        self.add_sums(pulled.x.as_rows(), strength.view(), pulled.sums);
        scratch.give(strength);
        scratch.give(polar);
    }

    /// I + J is symmetric: λ = c / across + n (n'c) (1 / along - 1 / across).
    fn solve_transposed(
        &self,
        at: At<'_, T>,
        mut cotangent: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let dim = self.dim();
        let mut polar = scratch.take(dim + 1, at.lanes());
        let mut along = scratch.take(1, at.lanes());
        self.polar(at.x, &mut polar);
        self.along(polar.view().range(0, dim), cotangent.as_rows(), along.values_mut());
        for i in 0..dim {
            for (lane, value) in cotangent.row_mut(i).iter_mut().enumerate() {
                let stretch = Stretch::of(self, polar.row(dim)[lane]);
                let radial = polar.row(i)[lane] * along.row(0)[lane];
                *value = (*value - radial) / stretch.across + radial / stretch.along;
            }
        }
        scratch.give(along);
        scratch.give(polar);
    }
}

impl<T: Real> Radial<T> {
    /// The log-determinant's part of the pullback, added to the cotangents of x and to the rows of
    /// those of α and β.
    fn pull_log_det(
        &self,
        polar: &Block<T>,
        bars: &[T],
        x_bar: &mut RowsMut<'_, T>,
        strength: &mut Block<T>,
    ) {
        let (dim, lanes) = (polar.rows() - 1, polar.lanes());
        let (by_alpha, by_beta) = strength.values_mut().split_at_mut(lanes);
        for (lane, &bar) in bars.iter().enumerate() {
            let stretch = Stretch::of(self, polar.row(dim)[lane]);
            let [by_r, alpha, beta] = stretch.log_det_slopes(dim);
            by_alpha[lane] += bar * alpha;
            by_beta[lane] += bar * beta;
            for i in 0..dim {
                x_bar.row_mut(i)[lane] += bar * by_r * polar.row(i)[lane];
            }
        }
    }
}
