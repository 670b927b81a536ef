//! The linear field A x + b, whose flow is known in closed form.

use nalgebra::{DMatrix, DVector};

use super::{At, Cotangents, Pulled, Traced, TrainableField, VectorField, product_cotangents};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::kernels::{Start, Weights, outer, product, row_sums};
use crate::ode::Sharpness;
use crate::outcome::shown;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

/// f(x) = A x + b.
///
/// Its time-one flow is exp(A) x plus a shift, with log-determinant tr A: the divergence is the
/// same everywhere. Trainable, with the parameters `weight` \[dim, dim\] and `bias` \[dim\].
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let spiral = field::Linear::new(dmatrix![-0.5, 1.0; -1.0, -0.5])?;
/// let moved = ContinuousFlow::new(spiral).tolerance(1e-10).forward(&dmatrix![1.0; 0.0])?;
/// assert!((moved.points[0] - (-0.5f64).exp() * 1f64.cos()).abs() < 1e-8);
/// assert!((moved.log_det[0] + 1.0).abs() < 1e-12);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Linear<T> {
    dim: usize,
    values: Parameters<T>,
}

impl<T: Real> Linear<T> {
    /// The field A x.
    ///
    /// # Errors
    ///
    /// If A is empty, not square, or holds a NaN or an infinity.
    pub fn new(a: DMatrix<T>) -> Result<Self> {
        let dim = a.nrows();
        if dim == 0 {
            return Err(Error::empty(
                "a linear field has no dimension: give a matrix of one row or more",
            ));
        }
        if a.ncols() != dim {
            return Err(Error::shape(format!(
                "the matrix of a linear field is {dim} x {}: give a square one",
                a.ncols()
            )));
        }
        let layout = Layout::of([("weight", &[dim, dim]), ("bias", &[dim])]);
        let mut values: Vec<T> = a.transpose().iter().copied().collect();
        values.resize(layout.len(), T::zero());
        Ok(Self { dim, values: Parameters::new(layout, values)? })
    }

    /// The field A x + b.
    ///
    /// # Errors
    ///
    /// If b has another length than A has rows, or holds a NaN or an infinity.
    pub fn with_offset(mut self, b: &DVector<T>) -> Result<Self> {
        if b.len() != self.dim {
            return Err(Error::shape(format!(
                "the offset has {} in {}: give one for each",
                shown::count(b.len(), "value"),
                shown::count(self.dim, "dimension")
            )));
        }
        let all = [self.parts().0, b.as_slice()].concat();
        self.values.set(&all)?;
        Ok(self)
    }

    /// A, row after row, and b.
    pub(crate) fn parts(&self) -> (&[T], &[T]) {
        self.values.split_at(self.dim * self.dim)
    }

    fn weights(&self) -> Weights<'_, T> {
        Weights::new(&self.values[..self.dim * self.dim], self.dim, self.dim)
    }

    fn bias(&self) -> &[T] {
        &self.values[self.dim * self.dim..]
    }

    fn trace(&self) -> T {
        self.values[..self.dim * self.dim]
            .iter()
            .step_by(self.dim + 1)
            .fold(T::zero(), |sum, &a| sum + a)
    }
}

impl<T: Real> VectorField<T> for Linear<T> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, _: &mut Scratch<T>) {
        product(self.weights(), at.x, Start::Bias(self.bias()), velocity);
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
        product(self.weights(), tangents, Start::Zero, products);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        self.velocity(at, velocity, scratch);
        divergence.fill(self.trace());
    }

    /// It is linear in x and does not depend on time.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(Sharpness::NONE)
    }

    /// Terms as large as the offset cancel where the field is at rest. Beside coordinates that are all
    /// small there is no offset, and nothing is rounded but in parts of them.
    fn rounding(&self, coordinate: usize) -> f64 {
        T::EPSILON * self.bias()[coordinate].wide().abs()
    }

    fn divergence_cost(&self) -> f64 {
        1.0
    }
}

impl<T: Real> TrainableField<T> for Linear<T> {
    type Tape = ();

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Linear"))
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
        let (weights, bias) = pulled.sums.split_at_mut(self.dim * self.dim);
        product(self.weights().transposed(), cotangents.velocity, Start::Zero, pulled.x);
        outer(cotangents.velocity, at.x, weights, self.dim, scratch);
        row_sums(cotangents.velocity, bias);
        match traced {
            Traced::Velocity => {}
            Traced::Exact => {
                let mut sum = [T::zero()];
                row_sums(cotangents.traces, &mut sum);
                for weight in weights.iter_mut().step_by(self.dim + 1) {
                    *weight += sum[0];
                }
            }
            Traced::Probes(probes) => {
                let bars = product_cotangents(probes, cotangents.traces, scratch);
                outer(bars.view(), probes, weights, self.dim, scratch);
                scratch.give(bars);
            }
            Traced::Products(tangents) => {
                outer(cotangents.traces, tangents, weights, self.dim, scratch);
            }
        }
    }
}

impl<T: Real> Restore<T> for Linear<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Linear")?;
        let dim = source.extent("bias")?;
        let layout = Layout::of([("weight", &[dim, dim]), ("bias", &[dim])]);
        Ok(Self { dim, values: source.held(layout)? })
    }
}
