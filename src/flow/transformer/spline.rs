//! The rational-quadratic spline as an increasing map of one coordinate.

use super::super::{Direction, Space};
use super::{Mapped, Transformer};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::kernels::{
    Ends, MIN_SHARE, SplineShape, SplineWay, UNIT_DERIVATIVE, invert_spline_doubting, pull_spline,
    spline,
};
use crate::outcome::shown;
use crate::real::Real;

/// The most bins that a spline may have; every bin keeps a thousandth of the interval.
const MOST_BINS: usize = 512;

/// The monotone rational-quadratic spline of Durkan et al. 2019 (Neural Spline Flows, section 3.1).
///
/// Between the knots (x_k, y_k), k = 0, ..., K, with derivatives d_k, s = (y_{k+1} - y_k) /
/// (x_{k+1} - x_k) and θ = (x - x_k) / (x_{k+1} - x_k),
///
/// y = y_k + (y_{k+1} - y_k) (s θ² + d_k θ (1 - θ)) / (s + (d_k + d_{k+1} - 2s) θ (1 - θ)).
///
/// The knots lie in \[-B, B\]; outside, the map is the identity, and d_0 = d_K = 1. The raw parameters
/// of a coordinate are, in this order, K widths, K heights and K - 1 derivatives of inner knots: a
/// width is 2B (0.001 + (1 - 0.001 K) softmax), a height likewise, a derivative 0.001 + softplus.
/// This is `unconstrained_rational_quadratic_spline` of the Python package nflows with linear tails,
/// to rounding. Raw parameters of zero, with derivatives of ln(exp(0.999) - 1) = 0.5397..., are the
/// identity.
///
/// [`Direction::Inverse`], from data to base, evaluates the spline, as in nflows, because that is the
/// direction of densities and of training; [`Direction::Forward`] solves the quadratic equation of the
/// bin (equations 25 to 29), written so that nothing cancels.
///
/// Both ways are exact up to rounding at both ends: the output is that of the exact spline with input
/// and output each moved by at most (64 + 8K) ε B, for any raw parameters, be they ±1000. A bin may be
/// nearly flat or nearly upright (slopes from 10⁻³ to 10³, and derivatives still further apart); there,
/// a point that went there and back returns only as exactly as that. Where a flow makes samples by a spline,
/// one that comes back by more than 0.002 off, or with another log-determinant, fails as
/// [saturated](crate::outcome::Reason::Saturated). Raw derivatives are taken to be
/// 10¹² at most.
///
/// ```
/// use liouville::columns::{Block, Scratch};
/// use liouville::flow::Direction;
/// use liouville::flow::transformer::{Spline, Transformer};
///
/// let spline = Spline::new(8, 3.0)?;
/// let count = Transformer::<f64>::parameters(&spline);
/// assert_eq!(count, 23);
///
/// // One coordinate of 16 samples, with parameters that are the identity.
/// let (mut identity, mut raw, mut points) = (vec![0.0; count], Block::new(count, 16), Block::new(1, 16));
/// spline.identity(&mut identity);
/// for (p, value) in identity.iter().enumerate() {
///     raw.row_mut(p).fill(*value);
/// }
/// points.fill(0.7);
/// let mut log_det = vec![0.0; 16];
/// let way = Direction::Inverse;
/// spline.apply(way, raw.view(), points.view_mut(), &mut log_det, &mut Scratch::new());
/// assert!(points.row(0).iter().all(|y: &f64| (y - 0.7).abs() < 1e-15));
/// assert!(log_det.iter().all(|value| value.abs() < 1e-15));
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spline {
    shape: SplineShape,
}

impl Spline {
    /// A spline of `bins` bins in \[-`bound`, `bound`\], and the identity outside.
    ///
    /// # Errors
    ///
    /// If there are fewer than 2 bins or more than 512, or the bound is not between 10⁻⁶ and 10⁶.
    pub fn new(bins: usize, bound: f64) -> Result<Self> {
        if !(1e-6..=1e6).contains(&bound) {
            return Err(Error::setting(format!(
                "a spline within ±{}: give a bound between 1e-6 and 1e6, such as 5",
                shown::number(bound)
            )));
        }
        Self::checked(SplineShape { bins, bound, ends: Ends::Linear })
    }

    /// A spline of `bins` bins on the circle of angles from -π to π (Rezende et al. 2020, Normalizing
    /// Flows on Tori and Spheres, section 2.1.3): the derivatives at both ends are one parameter, so
    /// that there are K of them, the first that at ±π. -π stays where it is; add a rotation to move it.
    ///
    /// Input is wrapped into \[-π, π); output lies there. What a coupling only reads it reads as it is: give
    /// angles between -π and π, as the densities do for their flows. The base of angles is
    /// [`UniformCircle`](crate::density::UniformCircle); a base on the line is refused, since what lies
    /// beyond ±π would be lost.
    ///
    /// # Errors
    ///
    /// If there are fewer than 2 bins or more than 512.
    pub fn circular(bins: usize) -> Result<Self> {
        Self::checked(SplineShape { bins, bound: std::f64::consts::PI, ends: Ends::Circular })
    }

    fn checked(shape: SplineShape) -> Result<Self> {
        let bins = shape.bins;
        if !(2..=MOST_BINS).contains(&bins) {
            return Err(Error::setting(format!(
                "a spline of {}: give between 2 and {MOST_BINS}, such as 8",
                shown::count(bins, "bin")
            )));
        }
        debug_assert!(MIN_SHARE * (bins as f64) < 1.0);
        Ok(Self { shape })
    }

    /// The number of bins.
    pub fn bins(&self) -> usize {
        self.shape.bins
    }

    /// The end of the interval in which the map is not the identity.
    pub fn bound(&self) -> f64 {
        self.shape.bound
    }

    /// Whether the coordinate is an angle.
    pub fn is_circular(&self) -> bool {
        self.shape.ends == Ends::Circular
    }
}

impl Default for Spline {
    /// Eight bins in \[-5, 5\], which standardised data seldom leave.
    fn default() -> Self {
        Self { shape: SplineShape { bins: 8, bound: 5.0, ends: Ends::Linear } }
    }
}

/// From data to base the spline is evaluated.
fn way(direction: Direction) -> SplineWay {
    match direction {
        Direction::Inverse => SplineWay::Evaluate,
        Direction::Forward => SplineWay::Invert,
    }
}

impl<T: Real> Transformer<T> for Spline {
    fn describe(&self) -> Result<Description> {
        let SplineShape { bins, bound, ends } = self.shape;
        let description = Description::new("Spline").with("bins", bins);
        Ok(match ends {
            Ends::Linear => description.with("bound", bound),
            Ends::Circular => description.with("circular", true),
        })
    }

    fn parameters(&self) -> usize {
        self.shape.parameters()
    }

    fn space(&self) -> Space {
        if self.is_circular() { Space::Circle } else { Space::Line }
    }

    fn identity(&self, raw: &mut [T]) {
        let (lengths, derivatives) = raw.split_at_mut(2 * self.shape.bins);
        lengths.fill(T::zero());
        derivatives.fill(T::of(UNIT_DERIVATIVE));
    }

    fn apply(
        &self,
        direction: Direction,
        raw: Rows<'_, T>,
        points: RowsMut<'_, T>,
        log_det: &mut [T],
        scratch: &mut Scratch<T>,
    ) {
        spline(self.shape, way(direction), raw, points, log_det, scratch);
    }

    fn may_saturate(&self) -> bool {
        true
    }

    fn apply_doubting(
        &self,
        raw: Rows<'_, T>,
        points: RowsMut<'_, T>,
        log_det: &mut [T],
        doubt: (f64, &mut [T]),
        scratch: &mut Scratch<T>,
    ) {
        invert_spline_doubting(self.shape, raw, points, log_det, doubt, scratch);
    }

    fn pullback(
        &self,
        direction: Direction,
        mapped: Mapped<'_, T>,
        cotangent: RowsMut<'_, T>,
        log_det: &[T],
        raw_bar: RowsMut<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let operands = [mapped.raw, mapped.input];
        let bars = [cotangent, raw_bar];
        pull_spline(self.shape, way(direction), operands, log_det, bars, scratch);
    }
}

impl<T: Real> Restore<T> for Spline {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("Spline")?;
        let bins = source.count("bins")?;
        match source.optional_number("bound")? {
            Some(bound) => Self::new(bins, bound),
            None => Self::circular(bins),
        }
    }
}
