//! What is so in single cases: reference values, answers to bad input, pictures, the house.

mod bad_input;
mod calibration;
mod checks;
mod circle;
mod compaction;
mod diagnose;
mod edges;
mod fresh_noise;
mod house;
mod masks;
mod named_estimates;
mod ode;
mod pairing;
mod parameters;
mod peer_layers;
mod picture_ranges;
mod pictures;
mod pytorch;
mod re_exports;
mod refusals;
mod some_fail;
mod tangent_slices;
mod testing;
mod toys;
mod training;
mod zero_density;
