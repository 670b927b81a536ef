//! Probabilities that add up to one, by breaking a stick.

use nalgebra::DMatrix;

use super::{Bijector, Outside, Space, inside};
use crate::description::Description;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::real::portable::{exp, ln};
use crate::real::{Real, sigmoid, softplus};

/// K probabilities p, represented by the first K - 1 of them: each takes a share of what is left of a
/// stick of length one, p_k = r_k z_k with r_k = 1 - p_1 - ... - p_{k-1} and z_k = 1 / (1 + e^(-u_k)),
/// where u_k = x_k - ln(K - k), so that x = 0 gives equal probabilities (Stan Reference Manual,
/// section on the unit simplex).
///
/// ln det = ln p_1 + ... + ln p_K, with respect to the first K - 1 probabilities. The last one is
/// what they leave of one, [`Simplex::complete`]; where that is less than the rounding of one, it is
/// lost.
///
/// ```
/// use liouville::flow::elementwise::{Constrain, simplex};
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// let thirds = simplex(3)?;
/// let flow = Constrain::new().then(thirds);
/// let first_two = flow.forward(&dmatrix![0.0f64; 0.0])?.points;
/// let all = thirds.complete(&first_two)?;
/// assert!(all.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-15));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simplex {
    probabilities: usize,
}

/// `probabilities` numbers that add up to one, represented by all but the last.
///
/// # Errors
///
/// If there are fewer than two.
pub fn simplex(probabilities: usize) -> Result<Simplex> {
    if probabilities < 2 {
        return Err(Error::setting(format!(
            "a simplex of fewer than two probabilities has no free coordinate: ask for two or more, not {probabilities}"
        )));
    }
    Ok(Simplex { probabilities })
}

impl Simplex {
    /// All probabilities, K x n, from the first K - 1 of each column.
    ///
    /// # Errors
    ///
    /// If there are not K - 1 rows.
    pub fn complete<T: Real>(&self, points: &DMatrix<T>) -> Result<DMatrix<T>> {
        let rows = points.nrows();
        if rows + 1 != self.probabilities {
            return Err(Error::shape(format!(
                "{} of a simplex of {} probabilities: give all but the last",
                shown::count(rows, "row"),
                self.probabilities
            )));
        }
        let mut all = points.clone().insert_row(rows, T::zero());
        for mut column in all.column_iter_mut() {
            let left = column.rows(0, rows).iter().fold(1.0, |left, p| left - p.wide());
            column[rows] = T::of(left.max(0.0));
        }
        Ok(all)
    }

    /// ln(K - k), with k counted from one there and from zero here.
    fn shift(&self, k: usize) -> f64 {
        ln((self.probabilities - 1 - k) as f64)
    }

    /// u_k from x_k.
    fn centred<T: Real>(&self, k: usize, x: T) -> f64 {
        x.wide() - self.shift(k)
    }
}

impl<T: Real> Bijector<T> for Simplex {
    fn dim(&self) -> usize {
        self.probabilities - 1
    }

    /// ln r is carried along exactly; `left` is what the rounded probabilities leave, which stays
    /// positive.
    fn forward(&self, x: &mut [T]) -> f64 {
        let (mut log_rest, mut left, mut log_det) = (0.0, 1.0, 0.0);
        for (k, x) in x.iter_mut().enumerate() {
            let u = self.centred(k, *x);
            let log_p = log_rest - softplus(-u);
            *x = inside(exp(log_p), 0.0, left);
            left -= x.wide();
            log_rest -= softplus(u);
            log_det += log_p;
        }
        log_det + log_rest
    }

    fn inverse(&self, y: &mut [T]) -> std::result::Result<f64, Outside> {
        let (mut left, mut log_det) = (1.0, 0.0);
        for (k, y) in y.iter_mut().enumerate() {
            let p = y.wide();
            left -= p;
            // NaN compares false.
            let within = p > 0.0 && left > 0.0;
            if !within {
                return Err(Outside(k));
            }
            let u = ln(p) - ln(left);
            *y = T::of(u + self.shift(k));
            log_det -= ln(p);
        }
        Ok(log_det - ln(left))
    }

    /// With q_k the cotangent of ln p_k and ρ that of ln r_{k+1}: ū_k = q_k (1 - z_k) - ρ z_k, and
    /// that of ln r_k is ρ + q_k.
    fn pull(&self, x: &[T], cotangent: &mut [T], log_det: f64) {
        let mut log_rest = self.log_rest(x);
        let mut rest_bar = log_det;
        for k in (0..x.len()).rev() {
            let u = self.centred(k, x[k]);
            log_rest += softplus(u);
            let log_p = log_rest - softplus(-u);
            let bar = cotangent[k].wide() * exp(log_p) + log_det;
            cotangent[k] = T::of(bar * sigmoid(-u) - rest_bar * sigmoid(u));
            rest_bar += bar;
        }
    }

    /// The same recursion, solved for q_k.
    fn solve_transposed(&self, x: &[T], cotangent: &mut [T]) {
        let mut log_rest = self.log_rest(x);
        let mut rest_bar = 0.0;
        for k in (0..x.len()).rev() {
            let u = self.centred(k, x[k]);
            log_rest += softplus(u);
            let log_p = log_rest - softplus(-u);
            let bar = (cotangent[k].wide() + rest_bar * sigmoid(u)) / sigmoid(-u);
            cotangent[k] = T::of(bar / exp(log_p));
            rest_bar += bar;
        }
    }

    fn support(&self) -> Vec<Space> {
        match self.probabilities {
            2 => vec![Space::between(0.0, 1.0)],
            more => vec![Space::Joint; more - 1],
        }
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Simplex").with("probabilities", self.probabilities))
    }

    fn boxed(&self) -> Box<dyn Bijector<T>> {
        Box::new(*self)
    }
}

impl Simplex {
    /// ln p_K.
    fn log_rest<T: Real>(&self, x: &[T]) -> f64 {
        x.iter().enumerate().map(|(k, &x)| -softplus(self.centred(k, x))).sum()
    }
}
