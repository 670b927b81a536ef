//! The laws of a base: its score and its pullback are derivatives, and its samples are of its density.

use liouville::columns::{Block, columns_to_block};
use liouville::density::Base;
use liouville::nalgebra::DMatrix;
use liouville::rand::SeedableRng;
use liouville::rand::rngs::Xoshiro256PlusPlus;
use liouville::real::Real;

use super::moving::numbers;
use super::slopes::{WHAT, agree, by_parameters, refused, slope};
use super::{Law, Place, Tolerances, Violation};

/// How many standard errors a mean may be away.
const ERRORS: f64 = 5.0;
/// How far the middle half of a standard normal distribution reaches, from end to end.
const MIDDLE_HALF: f64 = 1.348_979_500_392_163_5;

/// Checks a base at these points (dim x n), which lie in its support and where its density is smooth.
///
/// - [`log_prob`](liouville::density::Density::log_prob) is what
///   [`log_prob_rows`](Base::log_prob_rows) says, and adding to a row adds;
/// - [`score_rows`](Base::score_rows) is its derivative by every coordinate, and
///   [`pullback_rows`](Base::pullback_rows) that of a weighted sum by every parameter, by central differences of
///   order six;
/// - samples are of this density: over them the mean of q / p is one, within five standard errors, for
///   a normal density q a little narrower than their middle half. So neither a factor that is missing nor a draw of
///   another distribution passes. Bounded bases, on whose support no such q lies, are not asked.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
/// use liouville_testing::{Tolerances, base_law};
///
/// let base = StudentT::new(dvector![0.5, -1.0], dvector![2.0, 1.0], dvector![4.0, 9.0])?;
/// base_law(&base, &dmatrix![0.1, 3.0; -0.5, -4.0], 1, &Tolerances::of::<f64>())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`Violation`] that names the coordinate or the parameter, or with the mean that is not one.
pub fn base_law<T: Real, B: Base<T> + Clone>(
    base: &B,
    points: &DMatrix<T>,
    seed: u64,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    same_log_prob(base, points, tolerances)?;
    score(base, points, tolerances)?;
    parameters(base, points, seed, tolerances)?;
    match base.is_bounded() {
        true => Ok(()),
        false => samples(base, seed, tolerances),
    }
}

fn block<T: Real>(points: &DMatrix<T>) -> Block<T> {
    let mut block = Block::default();
    columns_to_block(points.as_slice(), points.nrows(), &mut block);
    block
}

/// The log-densities of all columns, added to `before`.
fn log_prob<T: Real, B: Base<T>>(base: &B, points: &DMatrix<T>, before: f64) -> Vec<f64> {
    let block = block(points);
    let mut rows = vec![T::of(before); block.lanes()];
    base.add_log_prob_rows(block.view(), &mut rows);
    rows[..points.ncols()].iter().map(|value| value.wide()).collect()
}

fn same_log_prob<T: Real, B: Base<T>>(
    base: &B,
    points: &DMatrix<T>,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let expected = base.log_prob(points).map_err(|error| refused(Law::Density, error))?;
    let what = ["the log-density of a row", "of a column it"];
    for before in [0.0, 2.0] {
        for (column, found) in log_prob(base, points, before).into_iter().enumerate() {
            let pair = [found, expected[column].wide() + before];
            let bound = tolerances.sum * (1.0 + pair[1].abs());
            agree(Law::Density, Place::Report { column }, what, pair, bound)?;
        }
    }
    Ok(())
}

fn score<T: Real, B: Base<T>>(
    base: &B,
    points: &DMatrix<T>,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let block = block(points);
    let mut score = Block::new(points.nrows(), block.lanes());
    base.score_rows(block.view(), score.view_mut());
    for column in 0..points.ncols() {
        let part: Vec<f64> = (0..points.nrows()).map(|i| score.row(i)[column].wide()).collect();
        let largest = part.iter().fold(1e-2, |most: f64, s| most.max(s.abs()));
        for (row, given) in part.into_iter().enumerate() {
            let x = points[(row, column)].wide();
            let moved = |shift: f64| {
                let mut point = points.columns(column, 1).into_owned();
                point[row] = T::of(x + shift);
                Ok(log_prob(base, &point, 0.0)[0])
            };
            let bound = tolerances.gradient * largest;
            let found = slope::<T>([given, bound, x.abs()], &moved)?;
            let place = Place::Coordinate { column, row };
            agree(Law::Gradient, place, WHAT, [given, found], bound)?;
        }
    }
    Ok(())
}

fn parameters<T: Real, B: Base<T> + Clone>(
    base: &B,
    points: &DMatrix<T>,
    seed: u64,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let (block, mut next) = (block(points), numbers(seed));
    let mut weights = vec![T::zero(); block.lanes()];
    weights[..points.ncols()].iter_mut().for_each(|weight| *weight = T::of(next()));
    // What is there before is added to.
    let mut sums = vec![T::one(); base.parameter_count()];
    base.pullback_rows(block.view(), &weights, &mut sums);
    let gradient: Vec<T> = sums.iter().map(|sum| *sum - T::one()).collect();
    let value = |values: &[T]| {
        let mut moved = base.clone();
        moved.set_parameters(values).map_err(|error| refused(Law::Gradient, error))?;
        let found = log_prob(&moved, points, 0.0);
        Ok(found.iter().zip(&weights).map(|(log_p, weight)| log_p * weight.wide()).sum())
    };
    by_parameters(&base.layout(), [&base.parameters(), &gradient], tolerances, &value)
}

fn samples<T: Real, B: Base<T>>(
    base: &B,
    seed: u64,
    tolerances: &Tolerances,
) -> Result<(), Violation> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let drawn = base.sample(tolerances.samples, &mut rng);
    let drawn = drawn.map_err(|error| refused(Law::Density, error))?;
    let (log_p, count) = (log_prob(base, &drawn, 0.0), drawn.ncols());
    let middles: Vec<[f64; 2]> = drawn
        .row_iter()
        .map(|row| {
            let mut sorted: Vec<f64> = row.iter().map(|x| x.wide()).collect();
            sorted.sort_by(f64::total_cmp);
            let [low, high] = [sorted[count / 4], sorted[3 * count / 4]];
            [0.5 * (low + high), 0.8 * (high - low) / MIDDLE_HALF]
        })
        .collect();
    let ratio = |(column, log_p): (usize, f64)| {
        let terms = middles.iter().enumerate().map(|(row, [middle, deviation])| {
            let z = (drawn[(row, column)].wide() - middle) / deviation;
            -0.5 * z * z - deviation.ln() - 0.5 * std::f64::consts::TAU.ln()
        });
        libm::exp(terms.sum::<f64>() - log_p)
    };
    let ratios: Vec<f64> = log_p.into_iter().enumerate().map(ratio).collect();
    let mean = ratios.iter().sum::<f64>() / count as f64;
    let square = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / count as f64;
    let bound = tolerances.mass + ERRORS * (square / count as f64).sqrt();
    let what = ["the mean of q / p over samples", "it should be"];
    agree(Law::Density, Place::Total, what, [mean, 1.0], bound)
}

#[cfg(test)]
mod tests {
    use liouville::columns::{Rows, RowsMut};
    use liouville::nalgebra::{self, DMatrix, DVector, dmatrix, dvector};
    use liouville::parameters::Parameters;
    use liouville::prelude::*;
    use liouville::rand::Rng;

    use super::*;

    /// A normal distribution with one thing wrong.
    #[derive(Clone)]
    struct Wrong {
        inner: DiagonalNormal<f64>,
        /// What is added to its log-densities.
        log_prob: f64,
        /// What its score, its parameters' gradient, and its samples are multiplied by.
        factors: [f64; 3],
    }

    impl Density<f64> for Wrong {
        fn dim(&self) -> usize {
            2
        }

        fn log_prob(&self, points: &DMatrix<f64>) -> liouville::Result<DVector<f64>> {
            Ok(self.inner.log_prob(points)?.add_scalar(self.log_prob))
        }
    }

    impl Sample<f64> for Wrong {
        type Drawn = DMatrix<f64>;

        fn sample<R: Rng + ?Sized>(
            &self,
            count: usize,
            rng: &mut R,
        ) -> liouville::Result<DMatrix<f64>> {
            Ok(self.inner.sample(count, rng)? * self.factors[2])
        }
    }

    impl Base<f64> for Wrong {
        fn add_log_prob_rows(&self, points: Rows<'_, f64>, log_prob: &mut [f64]) {
            self.inner.add_log_prob_rows(points, log_prob);
            log_prob.iter_mut().for_each(|value| *value += self.log_prob);
        }

        fn score_rows(&self, points: Rows<'_, f64>, mut score: RowsMut<'_, f64>) {
            self.inner.score_rows(points, score.reborrow());
            score.row_mut(1).iter_mut().for_each(|value| *value *= self.factors[0]);
        }

        fn draw<R: Rng + ?Sized>(&self, column: &mut [f64], rng: &mut R) {
            self.inner.draw(column, rng);
            column.iter_mut().for_each(|value| *value *= self.factors[2]);
        }

        fn held(&self) -> Option<&Parameters<f64>> {
            self.inner.held()
        }

        fn set_parameters(&mut self, values: &[f64]) -> liouville::Result<()> {
            self.inner.set_parameters(values)
        }

        fn pullback_rows(&self, points: Rows<'_, f64>, weights: &[f64], sums: &mut [f64]) {
            let weights: Vec<f64> = weights.iter().map(|w| w * self.factors[1]).collect();
            self.inner.pullback_rows(points, &weights, sums);
        }
    }

    fn violation(log_prob: f64, factors: [f64; 3]) -> Option<Violation> {
        let inner = DiagonalNormal::new(dvector![0.5, -1.0], dvector![2.0, 0.3]).expect("a base");
        let points = dmatrix![0.0, 3.0; -1.2, -0.5];
        let base = Wrong { inner, log_prob, factors };
        base_law(&base, &points, 1, &Tolerances::of::<f64>()).err()
    }

    #[test]
    fn every_mistake_is_found_where_it_is() {
        assert!(violation(0.0, [1.0; 3]).is_none());
        let place = |found: Option<Violation>| {
            found.and_then(|found| Some((found.law(), found.difference()?.place.clone())))
        };
        let score = Place::Coordinate { column: 0, row: 1 };
        assert_eq!(place(violation(0.0, [1.01, 1.0, 1.0])), Some((Law::Gradient, score)));
        let mean = Place::Parameter { name: "mean".into(), index: 0 };
        assert_eq!(place(violation(0.0, [1.0, 0.99, 1.0])), Some((Law::Gradient, mean)));
        let total = Some((Law::Density, Place::Total));
        assert_eq!(place(violation(0.1, [1.0; 3])), total);
        assert_eq!(place(violation(0.0, [1.0, 1.0, 1.2])), total);
    }

    #[test]
    fn the_bases_of_the_crate_obey() {
        fn obeys<T: Real, B: Base<T> + Clone>(base: &B, points: &[f64]) {
            let points = DMatrix::from_row_slice(1, points.len(), points).map(T::of);
            base_law(base, &points, 3, &Tolerances::of::<T>()).expect("the law holds");
        }
        obeys::<f64, _>(&StandardNormal::new(1), &[0.0, 1.5, -4.0]);
        obeys::<f32, _>(&StandardNormal::new(1), &[0.0, 1.5, -4.0]);
        let student = StudentT::new(dvector![1.0], dvector![0.5], dvector![2.0]).expect("a base");
        obeys::<f64, _>(&student, &[0.9, 7.0, -30.0]);
        let mixture =
            Mixture::normals(&[0.7, 0.3], &dmatrix![-1.0, 2.0], &dmatrix![1.0, 0.5]).expect("two");
        obeys::<f64, _>(&mixture, &[-1.0, 0.6, 2.5]);
        let bounded = UniformBox::new(dvector![0.0], dvector![4.0]).expect("a box");
        obeys::<f64, _>(&bounded, &[0.5, 3.9]);
    }
}
