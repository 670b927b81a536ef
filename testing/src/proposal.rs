//! Where to look for the mass of a density: a distribution fitted to samples, wide and local at once.

use liouville::nalgebra::{DMatrix, DVector, DVectorView};
use liouville::rand::{Rng, RngExt};

use liouville::columns::Moments;
use liouville::error::{Error, Result};

/// The degrees of freedom of the Student distributions.
const FREEDOM: usize = 4;
/// How many samples have a distribution of their own around them.
const ANCHORS: usize = 256;
/// The distance to which neighbour sets its width.
const NEIGHBOUR: usize = 8;

/// One half a Student distribution with the mean and covariance of samples, one half narrower ones around
/// some of them, each as wide as the distance to a near neighbour: where samples crowd there are many, and
/// a spike that carries a few percent of the mass is met as often. The wide half bounds the ratio of a
/// density to this one wherever the local ones do not reach (a defensive mixture, Hesterberg 1995; the
/// local widths are those of Breiman, Meisel and Purcell 1977).
pub(super) struct Proposal {
    center: DVector<f64>,
    /// The lower Cholesky factor of the covariance, and its inverse.
    factor: DMatrix<f64>,
    inverse: DMatrix<f64>,
    /// Samples as columns, centred and whitened, and the width around each.
    anchors: DMatrix<f64>,
    widths: Vec<f64>,
    log_scale: f64,
}

impl Proposal {
    /// Fitted to samples, which are columns.
    pub fn fitted(samples: &DMatrix<f64>) -> Result<Self> {
        let (dim, count) = samples.shape();
        let moments = Moments::of_rows(samples);
        let unspread = || {
            Error::non_finite(
                "the samples of the flow agree in a coordinate, or two coordinates in all samples: it has no density to integrate",
            )
        };
        if moments.iter().any(|row| !row.deviation.is_normal()) {
            return Err(unspread());
        }
        // Every row in its own unit, so that none of another scale is lost beside it.
        let units = DVector::from_iterator(dim, moments.iter().map(|row| row.deviation));
        let away = DMatrix::from_fn(dim, count, |i, j| moments[i].standardise(samples[(i, j)]));
        let correlation = &away * away.transpose() / count as f64;
        let factor = (correlation + DMatrix::identity(dim, dim) * 1e-9).cholesky();
        let factor = factor.ok_or_else(unspread)?.unpack();
        let inverse = factor.solve_lower_triangular(&DMatrix::identity(dim, dim));
        let inverse = inverse.ok_or_else(unspread)?;
        let anchors = &inverse * away.columns(0, count.min(ANCHORS));
        let widths = widths(&anchors);
        let log_det: f64 =
            factor.diagonal().iter().chain(units.iter()).map(|value| value.ln()).sum();
        let center = DVector::from_iterator(dim, moments.iter().map(|row| row.mean));
        let factor = DMatrix::from_fn(dim, dim, |i, j| units[i] * factor[(i, j)]);
        let inverse = DMatrix::from_fn(dim, dim, |i, j| inverse[(i, j)] / units[j]);
        // Kotz and Nadarajah 2004, equation 1.1.
        let freedom = FREEDOM as f64;
        let log_scale = libm::lgamma(0.5 * (freedom + dim as f64))
            - libm::lgamma(0.5 * freedom)
            - 0.5 * dim as f64 * (freedom * std::f64::consts::PI).ln()
            - log_det;
        Ok(Self { center, factor, inverse, anchors, widths, log_scale })
    }

    /// Random columns.
    pub fn draw(&self, columns: usize, rng: &mut impl Rng) -> DMatrix<f64> {
        let normal = liouville::rand_distr::StandardNormal;
        let mut white =
            DMatrix::from_fn(self.center.len(), columns, |_, _| rng.sample::<f64, _>(normal));
        for (j, mut column) in white.column_iter_mut().enumerate() {
            let square: f64 = (0..FREEDOM).map(|_| rng.sample::<f64, _>(normal).powi(2)).sum();
            column *= (FREEDOM as f64 / square).sqrt();
            // Every other column is of the wide half.
            if j % 2 == 1 {
                let k = rng.random_range(0..self.widths.len());
                column *= self.widths[k];
                column += self.anchors.column(k);
            }
        }
        let mut points = &self.factor * white;
        for mut column in points.column_iter_mut() {
            column += &self.center;
        }
        points
    }

    /// The density at every column.
    pub fn density(&self, points: &DMatrix<f64>) -> Vec<f64> {
        let dim = self.center.len();
        let mut away = points.clone();
        for mut column in away.column_iter_mut() {
            column -= &self.center;
        }
        let white = &self.inverse * away;
        let shape = |square: f64| {
            (1.0 / (1.0 + square / FREEDOM as f64)).sqrt().powi((FREEDOM + dim) as i32)
        };
        let share = 0.5 / self.widths.len() as f64;
        let heights: Vec<[f64; 2]> = (self.widths.iter())
            .map(|width| [width.powi(-2), share * width.powi(-(dim as i32))])
            .collect();
        let local = |point: &[f64]| -> f64 {
            let anchors = self.anchors.as_slice().chunks_exact(dim);
            let each = anchors.zip(&heights).map(|(anchor, [narrow, height])| {
                let square: f64 = point.iter().zip(anchor).map(|(x, a)| (x - a).powi(2)).sum();
                height * shape(narrow * square)
            });
            each.sum()
        };
        let scale = self.log_scale.exp();
        let one = |point: &[f64]| {
            let wide = 0.5 * shape(point.iter().map(|x| x * x).sum());
            scale * (wide + local(point))
        };
        white.as_slice().chunks_exact(dim).map(one).collect()
    }
}

/// How far it is from each column to a near neighbour, never nothing.
fn widths(columns: &DMatrix<f64>) -> Vec<f64> {
    let nth = NEIGHBOUR.min(columns.ncols() - 1);
    let width = |from: DVectorView<'_, f64>| {
        let mut all: Vec<f64> = columns.column_iter().map(|to| from.metric_distance(&to)).collect();
        all.select_nth_unstable_by(nth, f64::total_cmp).1.max(1e-9)
    };
    columns.column_iter().map(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use liouville::rand::SeedableRng;
    use liouville::rand::rngs::StdRng;

    #[test]
    fn the_masses_of_a_wide_density_and_of_a_spike_are_found() {
        let mut rng = StdRng::seed_from_u64(liouville::rand::random());
        let mut normal = || rng.sample::<f64, _>(liouville::rand_distr::StandardNormal);
        // A quarter of the samples are of the spike.
        let samples = DMatrix::from_fn(2, 2000, |i, j| match j % 4 {
            0 => 0.5 + 1e-3 * normal(),
            _ => (1.0 + i as f64) * normal(),
        });
        let proposal = Proposal::fitted(&samples).unwrap();
        let points = proposal.draw(40_000, &mut rng);
        let proposed = proposal.density(&points);
        for (center, deviations) in [(0.0, [1.0, 2.0]), (0.5, [1e-3, 1e-3])] {
            let ratio = |(x, proposed): (&[f64], &f64)| {
                let square = |i: usize| ((x[i] - center) / deviations[i]).powi(2);
                let height = std::f64::consts::TAU * deviations[0] * deviations[1] * proposed;
                (-0.5 * (square(0) + square(1))).exp() / height
            };
            let ratios = points.as_slice().chunks_exact(2).zip(&proposed).map(ratio);
            let ratios = DVector::from_iterator(points.ncols(), ratios);
            let error = (ratios.variance() / ratios.len() as f64).sqrt();
            assert!(error < 0.05, "{error}");
            assert!((ratios.mean() - 1.0).abs() < 5.0 * error, "{} ± {error}", ratios.mean());
        }
    }

    #[test]
    fn samples_that_agree_are_refused() {
        assert!(Proposal::fitted(&DMatrix::zeros(2, 50)).is_err());
    }
}
