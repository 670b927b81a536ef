//! Points of several kinds: ordinary, in the tails, near zero, repeated.

use std::marker::PhantomData;

use liouville::nalgebra::DMatrix;
use liouville::rand::RngExt;
use liouville::rand::rngs::Xoshiro256PlusPlus;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::TestRunner;

use super::super::shrinking::{Case, Shrinking};
use super::generator;
use liouville::real::Real;

/// A kind of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Coordinates in ±3.
    Ordinary,
    /// Coordinates whose logarithm is uniform up to a scale.
    Tails,
    /// Zero, and numbers down to the smallest normal ones.
    NearZero,
    /// Few different coordinates, and columns that occur several times.
    Repeated,
}

/// Random points, dim x n; made by [`points`].
#[derive(Debug, Clone)]
pub struct Points<T> {
    dim: usize,
    most: usize,
    kinds: Vec<Kind>,
    scale: f64,
    scalar: PhantomData<fn() -> T>,
}

/// One to eight columns of `dim` coordinates: ordinary, near zero, or repeated. They shrink to few
/// columns of round numbers.
pub fn points<T: Real>(dim: usize) -> Points<T> {
    let kinds = vec![Kind::Ordinary, Kind::Ordinary, Kind::NearZero, Kind::Repeated];
    Points { dim, most: 8, kinds, scale: 1.0, scalar: PhantomData }
}

impl<T: Real> Points<T> {
    /// The most columns. Default: 8.
    pub fn columns(mut self, most: usize) -> Self {
        self.most = most.max(1);
        self
    }

    /// The kinds to choose from, column by column.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// In addition points in the tails, with coordinates up to this size.
    pub fn tails(mut self, scale: f64) -> Self {
        self.kinds.push(Kind::Tails);
        self.scale = scale;
        self
    }

    fn draw(&self, rng: &mut Xoshiro256PlusPlus) -> DMatrix<T> {
        let count = rng.random_range(1..=self.most);
        let mut points = DMatrix::zeros(self.dim, count);
        for j in 0..count {
            let kind = match self.kinds.len() {
                0 => Kind::Ordinary,
                kinds => self.kinds[rng.random_range(0..kinds)],
            };
            if kind == Kind::Repeated && j > 0 && rng.random() {
                let earlier = points.column(rng.random_range(0..j)).into_owned();
                points.set_column(j, &earlier);
                continue;
            }
            let first = self.number(Kind::Ordinary, rng);
            for i in 0..self.dim {
                points[(i, j)] = match kind {
                    Kind::Repeated => first,
                    _ => self.number(kind, rng),
                };
            }
        }
        points
    }

    fn number(&self, kind: Kind, rng: &mut Xoshiro256PlusPlus) -> T {
        let mut between = |low: f64, high: f64| rng.random_range(low..=high);
        let sign = between(-1.0, 1.0).signum();
        T::of(match kind {
            Kind::Ordinary | Kind::Repeated => between(-3.0, 3.0),
            Kind::Tails => sign * between(0.0, self.scale.max(1.0).ln()).exp(),
            Kind::NearZero if between(0.0, 1.0) < 0.3 => 0.0,
            Kind::NearZero => sign * between(T::SMALLEST.ln(), -1.0).exp(),
        })
    }
}

impl<T: Real> Strategy for Points<T> {
    type Tree = Shrinking<DMatrix<T>>;
    type Value = DMatrix<T>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Shrinking::new(self.draw(&mut generator(runner)?)))
    }
}

/// Points with contexts in ±1.
#[derive(Debug, Clone)]
pub(in super::super) struct Cases<T> {
    points: Points<T>,
    context_dim: usize,
}

pub(in super::super) fn cases<T: Real>(points: Points<T>, context_dim: usize) -> Cases<T> {
    Cases { points, context_dim }
}

impl<T: Real> Strategy for Cases<T> {
    type Tree = Shrinking<Case<T>>;
    type Value = Case<T>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut rng = generator(runner)?;
        let points = self.points.draw(&mut rng);
        let mut value = || T::of(rng.random_range(-1.0..=1.0));
        let context = DMatrix::from_fn(self.context_dim, points.ncols(), |_, _| value());
        Ok(Shrinking::new(Case { points, context }))
    }
}
