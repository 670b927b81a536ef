//! A base whose parameters stay as they are while the flow learns.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::{Base, Product, draw_columns, log_prob_checked};
use crate::columns::{Rows, RowsMut};
use crate::density::{Density, Pushforward, Sample};
use crate::description::Description;
use crate::error::Result;
use crate::flow::{Frozen, Space};
use crate::parameters::{Fixed, Setting};
use crate::real::Real;

/// The words of a base.
impl<B> Frozen<B> {
    /// The distribution that a flow makes of this base.
    pub fn pushed_by<F>(self, flow: F) -> Pushforward<Self, F> {
        Pushforward::new(self, flow)
    }

    /// The distribution of the coordinates of this base and, behind them, those of another, independent.
    pub fn beside<C>(self, other: C) -> Product<Self, C> {
        Product::new(self, other)
    }
}

impl<T: Real, B: Base<T>> Density<T> for Frozen<B> {
    fn dim(&self) -> usize {
        self.inside().dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        log_prob_checked(self, points)
    }
}

impl<T: Real, B: Base<T>> Sample<T> for Frozen<B> {
    type Drawn = DMatrix<T>;

    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        draw_columns(self, count, rng)
    }
}

impl<T: Real, B: Base<T>> Base<T> for Frozen<B> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        self.inside().add_log_prob_rows(points, log_prob);
    }

    fn log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        self.inside().log_prob_rows(points, log_prob);
    }

    fn score_rows(&self, points: Rows<'_, T>, score: RowsMut<'_, T>) {
        self.inside().score_rows(points, score);
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        self.inside().draw(column, rng);
    }

    fn spaces(&self) -> Vec<Space> {
        self.inside().spaces()
    }

    fn is_bounded(&self) -> bool {
        self.inside().is_bounded()
    }

    fn outside(&self, points: Rows<'_, T>, lane: usize) -> Option<usize> {
        self.inside().outside(points, lane)
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        self.inside().location_and_scale()
    }

    /// The parameters, which do not learn, and the fixed arrays of the base inside.
    fn fixed(&self) -> Vec<Fixed> {
        self.inside().state().into_fixed()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        let state = self.inside().state().taking_fixed(arrays)?;
        self.inside_mut().set_state(&state)
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("Frozen").part("base", self.inside().describe()?))
    }

    fn settings(&self) -> Vec<Setting> {
        let inner = self.inside().settings().into_iter().map(|setting| setting.within("frozen"));
        [Setting::kind("Frozen")].into_iter().chain(inner).collect()
    }
}
