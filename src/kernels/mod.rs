//! The arithmetic that takes the time, once per instruction set: products, sums and activations.

mod activation;
mod affine;
mod combine;
mod curve;
mod dispatch;
mod elementary;
mod elementwise;
mod matrix;
mod outer;
mod product;
mod spline;
mod tile;

pub use activation::Activation;
pub use affine::{AffineForm, AffineMap, AffinePulled, LogScale};
pub use combine::{StepEnds, Term, Yardstick, combine, squared_error};
pub use dispatch::{InstructionSet, available, instruction_set, limit_instruction_set};
pub use elementwise::{axpy, multiply, multiply_add, multiply_by, sum_of_products};
pub use matrix::matrix_product;
pub use outer::{outer, row_sums};
pub use product::{Start, Weights, bilinear_form, product};
pub use spline::{
    Ends, MIN_DERIVATIVE, MIN_SHARE, SplineShape, SplineWay, UNIT_DERIVATIVE,
    invert_spline_doubting, pull_spline, spline,
};

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod drawn;
#[cfg(test)]
mod tests;
