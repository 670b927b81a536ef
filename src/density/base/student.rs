//! Independent coordinates of Student's distribution: a base with heavy tails.

use std::f64::consts::TAU;

use nalgebra::DVector;
use rand::{Rng, RngExt};

use super::Base;
use super::lanes::{add, add_totals, groups, load, store, weighed};
use super::positive::{exponentials, logarithms, same_count};
use super::words::words;
use crate::columns::{LANES, Rows, RowsMut};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::parameters::{Layout, Parameters};
use crate::real::portable::{exp_m1, ln, ln_1p};
use crate::real::{Real, half_step};

/// Student's t-distribution with location m, scale s and degrees of freedom ν of every coordinate, independent
/// of each other,
///
/// log p(x) = Σ ln Γ((ν_i + 1) / 2) - ln Γ(ν_i / 2) - ln(ν_i π) / 2 - ln s_i - (ν_i + 1) / 2 ln(1 + u_i² / ν_i)
///
/// with u = (x - m) / s.
///
/// A flow whose derivatives are bounded keeps the weight of the tails of its base: from a normal base it
/// reaches light tails only (Jaini et al. 2020, Tails of Lipschitz triangular flows). Here every coordinate
/// has a ν of its own, not one common radius as in the multivariate t-distribution: columns of a table have
/// tails of different weight, and a common radius would give all the heaviest (Laszkiewicz et al. 2022,
/// Marginal tail-adaptive normalizing flows).
///
/// Its parameters are `location` \[dim\], `log_scale` \[dim\] and `log_degrees_of_freedom` \[dim\], the latter
/// two by their logarithms, so that any step of training leads to a distribution. For ν below about one a draw
/// can be too large for the scalar: it is then infinite, and a model reports the sample as failed.
///
/// ```
/// use liouville::nalgebra::{self, dmatrix, dvector};
/// use liouville::prelude::*;
///
/// // With one degree of freedom it is Cauchy's distribution.
/// let base = StudentT::new(dvector![0.0], dvector![2.0], dvector![1.0])?;
/// let log_p = base.log_prob(&dmatrix![2.0f64])?;
/// assert!((log_p[0] + (4.0 * std::f64::consts::PI).ln()).abs() < 1e-14);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StudentT<T> {
    dim: usize,
    values: Parameters<T>,
    coordinates: Vec<Coordinate>,
}

words!(StudentT);

/// One coordinate, by the numbers themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Coordinate {
    location: f64,
    scale: f64,
    degrees: f64,
    /// The log-density at the location, and the derivative of what ν alone adds, by ln ν.
    peak: f64,
    slope: f64,
}

impl Coordinate {
    fn new(location: f64, scale: f64, degrees: f64) -> Self {
        let [value, slope] = half_step(0.5 * degrees);
        let peak = value - 0.5 * ln(TAU) - ln(scale);
        Self { location, scale, degrees, peak, slope: 0.5 * degrees * slope }
    }

    /// u / √ν.
    fn place(&self, x: f64) -> f64 {
        (x - self.location) / (self.scale * self.degrees.sqrt())
    }

    fn log_prob(&self, x: f64) -> f64 {
        self.peak - 0.5 * (self.degrees + 1.0) * ln_one_plus_square(self.place(x))
    }

    /// The derivative of the log-density by the point.
    fn score(&self, x: f64) -> f64 {
        let r = self.place(x);
        // r / (1 + r²), for r without a square too.
        let pull = if r.abs() < FAR { r / (1.0 + r * r) } else { 1.0 / r };
        -(self.degrees + 1.0) / (self.scale * self.degrees.sqrt()) * pull
    }

    /// The derivatives of the log-density by location, ln s and ln ν.
    fn gradient(&self, x: f64) -> [f64; 3] {
        let r = self.place(x);
        let share = if r.abs() < FAR { r * r / (1.0 + r * r) } else { 1.0 };
        let of_scale = (self.degrees + 1.0) * share - 1.0;
        let of_tails = (self.degrees + 1.0) * share - self.degrees * ln_one_plus_square(r);
        [-self.score(x), of_scale, self.slope + 0.5 * of_tails]
    }

    /// A draw by the polar method (Bailey 1994, Polar generation of random variates with the t-distribution).
    fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        loop {
            let [u, v]: [f64; 2] = [rng.random(), rng.random()].map(|u: f64| 2.0 * u - 1.0);
            let w = u * u + v * v;
            if u != 0.0 && w < 1.0 {
                // w^(-2/ν) - 1, for many degrees of freedom too.
                let square = self.degrees * exp_m1(-2.0 / self.degrees * ln(w)) / w;
                return self.location + self.scale * u * square.sqrt();
            }
        }
    }
}

/// From here on 1 + r² is r² to rounding.
const FAR: f64 = 1e9;

/// ln(1 + r²) without overflow.
fn ln_one_plus_square(r: f64) -> f64 {
    if r.abs() < FAR { ln_1p(r * r) } else { 2.0 * ln(r.abs()) }
}

impl<T: Real> StudentT<T> {
    /// The distribution of these locations, scales and degrees of freedom, which need not be whole.
    ///
    /// # Errors
    ///
    /// If they are empty or differ in length, a location is NaN or infinite, or another is not positive and
    /// finite; the error names the coordinate.
    pub fn new(
        locations: DVector<T>,
        scales: DVector<T>,
        degrees_of_freedom: DVector<T>,
    ) -> Result<Self> {
        let dim = locations.len();
        let counts = [("scales", scales.len()), ("degrees of freedom", degrees_of_freedom.len())];
        same_count(dim, &counts)?;
        let scales = logarithms(SCALE, scales.as_slice())?;
        let degrees = logarithms(DEGREES, degrees_of_freedom.as_slice())?;
        let values = [locations.as_slice(), &scales, &degrees].concat();
        Self::of_values(dim, Parameters::new(layout(dim), values)?)
    }

    fn of_values(dim: usize, values: Parameters<T>) -> Result<Self> {
        let coordinates = coordinates(&values, dim)?;
        Ok(Self { dim, values, coordinates })
    }

    /// Locations of 0, scales of 1, and these degrees of freedom for all, to learn from there.
    ///
    /// # Errors
    ///
    /// If `dim` is zero, or the degrees of freedom are not positive and finite.
    pub fn standard(dim: usize, degrees_of_freedom: T) -> Result<Self> {
        let [zeros, ones, degrees] =
            [T::zero(), T::one(), degrees_of_freedom].map(|value| DVector::repeat(dim, value));
        Self::new(zeros, ones, degrees)
    }

    /// The locations.
    pub fn locations(&self) -> &[T] {
        &self.values[..self.dim]
    }

    /// The scales.
    pub fn scales(&self) -> Vec<f64> {
        self.coordinates.iter().map(|coordinate| coordinate.scale).collect()
    }

    /// The degrees of freedom.
    pub fn degrees_of_freedom(&self) -> Vec<f64> {
        self.coordinates.iter().map(|coordinate| coordinate.degrees).collect()
    }
}

const SCALE: &str = "scale";
const DEGREES: &str = "number of degrees of freedom";

fn layout(dim: usize) -> Layout {
    let names = ["location", "log_scale", "log_degrees_of_freedom"];
    let each = [dim];
    Layout::of(names.map(|name| (name, &each[..])))
}

/// The coordinates of a flat vector of parameters.
fn coordinates<T: Real>(values: &[T], dim: usize) -> Result<Vec<Coordinate>> {
    let scales = exponentials(SCALE, &values[dim..2 * dim])?;
    let degrees = exponentials(DEGREES, &values[2 * dim..])?;
    let numbers = values.iter().zip(scales.into_iter().zip(degrees));
    let coordinate = |(m, (s, nu)): (&T, _)| Coordinate::new(m.wide(), s, nu);
    Ok(numbers.map(coordinate).collect())
}

impl<T: Real> Base<T> for StudentT<T> {
    fn add_log_prob_rows(&self, points: Rows<'_, T>, log_prob: &mut [T]) {
        for at in groups(log_prob.len()) {
            let mut sum = [0.0; LANES];
            for (i, coordinate) in self.coordinates.iter().enumerate() {
                let x = load(points, i, at);
                sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += coordinate.log_prob(x));
            }
            add(&sum, at, log_prob);
        }
    }

    fn score_rows(&self, points: Rows<'_, T>, mut score: RowsMut<'_, T>) {
        for (i, coordinate) in self.coordinates.iter().enumerate() {
            for at in groups(points.lanes()) {
                let found = load(points, i, at).map(|x| coordinate.score(x));
                store(&found, at, score.row_mut(i));
            }
        }
    }

    fn draw<R: Rng + ?Sized>(&self, column: &mut [T], rng: &mut R) {
        for (value, coordinate) in column.iter_mut().zip(&self.coordinates) {
            *value = T::of(coordinate.draw(rng));
        }
    }

    fn location_and_scale(&self) -> Option<Vec<[f64; 2]>> {
        Some(self.coordinates.iter().map(|one| [one.location, one.scale]).collect())
    }

    fn held(&self) -> Option<&Parameters<T>> {
        Some(&self.values)
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.values.layout().check(values)?;
        self.coordinates = coordinates(values, self.dim)?;
        self.values.set(values)
    }

    fn describe(&self) -> Result<Description> {
        Ok(Description::new("StudentT"))
    }

    fn pullback_rows(&self, points: Rows<'_, T>, weights: &[T], sums: &mut [T]) {
        let mut totals = vec![0.0; 3 * self.dim];
        for (i, coordinate) in self.coordinates.iter().enumerate() {
            for (lane, weight) in weighed(weights) {
                let gradient = coordinate.gradient(points.row(i)[lane].wide());
                for (part, derivative) in gradient.into_iter().enumerate() {
                    totals[part * self.dim + i] += weight * derivative;
                }
            }
        }
        add_totals(&totals, sums);
    }
}

impl<T: Real> Restore<T> for StudentT<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("StudentT")?;
        let dim = source.extent("location")?;
        Self::of_values(dim, source.held(layout(dim))?)
    }
}
