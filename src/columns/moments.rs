//! Mean and standard deviation of numbers, whatever their offset and their scale.

use nalgebra::DMatrix;

use crate::real::Real;

/// The mean and the standard deviation of a set of numbers.
///
/// Taken in `f64` and in two passes over u = (x - least) / (most - least), first the mean ū, then the
/// mean of (u - ū)²: nothing large is subtracted that was summed before (Chan, Golub and LeVeque 1983,
/// Algorithms for computing the sample variance, The American Statistician 37), and no square overflows
/// or vanishes. For equal numbers the mean is that number and the deviation zero, exactly. A NaN or an
/// infinity among the numbers makes both NaN, and so does an empty set.
///
/// ```
/// use liouville::columns::Moments;
///
/// let far = Moments::of([1e9 - 1.0, 1e9, 1e9 + 1.0]);
/// assert_eq!(far.mean, 1e9);
/// assert!((far.deviation - (2.0f64 / 3.0).sqrt()).abs() < 1e-15);
/// assert_eq!(Moments::of([0.1; 7]), Moments { mean: 0.1, deviation: 0.0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Σ x / n.
    pub mean: f64,
    /// The root of Σ (x - mean)² / n.
    pub deviation: f64,
}

impl Moments {
    /// Of all numbers that an iterator gives.
    pub fn of<I: IntoIterator<Item = f64>>(numbers: I) -> Self
    where
        I::IntoIter: Clone,
    {
        let numbers = numbers.into_iter();
        let frame = Frame::around(numbers.clone());
        let (sum, count) =
            numbers.clone().fold((0.0, 0.0), |(sum, count), x| (sum + frame.place(x), count + 1.0));
        let mean = sum / count;
        let squares: f64 = numbers.map(|x| (frame.place(x) - mean).powi(2)).sum();
        frame.moments(mean, (squares / count).sqrt())
    }

    /// Of every row of a matrix, reading it column by column.
    pub fn of_rows<T: Real>(data: &DMatrix<T>) -> Vec<Self> {
        let mut frames = vec![Frame::EMPTY; data.nrows()];
        for column in data.column_iter() {
            frames.iter_mut().zip(column.iter()).for_each(|(frame, x)| frame.widen(x.wide()));
        }
        let count = data.ncols() as f64;
        // The mean over all columns of a function of row and place.
        let average = |f: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0; data.nrows()];
            for column in data.column_iter() {
                for (i, (sum, x)) in sums.iter_mut().zip(column.iter()).enumerate() {
                    *sum += f(i, frames[i].place(x.wide()));
                }
            }
            sums.iter_mut().for_each(|sum| *sum /= count);
            sums
        };
        let means = average(&|_, u| u);
        let squares = average(&|i, u| (u - means[i]).powi(2));
        let rows = frames.iter().zip(means.iter().zip(&squares));
        rows.map(|(frame, (mean, square))| frame.moments(*mean, square.sqrt())).collect()
    }

    /// The same, with a deviation of zero if it is no more than what rounding leaves of none in a scalar, or
    /// too small for it.
    pub(crate) fn beyond_rounding<T: Real>(self) -> Self {
        let spread = self.deviation > 4.0 * T::EPSILON * self.mean.abs();
        let spread = spread && self.deviation > T::SMALLEST;
        Self { deviation: if spread { self.deviation } else { 0.0 }, ..self }
    }

    /// (x - mean) / deviation, rounded a few times and never lost to an overflow on the way; without a
    /// deviation x - mean.
    pub fn standardise(&self, x: f64) -> f64 {
        let unit = self.unit();
        let away = x - self.mean;
        if away.is_finite() { away / unit } else { (0.5 * x - 0.5 * self.mean) / (0.5 * unit) }
    }

    /// mean + deviation x, the inverse of [`standardise`](Moments::standardise).
    pub fn restore(&self, x: f64) -> f64 {
        x.mul_add(self.unit(), self.mean)
    }

    /// By what [`standardise`](Moments::standardise) divides: the deviation, or one if there is none.
    pub fn unit(&self) -> f64 {
        if self.deviation == 0.0 { 1.0 } else { self.deviation }
    }
}

/// From the least to the most of some numbers.
#[derive(Clone, Copy)]
struct Frame {
    least: f64,
    most: f64,
}

impl Frame {
    const EMPTY: Self = Self { least: f64::INFINITY, most: f64::NEG_INFINITY };

    fn around(numbers: impl Iterator<Item = f64>) -> Self {
        numbers.fold(Self::EMPTY, |mut frame, x| {
            frame.widen(x);
            frame
        })
    }

    fn widen(&mut self, x: f64) {
        self.least = self.least.min(x);
        self.most = self.most.max(x);
    }

    /// What all numbers are multiplied by before they are subtracted: a half if their range overflows.
    fn shrink(&self) -> f64 {
        if (self.most - self.least).is_finite() { 1.0 } else { 0.5 }
    }

    /// The length of the range, times [`shrink`](Frame::shrink); one for an empty range.
    fn length(&self) -> f64 {
        let length = self.shrink() * self.most - self.shrink() * self.least;
        if length == 0.0 { 1.0 } else { length }
    }

    /// Where in the range a number lies, from zero to one.
    fn place(&self, x: f64) -> f64 {
        (self.shrink() * x - self.shrink() * self.least) / self.length()
    }

    /// Moments of numbers from those of their places.
    fn moments(&self, mean: f64, deviation: f64) -> Moments {
        let (shrink, length) = (self.shrink(), self.length());
        Moments {
            mean: (shrink * self.least + length * mean) / shrink,
            deviation: length * deviation / shrink,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three numbers whose mean and deviation are known: center, and reach · √(2/3).
    fn three(center: f64, reach: f64) -> [f64; 3] {
        [center - reach, center, center + reach]
    }

    #[test]
    fn offsets_and_scales_do_not_matter() {
        let unit = (2.0f64 / 3.0).sqrt();
        let cases = [(0.0, 1e200), (0.0, 1e-200), (0.0, 8e-320), (1.7e9, 10.0), (-1e15, 1.0)];
        for (center, reach) in cases {
            let moments = Moments::of(three(center, reach));
            // Subnormal numbers have few digits themselves.
            let bound = if reach < 1e-300 { 1e-3 } else { 4.0 * f64::EPSILON };
            assert!((moments.mean - center).abs() <= bound * (center.abs() + reach), "{moments:?}");
            assert!((moments.deviation / (reach * unit) - 1.0).abs() <= bound, "{moments:?}");
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let moments = Moments::of([f64::MAX, -f64::MAX]);
        assert_eq!(moments, Moments { mean: 0.0, deviation: f64::MAX });
        assert_eq!([f64::MAX, -f64::MAX].map(|x| moments.standardise(x)), [1.0, -1.0]);
        assert_eq!(Moments::of([f64::MAX; 3]), Moments { mean: f64::MAX, deviation: 0.0 });
    }

    #[test]
    fn constants_are_exact_and_what_is_not_finite_shows() {
        for value in [20.1, -0.1, 1e-310, 1e308] {
            let moments = Moments::of((0..1000).map(|_| value));
            assert_eq!(moments, Moments { mean: value, deviation: 0.0 });
            assert_eq!(moments.standardise(value), 0.0);
        }
        for bad in [&[f64::NAN, 1.0][..], &[1.0, f64::INFINITY], &[f64::NEG_INFINITY, 1.0], &[]] {
            let moments = Moments::of(bad.iter().copied());
            assert!(moments.mean.is_nan() && moments.deviation.is_nan(), "{bad:?}: {moments:?}");
        }
    }

    #[test]
    fn rows_are_sets_of_their_own() {
        let data =
            DMatrix::from_fn(3, 50, |i, j| ((7 * i + j * j) as f64).sin() * 1e3f64.powi(i as i32));
        let rows = Moments::of_rows(&data);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(*row, Moments::of(data.row(i).iter().copied().collect::<Vec<_>>()));
        }
        assert!(Moments::of_rows(&DMatrix::<f32>::zeros(2, 0)).iter().all(|row| row.mean.is_nan()));
    }
}
