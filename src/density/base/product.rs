//! Two independent bases, the coordinates of one behind those of the other.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::{Base, draw_columns, log_prob_checked};
use crate::columns::{Rows, RowsMut};
use crate::density::{Density, Pushforward, Sample};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::flow::Space;
use crate::parameters::{self, Fixed, Layout, Setting};
use crate::real::Real;

/// The distribution of the coordinates of one base and, behind them, those of another, independent of each
/// other: p(x, y) = p(x) q(y).
///
/// Its parameters are those of both, with `first` and `second` in front: `second.mean`.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
///
/// // An angle, and two normal coordinates.
/// let base = UniformCircle::new(1).beside(StandardNormal::new(2));
/// let log_p = base.log_prob(&dmatrix![3.0f64; 0.0; 0.0])?;
/// assert!((log_p[0] + 2.0 * std::f64::consts::TAU.ln()).abs() < 1e-14);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product<A, B> {
    first: A,
    second: B,
}

const PARTS: [&str; 2] = ["first", "second"];

impl<A, B> Product<A, B> {
    /// The coordinates of `first`, then those of `second`.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }

    /// The distribution that a flow makes of this one.
    pub fn pushed_by<F>(self, flow: F) -> Pushforward<Self, F> {
        Pushforward::new(self, flow)
    }

    /// The distribution of these coordinates and, behind them, those of another base.
    pub fn beside<C>(self, other: C) -> Product<Self, C> {
        Product::new(self, other)
    }
}

impl<T: Real, A: Base<T>, B: Base<T>> Density<T> for Product<A, B> {
    fn dim(&self) -> usize {
        self.first.dim() + self.second.dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        log_prob_checked(self, points)
    }
}

impl<T: Real, A: Base<T>, B: Base<T>> Sample<T> for Product<A, B> {
    type Drawn = DMatrix<T>;

    /// Column by column, in each the coordinates of the first base before those of the second.
    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        draw_columns(self, count, rng)
    }
}

impl<T: Real, A: Base<T>, B: Base<T>> Base<T> for Product<A, B> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        let (place, rows) = (self.first.dim(), points.rows());
        self.first.add_log_prob_rows(points.range(0, place), log_prob);
        self.second.add_log_prob_rows(points.range(place, rows), log_prob);
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        let (first, second) = column.split_at_mut(self.first.dim());
        self.first.draw(first, rng);
        self.second.draw(second, rng);
    }

    fn score_rows(&self, points: Rows<'_, T>, score: RowsMut<'_, T>) {
        let (place, rows) = (self.first.dim(), points.rows());
        let (first, second) = score.split_at(place);
        self.first.score_rows(points.range(0, place), first);
        self.second.score_rows(points.range(place, rows), second);
    }

    fn spaces(&self) -> Vec<Space> {
        [self.first.spaces(), self.second.spaces()].concat()
    }

    fn is_bounded(&self) -> bool {
        self.first.is_bounded() || self.second.is_bounded()
    }

    fn outside(&self, points: Rows<'_, T>, lane: usize) -> Option<usize> {
        let (place, rows) = (self.first.dim(), points.rows());
        let first = self.first.outside(points.range(0, place), lane);
        let second = || self.second.outside(points.range(place, rows), lane);
        first.or_else(|| second().map(|coordinate| place + coordinate))
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        Some([self.first.location_and_scale()?, self.second.location_and_scale()?].concat())
    }

    fn layout(&self) -> Layout {
        let mut layout = Layout::new();
        layout.append(PARTS[0], &self.first.layout());
        layout.append(PARTS[1], &self.second.layout());
        layout.beside(&Base::<T>::fixed(self), &Base::<T>::settings(self))
    }

    fn parameters(&self) -> Vec<T> {
        [self.first.parameters(), self.second.parameters()].concat()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        let whole = values.len() == Base::<T>::parameter_count(self);
        if !whole || values.iter().any(|value| !value.is_finite()) {
            return Base::<T>::layout(self).check(values);
        }
        let before = self.first.parameters();
        let (first, second) = values.split_at(before.len());
        self.first.set_parameters(first)?;
        let set = self.second.set_parameters(second);
        if set.is_err() {
            self.first.set_parameters(&before)?;
        }
        set
    }

    fn parameter_count(&self) -> usize {
        self.first.parameter_count() + self.second.parameter_count()
    }

    fn fixed(&self) -> Vec<Fixed> {
        let first = self.first.fixed().into_iter().map(|array| array.within(PARTS[0]));
        let second = self.second.fixed().into_iter().map(|array| array.within(PARTS[1]));
        first.chain(second).collect()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        parameters::fit(&Base::<T>::fixed(self), arrays)?;
        let before = self.first.fixed();
        let (first, second) = arrays.split_at(before.len());
        let of = |arrays: &[Fixed], part: &str| {
            arrays.iter().map(|array| array.of_part(part)).collect::<Vec<Fixed>>()
        };
        self.first.set_fixed(&of(first, PARTS[0]))?;
        let set = self.second.set_fixed(&of(second, PARTS[1]));
        if set.is_err() {
            self.first.set_fixed(&before)?;
        }
        set
    }

    fn settings(&self) -> Vec<Setting> {
        let first = self.first.settings().into_iter().map(|setting| setting.within(PARTS[0]));
        let second = self.second.settings().into_iter().map(|setting| setting.within(PARTS[1]));
        [Setting::kind("Product")].into_iter().chain(first).chain(second).collect()
    }

    fn describe(&self) -> Result<Description> {
        let own = Description::new("Product").part(PARTS[0], self.first.describe()?);
        Ok(own.part(PARTS[1], self.second.describe()?))
    }

    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]) {
        let (place, rows) = (self.first.dim(), points.rows());
        let (first, second) = sums.split_at_mut(self.first.parameter_count());
        self.first.pullback_rows(points.range(0, place), weights, first);
        self.second.pullback_rows(points.range(place, rows), weights, second);
    }
}

impl<T: Real, A: Restore<T>, B: Restore<T>> Restore<T> for Product<A, B> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Product")?;
        let [first, second] = PARTS.map(|part| source.part_within(part, part));
        Ok(Self::new(A::restore(&first?)?, B::restore(&second?)?))
    }
}
