//! The laws that every field, solver and flow of the crate obeys; `catalogue` lists them all.

mod autoregressive;
mod catalogue;
mod chains;
mod coupling;
mod density;
mod estimate;
mod fields;
mod flows;
mod gated;
mod general;
mod gradients;
mod hutch_plus_plus;
mod networks;
mod parts;
mod peer_layers;
mod same_bits;
mod score;
mod spline;
mod steps;
mod support;
