//! A base of any kind behind a pointer: one type for all.

use std::any::Any;
use std::fmt;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::{Base, Product, draw_columns, log_prob_checked};
use crate::columns::{Rows, RowsMut};
use crate::density::{Density, Pushforward, Sample};
use crate::description::Description;
use crate::error::Result;
use crate::flow::Space;
use crate::parameters::{Fixed, Layout, Setting, State};
use crate::real::Real;

/// A base of any kind: what runs on this type is compiled once, and not once for every kind.
///
/// It computes, draws and learns what the base inside does, to the last bit: the pointer is followed once for
/// a block of samples, and once for a sample that is drawn.
///
/// ```
/// use liouville::density::AnyBase;
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let tails = StudentT::new(dvector![0.0], dvector![1.0], dvector![3.0])?;
/// let bases: [AnyBase<f64>; 2] = [AnyBase::new(StandardNormal::new(1)), AnyBase::new(tails.clone())];
/// let x = dmatrix![8.0];
/// assert!(bases[0].log_prob(&x)?[0] < bases[1].log_prob(&x)?[0]);
/// let [mut a, mut b] = [1, 1].map(StdRng::seed_from_u64);
/// assert_eq!(bases[1].sample(5, &mut a)?, tails.sample(5, &mut b)?);
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct AnyBase<T: Real>(Box<dyn Erased<T>>);

impl<T: Real> AnyBase<T> {
    /// The base behind a pointer; one that is behind a pointer already stays as it is.
    pub fn new<B: Base<T> + Clone + 'static>(base: B) -> Self {
        match (&base as &dyn Any).downcast_ref::<Self>() {
            Some(same) => same.clone(),
            None => Self(Box::new(base)),
        }
    }

    /// The base inside, if it is of this type.
    pub fn get<B: 'static>(&self) -> Option<&B> {
        self.0.inside().downcast_ref()
    }

    /// The distribution that a flow makes of this one.
    pub fn pushed_by<F>(self, flow: F) -> Pushforward<Self, F> {
        Pushforward::new(self, flow)
    }

    /// The distribution of these coordinates and, behind them, those of another base, independent.
    pub fn beside<B>(self, other: B) -> Product<Self, B> {
        Product::new(self, other)
    }
}

impl<T: Real> Clone for AnyBase<T> {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl<T: Real> fmt::Debug for AnyBase<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyBase({})", self.0.name())
    }
}

impl<T: Real> Density<T> for AnyBase<T> {
    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        log_prob_checked(self, points)
    }
}

impl<T: Real> Sample<T> for AnyBase<T> {
    type Drawn = DMatrix<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        draw_columns(self, count, rng)
    }
}

impl<T: Real> Base<T> for AnyBase<T> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        self.0.add_log_prob_rows(points, log_prob);
    }

    fn log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        self.0.log_prob_rows(points, log_prob);
    }

    fn score_rows(&self, points: Rows<'_, T>, score: RowsMut<'_, T>) {
        self.0.score_rows(points, score);
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        // A reference to a generator is one, and has a size.
        let mut rng = rng;
        self.0.draw(column, &mut rng);
    }

    fn spaces(&self) -> Vec<Space> {
        self.0.spaces()
    }

    fn is_bounded(&self) -> bool {
        self.0.is_bounded()
    }

    fn outside(&self, points: Rows<'_, T>, lane: usize) -> Option<usize> {
        self.0.outside(points, lane)
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        self.0.location_and_scale()
    }

    fn layout(&self) -> Layout {
        self.0.layout()
    }

    fn parameters(&self) -> Vec<T> {
        self.0.parameters()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.0.set_parameters(values)
    }

    fn parameter_count(&self) -> usize {
        self.0.parameter_count()
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.0.fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.0.set_fixed(arrays)
    }

    fn settings(&self) -> Vec<Setting> {
        self.0.settings()
    }

    fn describe(&self) -> Result<Description> {
        self.0.describe()
    }

    fn state(&self) -> State<T> {
        self.0.state()
    }

    fn set_state(&mut self, state: &State<T>) -> Result<()> {
        self.0.set_state(state)
    }

    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]) {
        self.0.pullback_rows(points, weights, sums);
    }
}

/// A base whatever its type, which draws from any generator.
trait Erased<T: Real>: Send + Sync {
    fn name(&self) -> &'static str;
    fn inside(&self) -> &dyn Any;
    fn boxed(&self) -> Box<dyn Erased<T>>;
    fn dim(&self) -> usize;
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]);
    fn log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]);
    fn score_rows(&self, points: Rows<'_, T>, score: RowsMut<'_, T>);
    fn draw(&self, column: &mut [T], rng: &mut dyn Rng);
    fn spaces(&self) -> Vec<Space>;
    fn is_bounded(&self) -> bool;
    fn outside(&self, points: Rows<'_, T>, lane: usize) -> Option<usize>;
    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>>;
    fn layout(&self) -> Layout;
    fn parameters(&self) -> Vec<T>;
    fn set_parameters(&mut self, values: &[T]) -> Result<()>;
    fn parameter_count(&self) -> usize;
    fn fixed(&self) -> Vec<Fixed>;
    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()>;
    fn settings(&self) -> Vec<Setting>;
    fn describe(&self) -> Result<Description>;
    fn state(&self) -> State<T>;
    fn set_state(&mut self, state: &State<T>) -> Result<()>;
    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]);
}

impl<T: Real, B: Base<T> + Clone + 'static> Erased<T> for B {
    fn name(&self) -> &'static str {
        std::any::type_name::<B>()
    }

    fn inside(&self) -> &dyn Any {
        self
    }

    fn boxed(&self) -> Box<dyn Erased<T>> {
        Box::new(self.clone())
    }

    fn dim(&self) -> usize {
        Density::dim(self)
    }

    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        Base::add_log_prob_rows(self, points, log_prob);
    }

    fn log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        Base::log_prob_rows(self, points, log_prob);
    }

    fn score_rows(&self, points: Rows<'_, T>, score: RowsMut<'_, T>) {
        Base::score_rows(self, points, score);
    }

    fn draw(&self, column: &mut [T], rng: &mut dyn Rng) {
        Base::draw(self, column, rng);
    }

    fn spaces(&self) -> Vec<Space> {
        Base::spaces(self)
    }

    fn is_bounded(&self) -> bool {
        Base::is_bounded(self)
    }

    fn outside(&self, points: Rows<'_, T>, lane: usize) -> Option<usize> {
        Base::outside(self, points, lane)
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        Base::location_and_scale(self)
    }

    fn layout(&self) -> Layout {
        Base::layout(self)
    }

    fn parameters(&self) -> Vec<T> {
        Base::parameters(self)
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        Base::set_parameters(self, values)
    }

    fn parameter_count(&self) -> usize {
        Base::parameter_count(self)
    }

    fn fixed(&self) -> Vec<Fixed> {
        Base::fixed(self)
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        Base::set_fixed(self, arrays)
    }

    fn settings(&self) -> Vec<Setting> {
        Base::settings(self)
    }

    fn describe(&self) -> Result<Description> {
        Base::describe(self)
    }

    fn state(&self) -> State<T> {
        Base::state(self)
    }

    fn set_state(&mut self, state: &State<T>) -> Result<()> {
        Base::set_state(self, state)
    }

    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]) {
        Base::pullback_rows(self, points, weights, sums);
    }
}
