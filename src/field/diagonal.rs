//! The diagonal affine field s x + b, which moves every coordinate by itself.

use nalgebra::DVector;

use super::{At, Cotangents, Pulled, Traced, TrainableField, VectorField};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::kernels::{multiply, row_sums, sum_of_products};
use crate::ode::Sharpness;
use crate::outcome::shown;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

/// f(x)_i = s_i x_i + b_i.
///
/// Its time-one flow is e^s x + b (e^s - 1) / s, with log-determinant Σ s_i: the activation
/// normalisation [`ActNorm`](crate::flow::layers::ActNorm), with its shift written differently.
/// Trainable, with the parameters `log_scale` \[dim\] and `bias` \[dim\].
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let field = field::DiagonalAffine::new(dvector![2f64.ln(), 0.0], dvector![0.0, 1.0])?;
/// let moved = ContinuousFlow::new(field).tolerance(1e-10).forward(&dmatrix![3.0; 3.0])?;
/// assert!((moved.points[0] - 6.0).abs() < 1e-8 && (moved.points[1] - 4.0).abs() < 1e-8);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DiagonalAffine<T> {
    dim: usize,
    values: Parameters<T>,
}

impl<T: Real> DiagonalAffine<T> {
    /// The field of rates s and offsets b.
    ///
    /// # Errors
    ///
    /// If s and b are empty, differ in length, or hold a NaN or an infinity.
    pub fn new(rates: DVector<T>, offset: DVector<T>) -> Result<Self> {
        let dim = rates.len();
        if dim == 0 {
            return Err(Error::empty("a diagonal field has no dimension: give one rate or more"));
        }
        if offset.len() != dim {
            return Err(Error::shape(format!(
                "{} and {}: give as many of both",
                shown::count(dim, "rate"),
                shown::count(offset.len(), "offset")
            )));
        }
        let values: Vec<T> = rates.iter().chain(offset.iter()).copied().collect();
        let layout = Layout::of([("log_scale", &[dim]), ("bias", &[dim])]);
        Ok(Self { dim, values: Parameters::new(layout, values)? })
    }

    /// The field that is zero everywhere, whose flow is the identity.
    ///
    /// # Errors
    ///
    /// If `dim` is zero.
    pub fn zero(dim: usize) -> Result<Self> {
        Self::new(DVector::zeros(dim), DVector::zeros(dim))
    }

    /// The rates s.
    pub fn rates(&self) -> &[T] {
        &self.values[..self.dim]
    }

    /// The offsets b.
    pub fn offset(&self) -> &[T] {
        &self.values[self.dim..]
    }

    /// Tangent by tangent, s u.
    fn stretch(&self, tangents: Rows<'_, T>, mut products: RowsMut<'_, T>) {
        for (i, &rate) in self.rates().iter().enumerate() {
            for (to, from) in products.row_mut(i).iter_mut().zip(tangents.row(i)) {
                *to = rate * *from;
            }
        }
    }
}

impl<T: Real> VectorField<T> for DiagonalAffine<T> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn velocity(&self, at: At<'_, T>, mut velocity: RowsMut<'_, T>, _: &mut Scratch<T>) {
        for (i, (&rate, &offset)) in self.rates().iter().zip(self.offset()).enumerate() {
            for (to, x) in velocity.row_mut(i).iter_mut().zip(at.x.row(i)) {
                *to = rate * *x + offset;
            }
        }
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        self.velocity(at, velocity, scratch);
        self.stretch(tangents, products);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        self.velocity(at, velocity, scratch);
        divergence.fill(self.rates().iter().fold(T::zero(), |sum, &rate| sum + rate));
    }

    /// It is linear in x and does not depend on time.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(Sharpness::NONE)
    }

    fn divergence_cost(&self) -> f64 {
        1.0
    }
}

impl<T: Real> TrainableField<T> for DiagonalAffine<T> {
    type Tape = ();

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("DiagonalAffine"))
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
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let (rates, offsets) = pulled.sums.split_at_mut(self.dim);
        self.stretch(cotangents.velocity, pulled.x);
        let mut products = scratch.take(self.dim, at.lanes());
        multiply(cotangents.velocity.values(), at.x.values(), products.values_mut());
        row_sums(products.view(), rates);
        row_sums(cotangents.velocity, offsets);
        scratch.give(products);
        match traced {
            Traced::Velocity => {}
            Traced::Exact => {
                let mut sum = [T::zero()];
                row_sums(cotangents.traces, &mut sum);
                rates.iter_mut().for_each(|rate| *rate += sum[0]);
            }
            Traced::Probes(probes) => add_squares(probes, cotangents.traces, rates, scratch),
            Traced::Products(tangents) => {
                let mut products = scratch.take(self.dim, tangents.lanes());
                let bars = cotangents.traces.values();
                multiply(tangents.values(), bars, products.values_mut());
                row_sums(products.view(), rates);
                scratch.give(products);
            }
        }
    }
}

/// `sums[i]` += Σ `weights` `probes[i]`², over all probes of all lanes.
fn add_squares<T: Real>(
    probes: Rows<'_, T>,
    weights: Rows<'_, T>,
    sums: &mut [T],
    scratch: &mut Scratch<T>,
) {
    let mut squares = scratch.take(1, probes.lanes());
    for (i, sum) in sums.iter_mut().enumerate() {
        let row = Rows::new(probes.row(i), probes.lanes());
        squares.fill(T::zero());
        sum_of_products(row, row, squares.row_mut(0));
        for (square, weight) in squares.row(0).iter().zip(weights.values()) {
            *sum += *square * *weight;
        }
    }
    scratch.give(squares);
}

impl<T: Real> Restore<T> for DiagonalAffine<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("DiagonalAffine")?;
        let dim = source.extent("log_scale")?;
        let layout = Layout::of([("log_scale", &[dim]), ("bias", &[dim])]);
        Ok(Self { dim, values: source.held(layout)? })
    }
}
