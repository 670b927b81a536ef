//! The two scalars the crate computes with, `f32` and `f64`, and functions with the same bits everywhere.

mod gamma;
mod normal;
pub(crate) mod portable;

use std::fmt::{Debug, Display};

use crate::simd::{Fused32, Fused64, Middle32, Middle64, Plain32, Plain64, Vector, Wide32, Wide64};

pub(crate) use gamma::half_step;
pub(crate) use normal::Normal;
pub(crate) use portable::{sigmoid, softplus};

/// A real scalar: `f32` or `f64`, and nothing else.
///
/// Arithmetic comes from [`nalgebra::RealField`]; this trait adds exact conversion to and from
/// `f64`, for settings, times and statistics, and the name by which messages call the type.
pub trait Real: nalgebra::RealField + Copy + Default + Display + Debug + Send + Sync {
    /// The name of the type as Rust writes it.
    const NAME: &'static str;

    /// The distance from one to the next larger number.
    const EPSILON: f64;

    /// The smallest normal number.
    const SMALLEST: f64;

    /// The largest finite number.
    const LARGEST: f64;

    /// The number of bits of the mantissa that are stored.
    const MANTISSA: u32;

    /// What is added to an exponent before it is stored.
    const BIAS: f64;

    /// The vector for AVX-512.
    type Wide: Vector<Self>;

    /// The vector for AVX2 with FMA.
    type Middle: Vector<Self>;

    /// The vector for any processor, products and sums fused.
    type Fused: Vector<Self>;

    /// The vector for any processor, products and sums apart.
    type Plain: Vector<Self>;

    /// Rounds `value` to this type.
    fn of(value: f64) -> Self;

    /// Widens to `f64`, without loss.
    fn wide(self) -> f64;

    /// The next larger number.
    fn next_up(self) -> Self;

    /// The next smaller number.
    fn next_down(self) -> Self;

    /// The bits of the number, widened with zeros: equal numbers have equal bits but for signed zero.
    fn bits(self) -> u64;
}

macro_rules! real {
    ($type:ident, $wide:ident, $middle:ident, $fused:ident, $plain:ident) => {
        impl Real for $type {
            const NAME: &'static str = stringify!($type);
            const EPSILON: f64 = $type::EPSILON as f64;
            const SMALLEST: f64 = $type::MIN_POSITIVE as f64;
            const LARGEST: f64 = $type::MAX as f64;
            const MANTISSA: u32 = $type::MANTISSA_DIGITS - 1;
            const BIAS: f64 = ($type::MAX_EXP - 1) as f64;

            type Wide = $wide;
            type Middle = $middle;
            type Fused = $fused;
            type Plain = $plain;

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $type
            }

            #[inline]
            fn wide(self) -> f64 {
                self as f64
            }

            fn next_up(self) -> Self {
                $type::next_up(self)
            }

            fn next_down(self) -> Self {
                $type::next_down(self)
            }

            fn bits(self) -> u64 {
                self.to_bits() as u64
            }
        }
    };
}

real!(f32, Wide32, Middle32, Fused32, Plain32);
real!(f64, Wide64, Middle64, Fused64, Plain64);
