//! The uniform distribution in a box.

use nalgebra::DVector;
use rand::{Rng, RngExt};

use super::Base;
use super::positive::same_count;
use super::words::words;
use crate::columns::{Rows, RowsMut};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::flow::Space;
use crate::outcome::shown::number;
use crate::parameters::{self, Fixed};
use crate::real::Real;
use crate::real::portable::ln;

/// The uniform distribution between bounds of every coordinate,
///
/// p(x) = Π 1 / (high_i - low_i) inside, and zero outside, the bounds included.
///
/// It is the base of flows between bounded intervals, such as splines on an interval, and of those that lead
/// from one, as the inverse of [`interval`](crate::flow::elementwise::interval). Samples that a flow leads to
/// points outside have a log-density of minus infinity, and their outcome says so.
///
/// The bounds do not learn: the likelihood is larger the narrower a box is, until a sample falls out. They are
/// [fixed arrays](Base::fixed), `low` \[dim\] and `high` \[dim\].
///
/// ```
/// use liouville::flow::elementwise::{Constrain, interval};
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// let base = UniformBox::new(dvector![0.0], dvector![2.0])?;
/// assert_eq!(base.log_prob(&dmatrix![0.5f64, 2.5])?, dvector![-2f64.ln(), f64::NEG_INFINITY]);
/// // The logit of a uniform number is logistic.
/// let logit = Inverted::new(Constrain::new().then(interval(0.0, 2.0, 1)?));
/// let logistic = base.pushed_by(logit);
/// assert!((logistic.log_prob(&dmatrix![0.0])?[0] + 4f64.ln()).abs() < 1e-14);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct UniformBox<T> {
    dim: usize,
    low: Vec<T>,
    high: Vec<T>,
    /// The logarithm of the volume.
    log_volume: f64,
}

words!(UniformBox);

impl<T: Real> UniformBox<T> {
    /// The distribution between these bounds.
    ///
    /// # Errors
    ///
    /// If there are none or not as many of both, one is NaN or infinite, or there is no number between two of
    /// them; the error names the coordinate.
    pub fn new(low: DVector<T>, high: DVector<T>) -> Result<Self> {
        let dim = low.len();
        same_count(dim, &[("upper bounds", high.len())])?;
        for i in 0..dim {
            check(i, low[i], high[i])?;
        }
        let widths = low.iter().zip(&high).map(|(low, high)| ln(high.wide() - low.wide()));
        let log_volume = widths.sum();
        let [low, high] = [low, high].map(|bounds| bounds.as_slice().to_vec());
        Ok(Self { dim, low, high, log_volume })
    }

    /// The distribution between zero and one in every coordinate.
    ///
    /// # Errors
    ///
    /// If `dim` is zero.
    pub fn unit(dim: usize) -> Result<Self> {
        Self::new(DVector::zeros(dim), DVector::repeat(dim, T::one()))
    }

    fn of_arrays(arrays: [&Fixed; 2]) -> Result<Self> {
        let [low, high] = arrays.map(|array| {
            DVector::from_vec(array.values.iter().map(|&bound| T::of(bound)).collect())
        });
        Self::new(low, high)
    }

    /// The lower bounds.
    pub fn low(&self) -> &[T] {
        &self.low
    }

    /// The upper bounds.
    pub fn high(&self) -> &[T] {
        &self.high
    }
}

fn check<T: Real>(i: usize, low: T, high: T) -> Result<()> {
    let shown = [low, high].map(|bound| number(bound.wide()));
    let width = high.wide() - low.wide();
    if !(low.is_finite() && high.is_finite() && width.is_finite()) {
        return Err(Error::non_finite(format!(
            "the bounds of coordinate {i} are {} and {}: give finite ones, at a finite distance",
            shown[0], shown[1]
        )));
    }
    match low < high && low.next_up() < high {
        true => Ok(()),
        false => Err(Error::setting(format!(
            "the bounds of coordinate {i} are {} and {}: give a lower one and a higher one, with numbers in between",
            shown[0], shown[1]
        ))),
    }
}

impl<T: Real> Base<T> for UniformBox<T> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        let constant = T::of(-self.log_volume);
        log_prob.iter_mut().for_each(|value| *value += constant);
        for i in 0..self.dim {
            let (low, high) = (self.low[i], self.high[i]);
            for (value, x) in log_prob.iter_mut().zip(points.row(i)) {
                let outside = *x <= low || *x >= high;
                // Zero times anything finite is zero; what is not a number stays so.
                *value += if outside { T::of(f64::NEG_INFINITY) } else { T::zero() * *x };
            }
        }
    }

    fn score_rows(&self, points: Rows<'_, T>, mut score: RowsMut<'_, T>) {
        for lane in 0..points.lanes() {
            let inside = self.outside(points, lane).is_none();
            let value = if inside { T::zero() } else { T::of(f64::NAN) };
            (0..self.dim).for_each(|i| score.row_mut(i)[lane] = value);
        }
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        for (value, (low, high)) in column.iter_mut().zip(self.low.iter().zip(&self.high)) {
            let (start, width) = (low.wide(), high.wide() - low.wide());
            let drawn = T::of(start + width * rng.random::<f64>());
            *value = drawn.clamp(low.next_up(), high.next_down());
        }
    }

    fn spaces(&self) -> Vec<Space> {
        let bounds = self.low.iter().zip(&self.high);
        bounds.map(|(low, high)| Space::between(low.wide(), high.wide())).collect()
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn outside(&self, points: Rows<'_, T>, lane: usize) -> Option<usize> {
        (0..self.dim).find(|&i| {
            let x = points.row(i)[lane];
            x <= self.low[i] || x >= self.high[i]
        })
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("UniformBox"))
    }

    fn fixed(&self) -> Vec<Fixed> {
        let bounds = [("low", &self.low), ("high", &self.high)];
        bounds.map(|(name, values)| Fixed::row(name, values.iter().map(|x| x.wide()))).to_vec()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&Base::fixed(self), arrays)?;
        *self = Self::of_arrays([&arrays[0], &arrays[1]])?;
        Ok(())
    }
}

impl<T: Real> Restore<T> for UniformBox<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("UniformBox")?;
        Self::of_arrays([&source.fixed("low")?, &source.fixed("high")?])
    }
}
