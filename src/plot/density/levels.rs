//! The densities above which shares of the mass lie: highest-density regions (Hyndman 1996).

use super::heat::FINE;
use super::sheet::{Ask, Budget, Sheet};
use crate::error::Result;
use crate::plot::axes::Range;

/// A density has mass one; as much of it as a grid finds is taken for all.
const ALL: f64 = 0.985;
/// More than this on a grid is no density, or one that the grid misses.
const TOO_MUCH: f64 = 1.03;
/// Where more than this share of the mass has densities within a hundredth of a level, the density is flat
/// there.
const FLAT: f64 = 0.1;
/// The level of a flat part is lower by this share, so that all of the part is inside.
const BELOW: f64 = 0.03;

/// Densities at the borders of regions, and what the shares are shares of.
#[derive(Debug, Clone)]
pub(super) struct Levels {
    /// A density for each share, if so much mass was found.
    pub levels: Vec<Option<f64>>,
    /// Whether these are shares of all mass, or only of the mass in the picture.
    pub of_all: bool,
}

impl Levels {
    /// Levels of a density that was drawn on a sheet. Where that holds less than all mass, as in a range that
    /// was given, the rest is searched for elsewhere.
    pub fn of(
        ask: &Ask<'_>,
        drawn: &Sheet,
        search: impl FnOnce() -> Result<[Range; 2]>,
        shares: &[f64],
    ) -> Result<Self> {
        let mass = drawn.mass();
        let within = |sheet: &Sheet, whole: f64| {
            levels(sheet, &shares.iter().map(|share| share * whole).collect::<Vec<_>>())
        };
        if (ALL..TOO_MUCH).contains(&mass) {
            return Ok(Self { levels: within(drawn, 1.0), of_all: true });
        }
        if mass < ALL
            && let Ok(ranges) = search()
        {
            let sheet = Sheet::of(ask, ranges, Budget::of(140))?.with_columns(FINE);
            let levels = within(&sheet, 1.0);
            if levels.iter().all(Option::is_some) && sheet.mass() < TOO_MUCH {
                return Ok(Self { levels, of_all: true });
            }
        }
        Ok(Self { levels: within(drawn, mass), of_all: false })
    }
}

/// The densities above which these masses lie on a sheet.
fn levels(sheet: &Sheet, masses: &[f64]) -> Vec<Option<f64>> {
    let cells = (sheet.columns - 1) as f64;
    let cell = sheet.x.length() / cells * (sheet.y.length() / cells);
    let mut nodes: Vec<usize> =
        (0..sheet.values.len()).filter(|k| sheet.values[*k] > 0.0).collect();
    nodes.sort_unstable_by(|a, b| sheet.values[*b].total_cmp(&sheet.values[*a]));
    let part = |k: usize| cell * sheet.weight(k) * sheet.values[k];
    let mut sum = 0.0;
    let add = |k: &usize| {
        sum += part(*k);
        sum
    };
    let sums: Vec<f64> = nodes.iter().map(add).collect();
    let level = |mass: &f64| {
        let level = sheet.values[*nodes.get(sums.partition_point(|sum| sum < mass))?];
        let alike = |k: &usize| (sheet.values[*k] / level - 1.0).abs() < 0.01;
        let flat: f64 = nodes.iter().filter(|k| alike(k)).map(|k| part(*k)).sum();
        Some(if flat > FLAT { level * (1.0 - BELOW) } else { level })
    };
    masses.iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axes::Steps;
    use std::f64::consts::TAU;

    fn range(from: f64, to: f64) -> Range {
        Range::given("x", Steps::Even, [from, to]).unwrap()
    }

    fn normal(points: &[[f64; 2]]) -> Result<Vec<f64>> {
        Ok(points.iter().map(|[x, y]| (-0.5 * (x * x + y * y)).exp() / TAU).collect())
    }

    #[test]
    fn levels_of_a_normal_are_known_even_where_it_is_cut() {
        for ends in [[-4.5, 4.5], [-0.5, 4.5], [0.1, 0.9]] {
            let drawn = Sheet::of(&normal, [range(ends[0], ends[1]); 2], Budget::of(200))
                .unwrap()
                .with_columns(FINE);
            let whole = || Ok([range(-5.0, 5.0); 2]);
            let found = Levels::of(&normal, &drawn, whole, &[0.5, 0.9]).unwrap();
            assert!(found.of_all);
            for (level, share) in found.levels.iter().zip([0.5, 0.9]) {
                // The region of mass p is the disc of radius² -2 ln(1 - p): density (1 - p) / 2π.
                let level = level.unwrap();
                assert!((level * TAU - (1.0 - share)).abs() < 2e-3, "{ends:?} {share}: {level}");
            }
        }
    }

    #[test]
    fn levels_of_what_cannot_be_found_are_those_of_the_picture() {
        let drawn =
            Sheet::of(&normal, [range(0.0, 4.5); 2], Budget::of(100)).unwrap().with_columns(FINE);
        let none = || Err(crate::error::Error::empty("nothing"));
        let found = Levels::of(&normal, &drawn, none, &[0.5]).unwrap();
        // A quarter of the normal, of the same shape.
        assert!(!found.of_all && (found.levels[0].unwrap() * TAU - 0.5).abs() < 0.01);
    }
}
