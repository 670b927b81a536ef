//! Rows of data and contexts that lie far from the scale of networks, and values far from their row.

use std::collections::BTreeSet;

use nalgebra::DMatrix;

use super::Trainable;
use super::warning::{Part, Warning};
use crate::real::Real;
use crate::real::portable::ln;

/// The largest median that passes without a word. What it costs, in nats of held-out data, was measured on two
/// moons of 2000 samples with one row changed, by RealNVP and spline couplings in 400 steps, two seeds each: a
/// median of 3 costs 0.03 to 0.15, of 5 it costs 0.08 to 0.32, of 10 it costs 0.14 to 0.34, of 20 up to 0.75, of
/// 100 up to 2.2. Of a context, for splines: 0.05 to 0.12 at 5, 0.34 to 0.46 at 10.
const OFF: f64 = 5.0;
/// The largest deviation of data. In the same trial a row of twenty times the deviation costs 0.01 to 0.08, of
/// fifty times up to 0.16, of a hundred times up to 0.44.
const WIDE: f64 = 20.0;
/// The largest deviation of contexts, which no layer scales: for splines 5 costs up to 0.06, 10 costs 0.10 to
/// 0.20, 20 costs 0.38, 100 costs 0.70 to 0.80.
const WIDE_CONTEXT: f64 = 10.0;
/// One over the least deviation. A tenth of the deviation costs 0.03 to 0.21, a twentieth 0.05 to 0.40, a
/// hundredth 0.18 to 0.56.
const NARROW: f64 = 20.0;
/// Of fewer columns nobody can say what is usual.
const FEWEST: usize = 5;
/// How much farther out than 98% of its row a value may lie, beside [`TAIL`]. In the trial one value thirty times
/// as far out cost 0.95 where it was held out, and 0.10 at most where it was not.
const OUTLYING: f64 = 30.0;
/// By this many roots of the number of columns the farthest value of Student's distribution with two degrees of
/// freedom lies farther out in one table of a hundred: of n values n / (7 r)² are beyond r times 98%.
const TAIL: f64 = 1.44;
/// The number of columns that quantiles are taken from.
const QUANTILES: usize = 1 << 14;
/// The number of columns that a model is tried on.
const TRIED: usize = 512;

/// What to warn of before training. A model may put its data on the scale of its networks by itself, by
/// a layer that standardises or takes logarithms: what counts is what arrives at the base. Contexts go
/// into networks as they are, unless the model says that they are seen otherwise.
pub(super) fn warnings<T: Real>(
    model: &impl Trainable<T>,
    [data, contexts]: [&DMatrix<T>; 2],
) -> Vec<Warning> {
    let mut found = survey(Part::Data, data);
    if !found.is_empty() && copes(model, [data, contexts], &found) {
        found.clear();
    }
    let mut of_contexts = survey(Part::Contexts, contexts);
    let seen = if of_contexts.is_empty() { Vec::new() } else { model.seen_contexts(contexts) };
    let far = |seen: &DMatrix<T>| survey(Part::Contexts, seen).iter().any(is_scale);
    if !seen.is_empty() && !seen.iter().any(far) {
        // Far out is far out by any standard.
        of_contexts.retain(|warning| !is_scale(warning));
    }
    found.extend(of_contexts);
    found
}

fn is_scale(warning: &Warning) -> bool {
    matches!(warning, Warning::Scale { .. })
}

/// Whether some of the data, and all that was found, arrive at the base on the scale of networks.
fn copes<T: Real>(
    model: &impl Trainable<T>,
    matrices: [&DMatrix<T>; 2],
    found: &[Warning],
) -> bool {
    let mut tried: BTreeSet<usize> = evenly(matrices[0].ncols(), TRIED).collect();
    tried.extend(found.iter().filter_map(|warning| match warning {
        Warning::Outlier { column, .. } => Some(*column),
        _ => None,
    }));
    let tried: Vec<usize> = tried.into_iter().collect();
    let [points, contexts] = matrices.map(|matrix| matrix.select_columns(&tried));
    model.latents(&points, &contexts).is_some_and(|latents| {
        // Numbers that a network shifts by more than they differ arrive as one number.
        let lost = constant_rows(&latents) > constant_rows(&points);
        let finite = latents.iter().all(|value| value.is_finite());
        finite && !lost && survey(Part::Data, &latents).is_empty()
    })
}

/// The number of rows that hold a single number.
fn constant_rows<T: Real>(matrix: &DMatrix<T>) -> usize {
    matrix.row_iter().filter(|row| row.iter().all(|value| *value == row[0])).count()
}

/// At most `most` of `count` columns, as far apart as they can be.
fn evenly(count: usize, most: usize) -> impl Iterator<Item = usize> + Clone {
    let taken = count.min(most);
    (0..taken).map(move |k| (k as u128 * count as u128 / taken as u128) as usize)
}

/// The warnings of every row, in order.
fn survey<T: Real>(part: Part, matrix: &DMatrix<T>) -> Vec<Warning> {
    if matrix.ncols() < FEWEST {
        return Vec::new();
    }
    let usual: Vec<Usual> = (0..matrix.nrows()).map(|row| Usual::of(matrix, row)).collect();
    let farthest = farthest(matrix, &usual);
    let rows = usual.iter().zip(farthest).enumerate();
    rows.flat_map(|(row, (usual, (column, distance)))| {
        let Usual { median, spread, reach, .. } = *usual;
        let value = matrix[(row, column)].wide();
        let outlier = Warning::Outlier { part, row, column, value, median, spread };
        let scale = Warning::Scale { part, row, median, spread };
        let usually = OUTLYING.max(TAIL * (matrix.ncols() as f64).sqrt());
        let outlying = (distance > usually * reach).then_some(outlier);
        outlying.into_iter().chain(usual.is_far(part).then_some(scale))
    })
    .collect()
}

/// For every row, the column farthest from the median, and how far it is.
fn farthest<T: Real>(matrix: &DMatrix<T>, usual: &[Usual]) -> Vec<(usize, f64)> {
    let mut farthest = vec![(0, 0.0); usual.len()];
    for (j, column) in matrix.column_iter().enumerate() {
        for ((value, usual), most) in column.iter().zip(usual).zip(&mut farthest) {
            let distance = (value.wide() - usual.median).abs();
            if distance > most.1 {
                *most = (j, distance);
            }
        }
    }
    farthest
}

/// Of this many values the smallest and the largest may be outliers.
const ENOUGH: usize = 20;

/// How many deviations from the middle the value in place `cut` of `count` normal ones lies on average, by
/// Blom's rule (1958) and the logistic approximation of the normal quantile, good to 2%.
fn deviations(cut: usize, count: usize) -> f64 {
    let share = (cut as f64 + 0.625) / (count as f64 + 0.25);
    let logit = ln((1.0 - share) / share);
    // Bowling et al. 2009: Φ(z) is close to the logistic function of 1.5976 z + 0.07056 z³; solved by
    // Newton's rule.
    (0..4).fold(0.6 * logit, |z: f64, _| {
        let (value, slope) = (1.5976 * z + 0.07056 * z * z * z, 1.5976 + 0.21168 * z * z);
        z - (value - logit) / slope
    })
}

/// What is usual in a row, by quantiles, which a few outliers do not move.
struct Usual {
    median: f64,
    /// The deviation of a normal density with the same middle 98%, or with the same smallest and largest value
    /// among few; zero if that is a single number.
    spread: f64,
    /// Half of the middle 98%, or the size of what is constant there.
    reach: f64,
    /// By what factor the spread may be off, for how few values there are.
    doubt: f64,
}

impl Usual {
    fn of<T: Real>(matrix: &DMatrix<T>, row: usize) -> Self {
        let columns = evenly(matrix.ncols(), QUANTILES);
        let mut values: Vec<f64> = columns.map(|column| matrix[(row, column)].wide()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let count = values.len();
        // One value at each end may be an outlier as soon as there are enough to tell.
        let cut = if count < ENOUGH { 0 } else { (0.01 * (count - 1) as f64).ceil() as usize };
        let (low, high) = (values[cut], values[count - 1 - cut]);
        let (half, median) = (0.5 * high - 0.5 * low, values[count / 2]);
        let reach = if half > 0.0 { half } else { median.abs().max(1.0) };
        let doubt = if count < ENOUGH { 3.0 } else { 1.0 };
        Self { median, spread: half.max(0.0) / deviations(cut, count), reach, doubt }
    }

    fn is_far(&self, part: Part) -> bool {
        let wide = if part == Part::Data { WIDE } else { WIDE_CONTEXT };
        let wide = self.spread > wide * self.doubt;
        let narrow = self.spread > 0.0 && self.spread * NARROW * self.doubt < 1.0;
        self.median.abs() > OFF * self.doubt || wide || narrow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use rand_distr::{Distribution, StudentT};

    fn normal(rows: usize, columns: usize, seed: u64) -> DMatrix<f64> {
        let mut rng = StdRng::seed_from_u64(seed);
        DMatrix::from_fn(rows, columns, |_, _| rng.sample(rand_distr::StandardNormal))
    }

    #[test]
    fn rows_far_from_one_and_outliers_are_named() {
        let mut data = normal(3, 4000, 1);
        data.row_mut(0).iter_mut().for_each(|x| *x *= 1e4);
        data.row_mut(2).iter_mut().for_each(|x| *x *= 1e-3);
        let rows: Vec<_> = survey(Part::Data, &data)
            .iter()
            .map(|warning| match warning {
                Warning::Scale { row, spread, .. } => (*row, *spread),
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(rows.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 2]);
        assert!((rows[0].1 / 1e4 - 1.0).abs() < 0.2 && (rows[1].1 / 1e-3 - 1.0).abs() < 0.2);

        let mut data = normal(2, 4000, 2);
        data[(1, 3777)] = -1e6;
        let found = survey(Part::Data, &data);
        assert!(
            matches!(found[..], [Warning::Outlier { row: 1, column: 3777, value: -1e6, .. }]),
            "{found:?}"
        );
        let years = normal(1, 500, 3).map(|x| 2020.0 + 3.0 * x);
        assert!(matches!(survey(Part::Contexts, &years)[..], [Warning::Scale { row: 0, .. }]));
    }

    #[test]
    fn ordinary_data_pass_without_a_word() {
        let mut rng = StdRng::seed_from_u64(4);
        let heavy = StudentT::new(3.0).expect("valid");
        let rare = |rng: &mut StdRng| f64::from(u8::from(rng.random_range(0..1000) == 0));
        for columns in [1, 5, 19, 20, 100, 20_000] {
            let data = DMatrix::from_fn(6, columns, |i, _| match i {
                0 => rng.sample(rand_distr::StandardNormal),
                1 => heavy.sample(&mut rng),
                2 => 4.5,
                3 => rare(&mut rng),
                4 => rng.random_range(0..10) as f64,
                _ => rng.sample::<f64, _>(rand_distr::StandardNormal).exp(),
            });
            assert_eq!(survey(Part::Data, &data), [], "{columns} columns");
            assert_eq!(survey(Part::Contexts, &data.rows(0, 0).into_owned()), []);
        }
    }

    #[test]
    fn tails_of_heavy_distributions_are_no_outliers() {
        let mut rng = StdRng::seed_from_u64(101);
        let heavy = StudentT::new(2.0).expect("valid");
        let tables = 500;
        for columns in [20, 100, 2000] {
            let data = DMatrix::from_fn(tables, columns, |_, _| heavy.sample(&mut rng));
            let outlier = |one: &&Warning| matches!(one, Warning::Outlier { .. });
            let told = survey(Part::Data, &data).iter().filter(outlier).count() as f64;
            // One in a hundred, and five standard errors.
            let mean = 0.01 * f64::from(tables as u32);
            assert!(told <= mean + 5.0 * mean.sqrt(), "{told} of {tables} with {columns} columns");
        }
        // Two hundred deviations are not usual in as many tables of normal numbers.
        let mut data = normal(1, 2000, 102);
        data[(0, 1700)] = 200.0;
        assert!(matches!(survey(Part::Data, &data)[..], [Warning::Outlier { column: 1700, .. }]));
    }

    #[test]
    fn spreads_are_those_of_normal_numbers_however_few() {
        for count in [5, 10, 19, 20, 60, 500, 20_000] {
            let many = 400_usize.div_ceil(count.min(400)).max(30);
            let spreads = (0..many).map(|seed| Usual::of(&normal(1, count, seed as u64), 0).spread);
            let mean = spreads.sum::<f64>() / many as f64;
            // The spread of a few is off by half a deviation at most, that of the mean by a root less.
            let allowed = 0.05 + 3.0 * 0.5 / ((count.min(100) * many) as f64).sqrt();
            assert!((mean - 1.0).abs() < allowed, "{count}: {mean}");
        }
    }

    #[test]
    fn few_columns_and_small_ones_are_judged() {
        for (count, size) in [(5, 1e-30), (10, 1e3), (19, 1e-4), (30, 1e-30), (4000, 1e-30)] {
            let data = normal(2, count, 7).map(|x| x * size);
            assert_eq!(survey(Part::Data, &data).len(), 2, "{count} columns of {size:e}");
        }
    }

    #[test]
    fn numbers_of_any_size_are_judged() {
        for size in [1e-300, 1e300, f64::MAX] {
            let data = normal(1, 100, 5).map(|x| x.clamp(-0.9, 0.9) * size);
            assert_eq!(survey(Part::Data, &data).len(), 1, "{size:e}");
        }
    }
}
