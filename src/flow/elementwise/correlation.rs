//! Cholesky factors of correlation matrices.

use nalgebra::DMatrix;

use super::{Bijector, Outside, Space, inside};
use crate::description::Description;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::Real;
use crate::real::portable::{exp, ln, ln_1p, tanh};

/// The Cholesky factor L of a K x K correlation matrix L L', represented by what stands left of its
/// diagonal, row after row: K (K - 1) / 2 numbers.
///
/// With z = tanh x, each row has L_ij = z_ij w_ij, where w_ij = sqrt(1 - L_i1² - ... - L_i,j-1²) is
/// the length that is left of the row, and L_ii is what remains (Stan Reference Manual, section on
/// Cholesky factors of correlation matrices). ln det = Σ ln(1 - z_ij²) + ln w_ij.
///
/// ```
/// use liouville::flow::elementwise::{Constrain, correlation};
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let pair = correlation(2)?;
/// let flow = Constrain::new().then(pair);
/// let entry = flow.forward(&dmatrix![0.5f64])?.points;
/// let l = pair.factor(entry.as_slice())?;
/// assert!(((&l * l.transpose())[(1, 0)] - 0.5f64.tanh()).abs() < 1e-15);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correlation {
    size: usize,
}

/// The Cholesky factor of a correlation matrix of `size` rows.
///
/// # Errors
///
/// If there are fewer than two rows.
pub fn correlation(size: usize) -> Result<Correlation> {
    if size < 2 {
        return Err(Error::setting(format!(
            "a correlation matrix of {} has nothing left of its diagonal: ask for two or more",
            shown::count(size, "row")
        )));
    }
    Ok(Correlation { size })
}

/// ln(1 - tanh² x) = -2 ln cosh x.
fn log_square_sech(x: f64) -> f64 {
    2.0 * (std::f64::consts::LN_2 - x.abs() - ln_1p(exp(-2.0 * x.abs())))
}

impl Correlation {
    /// The rows as places in the list of coordinates.
    fn rows(&self) -> impl DoubleEndedIterator<Item = std::ops::Range<usize>> {
        (1..self.size).map(|i| i * (i - 1) / 2..i * (i + 1) / 2)
    }

    /// L, from the numbers left of its diagonal.
    ///
    /// # Errors
    ///
    /// If there are not K (K - 1) / 2 of them.
    pub fn factor<T: Real>(&self, entries: &[T]) -> Result<DMatrix<T>> {
        let count = self.size * (self.size - 1) / 2;
        if entries.len() != count {
            return Err(Error::shape(format!(
                "the factor of a correlation matrix of {} rows has {}, not {}: give as many",
                self.size,
                shown::count(count, "value"),
                entries.len()
            )));
        }
        let mut l = DMatrix::identity(self.size, self.size);
        for (i, row) in self.rows().enumerate() {
            let mut left = 1.0;
            for (j, entry) in entries[row].iter().enumerate() {
                l[(i + 1, j)] = *entry;
                left -= entry.wide().powi(2);
            }
            l[(i + 1, i + 1)] = T::of(left.max(0.0).sqrt());
        }
        Ok(l)
    }
}

impl<T: Real> Bijector<T> for Correlation {
    fn dim(&self) -> usize {
        self.size * (self.size - 1) / 2
    }

    fn forward(&self, x: &mut [T]) -> f64 {
        let mut log_det = 0.0;
        for row in self.rows() {
            // ln w exactly, and w² as the rounded entries leave it.
            let (mut log_w, mut left) = (0f64, 1f64);
            for x in &mut x[row] {
                let free = x.wide();
                let bound = left.sqrt() * (1.0 - T::EPSILON);
                *x = inside(tanh(free) * exp(log_w), -bound, bound);
                left = shorter(left, x.wide());
                let squeeze = log_square_sech(free);
                log_det += squeeze + log_w;
                log_w += 0.5 * squeeze;
            }
        }
        log_det
    }

    fn inverse(&self, y: &mut [T]) -> std::result::Result<f64, Outside> {
        let mut log_det = 0.0;
        for row in self.rows() {
            let mut left = 1.0f64;
            for k in row {
                let (w, entry) = (left.sqrt(), y[k].wide());
                // NaN compares false.
                let within = entry.abs() < w;
                if !within {
                    return Err(Outside(k));
                }
                left = shorter(left, entry);
                // artanh(entry / w), and 1 - z² = left / w².
                y[k] = T::of(0.5 * (ln(w + entry) - ln(w - entry)));
                log_det -= ln(left) - ln(w);
            }
        }
        Ok(log_det)
    }

    /// With L_j = z_j w_j and ln w_{j+1} = ln w_j + ln(1 - z_j²) / 2, from the end of each row.
    fn pull(&self, x: &[T], cotangent: &mut [T], log_det: f64) {
        for row in self.rows() {
            let mut log_w = log_length(&x[row.clone()]);
            let mut w_bar = 0.0;
            for k in row.rev() {
                let free = x[k].wide();
                let squeeze = log_square_sech(free);
                log_w -= 0.5 * squeeze;
                let bar = cotangent[k].wide();
                let by_squeeze = log_det + 0.5 * w_bar;
                let own = bar * exp(log_w + squeeze) - 2.0 * tanh(free) * by_squeeze;
                cotangent[k] = T::of(own);
                w_bar += bar * tanh(free) * exp(log_w) + log_det;
            }
        }
    }

    /// The same recursion without the log-determinant, solved for the cotangent of L_j.
    fn solve_transposed(&self, x: &[T], cotangent: &mut [T]) {
        for row in self.rows() {
            let mut log_w = log_length(&x[row.clone()]);
            let mut w_bar = 0.0;
            for k in row.rev() {
                let free = x[k].wide();
                let squeeze = log_square_sech(free);
                log_w -= 0.5 * squeeze;
                let bar = (cotangent[k].wide() + tanh(free) * w_bar) / exp(log_w + squeeze);
                cotangent[k] = T::of(bar);
                w_bar += bar * tanh(free) * exp(log_w);
            }
        }
    }

    fn support(&self) -> Vec<Space> {
        match self.size {
            2 => vec![Space::between(-1.0, 1.0)],
            more => vec![Space::Joint; more * (more - 1) / 2],
        }
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Correlation").with("rows", self.size))
    }

    fn boxed(&self) -> Box<dyn Bijector<T>> {
        Box::new(*self)
    }
}

/// What an entry leaves of a squared length, without cancellation beyond that of the entry itself.
fn shorter(left: f64, entry: f64) -> f64 {
    let w = left.sqrt();
    (w - entry.abs()) * (w + entry.abs())
}

/// ln of the length that a whole row leaves, ln L_ii.
fn log_length<T: Real>(x: &[T]) -> f64 {
    x.iter().map(|x| 0.5 * log_square_sech(x.wide())).sum()
}
