//! The laws that every field, solver and flow of the crate obeys; `catalogue` lists them all.

mod autoregressive;
mod catalogue;
mod chains;
mod closed_form;
mod coupling;
mod density;
mod elementwise;
mod estimate;
mod fields;
mod flows;
mod gated;
mod general;
mod gradients;
mod hutch_plus_plus;
mod networks;
mod obeys;
mod objective;
mod parts;
mod peer_layers;
mod same_bits;
mod score;
mod series;
mod spline;
mod steps;
mod support;
mod sylvester;
