//! The Euler step of a Sylvester field: x + Q R tanh(R~ Q'x + b).

use super::planar::{determinant, solve_bend};
use super::{Report, StepInvertible};
use crate::columns::{Block, RowsMut, Scratch};
use crate::field::{At, Cotangents, Pulled, Sylvester, TrainableField};
use crate::kernels::{Activation, Start, axpy, product};
use crate::real::Real;
use crate::real::portable::{exp, exp_m1, ln, ln_1p};

/// 1 - 1/e, the slope of [`bounded`] at zero.
const SLOPE: f64 = 1.0 - 1.0 / std::f64::consts::E;

/// m(c) = ln(1 + (e - 1) eᶜ) - 1: increasing, above -1, with m(0) = 0 and m(c) ≈ c - 0.46 far out.
fn bounded(c: f64) -> f64 {
    if c > 1.0 {
        return c + ln(SLOPE + (1.0 - SLOPE) * exp(-c));
    }
    ln_1p(SLOPE * exp_m1(c))
}

/// m'(c).
fn bounded_slope(c: f64) -> f64 {
    SLOPE / (SLOPE + (1.0 - SLOPE) * exp(-c))
}

/// m(c) / c.
fn ratio(c: f64) -> f64 {
    if c.abs() < 1e-12 { SLOPE } else { bounded(c) / c }
}

/// The derivative of [`ratio`], by its series where the quotient cancels: m'' = m' (1 - m').
fn ratio_slope(c: f64) -> f64 {
    if c.abs() > 1e-3 {
        return (bounded_slope(c) - ratio(c)) / c;
    }
    let (s, second) = (SLOPE, SLOPE * (1.0 - SLOPE));
    second * (0.5 + c * ((1.0 - 2.0 * s) / 3.0 + c * (1.0 - 6.0 * s + 6.0 * s * s) / 8.0))
}

/// What the rounding of the constrained parameters may not use up.
fn margin<T: Real>() -> f64 {
    1.0 - 4.0 * T::EPSILON
}

/// c_i = r_ii r̃_ii, and 1 + c_i, never below the rounding.
fn factors<T: Real>(field: &Sylvester<T>) -> impl Iterator<Item = (T, T)> + '_ {
    let values = field.parameters();
    field.diagonals().map(|(r, r_tilde)| {
        let c = values[r].wide() * values[r_tilde].wide();
        (T::of(c), T::of((1.0 + c).max(T::EPSILON)))
    })
}

/// The Sylvester layer of van den Berg et al. 2018. With c_i = r_ii r̃_ii the determinant is
/// Π (1 + c_i tanh'(a_i)), by Sylvester's identity det(I + A B) = det(I + B A) (theorem 1).
impl<T: Real> StepInvertible<T> for Sylvester<T> {
    /// The paper asks for c_i > -1 (theorem 2). Here r_ii becomes r_ii m(c_i) / c_i with an m above
    /// -1 that keeps zero in place, so that every product is reached by some parameters.
    fn constrained(&self) -> Self {
        let mut values = self.parameters().to_vec();
        for (r, r_tilde) in self.diagonals() {
            let c = values[r].wide() * values[r_tilde].wide();
            values[r] = T::of(margin::<T>() * values[r].wide() * ratio(c));
        }
        let mut constrained = self.clone();
        constrained.put(&values);
        constrained
    }

    /// With g = m(c) / c: ∂r̂/∂r = g + c g' = m'(c) and ∂r̂/∂r̃ = r² g'(c).
    fn pull_constraint(&self, gradient: &mut [T]) {
        let values = self.parameters();
        for (r, r_tilde) in self.diagonals() {
            let c = values[r].wide() * values[r_tilde].wide();
            let bar = margin::<T>() * gradient[r].wide();
            gradient[r] = T::of(bar * bounded_slope(c));
            gradient[r_tilde] += T::of(bar * values[r].wide().powi(2) * ratio_slope(c));
        }
    }

    fn step(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        log_det: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let jet = self.jet(at.x, scratch);
        let (values, slopes) = (self.part(&jet, 0), self.part(&jet, 1));
        self.spread(values, velocity, scratch);
        log_det.fill(T::zero());
        for (i, (_, room)) in factors(self).enumerate() {
            let pairs = values.row(i).iter().zip(slopes.row(i));
            for (sum, (value, slope)) in log_det.iter_mut().zip(pairs) {
                *sum += ln(determinant(room, *value, *slope));
            }
        }
        scratch.give(jet);
    }

    /// With p = Q'x and a = R̃ p + b, the equation multiplied by Q' says p + R tanh(a) = Q'y. From
    /// the last row up, each is a scalar equation: with g_i = (Q'y)_i - Σ_{j>i} r_ij tanh(a_j),
    /// a_i + c_i tanh(a_i) = r̃_ii g_i + Σ_{k>i} r̃_ik p_k + b_i, and p_i = g_i - r_ii tanh(a_i). In
    /// the end x = y - Q R tanh(a).
    fn undo(
        &self,
        at: At<'_, T>,
        mut x: RowsMut<'_, T>,
        report: Report<'_>,
        scratch: &mut Scratch<T>,
    ) {
        let (rank, lanes) = (self.rank(), at.lanes());
        let mut projected = scratch.take(rank, lanes);
        let mut bent = scratch.take(rank, lanes);
        product(self.q().transposed(), at.x, Start::Zero, projected.view_mut());
        self.solve_rows(&mut projected, &mut bent, report, scratch);
        self.spread(bent.view(), x.reborrow(), scratch);
        for (x, y) in x.values_mut().iter_mut().zip(at.x.values()) {
            *x = *y - *x;
        }
        scratch.give(bent);
        scratch.give(projected);
    }

    fn pull_step(
        &self,
        at: At<'_, T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (rank, lanes) = (self.rank(), at.lanes());
        let jet = self.jet(at.x, scratch);
        let mut weights = scratch.take(rank, lanes);
        let mut by_slope = scratch.take(rank, lanes);
        by_slope.fill(T::zero());
        self.determinants(&jet, &mut weights);
        for i in 0..rank {
            for (weight, bar) in weights.row_mut(i).iter_mut().zip(cotangents.traces.row(0)) {
                *weight = *bar / *weight;
            }
        }
        self.add_diagonal(weights.view(), &jet, &mut by_slope, pulled.sums, scratch);
        self.pull_jet(at, &jet, cotangents.velocity, by_slope, pulled, scratch);
        scratch.give(weights);
        scratch.give(jet);
    }

    /// J' = Q R̃' D R' Q' with the slopes D, so that λ = v - Q R̃' z where z solves the lower
    /// triangular system (I + D R'R̃') z = D R'Q'v (Woodbury 1950).
    fn solve_transposed(
        &self,
        at: At<'_, T>,
        mut cotangent: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (rank, lanes) = (self.rank(), at.lanes());
        let jet = self.jet(at.x, scratch);
        let [mut z, mut determinants, mut mixed] =
            std::array::from_fn(|_| scratch.take(rank, lanes));
        let mut shift = scratch.take(self.q().rows, lanes);
        self.gather(cotangent.as_rows(), z.view_mut(), scratch);
        self.determinants(&jet, &mut determinants);
        let (both, slopes) = (self.both(), self.part(&jet, 1));
        for i in 0..rank {
            let (done, mut rest) = z.view_mut().split_at(i);
            let row = rest.row_mut(0);
            for j in 0..i {
                axpy(-both.data[j * rank + i], done.as_rows().row(j), row);
            }
            for (lane, value) in row.iter_mut().enumerate() {
                *value *= slopes.row(i)[lane] / determinants.row(i)[lane];
            }
        }
        product(self.r_tilde().transposed(), z.view(), Start::Zero, mixed.view_mut());
        product(self.q(), mixed.view(), Start::Zero, shift.view_mut());
        axpy(-T::one(), shift.values(), cotangent.values_mut());
        for block in [shift, mixed, determinants, z, jet] {
            scratch.give(block);
        }
    }
}

impl<T: Real> Sylvester<T> {
    /// 1 + c_i tanh'(a_i), row by row.
    fn determinants(&self, jet: &Block<T>, out: &mut Block<T>) {
        let (values, slopes) = (self.part(jet, 0), self.part(jet, 1));
        for (i, (_, room)) in factors(self).enumerate() {
            let pairs = values.row(i).iter().zip(slopes.row(i));
            for (out, (value, slope)) in out.row_mut(i).iter_mut().zip(pairs) {
                *out = determinant(room, *value, *slope);
            }
        }
    }

    /// Solves the rows from the last to the first: `projected` holds Q'y before and p after, `bent`
    /// tanh(a).
    fn solve_rows(
        &self,
        projected: &mut Block<T>,
        bent: &mut Block<T>,
        report: Report<'_>,
        scratch: &mut Scratch<T>,
    ) {
        let (rank, lanes) = (self.rank(), projected.lanes());
        let (r, r_tilde) = (self.r().data, self.r_tilde().data);
        let mut target = scratch.take(1, lanes);
        let mut roots = scratch.take(1, lanes);
        let mut pairs = scratch.take(2, rank);
        for (i, (c, room)) in factors(self).enumerate() {
            (pairs.row_mut(0)[i], pairs.row_mut(1)[i]) = (c, room);
        }
        for i in (0..rank).rev() {
            let (head, tail) = projected.view_mut().split_at(i + 1);
            let mut own = head;
            let own = own.row_mut(i);
            target.fill(self.bias()[i]);
            for k in i + 1..rank {
                axpy(-r[i * rank + k], bent.row(k), own);
                axpy(r_tilde[i * rank + k], tail.as_rows().row(k - i - 1), target.row_mut(0));
            }
            axpy(r_tilde[i * (rank + 1)], own, target.row_mut(0));
            let (c, room) = (pairs.row(0)[i], pairs.row(1)[i]);
            let report = Report { outcomes: &mut *report.outcomes, efforts: &mut *report.efforts };
            solve_bend((c, room), &target, &mut roots, report, scratch);
            Activation::Tanh.value_in_place(roots.values_mut());
            bent.row_mut(i).copy_from_slice(roots.row(0));
            axpy(-r[i * (rank + 1)], roots.row(0), own);
        }
        for block in [pairs, roots, target] {
            scratch.give(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_smooth_and_above_minus_one() {
        for c in [-700.0, -40.0, -1.0, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 0.5, 1.0, 2.0, 700.0] {
            assert!(bounded(c) >= -1.0 && bounded(c) <= c.max(0.0), "{c}");
            let h = 1e-5 * (1.0 + c.abs());
            let by_difference = |f: fn(f64) -> f64| (f(c + h) - f(c - h)) / (2.0 * h);
            assert!((bounded_slope(c) - by_difference(bounded)).abs() < 1e-8, "{c}");
            assert!((ratio_slope(c) - by_difference(ratio)).abs() < 1e-8, "{c}");
        }
    }
}
