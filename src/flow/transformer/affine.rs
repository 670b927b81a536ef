//! Affine maps of one coordinate: the time-one flow of an affine field, and scale-then-shift.

use super::super::Direction;
use super::{Mapped, Transformer, sign};
use crate::columns::{Rows, RowsMut, Scratch};
use crate::error::{Error, Result};
use crate::kernels::{AffineForm, AffineMap, AffinePulled};
use crate::real::Real;

/// What log-scales stay below in size unless told otherwise: a layer scales by e³ ≈ 20 at most.
const BOUND: f64 = 3.0;

/// A bound for log-scales that kernels can digest.
fn checked(bound: f64) -> Result<f64> {
    let largest = AffineMap::<f64>::LARGEST_BOUND;
    if bound > 0.0 && bound <= largest {
        return Ok(bound);
    }
    Err(Error::setting(format!(
        "the bound of log-scales is {bound}: give a positive number up to {largest}"
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

/// An affine transformer as the kernels know it.
trait Kernel<T> {
    fn map(&self, direction: Direction) -> AffineMap<T>;
}

impl<T: Real> Kernel<T> for Affine {
    fn map(&self, direction: Direction) -> AffineMap<T> {
        let form = AffineForm::TimeOne;
        AffineMap { form, bound: T::of(self.bound), sign: sign(direction) }
    }
}

impl<T: Real> Kernel<T> for ScaleShift {
    fn map(&self, direction: Direction) -> AffineMap<T> {
        let form = match direction {
            Direction::Forward => AffineForm::ScaleThenShift,
            Direction::Inverse => AffineForm::ShiftThenScale,
        };
        AffineMap { form, bound: T::of(self.bound), sign: sign(direction) }
    }
}

/// The same words for both.
macro_rules! affine_transformer {
    ($name:ident) => {
        impl<T: Real> Transformer<T> for $name {
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
