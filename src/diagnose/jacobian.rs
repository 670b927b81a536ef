//! Jacobians of a flow by central differences of order six, which know nothing of its derivatives.

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::flow::{Direction, Flow, Track, transport};
use crate::outcome::Outcome;
use crate::outcome::shown;
use crate::real::Real;
use crate::real::portable::{exp2, log2};

const STENCIL: [(f64, f64); 6] = [
    (-3.0, -1.0 / 60.0),
    (-2.0, 9.0 / 60.0),
    (-1.0, -45.0 / 60.0),
    (1.0, 45.0 / 60.0),
    (2.0, -9.0 / 60.0),
    (3.0, 1.0 / 60.0),
];

/// The places of a central difference of order six in steps, with their weights: the derivative is
/// Σ w f(x + k h) / h up to (h⁶ / 140) f⁽⁷⁾.
pub fn derivative_weights() -> [(f64, f64); 6] {
    STENCIL
}

/// The step of a difference: near x it is `share` (`floor` + |x|).
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What is moved, in shares of the size of a number.
    pub share: f64,
    /// 1, or 0 near the end of a support at zero.
    pub floor: f64,
}

impl Step {
    /// The usual kind.
    pub fn of(share: f64) -> Self {
        Self { share, floor: 1.0 }
    }

    /// A power of two, so that x + k h is rounded little.
    fn at(self, x: f64) -> f64 {
        exp2(log2(self.share * (self.floor + x.abs())).round())
    }
}

/// The Jacobian of a flow at every column of `points`, dim x dim: row i and column j hold
/// ∂(output i) / ∂(input j).
///
/// Every coordinate is moved by up to three times `step` (1 + |x|) either way, and the six ends are
/// combined to a derivative of order six. A step of about 4e-3 suits smooth flows in `f64`, 6e-2
/// in `f32`. All moved points travel in one batch.
///
/// ```
/// use liouville::diagnose::jacobians;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let shear = ContinuousFlow::new(field::Linear::new(dmatrix![0.0, 1.0; 0.0, 0.0])?);
/// let found = jacobians(&shear, Direction::Forward, &dmatrix![0.3; 0.4], None, 4e-3)?;
/// assert!((&found[0] - dmatrix![1.0, 1.0; 0.0, 1.0]).amax() < 1e-9);
/// # Ok::<(), liouville::Error>(())
/// ```
///
/// # Errors
///
/// As [`Flow::follow`], if the step is not positive, and if a moved point fails; the error names the
/// columns beside which points failed.
pub fn jacobians<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    direction: Direction,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    step: f64,
) -> Result<Vec<DMatrix<f64>>> {
    jacobians_by(flow, direction, points, context, Step::of(step))
}

/// [`jacobians`] with steps of any kind.
///
/// # Errors
///
/// As [`jacobians`].
pub fn jacobians_by<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    direction: Direction,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    step: Step,
) -> Result<Vec<DMatrix<f64>>> {
    let found = jacobians_where(flow, direction, points, context, step)?;
    let failed = |found: &Found| found.as_ref().err().copied().unwrap_or_default();
    let outcomes: Vec<Outcome> = found.iter().map(failed).collect();
    match Error::from_outcomes(&outcomes) {
        Some(error) => {
            Err(error.during("a point next to a column, from which differences are taken"))
        }
        None => Ok(found.into_iter().flatten().collect()),
    }
}

/// A Jacobian, or what became of the first of its moved points that did not arrive.
pub(crate) type Found = std::result::Result<DMatrix<f64>, Outcome>;

/// [`jacobians_by`] at the columns where all moved points arrive.
pub(crate) fn jacobians_where<T: Real, F: Flow<T> + ?Sized>(
    flow: &F,
    direction: Direction,
    points: &DMatrix<T>,
    context: Option<&DMatrix<T>>,
    step: Step,
) -> Result<Vec<Found>> {
    if !(step.share > 0.0 && step.share.is_finite()) {
        let share = shown::number(step.share);
        return Err(Error::setting(format!(
            "the step of differences is {share}: give a positive number, such as 1e-4"
        )));
    }
    let (count, each) = (points.ncols(), STENCIL.len() * points.nrows());
    let context = context.map(|context| spread(context, count, each));
    let moved = moved(points, step);
    let ends = transport(flow, direction, &moved, context.as_ref(), Track::Points)?;
    let found = |column: usize| {
        let mut outcomes = ends.outcomes[column * each..(column + 1) * each].iter();
        match outcomes.find(|outcome| !outcome.arrived()) {
            Some(outcome) => Err(*outcome),
            None => Ok(combine(&ends.points, points, column, step)),
        }
    };
    Ok((0..count).map(found).collect())
}

/// Every column with one coordinate moved by a multiple of its step: six for every coordinate.
pub(super) fn moved<T: Real>(points: &DMatrix<T>, step: Step) -> DMatrix<T> {
    let (dim, count) = points.shape();
    let each = STENCIL.len() * dim;
    DMatrix::from_fn(dim, each * count, |i, column| {
        let x = points[(i, column / each)];
        let (j, k) = (column % each / STENCIL.len(), column % STENCIL.len());
        let shift = if i == j { STENCIL[k].0 * step.at(x.wide()) } else { 0.0 };
        T::of(x.wide() + shift)
    })
}

/// The contexts of moved points: those of the columns, `each` times each.
pub(super) fn spread<T: Real>(context: &DMatrix<T>, count: usize, each: usize) -> DMatrix<T> {
    if context.ncols() != count {
        return context.clone();
    }
    DMatrix::from_fn(context.nrows(), each * count, |i, column| context[(i, column / each)])
}

/// The Jacobian at one column from the ends of its moved points.
pub(super) fn combine<T: Real>(
    ends: &DMatrix<T>,
    points: &DMatrix<T>,
    column: usize,
    step: Step,
) -> DMatrix<f64> {
    let dim = points.nrows();
    DMatrix::from_fn(dim, dim, |i, j| {
        let first = (column * dim + j) * STENCIL.len();
        let h = step.at(points[(j, column)].wide());
        let terms = STENCIL.iter().enumerate();
        terms.map(|(k, (_, weight))| weight * ends[(i, first + k)].wide()).sum::<f64>() / h
    })
}

/// A step that suits smooth flows in this scalar.
pub(crate) fn usual_step<T: Real>() -> f64 {
    if T::EPSILON > 1e-10 { 0.0625 } else { 0.00390625 }
}
