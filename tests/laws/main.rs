//! The laws that every field, solver and flow of the crate obeys; `catalogue` lists them all.

mod catalogue;
mod chains;
mod closed_form;
mod density;
mod elementwise;
mod estimate;
mod fields;
mod flows;
mod gradients;
mod obeys;
mod same_bits;
mod score;
mod series;
mod steps;
mod support;
mod sylvester;
