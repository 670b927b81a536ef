//! Correlation matrices of few or many columns: shrunk until they would foretell a column left out.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::columns::Moments;
use crate::kernels::matrix_product;
use crate::real::Real;
use crate::real::portable::{ln, powf};

/// The least that correlations are shrunk, and so the least eigenvalue of what comes out.
const LEAST: f64 = 1e-8;
/// The number of columns that are multiplied at once.
const CHUNK: usize = 512;

/// How far correlations are shrunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shrinking {
    /// Until columns left out are most likely by a normal density.
    Likeliest,
    /// Further where columns are not normal, so that axes of little spread are drawn out less.
    Gentle,
}

/// The most that correlations are shrunk beyond what is likeliest: no axis is then drawn out by more than 1 / √0.3.
/// Single flows of breast cancer (means of five folds) come to 6.8, 3.6, 2.0, 0.3 and 1.0 nats with shares of 3e-5
/// (likeliest), 0.01, 0.1, 0.3 and 1, ensembles of wine to 13.92, 13.82 and 13.84 with 0.05, 0.1 and 0.3, MAGIC
/// to 4.08, 4.01 and 4.05 with 1e-5, 0.3 and 1.
const GENTLEST: f64 = 0.3;
/// The same in many dimensions, where next to nothing may be left of them: digits (64 dimensions) come by flow matching in
/// 4000 steps to 2.51 bits a pixel with shares of 0.3 and 2.42 with 1, by maximum likelihood to 2.55 and 2.47.
const GENTLEST_OF_MANY: f64 = 1.0;
/// From how many dimensions on there are many.
const MANY: usize = 33;
/// The mean excess kurtosis along the axes from which they are shrunk by that; in proportion below. Wine has 0.8, digits
/// 1.0, breast cancer 4.4, MAGIC 5.2.
const HEAVY: f64 = 2.0;

/// The symmetric root of the correlation matrix of columns, shrunk towards none; the identity if there is
/// nothing to be learnt from them.
pub(super) fn shrunk<T: Real>(
    points: &DMatrix<T>,
    rows: &[Moments],
    how: Shrinking,
) -> DMatrix<f64> {
    let dim = rows.len();
    let found = Spectrum::of(&correlation(points, rows));
    let Some(spectrum) = found else { return DMatrix::identity(dim, dim) };
    let values = spectrum.values.iter().map(|value| value.max(0.0)).collect::<Vec<f64>>();
    let likeliest = shrinkage(&values, points.ncols());
    let share = match how {
        Shrinking::Likeliest => likeliest,
        Shrinking::Gentle => {
            let heavy = (excess(points, rows, &spectrum) / HEAVY).clamp(0.0, 1.0);
            let most = if dim < MANY { GENTLEST } else { GENTLEST_OF_MANY };
            likeliest.max(most * heavy)
        }
    };
    if share == 1.0 {
        return DMatrix::identity(dim, dim);
    }
    let values = values.into_iter().map(|value| (1.0 - share) * value + share).collect();
    Spectrum { values, ..spectrum }.power(0.5)
}

/// Σ u u' / n over the standardised columns u, with ones on the diagonal.
fn correlation<T: Real>(points: &DMatrix<T>, rows: &[Moments]) -> DMatrix<f64> {
    let (dim, count) = points.shape();
    let mut sum = DMatrix::zeros(dim, dim);
    for start in (0..count).step_by(CHUNK) {
        let u = standardised(points, rows, start);
        sum += matrix_product(&u, &u.transpose());
    }
    sum /= count as f64;
    DMatrix::from_fn(dim, dim, |i, j| if i == j { 1.0 } else { 0.5 * (sum[(i, j)] + sum[(j, i)]) })
}

/// The mean excess kurtosis of columns along the axes of their correlations, less two standard errors of that of
/// normal columns; axes without spread do not count.
fn excess<T: Real>(points: &DMatrix<T>, rows: &[Moments], spectrum: &Spectrum) -> f64 {
    let (dim, count) = points.shape();
    let mut sums = vec![[0.0; 2]; dim];
    for start in (0..count).step_by(CHUNK) {
        let u = standardised(points, rows, start);
        let along = matrix_product(&spectrum.vectors.transpose(), &u);
        for column in along.column_iter() {
            for (sum, a) in sums.iter_mut().zip(column.iter()) {
                *sum = [sum[0] + a * a, sum[1] + a.powi(4)];
            }
        }
    }
    let spread = sums.iter().zip(&spectrum.values).filter(|(_, value)| **value > LEAST);
    let ratios: Vec<f64> =
        spread.map(|([squares, fourths], _)| count as f64 * fourths / squares.powi(2)).collect();
    let mean = ratios.iter().sum::<f64>() / ratios.len().max(1) as f64 - 3.0;
    // The kurtosis of n normal numbers has a variance of 24 / n.
    mean - 2.0 * (24.0 / (count * ratios.len().max(1)) as f64).sqrt()
}

/// Some columns, from one on, with rows of mean zero and deviation one.
fn standardised<T: Real>(points: &DMatrix<T>, rows: &[Moments], start: usize) -> DMatrix<f64> {
    let part = points.columns(start, CHUNK.min(points.ncols() - start));
    DMatrix::from_fn(rows.len(), part.ncols(), |i, j| rows[i].standardise(part[(i, j)].wide()))
}

/// The share α of the identity in (1 - α) R̂ + α I, for the eigenvalues of R̂.
///
/// With n columns around their own mean, ν = n - 1 of them count. Without one of them the estimate is
/// G - β x x' with β = (1 - α) / (ν - 1) and G = ν β R̂ + α I, and the mean of what columns left out cost is,
/// with x' G⁻¹ x replaced by its mean r = tr(G⁻¹ R̂),
///
/// ln det G + ln(1 - β r) + r / (1 - β r)
///
/// (Theiler 2012, The incredible shrinking covariance estimator, after Hoffbeck and Landgrebe 1996, Covariance
/// matrix estimation and classification with limited training data). The least of it is looked for
/// on a grid of α, forty to a power of ten.
fn shrinkage(values: &[f64], columns: usize) -> f64 {
    let counted = columns.saturating_sub(1) as f64;
    if counted < 2.0 {
        return 1.0;
    }
    let cost = |share: f64| {
        let beta = (1.0 - share) / (counted - 1.0);
        let (mut r, mut log_det) = (0.0, 0.0);
        for value in values {
            let g = counted * beta * value + share;
            r += value / g;
            log_det += ln(g);
        }
        let left = 1.0 - beta * r;
        // Columns that the others span cannot be foretold at all.
        if left > 0.0 { log_det + ln(left) + r / left } else { f64::INFINITY }
    };
    let digits = -ln(LEAST) / ln(10.0f64);
    let steps = (40.0 * digits).round();
    let grid = (0..=steps as u32).map(|k| powf(LEAST, 1.0 - f64::from(k) / steps));
    let best = grid.map(|share| (cost(share), share)).min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(1.0, |(_, share)| share)
}

/// A symmetric matrix by its eigenvalues and eigenvectors.
pub(super) struct Spectrum {
    values: Vec<f64>,
    vectors: DMatrix<f64>,
}

impl Spectrum {
    /// `None` if they are not to be found.
    pub fn of(matrix: &DMatrix<f64>) -> Option<Self> {
        let eigen = SymmetricEigen::try_new(matrix.clone(), f64::EPSILON, 100_000)?;
        let values = eigen.eigenvalues.iter().copied().collect();
        Some(Self { values, vectors: eigen.eigenvectors })
    }

    /// The matrix to a power; symmetric to the last bit.
    pub fn power(&self, power: f64) -> DMatrix<f64> {
        self.mapped(|value| powf(value, power))
    }

    /// The logarithm of the matrix; symmetric to the last bit.
    pub fn logarithm(&self) -> DMatrix<f64> {
        self.mapped(ln)
    }

    fn mapped(&self, of: impl Fn(f64) -> f64) -> DMatrix<f64> {
        let powers: Vec<f64> = self.values.iter().map(|&value| of(value)).collect();
        let scaled =
            DMatrix::from_fn(powers.len(), powers.len(), |i, j| self.vectors[(i, j)] * powers[j]);
        let product = matrix_product(&scaled, &self.vectors.transpose());
        0.5 * (&product + product.transpose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// Columns whose neighbouring coordinates have this correlation.
    fn drawn(dim: usize, columns: usize, correlation: f64, seed: u64) -> DMatrix<f64> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut data = DMatrix::zeros(dim, columns);
        for j in 0..columns {
            let mut last = rng.sample(rand_distr::StandardNormal);
            for i in 0..dim {
                let fresh: f64 = rng.sample(rand_distr::StandardNormal);
                last = correlation * last + (1.0 - correlation * correlation).sqrt() * fresh;
                data[(i, j)] = last;
            }
        }
        data
    }

    fn values(data: &DMatrix<f64>) -> Vec<f64> {
        let root = shrunk(data, &Moments::of_rows(data), Shrinking::Likeliest);
        Spectrum::of(&root).expect("symmetric").values.iter().map(|value| value * value).collect()
    }

    #[test]
    fn few_columns_give_a_gentle_matrix_and_many_their_own() {
        for seed in 0..20 {
            for columns in [1, 2, 3, 4, 8] {
                let found = values(&drawn(13, columns, 0.5, seed));
                let [least, most] =
                    [f64::min, f64::max].map(|f| found.iter().copied().fold(1.0, f));
                assert!(least > 0.0 && most / least < 100.0, "{columns} columns: {most} / {least}");
            }
        }
        let data = drawn(10, 15_000, 0.9, 5);
        let (rows, root) = (
            Moments::of_rows(&data),
            shrunk(&data, &Moments::of_rows(&data), Shrinking::Likeliest),
        );
        let difference = matrix_product(&root, &root) - correlation(&data, &rows);
        // A sampling error is 1 / √15000 = 0.008.
        assert!(difference.amax() < 1e-3, "{}", difference.amax());
    }

    #[test]
    fn shrinking_foretells_other_columns_better_than_none_and_than_all() {
        let cost = |matrix: &DMatrix<f64>, other: &DMatrix<f64>| {
            let spectrum = Spectrum::of(matrix).expect("symmetric");
            let log_det: f64 = spectrum.values.iter().map(|value| value.ln()).sum();
            log_det + matrix_product(&spectrum.power(-1.0), other).trace()
        };
        for seed in 0..10 {
            let [data, others] = [30, 5000].map(|n| drawn(12, n, 0.7, seed + n as u64));
            let [own, other] = [&data, &others].map(|d| correlation(d, &Moments::of_rows(d)));
            let root = shrunk(&data, &Moments::of_rows(&data), Shrinking::Likeliest);
            let found = cost(&matrix_product(&root, &root), &other);
            assert!(found < cost(&own, &other) && found < 12.0, "{found}");
        }
    }

    #[test]
    fn axes_of_data_with_heavy_tails_are_drawn_out_by_less_than_two() {
        let root = |data: &DMatrix<f64>, how| shrunk(data, &Moments::of_rows(data), how);
        let normal = drawn(6, 3000, 0.95, 2);
        assert_eq!(root(&normal, Shrinking::Gentle), root(&normal, Shrinking::Likeliest));
        let mut heavy = normal;
        heavy
            .column_iter_mut()
            .enumerate()
            .for_each(|(j, mut x)| x *= 1.0 + (j % 10 / 9 * 5) as f64);
        let least = |how| Spectrum::of(&root(&heavy, how)).expect("symmetric").values;
        let [gentle, likeliest] = [Shrinking::Gentle, Shrinking::Likeliest]
            .map(|how| least(how).into_iter().fold(1.0, f64::min));
        assert!(gentle >= GENTLEST.sqrt() - 1e-9 && likeliest < 0.3, "{gentle} {likeliest}");
    }

    #[test]
    fn of_many_dimensions_with_heavy_tails_no_axis_is_drawn_out() {
        let root = |data: &DMatrix<f64>| shrunk(data, &Moments::of_rows(data), Shrinking::Gentle);
        let mut data = drawn(MANY, 3000, 0.9, 3);
        let normal = root(&data);
        assert_eq!(normal, shrunk(&data, &Moments::of_rows(&data), Shrinking::Likeliest));
        assert_ne!(normal, DMatrix::identity(MANY, MANY));
        // A tenth of the columns is six times as long: an excess of (0.9 + 0.1 · 6⁴) 3 / (0.9 + 0.1 · 6²)² - 3 = 16.
        let lengths = (0..3000).map(|j| if j % 10 == 9 { 6.0 } else { 1.0 });
        data.column_iter_mut().zip(lengths).for_each(|(mut x, length)| x *= length);
        assert_eq!(root(&data), DMatrix::identity(MANY, MANY));
    }

    #[test]
    fn combinations_of_coordinates_are_no_trouble() {
        let mut data = drawn(4, 1000, 0.3, 1);
        let sum = data.row(0) + data.row(1);
        data.row_mut(3).copy_from(&sum);
        let found = values(&data);
        let least = found.iter().copied().fold(1.0, f64::min);
        assert!((0.9 * LEAST..10.0 * LEAST).contains(&least), "{least:e}");
    }

    #[test]
    fn powers_are_powers() {
        let data = drawn(5, 50, 0.6, 3);
        let matrix = correlation(&data, &Moments::of_rows(&data));
        let spectrum = Spectrum::of(&matrix).expect("symmetric");
        let third = spectrum.power(1.0 / 3.0);
        assert!((&third * &third * &third - &matrix).amax() < 1e-13);
        assert!((spectrum.power(-1.0) * &matrix - DMatrix::identity(5, 5)).amax() < 1e-12);
    }
}
