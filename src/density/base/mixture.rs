//! Mixtures of bases, above all of normals.

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::{Base, DiagonalNormal, MultivariateNormal, Product, draw_columns, log_prob_checked};
use crate::columns::{Block, Rows, RowsMut};
use crate::density::{Density, Pushforward, Sample};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::flow::Space;
use crate::outcome::shown::{count, number};
use crate::parameters::{Fixed, Layout, Parameters, Setting};
use crate::real::Real;
use crate::real::portable::{exp, ln};

/// A mixture of bases of one kind, p(x) = Σ w_k p_k(x).
///
/// Its parameters are `logits` \[k\], of which the weights are the softmax, and those of the components, with
/// the number of the component in front: `0.mean`, `0.log_scale`, `1.mean`. Data in clusters are reached from
/// a mixture without the bridges that a continuous map of one normal leaves between them.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// // Two normal components in the plane: a column each.
/// let (means, deviations) = (dmatrix![-2.0, 2.0; 0.0, 1.0], dmatrix![1.0, 0.5; 1.0, 0.5]);
/// let base = Mixture::normals(&[0.75, 0.25], &means, &deviations)?;
/// assert_eq!(base.weights(), [0.75, 0.25]);
/// let names: Vec<String> = base.layout().entries().iter().map(|e| e.name.clone()).collect();
/// assert_eq!(names, ["logits", "0.mean", "0.log_scale", "1.mean", "1.log_scale"]);
/// let model = base.pushed_by(ContinuousFlow::new(field::autonomous::<2, _>(|x| [x[1], -x[0]])));
/// assert!(model.log_prob(&dmatrix![0.0f64; 0.5])?[0].is_finite());
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture<T, B> {
    logits: Parameters<T>,
    components: Vec<B>,
    /// The logarithms of the weights.
    log_weights: Vec<f64>,
}

impl<T: Real> Mixture<T, DiagonalNormal<T>> {
    /// A mixture of normals with independent coordinates: weights, and means and standard deviations of a
    /// column for each component.
    ///
    /// # Errors
    ///
    /// As [`new`](Mixture::new) and [`DiagonalNormal::new`], and if shapes do not fit.
    pub fn normals(weights: &[T], means: &DMatrix<T>, deviations: &DMatrix<T>) -> Result<Self> {
        if means.shape() != deviations.shape() {
            return Err(Error::shape(format!(
                "means of {:?} and deviations of {:?}: give dim x k of both, a column for each component",
                means.shape(),
                deviations.shape()
            )));
        }
        let columns = means.column_iter().zip(deviations.column_iter());
        let component = |(k, (m, s)): (usize, (_, _))| {
            let (m, s): (nalgebra::DVectorView<'_, T>, nalgebra::DVectorView<'_, T>) = (m, s);
            DiagonalNormal::new(m.into_owned(), s.into_owned()).map_err(|error| of(k, error))
        };
        let components: Result<Vec<_>> = columns.enumerate().map(component).collect();
        Self::new(weights, components?)
    }
}

impl<T: Real> Mixture<T, MultivariateNormal<T>> {
    /// A mixture of normals with covariances: weights, means of a column for each component, and covariances.
    ///
    /// # Errors
    ///
    /// As [`new`](Mixture::new) and [`MultivariateNormal::new`], and if there are not as many of all.
    pub fn full_normals(
        weights: &[T],
        means: &DMatrix<T>,
        covariances: &[DMatrix<T>],
    ) -> Result<Self> {
        if means.ncols() != covariances.len() {
            return Err(Error::shape(format!(
                "{} and {}: give one of each for each component",
                count(means.ncols(), "mean"),
                count(covariances.len(), "covariance")
            )));
        }
        let component = |(k, covariance): (usize, &DMatrix<T>)| {
            MultivariateNormal::new(means.column(k).into_owned(), covariance)
                .map_err(|error| of(k, error))
        };
        let components: Result<Vec<_>> = covariances.iter().enumerate().map(component).collect();
        Self::new(weights, components?)
    }
}

fn of(k: usize, error: Error) -> Error {
    error.during(format!("component {k} of a mixture"))
}

impl<T: Real, B: Base<T>> Mixture<T, B> {
    /// A mixture of these components by these weights, of which only the proportions count.
    ///
    /// # Errors
    ///
    /// If there is no component, there are not as many weights, a weight is not positive and finite, or
    /// components differ in dimension or in where their coordinates live.
    pub fn new(weights: &[T], components: Vec<B>) -> Result<Self> {
        check_components(&components)?;
        if weights.len() != components.len() {
            return Err(Error::shape(format!(
                "{} for {}: give one for each",
                count(weights.len(), "weight"),
                count(components.len(), "component")
            )));
        }
        let bad = |weight: &T| !(weight.wide() > 0.0 && weight.is_finite());
        if let Some(k) = weights.iter().position(bad) {
            return Err(Error::setting(format!(
                "the weight of component {k} of a mixture is {}: give a positive number, or leave the component out",
                number(weights[k].wide())
            )));
        }
        let logarithms: Vec<f64> = weights.iter().map(|weight| ln(weight.wide())).collect();
        let logits = log_softmax(&logarithms).into_iter().map(T::of).collect();
        Ok(Self::of_parts(Parameters::new(layout(components.len()), logits)?, components))
    }

    fn of_parts(logits: Parameters<T>, components: Vec<B>) -> Self {
        let log_weights = weights_of(&logits);
        Self { logits, components, log_weights }
    }

    /// The components.
    pub fn components(&self) -> &[B] {
        &self.components
    }

    /// The weights, which add up to one.
    pub fn weights(&self) -> Vec<f64> {
        self.log_weights.iter().map(|value| exp(*value)).collect()
    }

    /// The distribution that a flow makes of this one.
    pub fn pushed_by<F>(self, flow: F) -> Pushforward<Self, F> {
        Pushforward::new(self, flow)
    }

    /// The distribution of these coordinates and, behind them, those of another base, independent.
    pub fn beside<C>(self, other: C) -> Product<Self, C> {
        Product::new(self, other)
    }

    /// The log-density of each lane by each component: a row each.
    fn log_probs(&self, points: Rows<'_, T>) -> Block<T> {
        let mut found = Block::new(self.components.len(), points.lanes());
        for (k, component) in self.components.iter().enumerate() {
            component.log_prob_rows(points, found.row_mut(k));
        }
        found
    }

    /// ln Σ w_k p_k of a lane.
    fn log_sum(&self, found: &Block<T>, lane: usize) -> f64 {
        let larger = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) };
        let most = self.terms(found, lane).fold(f64::NEG_INFINITY, larger);
        if !most.is_finite() {
            return most;
        }
        most + ln(self.terms(found, lane).map(|term| exp(term - most)).sum::<f64>())
    }

    /// ln w_k p_k of a lane.
    fn terms<'a>(&'a self, found: &'a Block<T>, lane: usize) -> impl Iterator<Item = f64> + 'a {
        let weights = self.log_weights.iter().enumerate();
        weights.map(move |(k, weight)| weight + found.row(k)[lane].wide())
    }

    /// The share of each component in the density of each lane, w_k p_k / p: NaN where the density is zero.
    fn shares(&self, points: Rows<'_, T>) -> Block<T> {
        let mut found = self.log_probs(points);
        for lane in 0..points.lanes() {
            let sum = self.log_sum(&found, lane);
            let shares: Vec<f64> = self.terms(&found, lane).map(|term| exp(term - sum)).collect();
            for (k, share) in shares.into_iter().enumerate() {
                found.row_mut(k)[lane] = T::of(share);
            }
        }
        found
    }

    /// Sets the parameters of all parts, one after the other, up to the first that refuses.
    fn set_parts(&mut self, values: &[T]) -> Result<()> {
        let (logits, mut rest) = values.split_at(self.components.len());
        self.logits.set(logits)?;
        self.log_weights = weights_of(&self.logits);
        for (k, component) in self.components.iter_mut().enumerate() {
            let (own, behind) = rest.split_at(component.parameter_count());
            component.set_parameters(own).map_err(|error| of(k, error))?;
            rest = behind;
        }
        Ok(())
    }

    fn set_fixed_parts(&mut self, arrays: &[Fixed]) -> Result<()> {
        let mut rest = arrays;
        for (k, component) in self.components.iter_mut().enumerate() {
            let (own, behind) = rest.split_at(component.fixed().len());
            let own: Vec<Fixed> = own.iter().map(|array| array.of_part(&k.to_string())).collect();
            component.set_fixed(&own).map_err(|error| of(k, error))?;
            rest = behind;
        }
        Ok(())
    }
}

/// An error unless there is a component, and all live in the same place.
fn check_components<T: Real, B: Base<T>>(components: &[B]) -> Result<()> {
    let Some(first) = components.first() else {
        return Err(Error::empty("a mixture without components: give one or more"));
    };
    if let Some(k) = components.iter().position(|one| one.dim() != first.dim()) {
        return Err(Error::shape(format!(
            "component {k} of a mixture has dimension {}, and component 0 has {}: give components of one dimension",
            components[k].dim(),
            first.dim()
        )));
    }
    let spaces = first.spaces();
    match components.iter().position(|one| one.spaces() != spaces) {
        Some(k) => Err(Error::setting(format!(
            "component {k} of a mixture lives elsewhere than component 0: give components with the same bounds and circles"
        ))),
        None => Ok(()),
    }
}

/// What comes before the parameters of the components.
fn layout(components: usize) -> Layout {
    Layout::of([("logits", &[components])])
}

/// The logarithms of the weights that logits stand for.
fn weights_of<T: Real>(logits: &[T]) -> Vec<f64> {
    log_softmax(&logits.iter().map(|value| value.wide()).collect::<Vec<f64>>())
}

fn log_softmax(values: &[f64]) -> Vec<f64> {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = ln(values.iter().map(|value| exp(value - most)).sum::<f64>());
    values.iter().map(|value| value - most - sum).collect()
}

impl<T: Real, B: Base<T>> Density<T> for Mixture<T, B> {
    fn dim(&self) -> usize {
        self.components[0].dim()
    }

    fn log_prob(&self, points: &DMatrix<T>) -> Result<DVector<T>> {
        log_prob_checked(self, points)
    }
}

impl<T: Real, B: Base<T>> Sample<T> for Mixture<T, B> {
    type Drawn = DMatrix<T>;

    /// Column by column, in each the component before its coordinates.
    fn sample<R: Rng + ?Sized>(&self, count: usize, rng: &mut R) -> Result<DMatrix<T>> {
        draw_columns(self, count, rng)
    }
}

impl<T: Real, B: Base<T>> Base<T> for Mixture<T, B> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        let found = self.log_probs(points);
        for (lane, value) in log_prob.iter_mut().enumerate() {
            *value = T::of(value.wide() + self.log_sum(&found, lane));
        }
    }

    /// Σ r_k s_k for the scores s_k of the components and their shares r_k of the density.
    fn score_rows(&self, points: Rows<'_, T>, mut score: RowsMut<'_, T>) {
        let shares = self.shares(points);
        let mut own = Block::new(points.rows(), points.lanes());
        score.values_mut().fill(T::zero());
        for (k, component) in self.components.iter().enumerate() {
            component.score_rows(points, own.view_mut());
            for i in 0..points.rows() {
                let terms = own.row(i).iter().zip(shares.row(k));
                for (total, (score, share)) in score.row_mut(i).iter_mut().zip(terms) {
                    // A component without a share has no say.
                    if *share != T::zero() {
                        *total += *share * *score;
                    }
                }
            }
        }
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        let mut place: f64 = rng.random();
        let last = self.components.len() - 1;
        let weights = self.log_weights[..last].iter().map(|value| exp(*value));
        let chosen = weights.enumerate().find_map(|(k, weight)| {
            place -= weight;
            (place < 0.0).then_some(k)
        });
        self.components[chosen.unwrap_or(last)].draw(column, rng);
    }

    fn spaces(&self) -> Vec<Space> {
        self.components[0].spaces()
    }

    fn is_bounded(&self) -> bool {
        self.components[0].is_bounded()
    }

    /// Outside of all components.
    fn outside(&self, points: Rows<'_, T>, lane: usize) -> Option<usize> {
        let found = self.components.iter().map(|component| component.outside(points, lane));
        found.collect::<Option<Vec<usize>>>().and_then(|all| all.first().copied())
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        let found = self.components.iter().map(Base::location_and_scale);
        let (found, weights) = (found.collect::<Option<Vec<_>>>()?, self.weights());
        let mean = |i: usize| found.iter().zip(&weights).map(|(one, w)| w * one[i][0]).sum::<f64>();
        let both = |i: usize| {
            let (center, terms) = (mean(i), found.iter().zip(&weights));
            let variance = |[m, s]: [f64; 2]| s * s + (m - center) * (m - center);
            [center, terms.map(|(one, w)| w * variance(one[i])).sum::<f64>().sqrt()]
        };
        Some((0..self.dim()).map(both).collect())
    }

    fn layout(&self) -> Layout {
        let mut layout = layout(self.components.len());
        for (k, component) in self.components.iter().enumerate() {
            layout.append(&k.to_string(), &component.layout());
        }
        layout.beside(&Base::fixed(self), &Base::settings(self))
    }

    fn parameters(&self) -> Vec<T> {
        let components = self.components.iter().flat_map(Base::parameters);
        self.logits.iter().copied().chain(components).collect()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        if values.len() != self.parameter_count() || values.iter().any(|x| !x.is_finite()) {
            return Base::layout(self).check(values);
        }
        let before = Base::parameters(self);
        let set = self.set_parts(values);
        if set.is_err() {
            self.set_parts(&before)?;
        }
        set
    }

    fn parameter_count(&self) -> usize {
        self.logits.len() + self.components.iter().map(Base::parameter_count).sum::<usize>()
    }

    fn fixed(&self) -> Vec<Fixed> {
        let components = self.components.iter().enumerate();
        let arrays = |(k, component): (usize, &B)| {
            component.fixed().into_iter().map(move |array| array.within(&k.to_string()))
        };
        components.flat_map(arrays).collect()
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        let before = Base::fixed(self);
        crate::parameters::fit(&before, arrays)?;
        let set = self.set_fixed_parts(arrays);
        if set.is_err() {
            self.set_fixed_parts(&before)?;
        }
        set
    }

    fn settings(&self) -> Vec<Setting> {
        let components = self.components.iter().enumerate();
        let settings = |(k, component): (usize, &B)| {
            component.settings().into_iter().map(move |setting| setting.within(&k.to_string()))
        };
        [Setting::kind("Mixture")].into_iter().chain(components.flat_map(settings)).collect()
    }

    fn describe(&self) -> Result<Description> {
        let mut own = Description::new("Mixture");
        for (k, component) in self.components.iter().enumerate() {
            own = own.part(&k.to_string(), component.describe()?);
        }
        Ok(own)
    }

    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]) {
        let mut shares = self.shares(points);
        let (logits, mut rest) = sums.split_at_mut(self.components.len());
        for (k, component) in self.components.iter().enumerate() {
            let own = exp(self.log_weights[k]);
            let (mut total, row) = (0.0, shares.row_mut(k));
            for (share, weight) in row.iter_mut().zip(weights) {
                // A lane of no weight takes no part, whatever it holds.
                if *weight != T::zero() {
                    total += weight.wide() * (share.wide() - own);
                }
                *share = if *weight == T::zero() { T::zero() } else { *share * *weight };
            }
            logits[k] += T::of(total);
            let (part, behind) = rest.split_at_mut(component.parameter_count());
            component.pullback_rows(points, shares.row(k), part);
            rest = behind;
        }
    }
}

impl<T: Real, B: Base<T> + Restore<T>> Restore<T> for Mixture<T, B> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Mixture")?;
        let (components, parts) = (source.extent("logits")?, source.description().parts().len());
        if components != parts {
            return Err(Error::shape(format!(
                "{} for {} of a mixture: give one for each",
                count(components, "logit"),
                count(parts, "component")
            )));
        }
        let names = (0..components).map(|k| k.to_string());
        let parts: Result<Vec<B>> =
            names.map(|name| B::restore(&source.part_within(&name, &name)?)).collect();
        let parts = parts?;
        check_components(&parts)?;
        Ok(Self::of_parts(source.held(layout(components))?, parts))
    }
}
