//! Whether a column is a function of a context: its density given that has no width.

use super::kind::distinct;
use crate::columns::Moments;

/// Of fewer rows nobody can say.
const FEWEST: usize = 20;
/// Which share of its spread a column may keep to itself.
const NOTHING: f64 = 1e-3;
/// The share of rows that must say so: the others may lie too far apart.
const MOST: f64 = 0.5;

/// Whether each value of x comes with one of y: where values of x repeat, exactly; elsewhere half of the rows lie on
/// the line between their neighbours to a thousandth of the spread of y.
pub(super) fn follows(y: &[f64], x: &[f64]) -> bool {
    if y.len() < FEWEST {
        return false;
    }
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
    let pairs: Vec<[f64; 2]> = order.iter().map(|k| [x[*k], y[*k]]).collect();
    repeats(&pairs)
        || (2 * distinct(y) > y.len()
            && is_smooth(&pairs, Moments::of(y.iter().copied()).deviation))
}

/// Whether values of x repeat, and those of y with them, more than one.
fn repeats(pairs: &[[f64; 2]]) -> bool {
    let several = || pairs.chunk_by(|a, b| a[0] == b[0]).filter(|group| group.len() > 1);
    let same = |group: &[[f64; 2]]| group.iter().all(|pair| pair[1] == group[0][1]);
    let repeated: usize = several().map(|group| group.len() - 1).sum();
    let first = several().next().map(|group| group[0][1]);
    repeated >= FEWEST && several().all(same) && several().any(|group| Some(group[0][1]) != first)
}

/// Whether half of the rows lie on the lines between their neighbours.
fn is_smooth(pairs: &[[f64; 2]], spread: f64) -> bool {
    let beside = |three: &[[f64; 2]]| {
        let [[a, from], [x, y], [b, to]] = [three[0], three[1], three[2]];
        let share = if b > a { (x - a) / (b - a) } else { 0.5 };
        (y - from - share * (to - from)).abs()
    };
    let mut rests: Vec<f64> = pairs.windows(3).map(beside).collect();
    rests.sort_by(f64::total_cmp);
    rests[((rests.len() - 1) as f64 * MOST) as usize] < NOTHING * spread
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn functions_are_told_from_what_only_depends() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut normal = |count: usize| -> Vec<f64> {
            (0..count).map(|_| rng.sample(rand_distr::StandardNormal)).collect()
        };
        let (x, noise) = (normal(2000), normal(2000));
        let map = |f: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            x.iter().zip(&noise).map(|(x, e)| f(*x, *e)).collect()
        };
        assert!(follows(&map(&|x, _| x * x), &x));
        assert!(follows(&map(&|x, _| 1e9 + x.sin()), &x));
        assert!(follows(&map(&|x, e| x * x + 1e-4 * e), &x));
        assert!(!follows(&map(&|x, e| x * x + 0.01 * e), &x));
        assert!(!follows(&noise, &x));
        // Rare ones are not in the place of neighbours.
        assert!(!follows(&map(&|_, e| f64::from(u8::from(e > 2.3))), &x));
        let coarse = map(&|x, _| x.round());
        assert!(follows(&map(&|x, _| x.round().powi(2)), &coarse));
        assert!(!follows(&map(&|x, e| x.round() + 0.1 * e), &coarse));
        assert!(!follows(&map(&|_, e| f64::from(u8::from(e > 0.0))), &coarse));
        assert!(!follows(&x[..5], &x[..5]));
    }
}
