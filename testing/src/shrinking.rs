//! From a case that fails to a simpler one: fewer columns, rounder numbers.

use std::fmt::Debug;

use liouville::nalgebra::DMatrix;
use proptest::strategy::ValueTree;

use liouville::real::Real;

/// How many simpler cases are tried at most.
const BUDGET: usize = 600;
/// How many rounder numbers there are for each number.
const ROUNDER: usize = 6;

/// Something that has simpler relatives, numbered from the simplest.
pub trait Simplify: Clone + Debug {
    /// How many relatives there may be.
    fn relatives(&self) -> usize;

    /// Relative `k`, if it exists and is simpler.
    fn relative(&self, k: usize) -> Option<Self>;
}

/// A case that is replaced by a simpler one as long as that still fails, with the first that does.
#[derive(Debug, Clone)]
pub struct Shrinking<V> {
    current: V,
    previous: Option<V>,
    next: usize,
    progress: bool,
    budget: usize,
}

impl<V: Simplify> Shrinking<V> {
    pub(super) fn new(current: V) -> Self {
        Self { current, previous: None, next: 0, progress: false, budget: BUDGET }
    }

    /// Tries the next simpler case; starts over as long as that led somewhere.
    fn advance(&mut self) -> bool {
        loop {
            while self.next < self.current.relatives() && self.budget > 0 {
                let relative = self.current.relative(self.next);
                self.next += 1;
                if let Some(simpler) = relative {
                    self.budget -= 1;
                    self.previous = Some(std::mem::replace(&mut self.current, simpler));
                    return true;
                }
            }
            if !std::mem::take(&mut self.progress) || self.budget == 0 {
                return false;
            }
            self.next = 0;
        }
    }
}

impl<V: Simplify> ValueTree for Shrinking<V> {
    type Value = V;

    fn current(&self) -> V {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        // Whatever was tried last still fails, and stays.
        self.progress |= self.previous.take().is_some();
        self.advance()
    }

    fn complicate(&mut self) -> bool {
        if let Some(previous) = self.previous.take() {
            self.current = previous;
        }
        self.advance()
    }
}

/// How hard a number is to read.
fn cost<T: Real>(x: T) -> usize {
    match x.wide() {
        0.0 => 0,
        1.0 => 1,
        -1.0 => 2,
        // Zeros at the end are easy on the eye.
        _ => 3 + format!("{x:?}").trim_end_matches(".0").trim_end_matches('0').len(),
    }
}

/// The k-th rounder relative of a number: zero, one, a whole number, few digits.
fn rounder<T: Real>(x: T, k: usize) -> Option<T> {
    let wide = x.wide();
    if wide == 0.0 || !wide.is_finite() {
        return None;
    }
    let digits = |count: i32| {
        let unit = 10f64.powi(wide.abs().log10().floor() as i32 + 1 - count);
        (wide / unit).round() * unit
    };
    let simpler = T::of(match k {
        0 => 0.0,
        1 => wide.signum(),
        2 => wide.round(),
        _ => digits(k as i32 - 2),
    });
    (simpler.is_finite() && cost(simpler) < cost(x)).then_some(simpler)
}

/// Of several numbers the one that relative `k` replaces, and by what.
fn replacement<T: Real>(values: &[T], k: usize) -> Option<(usize, T)> {
    let place = k / ROUNDER;
    Some((place, rounder(*values.get(place)?, k % ROUNDER)?))
}

impl<T: Real> Simplify for Vec<T> {
    fn relatives(&self) -> usize {
        self.len() * ROUNDER
    }

    fn relative(&self, k: usize) -> Option<Self> {
        let (place, value) = replacement(self, k)?;
        let mut simpler = self.clone();
        simpler[place] = value;
        Some(simpler)
    }
}

impl<T: Real> Simplify for DMatrix<T> {
    fn relatives(&self) -> usize {
        column_choices(self.ncols()) + self.len() * ROUNDER
    }

    fn relative(&self, k: usize) -> Option<Self> {
        if k < column_choices(self.ncols()) {
            return Some(self.select_columns(&chosen(self.ncols(), k)?));
        }
        let (place, value) = replacement(self.as_slice(), k - column_choices(self.ncols()))?;
        let mut simpler = self.clone();
        simpler[place] = value;
        Some(simpler)
    }
}

/// Points with their contexts, which lose columns together.
#[derive(Debug, Clone)]
pub struct Case<T: Real> {
    pub points: DMatrix<T>,
    pub context: DMatrix<T>,
}

impl<T: Real> Simplify for Case<T> {
    fn relatives(&self) -> usize {
        self.points.relatives() + self.context.len() * ROUNDER
    }

    fn relative(&self, k: usize) -> Option<Self> {
        let columns = column_choices(self.points.ncols());
        if k < columns {
            let chosen = chosen(self.points.ncols(), k)?;
            let [points, context] =
                [&self.points, &self.context].map(|matrix| matrix.select_columns(&chosen));
            return Some(Self { points, context });
        }
        let mut simpler = self.clone();
        match k < self.points.relatives() {
            true => simpler.points = self.points.relative(k)?,
            false => {
                let k = k - self.points.relatives();
                let (place, value) = replacement(self.context.as_slice(), k)?;
                simpler.context[place] = value;
            }
        }
        Some(simpler)
    }
}

/// How many ways there are to leave columns out: one of them alone, or one of them missing.
fn column_choices(count: usize) -> usize {
    2 * count
}

fn chosen(count: usize, k: usize) -> Option<Vec<usize>> {
    match k {
        _ if count < 2 => None,
        _ if k < count => Some(vec![k]),
        _ if count == 2 => None,
        _ => Some((0..count).filter(|j| *j != k - count).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shrinks as proptest does.
    fn shrink<V: Simplify>(value: V, fails: impl Fn(&V) -> bool) -> V {
        let mut tree = Shrinking::new(value);
        let mut more = tree.simplify();
        while more {
            more = if fails(&tree.current()) { tree.simplify() } else { tree.complicate() };
        }
        tree.current()
    }

    #[test]
    fn what_remains_is_small_and_round_and_still_fails() {
        let points = DMatrix::from_fn(3, 9, |i, j| 1.234567 * i as f64 - 0.7654321 * j as f64);
        let fails = |points: &DMatrix<f64>| points.iter().any(|x| *x < -3.0);
        let found = shrink(points, fails);
        assert!(fails(&found) && found.ncols() == 1, "{found}");
        assert!(found.iter().filter(|x| **x == 0.0).count() == 2, "{found}");
        assert!(found.iter().all(|x| cost(*x) <= 8), "{found}");
    }

    #[test]
    fn a_case_whose_columns_need_each_other_keeps_two() {
        let points = DMatrix::<f32>::from_fn(1, 6, |_, j| j as f32 + 0.123);
        let found = shrink(points, |points| points.ncols() > 1);
        assert_eq!(found, DMatrix::zeros(1, 2));
    }

    #[test]
    fn numbers_become_rounder_and_never_less_so() {
        assert_eq!(shrink(vec![1e-300f64], |x| x[0] > 0.0), [1.0]);
        assert_eq!(shrink(vec![-123456.7f64], |x| x[0] < -1e5), [-1e5 - 2e4]);
        assert_eq!(shrink(vec![f64::MIN_POSITIVE], |_| true), [0.0]);
    }
}
