//! Diagnosis: what a flow and its density are worth, measured.
//!
//! | file | what |
//! | --- | --- |
//! | `jacobian` | Jacobians of a flow by finite differences |

mod jacobian;

pub use jacobian::{derivative_weights, jacobians};
