//! The radial field beta (x - x0) / (alpha + |x - x0|), towards a point or away from it.

use nalgebra::DVector;

use super::{At, Cotangents, Pulled, Traced, TrainableField, VectorField, product_cotangents};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::kernels::row_sums;
use crate::ode::Sharpness;
use crate::outcome::shown;
use crate::parameters::{Layout, Parameters};
use crate::real::portable::{exp_m1, ln};
use crate::real::{Real, sigmoid, softplus};

/// f(x) = β h(r) (x - x₀) with h(r) = 1 / (α + r), r = |x - x₀| and α > 0.
///
/// One explicit Euler step of it is the radial layer of Rezende and Mohamed 2015 (Variational
/// Inference with Normalizing Flows, equation 14); it can be integrated as well. The divergence is
/// β (d h - r h²). Trainable, with the parameters `center` \[dim\], `alpha` \[1\] and `beta` \[1\];
/// α is the softplus ln(1 + eᵃ) of the parameter a that is stored.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// // Points are drawn towards the origin, and their density grows there.
/// let field = field::Radial::new(dvector![0.0, 0.0], 1.0, -0.5)?;
/// let moved = ContinuousFlow::new(field).forward(&dmatrix![0.3; 0.4])?;
/// assert!(moved.points.norm() < 0.5 && moved.log_det[0] < 0.0);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Radial<T> {
    dim: usize,
    values: Parameters<T>,
}

impl<T: Real> Radial<T> {
    /// The field around `center` with softening length `alpha` and strength `beta`; negative
    /// strengths attract.
    ///
    /// # Errors
    ///
    /// If the centre is empty, anything is NaN or infinite, or `alpha` is not positive.
    pub fn new(center: DVector<T>, alpha: T, beta: T) -> Result<Self> {
        let dim = center.len();
        if dim == 0 {
            return Err(Error::empty(
                "a radial field has no dimension: give a centre of one value or more",
            ));
        }
        let mut values: Vec<T> = center.iter().copied().chain([alpha, beta]).collect();
        let layout = Layout::of([("center", &[dim]), ("alpha", &[1]), ("beta", &[1])]);
        layout.check(&values)?;
        if alpha <= T::zero() {
            return Err(Error::setting(format!(
                "alpha of a radial field is {}: give a positive number",
                shown::number(alpha.wide())
            )));
        }
        // The inverse of the softplus: a = ln(eᵅ - 1).
        let alpha = alpha.wide();
        values[dim] = T::of(alpha + ln(-exp_m1(-alpha)));
        Ok(Self { dim, values: Parameters::new(layout, values)? })
    }

    /// The parameter a with α = ln(1 + eᵃ).
    pub(crate) fn raw_alpha(&self) -> T {
        self.values[self.dim]
    }

    /// The softening length α, at least the smallest normal number.
    pub fn alpha(&self) -> T {
        T::of(softplus(self.raw_alpha().wide()).max(T::SMALLEST))
    }

    /// The strength β.
    pub fn beta(&self) -> T {
        self.values[self.dim + 1]
    }

    /// The slope of α by the parameter a.
    pub(crate) fn alpha_slope(&self) -> T {
        T::of(sigmoid(self.raw_alpha().wide()))
    }

    /// The directions n = (x - x₀) / r in the first dim rows, zero at the centre, and r in the last.
    pub(crate) fn polar(&self, x: Rows<'_, T>, polar: &mut Block<T>) {
        let (mut n, mut r) = polar.view_mut().split_at(self.dim);
        let r = r.row_mut(0);
        r.fill(T::zero());
        for i in 0..self.dim {
            for ((n, x), r) in n.row_mut(i).iter_mut().zip(x.row(i)).zip(r.iter_mut()) {
                *n = *x - self.values[i];
                *r += *n * *n;
            }
        }
        for r in r.iter_mut() {
            *r = r.sqrt();
        }
        for i in 0..self.dim {
            for (n, r) in n.row_mut(i).iter_mut().zip(r.iter()) {
                *n = if *r > T::zero() { *n / *r } else { T::zero() };
            }
        }
    }

    /// f(x) = β h (x - x₀).
    fn write_velocity(&self, x: Rows<'_, T>, r: &[T], mut velocity: RowsMut<'_, T>) {
        let (alpha, beta) = (self.alpha(), self.beta());
        for i in 0..self.dim {
            for ((v, x), r) in velocity.row_mut(i).iter_mut().zip(x.row(i)).zip(r) {
                *v = beta / (alpha + *r) * (*x - self.values[i]);
            }
        }
    }

    /// n'v of every lane of v, in groups of as many lanes as n has.
    pub(crate) fn along(&self, n: Rows<'_, T>, v: Rows<'_, T>, out: &mut [T]) {
        out.fill(T::zero());
        for i in 0..self.dim {
            for (v, out) in v.row(i).chunks_exact(n.lanes()).zip(out.chunks_exact_mut(n.lanes())) {
                for ((out, v), n) in out.iter_mut().zip(v).zip(n.row(i)) {
                    *out += *n * *v;
                }
            }
        }
    }

    /// Adds to the sums what three rows of lanes say of the parameters: the cotangents of x (its
    /// negative is that of the centre), of α and of β.
    pub(crate) fn add_sums(&self, x_bar: Rows<'_, T>, by_strength: Rows<'_, T>, sums: &mut [T]) {
        let mut totals = [T::zero(); 2];
        row_sums(by_strength, &mut totals);
        sums[self.dim] += totals[0] * self.alpha_slope();
        sums[self.dim + 1] += totals[1];
        for (i, sum) in sums[..self.dim].iter_mut().enumerate() {
            let mut total = [T::zero()];
            row_sums(x_bar.range(i, i + 1), &mut total);
            *sum -= total[0];
        }
    }
}

impl<T: Real> VectorField<T> for Radial<T> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let mut polar = scratch.take(self.dim + 1, at.lanes());
        self.polar(at.x, &mut polar);
        self.write_velocity(at.x, polar.row(self.dim), velocity);
        scratch.give(polar);
    }

    /// J u = β h u - β h² r n (n'u).
    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        mut products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let lanes = at.lanes();
        let mut polar = scratch.take(self.dim + 1, lanes);
        let mut along = scratch.take(1, tangents.lanes());
        self.polar(at.x, &mut polar);
        self.write_velocity(at.x, polar.row(self.dim), velocity);
        self.along(polar.view().range(0, self.dim), tangents, along.values_mut());
        let (alpha, beta) = (self.alpha(), self.beta());
        for i in 0..self.dim {
            for (k, product) in products.row_mut(i).iter_mut().enumerate() {
                let (lane, r) = (k % lanes, polar.row(self.dim)[k % lanes]);
                let h = T::one() / (alpha + r);
                let radial = h * r * polar.row(i)[lane] * along.row(0)[k];
                *product = beta * h * (tangents.row(i)[k] - radial);
            }
        }
        scratch.give(along);
        scratch.give(polar);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let mut polar = scratch.take(self.dim + 1, at.lanes());
        self.polar(at.x, &mut polar);
        self.write_velocity(at.x, polar.row(self.dim), velocity);
        let (alpha, beta, dim) = (self.alpha(), self.beta(), T::of(self.dim as f64));
        for (trace, &r) in divergence.iter_mut().zip(polar.row(self.dim)) {
            let h = T::one() / (alpha + r);
            *trace = beta * h * (dim - r * h);
        }
        scratch.give(polar);
    }

    /// It turns around within a length of α.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(Sharpness { in_time: 0.0, in_space: 1.0 / self.alpha().wide() })
    }

    fn divergence_cost(&self) -> f64 {
        1.2
    }
}

impl<T: Real> TrainableField<T> for Radial<T> {
    type Tape = ();

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Radial"))
    }

    fn held(&self) -> &Parameters<T> {
        &self.values
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.set(values)
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        _: &(),
        cotangents: Cotangents<'_, T>,
        mut pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut polar = scratch.take(self.dim + 1, at.lanes());
        let mut strength = scratch.take(2, at.lanes());
        self.polar(at.x, &mut polar);
        self.pull_velocity(&polar, cotangents.velocity, &mut pulled.x, &mut strength, scratch);
        match traced {
            Traced::Velocity => {}
            Traced::Exact => self.pull_trace(&polar, cotangents, &mut pulled.x, &mut strength),
            Traced::Probes(probes) => {
                let bars = product_cotangents(probes, cotangents.traces, scratch);
                let pair = [probes, bars.view()];
                self.pull_products(&polar, pair, &mut pulled.x, &mut strength, scratch);
                scratch.give(bars);
            }
            Traced::Products(tangents) => {
                let pair = [tangents, cotangents.traces];
                self.pull_products(&polar, pair, &mut pulled.x, &mut strength, scratch);
            }
        }
        self.add_sums(pulled.x.as_rows(), strength.view(), pulled.sums);
        scratch.give(strength);
        scratch.give(polar);
    }
}

impl<T: Real> Radial<T> {
    /// Replaces the values without a check.
    pub(crate) fn put(&mut self, values: &[T]) {
        self.values.values_mut().copy_from_slice(values);
    }

    /// The velocity's part of the pullback: x̄ = J v̄ (J is symmetric), ᾱ = -β h² r n'v̄ and
    /// β̄ = h r n'v̄, the last two as rows of `strength`; all overwritten.
    pub(crate) fn pull_velocity(
        &self,
        polar: &Block<T>,
        v_bar: Rows<'_, T>,
        x_bar: &mut RowsMut<'_, T>,
        strength: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) {
        let (alpha, beta) = (self.alpha(), self.beta());
        let (lanes, r) = (polar.lanes(), polar.row(self.dim));
        let mut along = scratch.take(1, lanes);
        self.along(polar.view().range(0, self.dim), v_bar, along.values_mut());
        for i in 0..self.dim {
            for (lane, x_bar) in x_bar.row_mut(i).iter_mut().enumerate() {
                let h = T::one() / (alpha + r[lane]);
                let radial = h * r[lane] * polar.row(i)[lane] * along.row(0)[lane];
                *x_bar = beta * h * (v_bar.row(i)[lane] - radial);
            }
        }
        let (by_alpha, by_beta) = strength.values_mut().split_at_mut(lanes);
        for lane in 0..lanes {
            let h = T::one() / (alpha + r[lane]);
            by_beta[lane] = h * r[lane] * along.row(0)[lane];
            by_alpha[lane] = -beta * h * by_beta[lane];
        }
        scratch.give(along);
    }

    /// The exact trace's part, from τ = β (d h - r h²).
    fn pull_trace(
        &self,
        polar: &Block<T>,
        cotangents: Cotangents<'_, T>,
        x_bar: &mut RowsMut<'_, T>,
        strength: &mut Block<T>,
    ) {
        let (alpha, beta, dim) = (self.alpha(), self.beta(), T::of(self.dim as f64));
        let (lanes, r) = (polar.lanes(), polar.row(self.dim));
        let (by_alpha, by_beta) = strength.values_mut().split_at_mut(lanes);
        let two = T::of(2.0);
        for lane in 0..lanes {
            let (h, bar) = (T::one() / (alpha + r[lane]), cotangents.traces.row(0)[lane]);
            by_beta[lane] += bar * h * (dim - r[lane] * h);
            by_alpha[lane] += bar * beta * h * h * (two * r[lane] * h - dim);
        }
        for i in 0..self.dim {
            for (lane, x_bar) in x_bar.row_mut(i).iter_mut().enumerate() {
                let (h, bar) = (T::one() / (alpha + r[lane]), cotangents.traces.row(0)[lane]);
                let slope = beta * h * h * (two * r[lane] * h - dim - T::one());
                *x_bar += bar * slope * polar.row(i)[lane];
            }
        }
    }

    /// The part of the products J p = β h p - β h² r n q with q = n'p, from their cotangents p̄: with
    /// m = n'p̄ it is the derivative of β h p'p̄ - β h² r q m.
    fn pull_products(
        &self,
        polar: &Block<T>,
        [tangents, bars]: [Rows<'_, T>; 2],
        x_bar: &mut RowsMut<'_, T>,
        strength: &mut Block<T>,
        scratch: &mut Scratch<T>,
    ) {
        let (alpha, beta, two) = (self.alpha(), self.beta(), T::of(2.0));
        let (lanes, r) = (polar.lanes(), polar.row(self.dim));
        let [along, back] = [tangents, bars].map(|rows| {
            let mut along = scratch.take(1, rows.lanes());
            self.along(polar.view().range(0, self.dim), rows, along.values_mut());
            along
        });
        let (by_alpha, by_beta) = strength.values_mut().split_at_mut(lanes);
        for k in 0..tangents.lanes() {
            let (lane, q, m) = (k % lanes, along.row(0)[k], back.row(0)[k]);
            let (h, r) = (T::one() / (alpha + r[lane]), r[lane]);
            let inner =
                (0..self.dim).fold(T::zero(), |sum, i| sum + tangents.row(i)[k] * bars.row(i)[k]);
            by_beta[lane] += h * (inner - h * r * q * m);
            by_alpha[lane] += beta * h * h * (two * h * r * q * m - inner);
            let slope = two * r * h * q * m - inner - q * m;
            for i in 0..self.dim {
                let n = polar.row(i)[lane];
                let turn = m * (tangents.row(i)[k] - q * n) + q * (bars.row(i)[k] - m * n);
                x_bar.row_mut(i)[lane] += beta * h * h * (slope * n - turn);
            }
        }
        scratch.give(back);
        scratch.give(along);
    }
}

impl<T: Real> Restore<T> for Radial<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Radial")?;
        let dim = source.extent("center")?;
        let layout = Layout::of([("center", &[dim]), ("alpha", &[1]), ("beta", &[1])]);
        Ok(Self { dim, values: source.held(layout)? })
    }
}
