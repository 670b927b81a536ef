//! The frame of a continuous flow: means, deviations and correlations, in which its field moves points.

use nalgebra::{Cholesky, DMatrix};

use super::correlation::{Shrinking, Spectrum, shrunk};
use crate::columns::Moments;
use crate::error::{Error, Result};
use crate::flow::check_points;
use crate::parameters::{self, Fixed};
use crate::real::Real;
use crate::real::portable::{ln, powf};

/// What stands between the data and the points that a field moves,
///
/// x = m + S y,   S = D R^(1/2),
///
/// with means m, a diagonal matrix D of deviations and a correlation matrix R, whose root is the symmetric
/// one: of all ways to whiten it leaves points as near as can be to where they were (Kessy, Lewin and
/// Strimmer 2018, Optimal whitening and decorrelation, The American Statistician 72; ZCA-cor). The base,
/// the integration and the field live in y; data in x. A field that does not move anything makes the
/// normal density of these moments out of a standard normal base.
///
/// Contexts are standardised, too, before the field sees them.
///
/// Everything is kept in `f64`, whatever the scalar of the flow: a mean of 1e6 is taken off before anything
/// is rounded to `f32`. A frame does not learn. It belongs to the [fixed
/// arrays](crate::flow::TrainableFlow::fixed) of its flow: `frame.mean`, `frame.deviation`, and `frame.root`
/// for R^(1/2), and where there are contexts `frame.context_mean` and `frame.context_deviation`.
///
/// ```
/// use liouville::flow::continuous::Frame;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let still: field::Linear<f64> = field::Linear::new(dmatrix![0.0, 0.0; 0.0, 0.0])?;
/// let data = dmatrix![1000.0, 1003.0, 1001.0, 996.0; 0.1, 0.2, 0.5, 0.4];
/// let flow = ContinuousFlow::new(still).framed(Frame::fit(&data, None)?);
/// let latent = flow.inverse(&data)?.points;
/// assert!(latent.row(0).mean().abs() < 1e-12 && (latent.row(1).norm_squared() / 4.0 - 1.0).abs() < 0.3);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The mean and the deviation of every coordinate; no deviation is zero.
    pub(super) rows: Vec<Moments>,
    /// R^(1/2) and its inverse.
    pub(super) root: DMatrix<f64>,
    pub(super) inverse: DMatrix<f64>,
    pub(super) log_det: f64,
    /// The mean and the deviation of every context row; no deviation is zero.
    pub(super) contexts: Vec<Moments>,
}

impl Frame {
    /// Up to so many coordinates correlations are taken: a root takes time by the cube of the dimension, a
    /// second for 500.
    pub(crate) const WIDEST: usize = 512;

    /// The frame of these means, deviations, and root of a correlation matrix, which is symmetric.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, a number is not finite, a deviation is not positive, or the root is not
    /// symmetric and positive definite.
    pub fn new(mean: &[f64], deviation: &[f64], root: DMatrix<f64>) -> Result<Self> {
        let dim = mean.len();
        if dim == 0 || root.shape() != (dim, dim) {
            return Err(Error::shape(format!(
                "a frame of {dim} means with a root of {:?}: give a root of {dim} rows and columns, one or more",
                root.shape()
            )));
        }
        let rows = moments("the frame", mean, deviation)?;
        if root != root.transpose() {
            return Err(Error::setting(
                "the root of a frame is not symmetric: give R^(1/2) itself",
            ));
        }
        let factor = Cholesky::new(root.clone()).filter(|factor| {
            let diagonal = factor.l_dirty().diagonal();
            diagonal.iter().all(|value| value.is_finite() && *value > 0.0)
        });
        let Some(factor) = factor else {
            return Err(Error::setting(
                "the root of a frame is not positive definite: some combination of coordinates has no spread",
            ));
        };
        let half: f64 = factor.l_dirty().diagonal().iter().map(|&value| ln(value)).sum();
        let units: f64 = rows.iter().map(|row| ln(row.deviation)).sum();
        let turned = factor.inverse();
        let inverse = 0.5 * (&turned + turned.transpose());
        Ok(Self { rows, root, inverse, log_det: units + 2.0 * half, contexts: Vec::new() })
    }

    /// The same frame, with contexts that have these means and deviations.
    ///
    /// # Errors
    ///
    /// If there are not as many of each, a number is not finite, or a deviation is not positive.
    pub fn with_contexts(self, mean: &[f64], deviation: &[f64]) -> Result<Self> {
        Ok(Self { contexts: moments("the contexts of the frame", mean, deviation)?, ..self })
    }

    /// The frame of a set of points, and of their contexts: a column for each, or one for all.
    ///
    /// Means and deviations are those of the columns, in two passes; a row without spread (beyond rounding in
    /// its scalar) has a deviation of one. Correlations are shrunk towards none,
    /// R = (1 - α) R̂ + α I, with the α from 1e-8 to 1 that makes left-out columns most likely (Theiler 2012,
    /// The incredible shrinking covariance estimator, Proceedings of SPIE 8391): next to nothing where columns are many,
    /// and one where they are few and say little. So R is never singular, however many coordinates are
    /// combinations of others. Of more than 512 coordinates correlations are left alone.
    ///
    /// # Errors
    ///
    /// If there is no point, shapes do not fit, or a number is not finite; the error says which.
    pub fn fit<T: Real>(points: &DMatrix<T>, contexts: Option<&DMatrix<T>>) -> Result<Self> {
        Self::fit_by(points, contexts, Shrinking::Likeliest)
    }

    /// The frame for a field that is to learn from a set of points: as [`fit`](Frame::fit), but for points whose
    /// axes have heavy tails correlations are shrunk further, by up to α = 0.3 (1 in more than 32 dimensions), in
    /// proportion to their mean excess kurtosis up to 2. Axes of little spread, along which such points lie far outside,
    /// are then drawn out by at most 1 / √α, and their tails stay where a network sees them; what that leaves of the
    /// correlations is learnt. The more normal the points, the more their own correlations serve.
    ///
    /// # Errors
    ///
    /// As [`fit`](Frame::fit).
    pub fn gentle<T: Real>(points: &DMatrix<T>, contexts: Option<&DMatrix<T>>) -> Result<Self> {
        Self::fit_by(points, contexts, Shrinking::Gentle)
    }

    fn fit_by<T: Real>(
        points: &DMatrix<T>,
        contexts: Option<&DMatrix<T>>,
        how: Shrinking,
    ) -> Result<Self> {
        check_points(points.nrows(), points)?;
        let rows = spreads("coordinate", points)?;
        let (mean, deviation) = parts(&rows);
        let dim = rows.len();
        let root = match dim {
            2..=Self::WIDEST => shrunk(points, &rows, how),
            _ => DMatrix::identity(dim, dim),
        };
        let frame = Self::new(&mean, &deviation, root)?;
        let Some(contexts) = contexts.filter(|contexts| contexts.ncols() > 0) else {
            return Ok(frame);
        };
        let (mean, deviation) = parts(&spreads("context row", contexts)?);
        frame.with_contexts(&mean, &deviation)
    }

    /// The means and deviations of a set of points, without their correlations.
    ///
    /// # Errors
    ///
    /// As [`fit`](Frame::fit).
    pub fn standard<T: Real>(points: &DMatrix<T>) -> Result<Self> {
        check_points(points.nrows(), points)?;
        let (mean, deviation) = parts(&spreads("coordinate", points)?);
        Self::new(&mean, &deviation, DMatrix::identity(mean.len(), mean.len()))
    }

    /// The dimension.
    pub fn dim(&self) -> usize {
        self.rows.len()
    }

    /// The mean of every coordinate.
    pub fn mean(&self) -> Vec<f64> {
        parts(&self.rows).0
    }

    /// The deviation of every coordinate.
    pub fn deviation(&self) -> Vec<f64> {
        parts(&self.rows).1
    }

    /// R^(1/2).
    pub fn root(&self) -> &DMatrix<f64> {
        &self.root
    }

    /// ln |det S|.
    pub fn log_det(&self) -> f64 {
        self.log_det
    }

    /// What part of the frame points have met that went a share of the way from the base to the data:
    /// x = s m + D^s R^(s/2) y, nothing at s = 0 and all of it at s = 1.
    pub(super) fn up_to(&self, share: f64, spectrum: &Spectrum) -> Self {
        if share == 1.0 {
            return self.clone();
        }
        let part = |row: &Moments| Moments {
            mean: share * row.mean,
            deviation: powf(row.deviation, share),
        };
        Self {
            rows: self.rows.iter().map(part).collect(),
            root: spectrum.power(share),
            inverse: spectrum.power(-share),
            log_det: share * self.log_det,
            contexts: self.contexts.clone(),
        }
    }
}

/// The arrays that a frame is saved as.
impl Frame {
    /// Whether an array is one of a frame.
    pub(crate) fn owns(array: &Fixed) -> bool {
        array.name.starts_with("frame.")
    }

    /// In order; the names begin with `frame.`.
    pub(crate) fn arrays(&self) -> Vec<Fixed> {
        let (mean, deviation) = parts(&self.rows);
        let (dim, root) = (self.dim(), self.root.iter().copied().collect());
        let root = Fixed { name: "frame.root".into(), shape: vec![dim, dim], values: root };
        let own = [Fixed::row("frame.mean", mean), Fixed::row("frame.deviation", deviation), root];
        let (mean, deviation) = parts(&self.contexts);
        let names = ["frame.context_mean", "frame.context_deviation"];
        let contexts = names.into_iter().zip([mean, deviation]);
        let contexts = contexts.filter(|(_, values)| !values.is_empty());
        own.into_iter().chain(contexts.map(|(name, values)| Fixed::row(name, values))).collect()
    }

    /// The frame of such arrays, for a field of `dim` coordinates and so many context values.
    pub(super) fn of_arrays(arrays: &[Fixed], [dim, context_dim]: [usize; 2]) -> Result<Self> {
        let unit = vec![1.0; dim];
        let like = Self::new(&unit, &unit, DMatrix::identity(dim, dim))?;
        let unit = vec![1.0; context_dim];
        parameters::fit(&like.with_contexts(&unit, &unit)?.arrays(), arrays)?;
        let values = |k: usize| arrays.get(k).map_or(&[][..], |array| &array.values);
        let root = DMatrix::from_column_slice(dim, dim, values(2));
        Self::new(values(0), values(1), root)?.with_contexts(values(3), values(4))
    }
}

/// The moments, or an error that names what is wrong.
fn moments(what: &str, mean: &[f64], deviation: &[f64]) -> Result<Vec<Moments>> {
    if mean.len() != deviation.len() {
        return Err(Error::shape(format!(
            "{what} has {} means and {} deviations: give as many of each",
            mean.len(),
            deviation.len()
        )));
    }
    for (i, (mean, deviation)) in mean.iter().zip(deviation).enumerate() {
        if !(mean.is_finite() && deviation.is_finite() && *deviation > 0.0) {
            return Err(Error::setting(format!(
                "row {i} of {what} has mean {mean} and deviation {deviation}: give finite numbers, the deviation above zero"
            )));
        }
    }
    let pairs = mean.iter().zip(deviation);
    Ok(pairs.map(|(&mean, &deviation)| Moments { mean, deviation }).collect())
}

fn parts(rows: &[Moments]) -> (Vec<f64>, Vec<f64>) {
    rows.iter().map(|row| (row.mean, row.deviation)).unzip()
}

/// Mean and deviation of every row; one that has no spread has a deviation of one.
fn spreads<T: Real>(what: &str, matrix: &DMatrix<T>) -> Result<Vec<Moments>> {
    if let Some(k) = matrix.iter().position(|value| !value.is_finite()) {
        let (column, row) = (k / matrix.nrows(), k % matrix.nrows());
        return Err(Error::non_finite(format!(
            "{what} {row} of column {column} is {}: remove or repair the column",
            matrix[k]
        )));
    }
    let rows = Moments::of_rows(matrix).into_iter().map(Moments::beyond_rounding::<T>);
    Ok(rows.map(|row| Moments { deviation: row.unit(), ..row }).collect())
}
