//! Affine maps of one coordinate: the time-one flow of an affine field, and scale-then-shift.

use super::super::Direction;
use super::saturation::doubt_large;
use super::{Mapped, Transformer, sign};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::{Error, Result};
use crate::kernels::{AffineForm, AffineMap, AffinePulled, LogScale};
use crate::outcome::shown;
use crate::real::Real;
use crate::real::portable::exp;

/// What log-scales stay below in size unless told otherwise: a layer scales by e³ ≈ 20 at most.
const BOUND: f64 = 3.0;

/// A bound for log-scales that kernels can digest.
fn checked(bound: f64) -> Result<f64> {
    let largest = AffineMap::<f64>::LARGEST_BOUND;
    if bound > 0.0 && bound <= largest {
        return Ok(bound);
    }
    Err(Error::setting(format!(
        "the bound of log-scales is {}: give a positive number up to {largest}",
        shown::number(bound)
    )))
}

/// y = eˢ x + t (eˢ - 1) / s, the time-one flow of the field dx/dτ = s x + t.
///
/// The raw parameters are r and t, and s = bound tanh(r / bound), so that |s| < bound, by default 3.
/// The log-derivative is s; the inverse is the same formula with -s and -t.
///
/// ```
/// use liouville::flow::transformer::Affine;
///
/// let gentle = Affine::new(0.5)?;
/// assert_eq!(gentle.bound(), 0.5);
/// assert!(Affine::new(-1.0).is_err());
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    bound: f64,
}

impl Affine {
    /// Log-scales below `bound` in size.
    ///
    /// # Errors
    ///
    /// If the bound is not positive, or above 50.
    pub fn new(bound: f64) -> Result<Self> {
        Ok(Self { bound: checked(bound)? })
    }

    /// What log-scales stay below in size.
    pub fn bound(&self) -> f64 {
        self.bound
    }
}

impl Default for Affine {
    fn default() -> Self {
        Self { bound: BOUND }
    }
}

/// y = eˢ x + t, the affine map of RealNVP (Dinh et al. 2017, Density estimation using Real NVP,
/// equations 7 and 8).
///
/// The raw parameters are r and t, and s = bound tanh(r / bound), so that |s| < bound, by default 3.
/// The same maps as those of [`Affine`], with the shift measured behind the scaling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleShift {
    bound: f64,
}

impl ScaleShift {
    /// Log-scales below `bound` in size.
    ///
    /// # Errors
    ///
    /// If the bound is not positive, or above 50.
    pub fn new(bound: f64) -> Result<Self> {
        Ok(Self { bound: checked(bound)? })
    }

    /// What log-scales stay below in size.
    pub fn bound(&self) -> f64 {
        self.bound
    }
}

impl Default for ScaleShift {
    fn default() -> Self {
        Self { bound: BOUND }
    }
}

/// z = eˢ x + t from data to base, and so x = (z - t) e⁻ˢ from base to data.
///
/// The raw parameters are r and t, and s = r / (1 + |r| / bound), so that |s| < bound, by default 3. This is
/// `MonotonicAffineTransform` of the Python package zuko, to rounding, with a slope of e to the minus bound.
///
/// The same maps as those of [`ScaleShift`], but in the parameters of the other direction, which is that
/// of densities: with a normal base the negative log-likelihood, (eˢ x + t)² / 2 - s, has the
/// derivative z by t. Measured in the direction of samples, z = (x - t) e⁻ˢ, that derivative is
/// -z e⁻ˢ: it grows with the scale, most where the data is narrow. The soft bound leaves more room
/// between the middle and the end than tanh does.
///
/// ```
/// use liouville::flow::Autoregressive;
/// use liouville::flow::layers::Maf;
/// use liouville::flow::transformer::{BaseAffine, ScaleShift};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let usual: Maf<f64> = Maf::new(3).build(&mut rng)?;
/// assert_eq!(usual.transformer(), &BaseAffine::new(3.0)?);
/// // The parameters of the direction of samples instead, and a smaller bound.
/// let builder = Maf::new(3).transformer(ScaleShift::new(2.0)?);
/// let other: Autoregressive<f64, ScaleShift> = builder.build(&mut rng)?;
/// assert_eq!(other.transformer().bound(), 2.0);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BaseAffine {
    bound: f64,
}

impl BaseAffine {
    /// Log-scales below `bound` in size.
    ///
    /// # Errors
    ///
    /// If the bound is not positive, or above 50.
    pub fn new(bound: f64) -> Result<Self> {
        Ok(Self { bound: checked(bound)? })
    }

    /// What log-scales stay below in size.
    pub fn bound(&self) -> f64 {
        self.bound
    }
}

impl Default for BaseAffine {
    fn default() -> Self {
        Self { bound: BOUND }
    }
}

/// An affine transformer as the kernels know it.
trait Kernel<T> {
    fn map(&self, direction: Direction) -> AffineMap<T>;
}

impl<T: Real> Kernel<T> for Affine {
    fn map(&self, direction: Direction) -> AffineMap<T> {
        let form = AffineForm::TimeOne;
        AffineMap { form, log_scale: LogScale::Tanh(T::of(self.bound)), sign: sign(direction) }
    }
}

impl<T: Real> Kernel<T> for ScaleShift {
    fn map(&self, direction: Direction) -> AffineMap<T> {
        let form = match direction {
            Direction::Forward => AffineForm::ScaleThenShift,
            Direction::Inverse => AffineForm::ShiftThenScale,
        };
        AffineMap { form, log_scale: LogScale::Tanh(T::of(self.bound)), sign: sign(direction) }
    }
}

impl<T: Real> Kernel<T> for BaseAffine {
    fn map(&self, direction: Direction) -> AffineMap<T> {
        let (form, sign) = match direction {
            Direction::Inverse => (AffineForm::ScaleThenShift, T::one()),
            Direction::Forward => (AffineForm::ShiftThenScale, -T::one()),
        };
        AffineMap { form, log_scale: LogScale::SoftClip(T::of(self.bound)), sign }
    }
}

/// The same words for all.
macro_rules! affine_transformer {
    ($name:ident) => {
        impl<T: Real> Restore<T> for $name {
            fn restore(source: &Source<'_>) -> Result<Self> {
                source.check_kind(stringify!($name))?;
                Self::new(source.number("bound")?)
            }
        }

        impl<T: Real> Transformer<T> for $name {
            fn describe(&self) -> Result<Description> {
                Ok(Description::new(stringify!($name)).with("bound", self.bound))
            }

            fn parameters(&self) -> usize {
                2
            }

            fn identity(&self, raw: &mut [T]) {
                raw.fill(T::zero());
            }

            fn apply(
                &self,
                direction: Direction,
                raw: Rows<'_, T>,
                points: RowsMut<'_, T>,
                log_det: &mut [T],
                _: &mut Scratch<T>,
            ) {
                self.map(direction).apply(raw, points, log_det);
            }

            fn may_saturate(&self) -> bool {
                true
            }

            fn apply_doubting(
                &self,
                raw: Rows<'_, T>,
                mut points: RowsMut<'_, T>,
                log_det: &mut [T],
                doubt: (f64, &mut [T]),
                _: &mut Scratch<T>,
            ) {
                self.map(Direction::Forward).apply(raw, points.reborrow(), log_det);
                doubt_large(points.as_rows(), exp(-self.bound), doubt);
            }

            fn pullback(
                &self,
                direction: Direction,
                mapped: Mapped<'_, T>,
                cotangent: RowsMut<'_, T>,
                log_det: &[T],
                raw_bar: RowsMut<'_, T>,
                _: &mut Scratch<T>,
            ) {
                let pulled = AffinePulled { points: cotangent, log_det, raw: raw_bar };
                self.map(direction).pullback(mapped.raw, mapped.input, pulled);
            }
        }
    };
}

affine_transformer!(Affine);
affine_transformer!(ScaleShift);
affine_transformer!(BaseAffine);
