//! Where the mass of a density in the plane lies, searched on grids of nodes.

use super::ask::log_densities;
use super::contour::mass_level;
use crate::density::Density;
use crate::error::{Error, Result};
use crate::plot::axes::{Range, Steps};
use crate::real::Real;

/// The first square that is searched runs so far from the origin.
const NEAREST: f64 = 4.0;
/// How often a square is narrowed to where the mass is: every time to some nodes of [`SEARCHED`], so that
/// this is enough for any scale above 1e-75.
const NARROWINGS: usize = 60;
/// The nodes along a side of a square that is searched.
const SEARCHED: usize = 81;
/// What holds nearly all mass may be so many times longer than what holds nine tenths of it.
const FARTHEST: f64 = 3.2;
/// A density has mass one: what is found must hold this much of it.
const HELD: f64 = 0.75;

/// Widens a square until its border holds next to no mass, then narrows it to where the mass is, as
/// often as it lies on a few nodes only. Far out all points may fail, and so they do farther still.
pub(in crate::plot) fn find_mass<T: Real>(model: &dyn Density<T>) -> Result<[Range; 2]> {
    let mut half = NEAREST;
    while half < T::LARGEST.sqrt() {
        let square = Range::given("x", Steps::Even, [-half, half])?;
        match narrow(model, [square; 2]) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) if half > NEAREST && !error.failed_columns().is_empty() => break,
            Err(error) => return Err(error),
        }
        half *= if half < 100.0 { 1.7 } else { 10.0 };
    }
    Err(Error::setting(format!(
        "found no region that holds the density, in squares around the origin from ±{NEAREST} to ±{half:.0e}: give x_range and y_range, or samples"
    )))
}

/// Where most of the mass is within these ranges, if the border holds next to none and the inside enough.
///
/// Densities count by their ratio to the largest on the grid, so that nodes that miss a narrow density
/// by orders of magnitude still say where it is.
fn narrow<T: Real>(model: &dyn Density<T>, mut ranges: [Range; 2]) -> Result<Option<[Range; 2]>> {
    for turn in 0..NARROWINGS {
        let log_prob = survey(model, ranges)?;
        let most = log_prob.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most == f64::NEG_INFINITY {
            return Ok(None);
        }
        let ratios: Vec<f64> = log_prob.iter().map(|value| (value - most).exp()).collect();
        let total: f64 = ratios.iter().sum();
        let border = (0..ratios.len()).filter(|&k| is_border(k)).map(|k| ratios[k]);
        if turn == 0 && border.sum::<f64>() > 1e-4 * total {
            return Ok(None);
        }
        let narrower = mass_ranges(&ratios, SEARCHED, ranges);
        let crowded = (0..2).any(|k| narrower[k].length() < 0.2 * ranges[k].length());
        if !crowded {
            let cell = |range: Range| (range.length() / (SEARCHED as f64 - 1.0)).ln();
            let mass = most + total.ln() + cell(ranges[0]) + cell(ranges[1]);
            return Ok((mass > HELD.ln()).then_some(narrower));
        }
        if narrower == ranges {
            return Ok(None);
        }
        ranges = narrower;
    }
    Ok(None)
}

/// Log-densities on a grid of nodes, minus infinity where they could not be computed.
fn survey<T: Real>(model: &dyn Density<T>, [x, y]: [Range; 2]) -> Result<Vec<f64>> {
    let along = |range: Range, k: usize| range.at(k as f64 / (SEARCHED as f64 - 1.0));
    let point = |k: usize| [along(x, k % SEARCHED), along(y, k / SEARCHED)];
    let points: Vec<[f64; 2]> = (0..SEARCHED * SEARCHED).map(point).collect();
    let values = log_densities(model, &points)?;
    let known = |value: f64| if value.is_nan() { f64::NEG_INFINITY } else { value };
    Ok(values.into_iter().map(known).collect())
}

/// Whether a node of a searched grid lies at its border.
fn is_border(k: usize) -> bool {
    let last = SEARCHED - 1;
    [0, last].contains(&(k % SEARCHED)) || [0, last].contains(&(k / SEARCHED))
}

/// Where on a grid of nodes over some ranges most of the mass is: nearly all, or less where the rest is far
/// away, as that of heavy tails, and would leave nothing to be seen.
fn mass_ranges(values: &[f64], nodes: usize, ranges: [Range; 2]) -> [Range; 2] {
    let core = part_with(values, nodes, ranges, 0.9);
    let near =
        |found: &[Range; 2]| (0..2).all(|k| found[k].length() <= FARTHEST * core[k].length());
    let wider = [0.995, 0.98].map(|share| part_with(values, nodes, ranges, share));
    let last = part_with(values, nodes, ranges, 0.95);
    wider.into_iter().find(near).unwrap_or(last)
}

/// Where a share of the mass is, with a margin of two nodes or more.
fn part_with(values: &[f64], nodes: usize, ranges: [Range; 2], share: f64) -> [Range; 2] {
    let level = mass_level(values, share);
    let kept = || (0..values.len()).filter(|&k| values[k] >= level);
    let part = |range: Range, places: &mut dyn Iterator<Item = usize>| {
        let [first, last] = places.fold([nodes, 0], |[a, b], k| [a.min(k), b.max(k)]);
        let share = |k: usize| k as f64 / (nodes as f64 - 1.0);
        let margin = (0.12 * (share(last) - share(first))).max(2.0 / (nodes as f64 - 1.0));
        range.part([share(first) - margin, share(last) + margin])
    };
    [
        part(ranges[0], &mut kept().map(|k| k % nodes)),
        part(ranges[1], &mut kept().map(|k| k / nodes)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{DMatrix, DVector};

    /// Two normal densities of equal weight, `apart` each way from a centre.
    struct Pair {
        center: [f64; 2],
        deviation: f64,
        apart: f64,
    }

    impl<T: Real> Density<T> for Pair {
        fn dim(&self) -> usize {
            2
        }

        fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
            let Self { center, deviation, apart } = self;
            let normal = |x: f64, y: f64| -> f64 {
                let scale = (std::f64::consts::TAU.ln() + 2.0 * deviation.ln()) + 2f64.ln();
                -0.5 * ((x / deviation).powi(2) + (y / deviation).powi(2)) - scale
            };
            let of = |x: f64, y: f64| {
                let sides = [-apart, *apart].map(|shift| normal(x - shift, y));
                let most = sides[0].max(sides[1]);
                most + sides.map(|side| (side - most).exp()).iter().sum::<f64>().ln()
            };
            let values = points
                .column_iter()
                .map(|x| T::of(of(x[0].wide() - center[0], x[1].wide() - center[1])));
            Ok(DVector::from_iterator(points.ncols(), values))
        }
    }

    fn check<T: Real>(pair: &Pair) {
        let found = find_mass::<T>(pair).expect("found");
        let Pair { center, deviation, apart } = *pair;
        for (k, half) in [(0, apart + 2.0 * deviation), (1, 2.0 * deviation)] {
            let (range, middle) = (found[k], center[k]);
            let what =
                format!("{center:?} ± {deviation:e}, {apart:e} apart, in {}: {range:?}", T::NAME);
            assert!(range.from() < middle - half && middle + half < range.to(), "{what}");
            assert!(range.length() < 12.0 * half, "{what}");
        }
    }

    #[test]
    fn ranges_are_found_at_any_scale_and_place() {
        for deviation in [1e-30, 1e-6, 1e-3, 0.1, 1.0, 7.0, 100.0, 3e3, 1e6, 1e15] {
            check::<f64>(&Pair { center: [0.0, 0.0], deviation, apart: 0.0 });
            check::<f32>(&Pair { center: [0.0, 0.0], deviation, apart: 0.0 });
            check::<f64>(&Pair { center: [0.0, 0.0], deviation, apart: 5.0 * deviation });
            for place in [3.0, 20.0, 1e4] {
                let center = [place * deviation, -0.37 * place * deviation];
                check::<f64>(&Pair { center, deviation, apart: 0.0 });
            }
        }
        check::<f64>(&Pair { center: [0.31, 1.73], deviation: 1e-4, apart: 0.0 });
    }

    #[test]
    fn one_of_two_narrow_peaks_is_not_taken_for_the_whole() {
        // No node of the first grids comes near either.
        let pair = Pair { center: [0.013, 0.021], deviation: 1e-4, apart: 1.77 };
        match find_mass::<f64>(&pair) {
            Ok(found) => {
                assert!(found[0].contains(-1.757) && found[0].contains(1.783), "{found:?}")
            }
            Err(error) => assert!(error.to_string().contains("x_range"), "{error}"),
        }
    }
}
