//! Samples of a model, a few of which may not have arrived.

use std::fmt;
use std::ops::Deref;

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::flow::Moved;
use crate::outcome::shown;
use crate::outcome::{Effort, Outcome};
use crate::real::Real;

/// Samples as columns, with what became of each.
///
/// A flow may lead a point of the base where the scalar ends: with ln x ~ N(0, 30²), one sample in five
/// hundred is too large for `f32`. Such a column keeps its place, holds NaN and is named; the others are as
/// they would be without it. Behind a reference this is the matrix of all columns, so that samples can be
/// given to whatever takes a matrix.
///
/// ```
/// use liouville::flow::elementwise::{Constrain, positive};
/// use liouville::flow::layers::ActNorm;
/// use liouville::nalgebra::{self, dvector};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let wide = ActNorm::new(field::DiagonalAffine::new(dvector![30f32.ln()], dvector![0.0])?);
/// let chain = Chain::new().then(wide).then(Constrain::new().then(positive(1)));
/// let model = StandardNormal::new(1).pushed_by(chain);
/// let drawn: Samples<f32> = model.sample(10_000, &mut StdRng::seed_from_u64(1))?;
/// assert_eq!(drawn.ncols(), 10_000);
/// for (column, outcome) in drawn.failed() {
///     println!("column {column}: {outcome}");
///     assert!(drawn[(0, column)].is_nan());
/// }
/// let (places, points) = drawn.arrived();
/// assert_eq!(points.ncols() + drawn.failed().count(), 10_000);
/// assert_eq!(points[0], drawn[(0, places[0])]);
/// assert!(model.log_prob(&points)?.iter().all(|value| value.is_finite()));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Samples<T: Real> {
    points: DMatrix<T>,
    outcomes: Vec<Outcome>,
    efforts: Vec<Effort>,
}

impl<T: Real> Samples<T> {
    pub(super) fn new(moved: Moved<T>) -> Self {
        let Moved { points, outcomes, efforts, .. } = moved;
        Self { points, outcomes, efforts }
    }

    /// Samples that were drawn in parts.
    pub(crate) fn gathered(
        points: DMatrix<T>,
        outcomes: Vec<Outcome>,
        efforts: Vec<Effort>,
    ) -> Self {
        Self { points, outcomes, efforts }
    }

    /// The same, or an error if not a single column arrived.
    pub(crate) fn some_arrived(self) -> Result<Self> {
        match self.outcomes.iter().any(Outcome::arrived) {
            true => Ok(self),
            false => Err(Error::from_outcomes(&self.outcomes)
                .unwrap_or_else(|| Error::empty("no sample was drawn"))
                .during("no sample arrived")),
        }
    }

    /// What became of each column.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// What each column cost.
    pub fn efforts(&self) -> &[Effort] {
        &self.efforts
    }

    /// The columns that did not arrive, with the reason of each.
    pub fn failed(&self) -> impl Iterator<Item = (usize, Outcome)> + '_ {
        let all = self.outcomes.iter().copied().enumerate();
        all.filter(|(_, outcome)| !outcome.arrived())
    }

    /// The samples that arrived, side by side, and the places they had among all.
    pub fn arrived(&self) -> (Vec<usize>, DMatrix<T>) {
        let count = self.outcomes.len();
        let places: Vec<usize> = (0..count).filter(|&j| self.outcomes[j].arrived()).collect();
        let points = self.points.select_columns(&places);
        (places, points)
    }

    /// The matrix of all samples.
    ///
    /// # Errors
    ///
    /// If any column failed; the error names the columns.
    pub fn all_arrived(self) -> Result<DMatrix<T>> {
        match Error::from_outcomes(&self.outcomes) {
            None => Ok(self.points),
            Some(error) => Err(error.advising("`arrived` gives the others")),
        }
    }

    /// The matrix of all samples, with NaN in the columns that failed.
    pub fn into_matrix(self) -> DMatrix<T> {
        self.points
    }
}

impl<T: Real> Deref for Samples<T> {
    type Target = DMatrix<T>;

    fn deref(&self) -> &DMatrix<T> {
        &self.points
    }
}

impl<T: Real> AsRef<DMatrix<T>> for Samples<T> {
    fn as_ref(&self) -> &DMatrix<T> {
        &self.points
    }
}

/// How many there are, and how many failed for which reason.
impl<T: Real> fmt::Display for Samples<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dim, many) = self.points.shape();
        write!(f, "{} of dimension {dim}", shown::count(many, "sample"))?;
        match Error::from_outcomes(&self.outcomes) {
            None => write!(f, ", all arrived"),
            Some(error) => write!(f, "; {error}"),
        }
    }
}
