//! The laws that every field, solver and flow of the crate obeys; `catalogue` lists them all.

mod adjoint;
mod catalogue;
mod chains;
mod density;
mod estimate;
mod fields;
mod flows;
mod gradients;
mod regularised;
mod same_bits;
mod score;
mod steps;
mod support;
