//! Random parameters, ordinary and extreme.

use std::marker::PhantomData;

use liouville::rand::RngExt;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::TestRunner;

use super::super::shrinking::Shrinking;
use super::generator;
use liouville::real::Real;

/// How large parameters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// In ±1.
    #[default]
    Ordinary,
    /// In ±300, most of them small; some zero.
    Extreme,
}

/// Random parameters; made by [`parameters`].
#[derive(Debug, Clone)]
pub struct Parameters<T> {
    count: usize,
    size: Size,
    scalar: PhantomData<fn() -> T>,
}

/// `count` random parameters. They shrink to round numbers.
pub fn parameters<T: Real>(count: usize, size: Size) -> Parameters<T> {
    Parameters { count, size, scalar: PhantomData }
}

impl<T: Real> Strategy for Parameters<T> {
    type Tree = Shrinking<Vec<T>>;
    type Value = Vec<T>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut rng = generator(runner)?;
        let mut draw = || {
            let share: f64 = rng.random_range(-1.0..=1.0);
            match self.size {
                Size::Ordinary => share,
                Size::Extreme if share.abs() < 0.1 => 0.0,
                Size::Extreme => share.signum() * (rng.random_range(-3.0..=300f64.ln())).exp(),
            }
        };
        Ok(Shrinking::new((0..self.count).map(|_| T::of(draw())).collect()))
    }
}
