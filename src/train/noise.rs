//! Noise on the samples of every step: how much, and what is added.

use nalgebra::{DMatrix, SymmetricEigen};
use rand::{Rng, RngExt};

use crate::columns::Moments;
use crate::error::{Error, Result};
use crate::kernels::matrix_product;
use crate::real::portable::powf;
use crate::real::{Normal, Real};

/// The most noise along an axis, in deviations of the data there. Means of five folds of ensembles of ten, seed 100: wine
/// 13.97, 13.82 and 13.84 nats by 1, 2 and 4, penguins 3.62, 3.57 and 3.56; single flows of breast cancer 0.6
/// and 1.0 by 2 and 4.
const MOST: f64 = 2.0;
/// Variances along an axis below this share of a row's are rounding.
const RESOLVED: f64 = 1e-12;

/// Normal noise on the samples of every step, drawn anew each time.
///
/// In rows of deviation one the noise has `s` along every axis of the data, an eigenvector of their correlations,
/// but no more than 2 `s` times their own deviation there: so rows that nearly follow from others stay near where
/// they do.
///
/// What it does to the density: the model learns that of the data with noise, which is the density of the
/// data convolved with that of the noise. Variances grow by the factor 1 + `s`², peaks and edges are rounded to a
/// width of `s` deviations, and what lies between the samples is filled. That is a bias of order `s`² for a
/// variance that falls with `s`, as by the width of a kernel estimate, which is where an endless training of a
/// flow that can learn anything ends: Σ N(xⱼ, s²) / n in place of a spike at each sample (Bishop 1995,
/// Training with noise is equivalent to Tikhonov regularization; Rothfuss et al. 2019, Noise regularization for
/// conditional density estimation). Few samples want much, many want none.
///
/// Held-out samples are judged as they are, without noise: which size serves them is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// The samples as they are.
    None,
    /// This many deviations, such as 0.1.
    Deviation(f64),
    /// The size that serves held-out samples best, found on the way: noise falls from step to step, from 1
    /// deviation to 0.05 in equal ratios, and the model keeps what the checks on held-out samples found
    /// best. So every size between is tried for the price of one run, each from what the larger one left:
    /// a model that begins smooth and gets as rough as its samples bear. [`Check::noise`](super::Check::noise)
    /// has the size at every check, [`Report::best`](super::Report::best) the one that was chosen. A run that
    /// a time limit cuts short has tried the larger sizes alone.
    Chosen,
}

/// How much noise from the first step to the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Falling {
    pub from: f64,
    pub to: f64,
}

impl Falling {
    /// No noise.
    pub const NONE: Self = Self::steady(0.0);
    /// Where a choice is made on the way.
    const CHOICE: Self = Self { from: 1.0, to: 0.05 };

    /// The same all the time.
    pub const fn steady(size: f64) -> Self {
        Self { from: size, to: size }
    }

    /// The size at a share of the steps: equal ratios in equal times.
    pub fn at(self, progress: f64) -> f64 {
        if self.from == self.to {
            self.from
        } else {
            self.from * powf(self.to / self.from, progress)
        }
    }
}

impl From<Noise> for Falling {
    fn from(noise: Noise) -> Self {
        match noise {
            Noise::None => Self::NONE,
            Noise::Deviation(size) => Self::steady(size),
            Noise::Chosen => Self::CHOICE,
        }
    }
}

impl From<f64> for Noise {
    fn from(deviations: f64) -> Self {
        Self::Deviation(deviations)
    }
}

impl Noise {
    /// An error if the size is out of range.
    pub(super) fn check(self, what: &str) -> Result<()> {
        match self {
            Self::Deviation(size) if !(size >= 0.0 && size.is_finite()) => {
                Err(Error::setting(format!(
                    "the noise on the {what} is {size} deviations: give 0 or a positive number, such as 0.1"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// What is added to samples, by the axes of the data: the eigenvectors of their correlations.
#[derive(Debug, Clone)]
pub(super) struct Smoothing {
    /// What one deviation of noise is along each axis: dim x dim.
    axes: DMatrix<f64>,
}

impl Smoothing {
    /// Noise for these columns of `data`.
    pub fn of<T: Real>(data: &DMatrix<T>, columns: &[usize]) -> Self {
        let samples = data.select_columns(columns);
        let rows = Moments::of_rows(&samples);
        let white = DMatrix::from_fn(samples.nrows(), samples.ncols(), |i, j| {
            rows[i].standardise(samples[(i, j)].wide())
        });
        let correlation = matrix_product(&white, &white.transpose()) / columns.len().max(1) as f64;
        let dim = data.nrows();
        let found = SymmetricEigen::try_new(correlation, f64::EPSILON, 100_000);
        let mut axes = DMatrix::identity(dim, dim);
        if let Some(SymmetricEigen { eigenvectors, eigenvalues }) = found {
            axes = eigenvectors;
            for (mut axis, variance) in axes.column_iter_mut().zip(eigenvalues.iter()) {
                let deviation = if *variance > RESOLVED { variance.sqrt() } else { 0.0 };
                axis.scale_mut((MOST * deviation).min(1.0));
            }
        }
        for (i, row) in rows.iter().enumerate() {
            axes.row_mut(i).scale_mut(row.deviation);
        }
        Self { axes }
    }

    /// Adds this many deviations of noise to every column, in order.
    pub fn add<T: Real>(&self, size: f64, points: &mut DMatrix<T>, rng: &mut impl Rng) {
        let draws = DMatrix::from_fn(points.nrows(), points.ncols(), |_, _| {
            size * rng.sample::<f64, _>(Normal)
        });
        let noise = matrix_product(&self.axes, &draws);
        points.iter_mut().zip(noise.iter()).for_each(|(x, e)| *x = T::of(x.wide() + e));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    /// What is added to many columns of zeros.
    fn drawn(noise: &Smoothing, size: f64, dim: usize) -> DMatrix<f64> {
        let mut points = DMatrix::zeros(dim, 4000);
        noise.add(size, &mut points, &mut Xoshiro256PlusPlus::seed_from_u64(5));
        points
    }

    #[test]
    fn noise_follows_the_rows_whatever_their_scale() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut data = DMatrix::from_fn(3, 2000, |_, _| rng.sample::<f64, _>(Normal));
        data.row_mut(1).iter_mut().for_each(|x| *x = 1e4 + 30.0 * *x);
        data.row_mut(2).fill(7.0);
        let all: Vec<usize> = (0..2000).collect();
        let noise = drawn(&Smoothing::of(&data, &all), 0.5, 3);
        for i in 0..2 {
            // Five errors of a variance from 4000 numbers: 5 √(2 / 4000).
            let ratio = noise.row(i).variance() / (0.25 * data.row(i).variance());
            assert!((ratio - 1.0).abs() < 0.112, "row {i}: {ratio}");
        }
        assert!(noise.row(2).iter().all(|e| *e == 0.0), "what never changes has no noise");
        let product = noise.row(0).dot(&noise.row(1)) / noise.row(0).norm() / noise.row(1).norm();
        assert!(product.abs() < 5.0 / 4000f64.sqrt(), "no correlation: {product}");
    }

    #[test]
    fn noise_stays_where_the_data_are() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
        let mut data = DMatrix::from_fn(3, 1000, |_, _| rng.sample::<f64, _>(Normal));
        for mut x in data.column_iter_mut() {
            x[1] = x[0] + 0.01 * x[1];
            x[2] = -x[0];
        }
        let all: Vec<usize> = (0..1000).collect();
        let noise = drawn(&Smoothing::of(&data, &all), 0.4, 3);
        // Of rows r of deviation one, r0 - r1 has deviation 0.01 to first order: twice that by noise of one. The
        // rows themselves have deviations that err by 1 / √2000, and five errors of 4000 draws are 0.056.
        let across = (noise.row(0) - noise.row(1)).variance().sqrt() / 0.4;
        assert!((across / 0.02 - 1.0).abs() < 0.2, "{across}");
        let plane = (noise.row(2) + noise.row(0)).amax();
        assert!(plane < 1e-7, "{plane}");
        // Along the axis of all three it is one, a third of its square to each row.
        let along = noise.row(0).variance().sqrt() / 0.4;
        assert!((along * 3f64.sqrt() - 1.0).abs() < 0.1, "{along}");
    }

    #[test]
    fn sizes_fall_in_equal_ratios() {
        let falling = Falling::from(Noise::Chosen);
        assert_eq!((falling.at(0.0), Falling::from(Noise::None).at(0.3)), (1.0, 0.0));
        assert!((falling.at(1.0) - 0.05).abs() < 1e-15);
        assert!((falling.at(0.5).powi(2) - 0.05).abs() < 1e-15);
        for size in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(Noise::from(size).check("samples").unwrap_err().is_setting());
        }
    }
}
