//! The planar field u tanh(w'x + b), the simplest field that bends.

use nalgebra::DVector;

use super::{
    At, Cotangents, Pulled, Traced, TrainableField, VectorField, length, product_cotangents,
};
use crate::columns::{Block, Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::kernels::{Activation, Start, Weights, multiply, product, row_sums};
use crate::ode::Sharpness;
use crate::outcome::shown;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

/// f(x) = u tanh(w'x + b).
///
/// Integrated it is the planar continuous flow of Chen et al. 2018 (Neural Ordinary Differential
/// Equations, section 4); one explicit Euler step of it is the planar layer of Rezende and Mohamed
/// 2015. The divergence is u'w (1 - tanh²(w'x + b)). Trainable, with the parameters `u` \[dim\],
/// `w` \[dim\] and `b` \[1\].
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let field = field::Planar::new(dvector![1.0, 0.5], dvector![0.3, -0.8], 0.1)?;
/// let moved = ContinuousFlow::new(field).forward(&dmatrix![0.2; 0.7])?;
/// assert!(moved.log_det[0] < 0.0);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Planar<T> {
    dim: usize,
    values: Parameters<T>,
}

/// What the pullback of a planar field needs: value, slope and curvature of tanh at w'x + b.
#[derive(Default)]
pub struct PlanarTape<T> {
    pub(crate) jet: Block<T>,
}

impl<T: Real> Planar<T> {
    /// The field of direction u, normal w and offset b.
    ///
    /// # Errors
    ///
    /// If u and w are empty, differ in length, or anything is NaN or infinite.
    pub fn new(u: DVector<T>, w: DVector<T>, b: T) -> Result<Self> {
        let dim = u.len();
        if dim == 0 {
            return Err(Error::empty(
                "a planar field has no dimension: give u and w one value or more",
            ));
        }
        if w.len() != dim {
            return Err(Error::shape(format!(
                "u has {}, w has {}: give as many of both",
                shown::count(dim, "value"),
                w.len()
            )));
        }
        let values: Vec<T> = u.iter().chain(w.iter()).copied().chain([b]).collect();
        let layout = Layout::of([("u", &[dim]), ("w", &[dim]), ("b", &[1])]);
        Ok(Self { dim, values: Parameters::new(layout, values)? })
    }

    /// The direction u.
    pub(crate) fn u(&self) -> &[T] {
        &self.values[..self.dim]
    }

    /// The normal w.
    pub(crate) fn w(&self) -> &[T] {
        &self.values[self.dim..2 * self.dim]
    }

    fn u_dot_w(&self) -> T {
        self.u().iter().zip(self.w()).fold(T::zero(), |sum, (&u, &w)| sum + u * w)
    }

    /// w'x + b, one row.
    pub(crate) fn preactivation(&self, x: Rows<'_, T>, out: RowsMut<'_, T>) {
        let b = &self.values[2 * self.dim..];
        product(Weights::new(self.w(), 1, self.dim), x, Start::Bias(b), out);
    }

    /// direction times one row of lanes.
    pub(crate) fn spread(direction: &[T], row: Rows<'_, T>, out: RowsMut<'_, T>) {
        product(Weights::new(direction, direction.len(), 1), row, Start::Zero, out);
    }

    /// (u'v) and (w'v) of every lane of `v`, as two rows.
    pub(crate) fn projections(&self, v: Rows<'_, T>, out: RowsMut<'_, T>) {
        let both = Weights::new(&self.values[..2 * self.dim], 2, self.dim);
        product(both, v, Start::Zero, out);
    }
}

impl<T: Real> VectorField<T> for Planar<T> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        let mut s = scratch.take(1, at.lanes());
        self.preactivation(at.x, s.view_mut());
        Activation::Tanh.value_in_place(s.values_mut());
        Self::spread(self.u(), s.view(), velocity);
        scratch.give(s);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let lanes = at.lanes();
        let mut jet = scratch.take(4, lanes);
        let mut along = scratch.take(1, tangents.lanes());
        self.jet(at.x, &mut jet);
        Self::spread(self.u(), jet.view().range(0, 1), velocity);
        product(Weights::new(self.w(), 1, self.dim), tangents, Start::Zero, along.view_mut());
        for part in along.values_mut().chunks_exact_mut(lanes) {
            for (a, slope) in part.iter_mut().zip(jet.row(1)) {
                *a *= *slope;
            }
        }
        Self::spread(self.u(), along.view(), products);
        scratch.give(along);
        scratch.give(jet);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        let mut jet = scratch.take(4, at.lanes());
        self.jet(at.x, &mut jet);
        Self::spread(self.u(), jet.view().range(0, 1), velocity);
        let factor = self.u_dot_w();
        for (trace, slope) in divergence.iter_mut().zip(jet.row(1)) {
            *trace = factor * *slope;
        }
        scratch.give(jet);
    }

    /// The tanh rises within a length of 1 / |w|.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(Sharpness { in_time: 0.0, in_space: length(self.w()) })
    }

    /// The argument of tanh is summed from numbers of the size of one.
    fn rounding(&self, coordinate: usize) -> f64 {
        let argument = length(&self.values[self.dim..]);
        T::EPSILON * self.u()[coordinate].wide().abs() * argument.max(1.0)
    }

    fn divergence_cost(&self) -> f64 {
        1.2
    }
}

impl<T: Real> Planar<T> {
    /// Value, slope and curvature of tanh(w'x + b), and the argument itself: four rows.
    pub(crate) fn jet(&self, x: Rows<'_, T>, jet: &mut Block<T>) {
        let lanes = x.lanes();
        let (value, rest) = jet.values_mut().split_at_mut(lanes);
        let (slope, rest) = rest.split_at_mut(lanes);
        let (curvature, argument) = rest.split_at_mut(lanes);
        self.preactivation(x, RowsMut::new(argument, lanes));
        Activation::Tanh.value_slope_curvature(argument, value, slope, curvature);
    }
}

impl<T: Real> TrainableField<T> for Planar<T> {
    type Tape = PlanarTape<T>;

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Planar"))
    }

    fn held(&self) -> &Parameters<T> {
        &self.values
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.set(values)
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        velocity: RowsMut<'_, T>,
        traces: RowsMut<'_, T>,
        tape: &mut PlanarTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        tape.jet.reshape(4, at.lanes());
        self.jet(at.x, &mut tape.jet);
        super::evaluate(self, at, traced, velocity, traces, scratch);
    }

    /// With a = w'x + b, s = tanh a and one trace τ = c s'(a) per lane, where c = u'w, the chain rule
    /// runs through a: ā = (v̄'u) s' + τ̄ c s'', and x̄ = w ā. For c, see also `pull_products`.
    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &PlanarTape<T>,
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let lanes = at.lanes();
        let (value, slope, curvature) = (tape.jet.row(0), tape.jet.row(1), tape.jet.row(2));
        let (u_sums, rest) = pulled.sums.split_at_mut(self.dim);
        let (w_sums, b_sum) = rest.split_at_mut(self.dim);
        let mut projected = scratch.take(2, lanes);
        let mut a_bar = scratch.take(1, lanes);
        let mut weight = scratch.take(1, lanes);
        self.projections(cotangents.velocity, projected.view_mut());
        multiply(projected.row(0), slope, a_bar.row_mut(0));
        super::add_row_products(cotangents.velocity, value, u_sums);
        match traced {
            Traced::Velocity => {}
            Traced::Exact => {
                let c = self.u_dot_w();
                multiply(cotangents.traces.row(0), slope, weight.row_mut(0));
                let mut total = [T::zero()];
                row_sums(weight.view(), &mut total);
                for i in 0..self.dim {
                    u_sums[i] += self.w()[i] * total[0];
                    w_sums[i] += self.u()[i] * total[0];
                }
                let bars = a_bar.row_mut(0).iter_mut();
                for ((bar, trace), bend) in bars.zip(cotangents.traces.row(0)).zip(curvature) {
                    *bar += *trace * c * *bend;
                }
            }
            Traced::Probes(probes) => {
                let bars = product_cotangents(probes, cotangents.traces, scratch);
                let sums = [&mut *u_sums, &mut *w_sums];
                self.pull_products(tape, probes, bars.view(), &mut a_bar, sums, scratch);
                scratch.give(bars);
            }
            Traced::Products(tangents) => {
                let sums = [&mut *u_sums, &mut *w_sums];
                self.pull_products(tape, tangents, cotangents.traces, &mut a_bar, sums, scratch);
            }
        }
        super::add_row_products(at.x, a_bar.row(0), w_sums);
        row_sums(a_bar.view(), b_sum);
        Self::spread(self.w(), a_bar.view(), pulled.x);
        scratch.give(weight);
        scratch.give(a_bar);
        scratch.give(projected);
    }
}

impl<T: Real> Planar<T> {
    /// Replaces the values without a check.
    pub(crate) fn put(&mut self, values: &[T]) {
        self.values.values_mut().copy_from_slice(values);
    }

    /// The part of the products J p = u s'(a) (w'p), from their cotangents q: added are
    /// (u'q)(w'p) s'' to ā, q s' (w'p) to ū, and p s' (u'q) to w̄.
    fn pull_products(
        &self,
        tape: &PlanarTape<T>,
        tangents: Rows<'_, T>,
        bars: Rows<'_, T>,
        a_bar: &mut Block<T>,
        [u_sums, w_sums]: [&mut [T]; 2],
        scratch: &mut Scratch<T>,
    ) {
        let (slope, curvature) = (tape.jet.row(1), tape.jet.row(2));
        let (lanes, all) = (tape.jet.lanes(), tangents.lanes());
        let [mut along, mut back, mut factors] = [2; 3].map(|rows| scratch.take(rows, all));
        self.projections(tangents, along.view_mut());
        self.projections(bars, back.view_mut());
        let (by_u, by_w) = factors.values_mut().split_at_mut(all);
        for k in 0..all {
            let (qu, pw, lane) = (back.row(0)[k], along.row(1)[k], k % lanes);
            by_u[k] = pw * slope[lane];
            by_w[k] = qu * slope[lane];
            a_bar.row_mut(0)[lane] += qu * pw * curvature[lane];
        }
        super::add_row_products(bars, by_u, u_sums);
        super::add_row_products(tangents, by_w, w_sums);
        for block in [factors, back, along] {
            scratch.give(block);
        }
    }
}

impl<T: Real> Restore<T> for Planar<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Planar")?;
        let dim = source.extent("u")?;
        let layout = Layout::of([("u", &[dim]), ("w", &[dim]), ("b", &[1])]);
        Ok(Self { dim, values: source.held(layout)? })
    }
}
