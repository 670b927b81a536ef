//! One coordinate alone: its range, its quantiles, its histogram or smooth density.

use super::smooth::Counts;
use crate::plot::axes::Range;
use crate::plot::weighing::Weights;

/// The share of samples beyond each end of the range that is drawn.
const BEYOND: f64 = 0.0015;
/// The nodes of a smooth density.
const NODES: usize = 257;
/// The fewest and the most bars.
const BARS: [f64; 2] = [12.0, 60.0];

/// The numbers of one coordinate in ascending order, with the sums of the weights before each and of all; none where
/// weights are equal.
#[derive(Debug, Clone)]
pub(in crate::plot) struct Sorted {
    values: Vec<f64>,
    sums: Option<Vec<f64>>,
}

impl Sorted {
    pub fn new(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        Self { values: sorted, sums: None }
    }

    pub fn weighed(values: &[f64], weights: &Weights) -> Self {
        if weights.are_equal() {
            return Self::new(values);
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
        let mut sum = 0.0;
        let mut sums = vec![0.0];
        sums.extend(order.iter().map(|k| {
            sum += weights.at(*k);
            sum
        }));
        Self { values: order.into_iter().map(|k| values[k]).collect(), sums: Some(sums) }
    }

    /// The number below which a share of the samples lies, between neighbours in proportion; of weighted ones the
    /// first with which their weights reach that share.
    pub fn quantile(&self, share: f64) -> f64 {
        let at = |k: usize| self.values.get(k).copied().unwrap_or(f64::NAN);
        if let Some(sums) = &self.sums {
            let wanted = share.clamp(0.0, 1.0) * self.count();
            let place = sums[1..].partition_point(|sum| *sum < wanted);
            return at(place.min(self.values.len().saturating_sub(1)));
        }
        let place = share.clamp(0.0, 1.0) * (self.values.len().saturating_sub(1)) as f64;
        let (low, high) = (at(place as usize), at(place.ceil() as usize));
        // Not their difference, which may overflow.
        low * (1.0 - place.fract()) + high * place.fract()
    }

    /// The least and the greatest.
    pub fn hull(&self) -> [f64; 2] {
        [self.quantile(0.0), self.quantile(1.0)]
    }

    /// Where nearly all samples are: beyond some outer quantiles as far as they are from the middle once more
    /// by a sixth, or to the last sample if that is nearer.
    pub fn bulk(&self) -> [f64; 2] {
        let [low, high] = [BEYOND, 1.0 - BEYOND].map(|share| self.quantile(share));
        let spare = (high / 6.0 - low / 6.0).abs();
        let [least, most] = self.hull();
        [least.max(low - spare), most.min(high + spare)]
    }

    /// A robust deviation: that of the quartiles of a normal density, unless they are equal.
    pub fn deviation(&self) -> f64 {
        let [low, high] = [0.25, 0.75].map(|share| self.quantile(share));
        let spread = (high - low) / 1.349;
        if spread > 0.0 {
            return spread;
        }
        let [least, most] = self.hull();
        0.25 * (most - least)
    }

    /// How many there are, by their weights.
    pub fn count(&self) -> f64 {
        self.sum_of(self.values.len())
    }

    /// How many are less than a number.
    pub fn below(&self, x: f64) -> f64 {
        self.sum_of(self.values.partition_point(|value| *value < x))
    }

    /// How many are not greater than a number.
    pub fn up_to(&self, x: f64) -> f64 {
        self.sum_of(self.values.partition_point(|value| *value <= x))
    }

    /// What so many of the first weigh.
    fn sum_of(&self, first: usize) -> f64 {
        self.sums.as_ref().map_or(first as f64, |sums| sums[first])
    }

    /// What each weighs.
    fn weight(&self, k: usize) -> f64 {
        self.sum_of(k + 1) - self.sum_of(k)
    }

    /// The outline of bars over a range, as a share of all samples by unit of the coordinate.
    ///
    /// Their width follows Freedman and Diaconis 1981, On the histogram as a density estimator.
    pub fn bars(&self, range: Range) -> Vec<[f64; 2]> {
        let [low, high] = [0.25, 0.75].map(|share| self.quantile(share));
        let width = 2.0 * (high - low) / self.count().cbrt();
        let bars = range.length() / width;
        let count = if bars.is_finite() { bars.clamp(BARS[0], BARS[1]) } else { BARS[0] } as usize;
        let edge = |k: usize| range.at(k as f64 / count as f64);
        let height = |k: usize| {
            let last =
                if k + 1 == count { self.up_to(edge(count)) } else { self.below(edge(k + 1)) };
            count as f64 * ((last - self.below(edge(k))) / self.count()).max(0.0) / range.length()
        };
        (0..count).flat_map(|k| [edge(k), edge(k + 1)].map(|x| [x, height(k)])).collect()
    }

    /// A smooth density over a range, between the least and the greatest sample.
    pub fn curve(&self, range: Range) -> Vec<[f64; 2]> {
        let hull = self.hull();
        let ends = [range.from().max(hull[0]), range.to().min(hull[1])];
        let length = ends[1] - ends[0];
        if length <= 1e-12 * range.length() {
            return self.bars(range);
        }
        let node = length / (NODES - 1) as f64;
        let places = self.values.iter().map(|x| (x - ends[0]) / node);
        let weights = (0..self.values.len()).map(|k| self.weight(k));
        let counts = Counts::of_line(places.zip(weights), NODES);
        let width = 0.9 * self.deviation() * self.count().powf(-0.2) / node;
        let scale = 1.0 / (self.count() * node);
        let at = |(k, value): (usize, f64)| [ends[0] + node * k as f64, scale * value];
        counts.smoothed(&[width]).0.into_iter().enumerate().map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axes::Steps;
    use crate::plot::weighing::weighed;

    fn range(from: f64, to: f64) -> Range {
        Range::given("x", Steps::Even, [from, to]).expect("a range")
    }

    #[test]
    fn quantiles_of_a_ladder_are_its_rungs() {
        let ladder = Sorted::new(&(0..=100).rev().map(f64::from).collect::<Vec<_>>());
        for share in [0.0, 0.16, 0.5, 0.84, 1.0] {
            assert!((ladder.quantile(share) - 100.0 * share).abs() < 1e-9);
        }
        assert_eq!(Sorted::new(&[-f64::MAX, f64::MAX]).quantile(0.5), 0.0);
    }

    #[test]
    fn whole_weights_are_samples_that_come_again() {
        let values: Vec<f64> = (0..300).map(|k| f64::from(k * 7919 % 300) * 0.1).collect();
        let times: Vec<f64> = (0..300).map(|k| f64::from(k % 4)).collect();
        let repeated = values.iter().zip(&times).flat_map(|(x, n)| vec![*x; *n as usize]);
        let again = Sorted::new(&repeated.collect::<Vec<_>>());
        let kept: Vec<usize> = (0..300).collect();
        let (weights, places) = weighed(&times, 300, &kept).expect("weights");
        let some: Vec<f64> = places.iter().map(|k| values[*k]).collect();
        let found = Sorted::weighed(&some, &weights);
        for share in [0.0, 0.1601, 0.4999, 0.8402, 1.0] {
            // Between neighbours, at most so far apart, one takes parts.
            assert!((found.quantile(share) - again.quantile(share)).abs() <= 0.2 + 1e-9, "{share}");
        }
        let range = range(-1.0, 31.0);
        let share = |sorted: &Sorted, x: f64| sorted.below(x) / sorted.count();
        for k in 0..32 {
            assert!((share(&found, f64::from(k)) - share(&again, f64::from(k))).abs() < 1e-12);
        }
        let mass: f64 =
            found.bars(range).chunks_exact(2).map(|bar| bar[0][1] * (bar[1][0] - bar[0][0])).sum();
        assert!((mass - 1.0).abs() < 1e-9, "{mass}");
    }

    #[test]
    fn a_far_sample_does_not_stretch_the_range() {
        let mut values: Vec<f64> = (0..10_000).map(|k| (k as f64 / 10_000.0 - 0.5) * 2.0).collect();
        values.push(1e6);
        let [low, high] = Sorted::new(&values).bulk();
        assert!((-1.0..-0.99).contains(&low) && high < 1.5, "{low} {high}");
    }

    #[test]
    fn bars_and_curves_have_the_mass_of_the_samples() {
        let values: Vec<f64> =
            (0..5000).map(|k| ((k * 7919 % 5000) as f64 / 5000.0).powi(2)).collect();
        let sorted = Sorted::new(&values);
        let range = range(-0.1, 1.1);
        let bars = sorted.bars(range);
        let mass: f64 = bars.chunks_exact(2).map(|bar| bar[0][1] * (bar[1][0] - bar[0][0])).sum();
        assert!((mass - 1.0).abs() < 1e-9, "{mass}");
        let curve = sorted.curve(range);
        let mass: f64 =
            curve.iter().map(|point| point[1]).sum::<f64>() * (curve[1][0] - curve[0][0]);
        assert!((mass - 1.0).abs() < 1e-9, "{mass}");
    }

    #[test]
    fn equal_samples_have_bars() {
        let sorted = Sorted::new(&[2.0; 9]);
        let top = |points: &[[f64; 2]]| points.iter().map(|p| p[1]).fold(0.0, f64::max);
        let range = range(1.0, 3.0);
        assert!(top(&sorted.bars(range)) > 1.0 && top(&sorted.curve(range)) > 1.0);
    }
}
