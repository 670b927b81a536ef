//! Histograms of numbers on the line.

use crate::plot::axes::Range;
use crate::plot::corner::Sorted;

/// The fewest and the most bars.
const BARS: [f64; 2] = [12.0, 80.0];
/// The distance of the quartiles of a normal density over the length of what holds its densest quarter.
const QUARTILES: f64 = 1.349 / 0.6373;

/// The outline of bars over a range, as a share of all samples by unit of the coordinate.
///
/// Their width follows Freedman and Diaconis 1981, On the histogram as a density estimator, by the densest quarter
/// of the samples in place of the quartiles, which lie far apart where there are two heaps.
pub(super) fn bars(sorted: &Sorted, range: Range) -> Vec<[f64; 2]> {
    let total = sorted.count();
    let length = |k: u32| {
        let low = f64::from(k) / 100.0;
        sorted.quantile(low + 0.25) - sorted.quantile(low)
    };
    let densest = (0..=75).map(length).fold(f64::INFINITY, f64::min);
    let width = 2.0 * QUARTILES * densest / total.cbrt();
    let wanted = range.length() / width;
    let count = if wanted.is_finite() { wanted.clamp(BARS[0], BARS[1]) } else { BARS[0] } as usize;
    let edge = |k: usize| range.at(k as f64 / count as f64);
    let scale = count as f64 / (total * range.length());
    let height = |k: usize| {
        let last =
            if k + 1 == count { sorted.up_to(edge(count)) } else { sorted.below(edge(k + 1)) };
        scale * (last - sorted.below(edge(k))).max(0.0)
    };
    (0..count).flat_map(|k| [edge(k), edge(k + 1)].map(|x| [x, height(k)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axes::Steps;

    #[test]
    fn bars_have_the_mass_of_the_samples_and_two_heaps_are_resolved() {
        let heap = |k: i32| f64::from(k % 997) / 997.0 * 0.2;
        let values: Vec<f64> =
            (0..4000).map(|k| if k % 2 == 0 { 3.0 + heap(k) } else { -3.0 + heap(k) }).collect();
        let range = Range::given("x", Steps::Even, [-4.0, 4.0]).expect("a range");
        let found = bars(&Sorted::new(&values), range);
        let mass: f64 = found.chunks_exact(2).map(|bar| bar[0][1] * (bar[1][0] - bar[0][0])).sum();
        assert!((mass - 1.0).abs() < 1e-9, "{mass}");
        assert_eq!(found.len(), 2 * 80);
        assert!(!bars(&Sorted::new(&[2.0; 9]), range).is_empty());
    }
}
