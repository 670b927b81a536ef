//! Laws that every flow obeys, and random cases to try them on, for tests of flows of your own.
//!
//! Five lines check a flow:
//!
//! ```
//! use liouville::nalgebra::{self, dvector};
//! use liouville::prelude::*;
//! use liouville_testing::check_trainable;
//!
//! let layer = EulerStep::new(field::Planar::new(
//!     dvector![1.0f64, 0.5], dvector![0.3, -0.8], 0.1)?);
//! let checked = check_trainable(&layer)?; // else a violation, shrunk to a readable case
//! println!("{checked}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Checks`] has the settings: how many cases, how far out, how exact. The laws are functions of
//! their own, which take a flow, points, contexts and [`Tolerances`], and return a [`Violation`] that
//! says which law failed, where, by how much, and against which bound. The strategies draw points,
//! parameters, fields and flows for property tests that you write yourself.
//!
//! | file | what |
//! | --- | --- |
//! | `violation`, `tolerances` | what a law returns; how exact it asks a flow to be |
//! | `moving` | flows followed, with failures turned into violations |
//! | `inverse`, `log_det`, `composition`, `density`, `batch`, `gradient` | the laws |
//! | `objective` | what the gradient law differentiates |
//! | `base`, `loss`, `slopes` | the laws of bases and of what training minimises, by differences |
//! | `check` | all laws over random cases, in one call |
//! | `shrinking` | from a case that fails to a simpler one |
//! | `strategies` | random points, parameters, fields and flows |

mod base;
mod batch;
mod check;
mod composition;
mod density;
mod gradient;
mod inverse;
mod log_det;
mod loss;
mod moving;
mod objective;
mod proposal;
mod shrinking;
mod slopes;
pub mod strategies;
mod tolerances;
mod violation;

pub use proptest;

pub use base::base_law;
pub use batch::batch_law;
pub use check::{Checked, Checks, check_flow, check_trainable};
pub use composition::composition_law;
pub use density::density_law;
pub use gradient::gradient_law;
pub use inverse::inverse_law;
pub use log_det::log_det_law;
pub use loss::objective_law;
pub use tolerances::{Failures, Tolerances};
pub use violation::{Cause, Difference, Law, Place, Violation};

/// The chapters of the guide that use these laws, compiled and run with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../src/guide/own.md")]
struct Guide;
