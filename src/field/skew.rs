//! The skew field S x with S' = -S, whose flow rotates.

use nalgebra::DMatrix;

use super::{At, Cotangents, Linear, Pulled, Traced, TrainableField, VectorField};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::ode::Sharpness;
use crate::outcome::shown;
use crate::parameters::{Layout, Parameters};
use crate::real::Real;

/// f(x) = S x with a skew-symmetric S, given by the dim (dim - 1) / 2 values below its diagonal.
///
/// Its time-one flow is the rotation exp(S), which keeps volumes and lengths; every rotation is one.
/// Trainable, with the parameter `angles` \[dim (dim - 1) / 2\]: row after row, what stands left of
/// the diagonal.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let quarter = field::Skew::new(2, vec![std::f64::consts::FRAC_PI_2])?;
/// let moved = ContinuousFlow::new(quarter).tolerance(1e-10).forward(&dmatrix![1.0; 0.0])?;
/// assert!(moved.points[0].abs() < 1e-8 && (moved.points[1] - 1.0).abs() < 1e-8);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Skew<T> {
    angles: Parameters<T>,
    linear: Linear<T>,
}

/// The pairs (i, j) with j < i, row after row.
fn pairs(dim: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..dim).flat_map(|i| (0..i).map(move |j| (i, j)))
}

impl<T: Real> Skew<T> {
    /// The field in `dim` dimensions with these values below the diagonal of S.
    ///
    /// # Errors
    ///
    /// If `dim` is zero, there are not dim (dim - 1) / 2 values, or one is NaN or infinite.
    pub fn new(dim: usize, angles: Vec<T>) -> Result<Self> {
        let count = dim * dim.saturating_sub(1) / 2;
        if angles.len() != count {
            return Err(Error::shape(format!(
                "a skew matrix in {} has {} below its diagonal, not {}: give as many",
                shown::count(dim, "dimension"),
                shown::count(count, "value"),
                angles.len()
            )));
        }
        let angles = Parameters::new(Layout::of([("angles", &[count])]), angles)?;
        let linear = Linear::new(matrix(dim, &angles))?;
        Ok(Self { angles, linear })
    }

    /// S.
    pub(crate) fn matrix(&self) -> DMatrix<T> {
        matrix(self.linear.dim(), &self.angles)
    }

    /// Turns the cotangents of the entries of S, row after row, into those of the angles.
    pub(crate) fn add_angles(dim: usize, entries: &[T], gradient: &mut [T]) {
        for ((i, j), total) in pairs(dim).zip(gradient) {
            *total += entries[i * dim + j] - entries[j * dim + i];
        }
    }
}

fn matrix<T: Real>(dim: usize, angles: &[T]) -> DMatrix<T> {
    let mut s = DMatrix::zeros(dim, dim);
    for ((i, j), &angle) in pairs(dim).zip(angles) {
        (s[(i, j)], s[(j, i)]) = (angle, -angle);
    }
    s
}

impl<T: Real> VectorField<T> for Skew<T> {
    fn dim(&self) -> usize {
        self.linear.dim()
    }

    fn velocity(&self, at: At<'_, T>, velocity: RowsMut<'_, T>, scratch: &mut Scratch<T>) {
        self.linear.velocity(at, velocity, scratch);
    }

    fn jvp(
        &self,
        at: At<'_, T>,
        tangents: Rows<'_, T>,
        velocity: RowsMut<'_, T>,
        products: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        self.linear.jvp(at, tangents, velocity, products, scratch);
    }

    fn divergence(
        &self,
        at: At<'_, T>,
        velocity: RowsMut<'_, T>,
        divergence: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        self.linear.divergence(at, velocity, divergence, scratch);
    }

    /// It is linear in x and does not depend on time.
    fn sharpness(&self) -> Option<Sharpness> {
        Some(Sharpness::NONE)
    }

    fn divergence_cost(&self) -> f64 {
        1.0
    }
}

impl<T: Real> TrainableField<T> for Skew<T> {
    type Tape = ();

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Skew").with("dim", self.linear.dim()))
    }

    fn held(&self) -> &Parameters<T> {
        &self.angles
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.angles.set(values)?;
        let dim = self.linear.dim();
        let mut all = self.linear.parameters().to_vec();
        for ((i, j), &angle) in pairs(dim).zip(values) {
            (all[i * dim + j], all[j * dim + i]) = (angle, -angle);
        }
        self.linear.set_parameters(&all)
    }

    fn sums_len(&self) -> usize {
        self.linear.sums_len()
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.held().check_fold(sums, self.sums_len(), gradient)?;
        Self::add_angles(self.linear.dim(), sums, gradient);
        Ok(())
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &(),
        cotangents: Cotangents<'_, T>,
        pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        self.linear.pullback(at, traced, tape, cotangents, pulled, scratch);
    }
}

impl<T: Real> Restore<T> for Skew<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Skew")?;
        let [count] = source.shape("angles")?;
        Self::new(source.count("dim")?, source.parameters(&Layout::of([("angles", &[count])]))?)
    }
}
